"""Golden datasets: a folder with `dataset.yaml` (header, then `cases:`) and the audio beside it.

`header` is what collecting tests needs and reads no further than the line `cases:`; `load` reads everything and
raises at the first fault; `validate` also decodes the audio and lists every fault.

Layer 3: may import layers 1 to 2 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modellab.datasets import digests, manifest, privacy, used_audio
from modellab.datasets.manifest import Header, why_silent
from modellab.datasets.parquet_rows import ParquetRows
from modellab.datasets.privacy import Key
from modellab.datasets.row_checks import FILE_NAME
from modellab.datasets.used_audio import UsedAudio
from modellab.datasets.validation import RowReader, validate
from modellab.errors import DatasetError
from modellab.types import Row
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
    "why_silent",
    "write_digest",
]


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
    secret: Key | None = None  # of a private dataset: what the names in its rows are hashed with

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
    def is_private(self) -> bool:
        """Whether its texts and names are for this machine alone."""
        return self.header.privacy == privacy.HASHES

    def remembering(self, remember: privacy.Remember) -> privacy.Remember:
        """What a baseline keeps of an output, where the dataset's task would `remember` it so."""
        return privacy.remembering(remember, self.secret, self.normaliser, self.language)

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


def load(folder: Path, *, named: bool = False) -> Dataset:
    """The whole manifest, checked; ConfigError for the header, DatasetError for the cases.

    The names in a private one are hashes, unless it is to be `named` as its files are: for who works on these.

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
    secret = privacy.key(folder) if head.privacy == privacy.HASHES and not named else None
    if secret:
        rows = _changed(rows, partial(secret.row, task=head.task), hidden=True)
    if head.settings:
        rows = _changed(rows, lambda row: {**row, "settings": head.settings})
    used = UsedAudio() if isinstance(rows, ParquetRows) or (head.made and _are_hashed(rows)) else None
    return Dataset(folder.name, folder, head, rows, digest, used, secret)


def _are_hashed(rows: Sequence[Row]) -> bool:
    """Whether each row holds the hash of its audio."""
    return all("sha256" in row for row in rows)


def _believed(folder: Path, raw: Mapping[str, Any], head: Header) -> tuple[Sequence[Row] | None, str]:
    """The rows of a Parquet file unread, and the digest; None for rows that have to be checked."""
    if raw.get("rows") is None or "cases" in raw:
        return None, ""
    rows = manifest.parquet(folder, raw["rows"])
    digest = digests.of(head, rows)
    return (rows.changed(partial(manifest.absolute, folder)) if digest == head.digest else None), digest


def _changed(rows: Sequence[Row], change: Callable[[Row], Row], *, hidden: bool = False) -> Sequence[Row]:
    """The rows, each changed."""
    return rows.changed(change, hidden=hidden) if isinstance(rows, ParquetRows) else Spool(map(change, rows))


def write_digest(folder: Path, *, believed: bool = False) -> str:
    """Write the digest of what is on disk into the header, as the line before `cases:`; return it.

    Rows are checked first, unless they are `believed` to be sound: who wrote them into Parquet just now checked them.
    """
    digest = _digest(folder) if believed else load(folder, named=True).digest
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
