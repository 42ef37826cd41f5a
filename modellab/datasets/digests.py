"""The digest of a dataset: a hash of everything that changes a result, whatever its files are called.

It is over the header's facts, the rows by id and the bytes of their files. That of the rows in a Parquet file is over
its columns, which hold the hashes of the audio (`parquet_rows.py`): no audio file is opened for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modellab.audio import stretch
from modellab.system import textfile
from modellab.types import Row
from modellab.types.rows import FILES, PARTS, SETTING_FILES, in_parts

if TYPE_CHECKING:
    from modellab.datasets.manifest import Header

TEXTS = ("rttm", "stm", "uem")  # those that are text, whose line ends a checkout may change
IN_DIGEST = ("task", "version", "language")  # the header's facts that change what is measured
IN_DIGEST_IF_SET = ("judge", "settings", "text")


def of(head: Header, rows: Sequence[Row]) -> str:
    """SHA-256 over what changes a result: task, version, language, the rows by id, the bytes of their files."""
    chosen = [getattr(head, key) for key in IN_DIGEST]
    chosen += [value for key in IN_DIGEST_IF_SET if (value := _fact(head, key))]
    total = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
    ids = [str(row["id"]) for row in rows]
    known: dict[Path, str] = {}  # a recording of many stretches is hashed once
    for each in (rows[i] for i in sorted(range(len(ids)), key=ids.__getitem__)):
        total.update(json.dumps([_facts(each), *_contents(each, known)], sort_keys=True, default=str).encode())
    return f"sha256:{total.hexdigest()}"


def _fact(head: Header, key: str) -> Any:
    """A fact of the header; of a file that its settings name what is in it."""
    value = getattr(head, key)
    if key != "settings":
        return value
    held = {name: _content(Path(value[name]), is_text=True) for name in SETTING_FILES if value.get(name)}
    return {**value, **held}


def _facts(row: Row) -> Row:
    """The row without the names of its files."""
    return {**{key: value for key, value in row.items() if key not in FILES}, **in_parts(row, _facts)}


def _contents(row: Row, known: dict[Path, str]) -> Iterator[str]:
    """What its files hold, its parts' behind its own."""
    for key in (key for key in FILES if key in row):
        file = stretch.parsed(row[key]).file
        if file not in known:
            known[file] = _content(file, is_text=key in TEXTS)
        yield known[file]
    for key in PARTS:
        for part in row.get(key, ()):
            yield from _contents(part, known)


def _content(file: Path, *, is_text: bool) -> str:
    """What a file holds, as a hash; `missing` also for one that cannot be read, which fails its own case later."""
    with suppress(OSError):
        if file.is_file():
            return textfile.digest(file, is_text=is_text)
    return "missing"
