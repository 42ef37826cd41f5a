"""Match hypotheses to the rows of a dataset: by id, else by audio file, and by time where a file has several rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from modellab.audio import stretch
from modellab.datasets import Dataset
from modellab.datasets.importers.records import LeftOut, Note
from modellab.datasets.privacy import Key
from modellab.errors import DatasetError
from modellab.rescoring.hypotheses.records import Hypothesis, HypothesisSegment, Item
from modellab.types import Confidence, SpokenTurn
from modellab.types.rows import length_s

Segments = dict[str, list[tuple[SpokenTurn, float | None]]]  # by row, each with its confidence
SAME_S = 0.02  # a stretch begins there
FEW = 3  # names that a sentence gives
MOST_FAULTS = 3


class Answer(NamedTuple):
    """What a file says of one row: a text, or who speaks when (and what); neither where it says that there is none."""

    text: str | None = None
    turns: tuple[SpokenTurn, ...] | None = None
    confidences: tuple[Confidence, ...] = ()


class _Place(NamedTuple):
    """Where a row's audio is."""

    id: str
    start_s: float
    end_s: float
    channel: int | None


@dataclass(slots=True)
class Matched:
    """The answers by row, and what fits nothing: names without a row, segments of recordings that no row has."""

    answers: dict[str, Answer] = field(default_factory=dict)
    surplus: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # words or turns in a recording of ours, outside of its rows
    notes: list[str] = field(default_factory=list)


def matched(items: Iterable[Item], data: Dataset) -> Matched:
    """The answers of a file for the rows of a dataset; DatasetError for lines that cannot be read."""
    rows, outcome = _Rows(data), Matched()
    segments: Segments = {}
    wheres: dict[str, str] = {}
    faults: list[str] = []
    worded = False  # whether the format has words
    unknown: dict[str, None] = {}
    for item in items:
        if isinstance(item, Note):
            outcome.notes.append(item.text)
        elif isinstance(item, LeftOut):
            faults.append(f"{item.where}: {item.reason}")
        elif isinstance(item, HypothesisSegment):
            worded = worded or item.text is not None
            _put(item, rows, segments, outcome, unknown)
        elif (id := rows.named(item)) is None:
            outcome.surplus.append(item.names[0])
        elif isinstance(id, LeftOut):
            faults.append(f"{id.where}: {id.reason}")
        elif id in outcome.answers:
            faults.append(f"{item.where}: a second hypothesis for {id}, the first is in {_line(wheres[id])}")
        else:
            outcome.answers[id], wheres[id] = Answer(item.text, item.turns, item.confidences), item.where
    if faults:
        more = f" (and {len(faults) - 1} more lines like it)" if len(faults) > 1 else ""
        raise DatasetError(f"{faults[0]}{more}: correct it, nothing was scored")
    for id, parts in segments.items():
        ordered = sorted(parts, key=lambda part: part[0][:2])
        words = [(turn.text, confidence) for turn, confidence in ordered if turn.text]
        sure = tuple(Confidence(word, confidence) for word, confidence in words if confidence is not None)
        outcome.answers[id] = Answer(
            " ".join(word for word, _ in words) if worded else None,
            tuple(turn for turn, _ in ordered),
            sure if len(sure) == len(words) else (),
        )
    outcome.surplus += unknown
    return outcome


def hidden(outcome: Matched, secret: Key) -> Matched:
    """The answers for a private dataset, whose rows are called by hashes: by those, without notes."""
    hashed = partial(secret.hash, "id")
    answers = {hashed(id): answer for id, answer in outcome.answers.items()}
    return Matched(answers, [*map(hashed, outcome.surplus)], [*map(hashed, outcome.outside)])


def _line(where: str) -> str:
    return where.rpartition(", ")[2]


def _put(
    segment: HypothesisSegment,
    rows: _Rows,
    segments: Segments,
    outcome: Matched,
    unknown: dict[str, None],
) -> None:
    """Put a segment to its row. A recording that the file has at all is an answer for each of its rows."""
    places = rows.recording(segment)
    if not places:
        unknown[segment.recording] = None
        return
    for place in places:
        segments.setdefault(place.id, [])
    middle_s = (segment.start_s + segment.end_s) / 2
    own = next((place for place in places if place.start_s <= middle_s < place.end_s), None)
    if own is None and len(places) == 1 and places[0].start_s == 0:
        own = places[0]  # a turn beyond the end is the task's to judge
    if own is None and rows.takes_all:
        later = [place for place in places if middle_s < place.end_s]
        own = min(later, key=_end_s) if later else max(places, key=_end_s)
    if own is None:
        outcome.outside.append(f"{segment.text or segment.speaker} at {segment.start_s:g} s of {segment.recording}")
        return
    start_s, end_s = max(0.0, segment.start_s - own.start_s), segment.end_s - own.start_s
    turn = SpokenTurn(round(start_s, 6), round(end_s, 6), segment.speaker or "unknown", segment.text or "")
    segments[own.id].append((turn, segment.confidence))


def _end_s(place: _Place) -> float:
    return place.end_s


class _Rows:
    """The rows of a dataset by every name that a file may have for them."""

    def __init__(self, data: Dataset) -> None:
        self.by_id: dict[str, _Place] = {}
        self.by_name: dict[str, list[_Place]] = {}
        self.takes_all = data.header.settings.get("alignment") == "sclite"  # what lies between rows is the next one's
        for row in data.rows:
            place, names = _place(row)
            self.by_id[place.id] = place
            for name in names:
                self.by_name.setdefault(name, []).append(place)

    def named(self, heard: Hypothesis) -> str | LeftOut | None:
        """The id of the row that a hypothesis is about; None for no row, a sentence where it could be several."""
        several = ""
        for name in heard.names:
            if name in self.by_id:
                return name
            places = self._called(name)
            if heard.start_s is not None and len(places) > 1:
                places = [place for place in places if abs(place.start_s - heard.start_s) <= SAME_S]
                if not places:
                    return None
            if len(places) == 1:
                return places[0].id
            if places:
                several = f"{name} is the audio of {len(places)} rows ({places[0].id}, ...), and no offset says which"
        return LeftOut(heard.where, several) if several else None

    def recording(self, segment: HypothesisSegment) -> list[_Place]:
        """The rows of a segment's recording and channel; of a row called like it, from 0 on."""
        if segment.recording in self.by_id:
            place = self.by_id[segment.recording]
            return [place._replace(start_s=0.0, end_s=place.end_s - place.start_s)]
        places = self._called(segment.recording)
        sides = {place.channel for place in places}
        if len(sides) > 1 and segment.channel is not None:
            return [place for place in places if place.channel in (None, segment.channel)]
        return places

    def _called(self, name: str) -> list[_Place]:
        path = PurePosixPath(name.replace("\\", "/"))
        return next((places for key in (str(path), path.name, path.stem) if (places := self.by_name.get(key))), [])


def _place(row: Mapping[str, object]) -> tuple[_Place, Iterator[str]]:
    """Where a row is, and the names of its recording."""
    id = str(row["id"])
    if "audio" not in row:
        return _Place(id, 0.0, 0.0, None), iter(())
    part = stretch.parsed(Path(str(row["audio"])))
    end_s = part.start_s + length_s(row) if part.end_s is None else part.end_s
    names = dict.fromkeys([str(part.file), part.file.name, part.file.stem, str(row.get("recording") or part.file.stem)])
    return _Place(id, part.start_s, end_s, part.channel), iter(names)


def some(names: list[str]) -> str:
    """The first few names, and how many more there are.

    >>> some(["a", "b", "c", "d", "e"]), some(["a"])
    ('a, b, c and 2 more', 'a')
    """
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"{', '.join(names[:FEW])}{more}"
