"""The digest of a dataset: a hash of everything that changes a result, whatever its files are called.

It is over the header's facts, the rows by id and the bytes of their files. That of the rows in a Parquet file is over
its columns, which hold the hashes of the audio (`parquet_rows.py`): no audio file is opened for it. Nor is one where
the header says how the audio is `made`: what is made on each machine differs in the last bits from CPU to CPU, so
there the rows count, with the hashes that they hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modellab.audio import stretch
from modellab.datasets import parquet_rows
from modellab.datasets.audio_hashes import AudioHashes, is_recent, stamp
from modellab.datasets.parquet_rows import ParquetRows
from modellab.system import textfile
from modellab.types import Row
from modellab.types.rows import FILES, HASHES, PARTS, SETTING_FILES, in_parts

if TYPE_CHECKING:
    from modellab.datasets.manifest import Header

TEXTS = ("rttm", "stm", "uem")  # those that are text, whose line ends a checkout may change
IN_DIGEST = ("task", "version", "language")  # the header's facts that change what is measured
IN_DIGEST_IF_SET = ("judge", "second_judge", "settings", "text")
MADE = "made"  # in place of the hash of audio that is made on each machine
TABLE = 1  # of how the columns of a Parquet file are hashed: what another way gave is not taken for this one's


class Hash(Protocol):
    """A hash that is being computed."""

    def update(self, data: bytes, /) -> None: ...


def of(head: Header, rows: Sequence[Row]) -> str:
    """SHA-256 over what changes a result: task, version, language, the rows by id, the bytes of their files."""
    chosen = [getattr(head, key) for key in IN_DIGEST]
    with AudioHashes() as known:
        chosen += [value for key in IN_DIGEST_IF_SET if (value := _fact(head, key, known))]
        total = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
        if isinstance(rows, ParquetRows):
            total.update(_of_table(rows.file, known).encode())
        else:
            _add(total, rows, known, made=bool(head.made))
    return f"sha256:{total.hexdigest()}"


def _fact(head: Header, key: str, known: AudioHashes) -> Any:
    """A fact of the header; of a file that its settings name what is in it."""
    value = getattr(head, key)
    if key != "settings":
        return value
    held = {name: _content(Path(value[name]), known, is_text=True) for name in SETTING_FILES if value.get(name)}
    return {**value, **held}


def _of_table(file: Path, known: AudioHashes) -> str:
    """The hash of what a Parquet file says, computed once for the file as it is."""
    place, now = f"{file.absolute()}#rows.{TABLE}", stamp(file)
    return known.remembered(place, now, lambda: parquet_rows.content(file), keep=not is_recent(file))


def _add(total: Hash, rows: Sequence[Row], known: AudioHashes, *, made: bool) -> None:
    """The rows by id, with what their files hold."""
    ids = [str(row["id"]) for row in rows]
    held: dict[Path, str] = {}  # a recording of many stretches is looked at once
    for row in (rows[i] for i in sorted(range(len(ids)), key=ids.__getitem__)):
        contents = [row.get("sha256", MADE)] if made else _contents(row, known, held)
        total.update(json.dumps([_facts(row), *contents], sort_keys=True, default=str).encode())


def _facts(row: Row) -> Row:
    """The row without the names of its files, and without their hashes: these are taken from the files."""
    return {**{key: value for key, value in row.items() if key not in (*FILES, *HASHES)}, **in_parts(row, _facts)}


def _contents(row: Row, known: AudioHashes, held: dict[Path, str]) -> Iterator[str]:
    """What its files hold, its parts' after its own."""
    for key in (key for key in FILES if key in row):
        file = stretch.parsed(row[key]).file
        if file not in held:
            held[file] = _content(file, known, is_text=key in TEXTS)
        yield held[file]
    for key in PARTS:
        for part in row.get(key, ()):
            yield from _contents(part, known, held)


def _content(file: Path, known: AudioHashes, *, is_text: bool) -> str:
    """What a file holds, as a hash; `missing` also for one that cannot be read, which fails its own case later."""
    with suppress(OSError):
        if file.is_file():
            return textfile.digest(file, is_text=True) if is_text else known.of(file)
    return "missing"
