"""Broken utterances in words: which they are, whether they broke again, what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modellab.types import Break

TITLE = "look at these first: utterances that lost a large part of their words, too few to prove anything"
AGAIN = {True: "broke again in a fresh process", False: "not again in a fresh process", None: "not run again"}


def lines(breaks: Iterable[Break]) -> Iterator[str]:
    """Each with its reference, what was said before and what is said now."""
    for broken in breaks:
        what = (
            f"lost {broken.lost:.4g} of {broken.of:.4g}"
            if broken.of
            else f"{broken.lost:.4g} made up where nobody speaks"
        )
        yield f"{broken.id}: {what}, {AGAIN[broken.again]}"
        yield from (f"  {line}" for line in broken.lines)
