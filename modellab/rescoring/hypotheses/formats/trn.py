"""SCTK's trn: `words (id)` a line; sclite -r ref.trn trn -h hyp.trn trn -i spu_id scores them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.formats.trn import LINE, MARKS, VARIANT
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut
from modellab.errors import ConfigError
from modellab.rescoring.hypotheses.names import field
from modellab.rescoring.hypotheses.records import Columns, Exported, Hypothesis, Item

NAME = "trn"
TITLE = "SCTK trn: `words (id)` a line"
MARKUP = re.compile(r"[{}()]|;;")  # what sclite takes for something else than a word


def detect(place: Place) -> Guess | None:
    """Lines that end in an id in parentheses, most of the first ones."""
    lines = [line for line in place.first_lines(place.path) if not line.lstrip().startswith(";;")]
    fitting = sum(1 for line in lines if LINE.match(line))
    return Guess(0.9, "its lines end in (id)") if 2 * fitting > len(lines) else None


def read(path: Path, _: Columns) -> Iterator[Item]:
    """What each line says, without marks of sentences and pronunciations."""
    for item in textfiles.lines(path, ";;"):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, match = textfiles.where(path, item[0]), LINE.match(item[1])
        if match:
            yield Hypothesis((match["id"],), where, " ".join(VARIANT.sub("", MARKS.sub(" ", match["words"])).split()))
        else:
            yield LeftOut(where, f"expected words and (id), got {item[1][:60]!r}")


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files: the references and the hypotheses."""
    return {
        "ref.trn": "".join(_line(row.id, row.reference) for row in rows),
        "hyp.trn": "".join(_line(row.id, row.hypothesis) for row in rows),
    }


def _line(id: str, words: str) -> str:
    if MARKUP.search(words):
        raise ConfigError(
            f"the words of {id} have parentheses or braces in them ({words[:60]!r}), which sclite takes for marks: "
            "export them without --as-written, or as jsonl"
        )
    return f"{words} ({field(id, 'trn')})\n"
