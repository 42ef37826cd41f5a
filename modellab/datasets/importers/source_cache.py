"""What was fetched from elsewhere, kept by content: bounded, and safe among processes.

$MODELLAB_CACHE/sources or ~/.cache/modellab/sources
├── <key>/          the files of one state of one source, as links into .content
├── .content/       each file once, by its SHA-256, however many sources have it
├── .parts/         what is on its way: it gets a name when all of it is there
└── .locks/         held by who fetches a source, and by who reads it: what is read is not removed

Beyond `MODELLAB_SOURCES_BYTES` (50 GB) the sources that were used longest ago go. The one that is in use stays, however
large it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from modellab.errors import ConfigError, DatasetError
from modellab.system import cache

SETTING = "MODELLAB_SOURCES_BYTES"
MOST_BYTES = 50 * 10**9
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
ABANDONED_S = 86_400.0  # a part that nobody has written to for so long
BLOCK_BYTES = 1 << 20


def folder() -> Path:
    """Where fetched sources lie."""
    return cache.home() / "sources"


def limit_bytes() -> int:
    """How much may be kept; ConfigError for a setting that is no size."""
    given = os.environ.get(SETTING, "").strip()
    if not given:
        return MOST_BYTES
    match = SIZE.fullmatch(given)
    if not match:
        raise ConfigError(f"{SETTING} is {given!r}, expected a size such as 20GB")
    return int(float(match[1]) * UNITS[match[2].upper()])


@contextmanager
def source(key: str, *, keep: bool = True) -> Iterator[Path]:
    """The folder of a source, while somebody reads it; without `keep` it is gone afterwards."""
    most_bytes, home = limit_bytes(), folder() / key
    try:
        with _locked(key, fcntl.LOCK_SH):
            os.utime(_lock(key))
            yield home
    finally:
        if not keep:
            _remove(key)
        _trim(most_bytes)


@contextmanager
def fetching(key: str) -> Iterator[None]:
    """One process at a time fetches a source; the next one finds what is there."""
    with _locked(f"{key}.fetch", fcntl.LOCK_EX):
        yield


def put(path: Path, given: IO[bytes], size: int | None) -> None:
    """Write a file of a source, whole or not at all; DatasetError where less came than was stated."""
    part = folder() / ".parts" / uuid.uuid4().hex
    part.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        came, digest = _written(part, given)
        if size is not None and came != size:
            raise DatasetError(f"{path.name}: {came:,} of {size:,} bytes came; the connection broke off, try again")
        content = folder() / ".content" / digest
        content.parent.mkdir(exist_ok=True)
        with _locked("content", fcntl.LOCK_SH):
            if not content.is_file():
                part.replace(content)
            _link(content, path)
    finally:
        part.unlink(missing_ok=True)


def sha256(file: Path) -> str:
    """The SHA-256 of a file, as the cache names its content."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _written(part: Path, given: IO[bytes]) -> tuple[int, str]:
    """How many bytes came, and their SHA-256."""
    digest, came = hashlib.sha256(), 0
    with part.open("wb") as out:
        while block := given.read(BLOCK_BYTES):
            out.write(block)
            digest.update(block)
            came += len(block)
    return came, digest.hexdigest()


def _link(content: Path, path: Path) -> None:
    """Give a file of the cache its name in a source, in place of what has it."""
    new = path.with_name(f".{uuid.uuid4().hex}")
    try:
        os.link(content, new)
    except OSError:  # a disk without links, or with too many of this file
        shutil.copyfile(content, new)
    new.replace(path)


# ---------------------------------------------------------------------------- bounds


def _trim(most_bytes: int) -> None:
    """Remove the sources that were used longest ago until the rest fits."""
    with _locked("content", fcntl.LOCK_EX):
        _remove_abandoned()
        if _unused(most_bytes) <= most_bytes:
            return
        names = (home for home in folder().iterdir() if home.is_dir() and not home.name.startswith("."))
        for home in sorted(names, key=_last_used):
            if _remove(home.name) and _unused(most_bytes) <= most_bytes:
                return


def _unused(most_bytes: int) -> int:
    """The bytes that are kept; where they are too many, without content that is of no source any more."""
    files = [(file, file.stat()) for file in (folder() / ".content").glob("*")]
    total = sum(facts.st_size for _, facts in files)
    for file, facts in files if total > most_bytes else ():
        if facts.st_nlink == 1:
            file.unlink(missing_ok=True)
            total -= facts.st_size
    return total


def _last_used(home: Path) -> float:
    lock = _lock(home.name)
    return (lock if lock.exists() else home).stat().st_mtime


def _remove(key: str) -> bool:
    """Remove a source, unless somebody reads it."""
    try:
        with _locked(key, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder() / key, ignore_errors=True)
    except BlockingIOError:
        return False
    return True


def _remove_abandoned() -> None:
    """Remove what processes left half done that are no more."""
    for part in (folder() / ".parts").glob("*"):
        if time.time() - part.stat().st_mtime > ABANDONED_S:
            part.unlink(missing_ok=True)


def _lock(key: str) -> Path:
    return folder() / ".locks" / key


@contextmanager
def _locked(key: str, how: int) -> Iterator[None]:
    """Hold a lock of this name; BlockingIOError where it is not to be waited for."""
    file = _lock(key)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as held:
        fcntl.flock(held, how)
        yield
