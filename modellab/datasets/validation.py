"""Everything that can be wrong with a dataset, listed: every row, every file decoded, the digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from modellab.datasets import digests, manifest, row_checks, sessions
from modellab.datasets.decoded_length import DURATION_TOLERANCE_S
from modellab.datasets.manifest import Header
from modellab.errors import ODD, AudioError, ConfigError, DatasetError, ModellabError, described, did_you_mean
from modellab.types import Row
from modellab.types.rows import sounding


class RowReader(Protocol):
    """The part of a task that knows its rows; a module of `modellab.tasks` is one."""

    @property
    def ROW(self) -> Sequence[str]:
        """The keys a row may have besides those of every row."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any:
        """Make a case of the row or raise DatasetError."""


def validate(folder: Path, task: RowReader | None = None) -> list[str]:
    """Every fault of the dataset, one sentence each; an empty list means that it is sound.

    With the dataset's `task`, the keys that only the task knows are checked as well.
    """
    return list(dict.fromkeys(str(fault) for fault in _faults(folder, task)))


def _faults(folder: Path, task: RowReader | None) -> Iterator[ModellabError]:
    try:
        raw = manifest.whole(folder)
    except DatasetError as fault:
        yield fault  # and nothing else can be known
        return
    head: Header | None = None
    try:
        head = manifest.header(folder, raw)
    except ConfigError as fault:
        yield fault
    rows, faults = manifest.rows(folder, raw)
    yield from faults
    silent = head is not None and manifest.why_silent(folder, head)
    for row in rows:
        where = f"{manifest.file(folder)}: case {row['id']}"
        yield from _reference_faults(where, row, task)
        yield from _task_faults(where, head, row, task)
        for place, part in sounding(row) if not silent else ():
            yield from _audio_faults(f"{where}: {place}" if place else where, head, part)
    if head is not None and not faults:
        yield from sessions.faults(manifest.file(folder), rows, head.model_dump())
        yield from _digest_faults(folder, head, digests.of(head, rows))


def _reference_faults(where: str, row: Row, task: RowReader | None) -> Iterator[DatasetError]:
    text = row.get("text", "-1")
    if text == "" and getattr(task, "WITHOUT_SPEECH", False):
        return
    if not text.strip():
        yield DatasetError(f"{where}: the reference text is empty, so it has no error rate")
    elif not any(character.isalnum() for character in text):
        yield DatasetError(f"{where}: the reference text {text!r} has no words, so it has no error rate")


def _task_faults(where: str, head: Header | None, row: Row, task: RowReader | None) -> Iterator[ModellabError]:
    if task is None:
        return
    known = row_checks.known_keys(task.ROW)
    unknown = sorted(row_checks.unknown_keys([row], task.ROW))
    for key in unknown:
        yield ConfigError(f"{where}: unknown key {key!r}: {did_you_mean(key, known)}")
    if head is None or unknown or any(_reference_faults(where, row, task)):
        return
    try:
        task.read(row, head.model_dump())
    except (ConfigError, DatasetError) as fault:
        yield DatasetError(f"{where}: {fault}")
    except ODD as fault:  # whatever stands in a row is a fault of that row
        yield DatasetError(f"{where}: {described(row)} is no row of this task ({type(fault).__name__}: {fault})")


def _audio_faults(where: str, head: Header | None, row: Row) -> Iterator[DatasetError]:
    """Decode the whole file: its header may promise what is not there."""
    from modellab import audio

    path, promised_s = row["audio"], row["duration_s"]
    try:
        rate_hz, duration_s = audio.info(path).rate_hz, audio.read(path).duration_s
    except AudioError as fault:
        yield AudioError(f"{where}: {fault}")
        return
    if head is not None and head.rate_hz not in (None, rate_hz):
        yield DatasetError(f"{where}: {path.name} has {rate_hz} Hz, the header promises rate_hz: {head.rate_hz}")
    if abs(duration_s - promised_s) > DURATION_TOLERANCE_S:
        yield DatasetError(
            f"{where}: {path.name} lasts {duration_s:.3f} s, the manifest says {promised_s} s; was it replaced or cut?"
        )


def _digest_faults(folder: Path, head: Header, digest: str) -> Iterator[DatasetError]:
    if not head.digest:
        yield DatasetError(f"{manifest.file(folder)}: there is no digest; `modellab datasets digest` writes it")
    elif digest != head.digest:
        yield DatasetError(
            f"{manifest.file(folder)}: the digest changed: the header says {head.digest}, cases and audio give "
            f"{digest}; a changed dataset needs a new version and new baselines"
        )
