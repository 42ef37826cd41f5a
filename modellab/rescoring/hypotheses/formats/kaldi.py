"""Kaldi's `text`: an id, then the words; nothing after the id is an answer without words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut
from modellab.rescoring.hypotheses.names import field
from modellab.rescoring.hypotheses.records import Columns, Exported, Hypothesis, Item

NAME = "kaldi"
TITLE = "Kaldi text: an id and the words a line"


def detect(place: Place) -> Guess | None:
    """Lines of text that are nothing else."""
    line = place.first_line(place.path)
    return Guess(0.3, "lines that begin with a name") if line and not line.lstrip().startswith(("{", "[")) else None


def read(path: Path, _: Columns) -> Iterator[Item]:
    """What each line says."""
    for item in textfiles.lines(path):
        if isinstance(item, LeftOut):
            yield item
            continue
        name, *rest = item[1].split(maxsplit=1)
        yield Hypothesis((name,), textfiles.where(path, item[0]), rest[0].strip() if rest else "")


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files: the references and the hypotheses, by id."""
    ordered = sorted((field(row.id, "Kaldi's text"), row) for row in rows)
    return {
        "ref.txt": "".join(f"{id} {row.reference}".rstrip() + "\n" for id, row in ordered),
        "hyp.txt": "".join(f"{id} {row.hypothesis}".rstrip() + "\n" for id, row in ordered),
    }
