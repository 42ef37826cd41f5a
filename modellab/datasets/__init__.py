"""Golden datasets: a folder with `dataset.yaml` (header, then `cases:`) and the audio beside it.

`header` is what collecting tests needs and reads no further than the line `cases:`; `load` reads everything and
raises at the first fault; `validate` also decodes the audio and lists every fault.

Layer 3: may import layers 1 to 2 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from modellab.datasets import digests, manifest, sessions, used_audio
from modellab.datasets.decoded_length import DURATION_TOLERANCE_S
from modellab.datasets.manifest import Header
from modellab.datasets.parquet_rows import ParquetRows
from modellab.datasets.row_checks import FILE_NAME
from modellab.datasets.used_audio import UsedAudio
from modellab.errors import ODD, AudioError, ConfigError, DatasetError, ModellabError, described, did_you_mean
from modellab.types import Row
from modellab.types.rows import ANYWHERE, ROW_KEYS, sounding
from modellab.types.spooled import Spool

__all__ = [
    "FILE_NAME",
    "Dataset",
    "Header",
    "RowReader",
    "available",
    "header",
    "load",
    "validate",
    "write_digest",
]


class RowReader(Protocol):
    """The part of a task that knows its rows; a module of `modellab.tasks` is one."""

    @property
    def ROW(self) -> Sequence[str]:
        """The keys a row may have besides those of every row."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any:
        """Make a case of the row or raise DatasetError."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A golden dataset: its rows are read when they are asked for, however many there are.

    `rows` have their files made absolute paths, and the header's `settings` where there are any: what `prepare` and
    `run` of a task know of the dataset, they know from the row. `digest` is that of what lies on disk now, which is
    the header's unless somebody changed the dataset. Of rows in Parquet it believes the hashes of audio that they hold:
    `audio` compares these as rows are used.
    """

    name: str
    folder: Path
    header: Header
    rows: Sequence[Row]
    digest: str
    audio: UsedAudio | None = None  # None: all of it was compared when the dataset was loaded

    @property
    def is_checked(self) -> bool:
        """Whether its rows are those that were checked when the digest was written, so that none needs it again."""
        return self.audio is not None and self.digest == self.header.digest

    @property
    def without_settings(self) -> Sequence[Row]:
        """The rows as they are in the dataset's own file."""
        if isinstance(self.rows, ParquetRows):
            return self.rows  # whose digest is that of the file
        return [{name: value for name, value in row.items() if name != "settings"} for row in self.rows]

    @property
    def heard_digest(self) -> str:
        """The digest of what was heard: another than `digest` where used audio is not that of its rows any more."""
        return self.audio.digest(self.digest) if self.audio else self.digest

    @property
    def digest_checked(self) -> str:
        """Of how much audio the hash was compared: `all`, `used` or `none`."""
        return self.audio.checked if self.audio else used_audio.ALL

    @property
    def task(self) -> str:
        return self.header.task

    @property
    def version(self) -> int:
        return self.header.version

    @property
    def language(self) -> str:
        return self.header.language

    @property
    def tier(self) -> str:
        return self.header.tier

    @property
    def licence(self) -> str:
        return self.header.licence

    @property
    def source(self) -> str:
        return self.header.source

    @property
    def normaliser(self) -> str:
        return self.header.normaliser

    @property
    def domain(self) -> str:
        return self.header.domain

    @property
    def limits(self) -> Mapping[str, float]:
        return self.header.limits

    @property
    def options(self) -> Mapping[str, Any]:
        """The header as a mapping: the `options` of a task's `read`."""
        return self.header.model_dump()


def available(root: Path) -> list[Path]:
    """The folders directly under `root` with something called `dataset.yaml` in them, sorted by name.

    Whatever it is: a link to nothing or a folder of that name is no dataset, but somebody meant one.
    """
    try:
        return sorted(folder for folder in root.iterdir() if _is_meant(folder / FILE_NAME))
    except OSError:
        return []


def _is_meant(file: Path) -> bool:
    try:
        os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it may be there and cannot be looked at: reading says so
        return True
    return True


def header(folder: Path) -> Header:
    """The header alone: no case is parsed and no audio touched, so ten thousand cases cost nothing."""
    return manifest.header(folder, manifest.mapping(folder, manifest.read(folder, head_only=True)))


def load(folder: Path) -> Dataset:
    """The whole manifest, checked; ConfigError for the header, DatasetError for the cases.

    Audio is hashed for the digest and not decoded: a missing or broken file fails its own case later. Of rows in
    Parquet no audio is touched, and where the digest is the header's, no row is read.
    """
    raw = manifest.whole(folder)
    head = manifest.header(folder, raw)
    rows, digest = _believed(folder, raw, head)
    if rows is None:
        rows, faults = manifest.rows(folder, raw)
        if faults:
            raise faults[0]
        digest = digest or digests.of(head, rows)
    given = _with(rows, head.settings) if head.settings else rows
    return Dataset(folder.name, folder, head, given, digest, UsedAudio() if isinstance(rows, ParquetRows) else None)


def _believed(folder: Path, raw: Mapping[str, Any], head: Header) -> tuple[Sequence[Row] | None, str]:
    """The rows of a Parquet file unread, and the digest; None for rows that have to be checked."""
    if raw.get("rows") is None or "cases" in raw:
        return None, ""
    rows = manifest.parquet(folder, raw["rows"])
    digest = digests.of(head, rows)
    return (rows.changed(partial(manifest.absolute, folder)) if digest == head.digest else None), digest


def _with(rows: Sequence[Row], settings: Mapping[str, Any]) -> Sequence[Row]:
    """The rows, each with the header's settings."""
    if isinstance(rows, ParquetRows):
        return rows.changed(lambda row: {**row, "settings": settings})
    return Spool({**row, "settings": settings} for row in rows)


def write_digest(folder: Path, *, believed: bool = False) -> str:
    """Write the digest of what is on disk into the header, as the line before `cases:`; return it.

    Rows are checked first, unless they are `believed` to be sound: who wrote them into Parquet just now checked them.
    """
    digest = _digest(folder) if believed else load(folder).digest
    text = re.sub(r"^digest:.*\n", "", manifest.read(folder), flags=re.MULTILINE)
    rows = manifest.LIST.search(text)
    if rows is None:
        raise DatasetError(f"{manifest.file(folder)}: no line starts with `cases:`, the digest's line goes before it")
    signed = f"{text[: rows.start()]}digest: {digest}\n{text[rows.start() :]}"
    manifest.file(folder).write_text(signed, encoding="utf-8")
    return digest


def _digest(folder: Path) -> str:
    raw = manifest.whole(folder)
    return digests.of(manifest.header(folder, raw), manifest.parquet(folder, raw["rows"]))


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
    for row in rows:
        where = f"{manifest.file(folder)}: case {row['id']}"
        yield from _reference_faults(where, row, task)
        yield from _task_faults(where, head, row, task)
        for place, part in sounding(row):
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
    known = [*ROW_KEYS, *task.ROW, *ANYWHERE]
    unknown = sorted(row.keys() - set(known))
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
