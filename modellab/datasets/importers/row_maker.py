"""Records as the rows of a dataset, checked as the task would read them, and which of them are taken."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from modellab.annotations import rttm
from modellab.datasets import row_checks
from modellab.datasets.importers import manifest_file, record_checks, sampling, tasks_rows
from modellab.datasets.importers.records import LeftOut, Record, changed
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.datasets.importers.suspicious_rows import SuspiciousRows
from modellab.errors import ODD, ConfigError, DatasetError, told
from modellab.types import Row
from modellab.types.spooled import Lazy, Spool

MANY = 20_000  # names above which they are sorted outside of Python's memory
MOST_WORDS = 200_000  # that are remembered
BRACKETS = re.compile(r"[()\[\]{}<>*]")  # what is between them a normaliser may drop
MARKS = ".,;:?!\"'\u2019"
TRIED = 4  # words of a text


class RowReader(Protocol):
    """The part of a task that knows its rows."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any: ...


class Maker:
    """Makes rows of records, in the order in which they come."""

    def __init__(
        self,
        report: Report,
        request: ImportRequest,
        folder: Path,
        staging: Path,
        listener: record_checks.Listener,
        suspicious: SuspiciousRows,
    ) -> None:
        self.report, self.request, self.staging = report, request, staging
        self.listener, self.suspicious = listener, suspicious
        self.placing = tasks_rows.Placing(folder, folder.parent.parent, staging)

    def rows(self, records: Iterable[Record], task: RowReader | None, options: Mapping[str, Any]) -> Spool[Row]:
        """The rows of the records that make any; the others are left out."""
        made: Spool[Row] = Spool()
        speakers = set[str]()
        words = _Words(task, options, self.report.task) if task else None
        for record in records:
            row = self._row(record, words)
            if isinstance(row, LeftOut):
                self.report.left.append(row)
            else:
                made.append(row)
                self.report.audio_s += row.get("duration_s", 0.0)
                speakers.add(record.speaker)
                self.suspicious.row(record, self.report.language)
        self.report.notes += self.suspicious.told(made)
        self.report.speakers = len(speakers - {""})
        return made

    def _row(self, record: Record, words: _Words | None) -> Row | LeftOut:
        if record.sound and self.request.copy and not record.sound.file.is_relative_to(self.staging):
            record = changed(record, sound=replace(record.sound, file=self.listener.copied(record.sound.file)))
        if record.language and self.report.language != "mul" and self.report.task != "lid":
            record = changed(record, language="")
        if self.report.language == "mul" and not record.language and self.report.task != "lid":
            return LeftOut(
                record.where, f"nothing says which language is spoken in {record.id}, as --language mul wants"
            )
        row = tasks_rows.row(record, self.report.task, self.placing)
        if isinstance(row, LeftOut):
            return row
        if self.report.task == "diarization" and record.scored is not None:
            row = {**row, "uem": self._uem(record)}
        if fault := row_checks.row_fault(row) or manifest_file.fault(row):
            return LeftOut(record.where, f"{record.id[:60]!r}: {fault}")
        if words is None or words.are_known(row):
            return row
        try:
            words.read({**row, **self._there(row)})
        except (ConfigError, DatasetError) as fault:
            return LeftOut(record.where, f"{record.id}: {fault}")
        except ODD as fault:  # whatever stands in a row is a fault of that row
            return LeftOut(record.where, f"{record.id} is no row of the task {self.report.task} ({told(fault)})")
        return row

    def _there(self, row: Row) -> dict[str, Any]:
        """The row's files as they lie now."""
        return {key: (self.staging / row[key]).absolute() for key in ("audio", "reference_audio", "uem") if key in row}

    def _uem(self, record: Record) -> str:
        """The name of a file of what is scored of a recording."""
        path = self.staging / "uem" / f"{len(list(self.staging.glob('uem/*'))):06d}.uem"
        path.parent.mkdir(exist_ok=True)
        rttm.write_uem(path, {"recording": record.scored or ()})
        return f"uem/{path.name}"


class _Words:
    """Finds texts that cannot be empty after the normaliser, so that the task need not read them.

    Most of the time of an import is the normaliser's. It drops single words (`uh`) and what stands in brackets: a text
    without brackets is never empty if one of its words alone is not.
    """

    def __init__(self, task: RowReader, options: Mapping[str, Any], name: str) -> None:
        self._task, self._options, self._is_asr = task, options, name == "asr"
        self._known: dict[tuple[str, str], bool] = {}

    def read(self, row: Row) -> None:
        """Read a row as the task does; whatever it raises."""
        self._task.read(row, self._options)

    def are_known(self, row: Row) -> bool:
        """Whether one of the row's first words is known to survive the normaliser."""
        text = row.get("text", "")
        if not self._is_asr or "texts" in row or "references" in row or BRACKETS.search(text):
            return False
        language = row.get("language", "")
        return any(self._is_left(word.strip(MARKS), language) for word in text.split(maxsplit=TRIED)[:TRIED])

    def _is_left(self, word: str, language: str) -> bool:
        key = word, language
        if key not in self._known:
            if len(self._known) >= MOST_WORDS:
                self._known.clear()
            self._known[key] = word.isalpha() and self._stays(word, language)
        return self._known[key]

    def _stays(self, word: str, language: str) -> bool:
        alone = {"id": word, "audio": "", "duration_s": 1.0, "text": word}
        try:
            self._task.read({**alone, "language": language} if language else alone, self._options)
        except (ConfigError, DatasetError, *ODD):
            return False
        return True


# ---------------------------------------------------------------------------------------------------- order


class Picked[T](Lazy[T]):
    """Some of a sequence's items, in another order."""

    def __init__(self, items: Sequence[T], places: Iterable[int]) -> None:
        self._items, self._places = items, array("q", places)

    def __len__(self) -> int:
        return len(self._places)

    def item(self, i: int) -> T:
        """The item at a place of the new order."""
        return self._items[self._places[i]]

    def __iter__(self) -> Iterator[T]:
        return map(self._items.__getitem__, self._places)


class Names:
    """Names by the order of their letters, at a few bytes more than the letters take."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self._packed: list[Any] = []

    def append(self, name: str) -> None:
        """The next name."""
        self._last.append(name)
        if len(self._last) >= MANY:
            self._pack()

    def _pack(self) -> None:
        packed: Any = self._last
        with suppress(ImportError, UnicodeEncodeError):  # the extra is not there; half a letter
            import pyarrow as pa

            packed = pa.array(self._last, pa.string())
        self._packed.append(packed)
        self._last = []

    def order(self) -> Iterable[int]:
        """The places of the names, the first one's first."""
        if not self._packed:
            return sorted(range(len(self._last)), key=self._last.__getitem__)
        self._pack()
        if any(isinstance(part, list) for part in self._packed):
            every = [name for part in self._packed for name in (part if isinstance(part, list) else part.to_pylist())]
            return sorted(range(len(every)), key=every.__getitem__)
        import pyarrow as pa
        import pyarrow.compute as pc

        order: Iterable[int] = pc.sort_indices(pa.chunked_array(self._packed, pa.string())).to_numpy()
        return map(int, order)


def taken(rows: Sequence[Row], request: ImportRequest, report: Report) -> Sequence[Row]:
    """The rows, which come by id, or as many of them as were asked for."""
    report.sound = report.taken = len(rows)
    if not request.sample:
        return rows
    some = Picked(rows, sampling.chosen(rows, request))
    report.taken = len(some)
    report.audio_s = sum(float(row.get("duration_s", 0.0)) for row in some)
    report.speakers = len({row["speaker"] for row in some if "speaker" in row})
    return some
