"""Sources elsewhere: `https://`, `hf://datasets/...`, `s3://`, `gs://`, what fsspec knows; fetched into the cache.

    https://   one file, and the audio that it names relative to itself
    others     a file with the audio that it names, or a tree: all of it, or what `--only` names; of a Hugging Face
               data set with Parquet only the files of the configuration and split

A file gets its name when all of it is there: half a download is never seen. What was fetched stays in the cache
(`source_cache.py`) under the revision that it has: the commit of Hugging Face, else the tags and sizes of the listing;
of what has no revision nothing stays. Credentials come from the
environment, as the libraries read them; queries and user names of an address are never written down.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from modellab.datasets import importers
from modellab.datasets.importers import archives, remote_places, source_cache, splits
from modellab.datasets.importers.formats import huggingface
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Options, Record
from modellab.datasets.importers.remote_places import Remote, plain
from modellab.datasets.importers.request import ImportRequest
from modellab.errors import DatasetError

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
COLUMNAR = (".parquet", ".arrow")
NOTHING = ImportRequest()


class Fetched(NamedTuple):
    """What was fetched: where it lies, its address without credentials, and which revision of it that is."""

    path: Path
    source: str
    revision: str


def is_remote(place: str) -> bool:
    """Whether an address names its scheme.

    >>> is_remote("s3://bucket/a"), is_remote("C:/data"), is_remote("data")
    (True, False, False)
    """
    return bool(SCHEME.match(place))


@contextmanager
def here(place: str, options: Options, request: ImportRequest = NOTHING) -> Iterator[Fetched | None]:
    """What a place elsewhere has, fetched, as long as the context; None for a place that is here."""
    if not is_remote(place):
        yield None
        return
    with fetched(place, options, request) as source:
        yield source


@contextmanager
def fetched(address: str, options: Options, request: ImportRequest = NOTHING) -> Iterator[Fetched]:
    """What an address names, fetched and there as long as the context; DatasetError for what did not come whole."""
    remote, source = remote_places.opened(address, request.revision), plain(address)
    tag = remote.revision or uuid.uuid4().hex  # nobody knows whether it changed
    key = hashlib.sha256(json.dumps([source, tag]).encode()).hexdigest()[:24]
    with source_cache.source(key, keep=bool(remote.revision)) as home:
        with source_cache.fetching(key):
            path = _fetch(remote, home, options, request)
        yield Fetched(path, source, remote.revision)


def _fetch(remote: Remote, home: Path, options: Options, request: ImportRequest) -> Path:
    """Fetch what is wanted into the folder of the source; where it lies."""
    if remote.files is not None:
        for name in _needed(remote, home, options, request.only):
            _get(remote, name, home / name, size=remote.files[name][0])
        return home
    path = home / remote.name
    _get(remote, remote.name, path)
    if not archives.is_archive(path):
        for name in _named(path, home, beside(path, options), request.form):
            _get(remote, name, home / name, optional=True)
    return path


def beside(file: Path, options: Options) -> Options:
    """The options for a fetched file: what it names relative to itself came with it, and lies in no folder above."""
    return replace(options, root=options.root or file.parent)


def cached_with(fetched: Path) -> Path:
    """The folder of the cache that holds everything that was fetched with a file or tree."""
    sources = source_cache.folder()
    return sources / fetched.relative_to(sources).parts[0]


def _get(remote: Remote, name: str, path: Path, *, size: int | None = None, optional: bool = False) -> None:
    """Fetch one file, unless it is there; an `optional` one that is not there is told where its row is read."""
    if path.is_file() and size in (None, path.stat().st_size):
        return
    try:
        given, stated = remote.open(name)
    except DatasetError:
        if optional:
            return
        raise
    try:
        with given:
            source_cache.put(path, given, size if size is not None else stated)
    except DatasetError as fault:
        raise DatasetError(str(fault).replace(path.name, name, 1)) from None
    except (OSError, HTTPException) as fault:
        raise remote_places.unread(name, remote, fault) from None


def _named(path: Path, home: Path, options: Options, form: str) -> Iterator[str]:
    """The audio that a manifest names below its own folder, and that is not there yet."""
    place = Place(path)
    names = dict.fromkeys(
        str(item.sound.file.relative_to(home))
        for item in importers.read(importers.chosen(place, form).format, place, options)
        if isinstance(item, Record) and item.sound and item.sound.data is None and _is_below(item.sound.file, home)
    )
    yield from (name for name in names if not (home / name).is_file())


def _is_below(file: Path, home: Path) -> bool:
    return Path(os.path.normpath(file)).is_relative_to(home) and ".." not in file.parts


def _needed(remote: Remote, home: Path, options: Options, only: Sequence[str]) -> list[str]:
    """The files of a tree that are wanted."""
    names = [name for name in remote.files or {} if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    if only:
        return [name for name in names if any(fnmatch(name, pattern) for pattern in (*only, "README.md"))]
    tables = [name for name in names if name.endswith(COLUMNAR)]
    if not tables:
        return names
    heads = [name for name in names if name == "README.md"]
    for name in heads:
        _get(remote, name, home / name)
    files = [home / name for name in tables]
    by_split = huggingface.declared(Place(home), files, options) or splits.by_name(home, files)
    split, _ = splits.chosen(by_split, options.split)
    return [*heads, *(file.relative_to(home).as_posix() for file in by_split[split])]
