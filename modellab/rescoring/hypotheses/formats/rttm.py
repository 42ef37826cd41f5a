"""RTTM: who speaks when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.annotations import rttm
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut
from modellab.errors import ConfigError, DatasetError
from modellab.rescoring.hypotheses.names import field
from modellab.rescoring.hypotheses.records import Columns, Exported, HypothesisSegment, Item
from modellab.types import SpokenTurn, Turn

NAME = "rttm"
TITLE = "RTTM: who speaks when"
KINDS = {rttm.SPEAKER, rttm.NOSCORE, *rttm.OTHERS}


def detect(place: Place) -> Guess | None:
    """Lines that begin with SPEAKER or another type of RTTM."""
    lines = [line.split() for line in place.first_lines(place.path) if not line.lstrip().startswith(rttm.COMMENTS)]
    good = lines and all(len(fields) > 1 and fields[0].upper() in KINDS for fields in lines)
    return Guess(0.95, f"its lines begin with {rttm.SPEAKER}") if good else None


def read(path: Path, _: Columns) -> Iterator[Item]:
    """Each turn; turns in which a speaker overlaps himself are joined."""
    try:
        by_recording = rttm.read(path, merge=True)
    except DatasetError as fault:
        where, _colon, reason = str(fault).partition(": ")
        yield LeftOut(where, reason)
        return
    for recording, turns in by_recording.items():
        yield from (
            HypothesisSegment(recording, str(path), turn.start_s, turn.end_s, None, turn.speaker) for turn in turns
        )


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files; each row is a recording called like its id."""
    return {
        "ref.rttm": "".join(_lines(row.id, row.spoken) for row in rows),
        "hyp.rttm": "".join(_lines(row.id, row.heard) for row in rows),
    }


def _lines(id: str, turns: Sequence[SpokenTurn]) -> str:
    try:
        return rttm.text(field(id, "RTTM", *rttm.COMMENTS), [Turn(*turn[:3]) for turn in turns])
    except ValueError as fault:
        raise ConfigError(f"{id}: {fault}: export it as jsonl") from None
