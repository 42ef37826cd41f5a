"""STM: who says what when, as MeetEval takes it for hypotheses, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.annotations import stm
from modellab.datasets.importers import textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut, channel, seconds
from modellab.errors import ConfigError
from modellab.rescoring.hypotheses.names import field
from modellab.rescoring.hypotheses.records import Columns, Exported, HypothesisSegment, Item
from modellab.types import SpokenTurn

NAME = "stm"
TITLE = "STM: recording, channel, speaker, start, end, words"
FIELDS = 5  # before the words


def detect(place: Place) -> Guess | None:
    """Lines with a speaker and two times in the right places, most of the first ones."""
    lines = [line.split() for line in place.first_lines(place.path) if not line.lstrip().startswith(";;")]
    fitting = sum(1 for fields in lines if len(fields) >= FIELDS and None not in map(seconds, fields[3:FIELDS]))
    unlike = sum(1 for fields in lines if len(fields) >= FIELDS and seconds(fields[2]) is not None)
    good = 2 * fitting > len(lines) and not unlike  # a CTM has a time there
    return Guess(0.86, "its lines have recording, channel, speaker, start and end") if good else None


def read(path: Path, _: Columns) -> Iterator[Item]:
    """Each segment; a label before the words is no part of them."""
    for item in textfiles.fields(path, ";;"):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, fields, line = item
        times = [seconds(field) for field in fields[3:FIELDS]] if len(fields) >= FIELDS else []
        if len(times) < 2 or times[0] is None or times[1] is None or times[1] < times[0]:
            yield LeftOut(where, f"expected recording, channel, speaker, start, end and words, got {line[:60]!r}")
            continue
        words = fields[FIELDS:]
        words = words[1:] if words and words[0].startswith("<") and words[0].endswith(">") else words
        yield HypothesisSegment(fields[0], where, times[0], times[1], channel(fields[1]), fields[2], " ".join(words))


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files; each row is a recording called like its id."""
    return {
        "ref.stm": "".join(_text(row.id, row.spoken) for row in rows),
        "hyp.stm": "".join(_text(row.id, row.heard) for row in rows),
    }


def _text(id: str, turns: Sequence[SpokenTurn]) -> str:
    try:
        return stm.text(field(id, "STM", ";;"), [turn._replace(speaker=turn.speaker or "unknown") for turn in turns])
    except ValueError as fault:
        raise ConfigError(f"{fault}: export it as seglst") from None
