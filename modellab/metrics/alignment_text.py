"""An alignment as lines for people: reference over hypothesis, columns aligned, every error named.

    ref  set the heater to forty two degrees
    hyp  set the heater to ***** too degrees now
                           D     S           I
    1 substitution, 1 deletion, 1 insertion

Stars stand for the word that is not there; S, D and I mark substitutions, deletions and insertions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from modellab.metrics.edit_distance import Alignment, EditCounts, Step

BLOCKS_SHOWN_WHOLE = 3  # a text that wraps into more lines than this shows only the ones with errors


def lines(alignment: Alignment, width: int = 110) -> list[str]:
    """The aligned lines, wrapped at `width` columns; of a long text only the stretches with errors."""
    blocks = list(_blocks(alignment.steps, width))
    brief = len(blocks) > BLOCKS_SHOWN_WHOLE
    shown: list[str] = []
    for block in blocks:
        if not brief or any(what for what, _, _ in block):
            shown += _draw(block)
        elif shown[-1:] != ["..."]:
            shown.append("...")
    return [*shown, summary(alignment.words)]


def summary(counts: EditCounts) -> str:
    """The errors in words: "1 substitution, 2 deletions"; "no errors"."""
    named = (("substitution", counts.substitutions), ("deletion", counts.deletions), ("insertion", counts.insertions))
    return ", ".join(f"{n} {name}{'s' * (n != 1)}" for name, n in named if n) or "no errors"


def columns(text: str) -> int:
    """How many terminal columns a text takes: wide East Asian characters two, marks above and below none."""
    seen = [c for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf")]
    return len(seen) + sum(unicodedata.east_asian_width(c) in "WF" for c in seen)


def _blocks(steps: Sequence[Step], width: int) -> Iterator[list[Step]]:
    """Cut the steps into stretches that fit the width; a word wider than it gets a line of its own."""
    block: list[Step] = []
    used = 5
    for step in steps:
        needed = 1 + max(columns(step[1]), columns(step[2]))
        if block and used + needed > width:
            yield block
            block, used = [], 5
        block.append(step)
        used += needed
    if block:
        yield block


def _draw(block: Sequence[Step]) -> list[str]:
    rows: list[list[str]] = [["ref "], ["hyp "], ["    "]]
    for what, reference, hypothesis in block:
        size = max(columns(reference), columns(hypothesis))
        cells = (reference or "*" * size, hypothesis or "*" * size, what)
        for row, cell in zip(rows, cells, strict=True):
            row.append(cell + " " * (size - columns(cell)))
    drawn = [" ".join(row).rstrip() for row in rows]
    return [line for line in drawn if line]
