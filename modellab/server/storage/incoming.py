"""Bytes that come, on disk beside where they will be kept, with their digest."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from modellab.server.errors import ApiError
from modellab.server.storage.objects import CHUNK_BYTES, storage_errors
from modellab.server.storage.threads import stored
from modellab.system import leftovers

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """A file of ours that nobody else knows yet; it has no suffix, so that no decoder is chosen by its name."""

    path: Path
    sha256: str
    bytes: int


class Writer:
    """Writes a file and computes its digest on the way."""

    def __init__(self, path: Path) -> None:
        self.path, self.digest, self.bytes = path, hashlib.sha256(), 0
        self.file: BinaryIO = path.open("wb")

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.bytes += len(data)

    def received(self) -> Received:
        """The file, closed, on the disk also where the power fails now."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return Received(self.path, self.digest.hexdigest(), self.bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


class Spool:
    """A place for files that are about to be kept: gone with the process, or when the next one begins."""

    def __init__(self, folder: Path, min_free_mb: float) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.below, self.min_free_bytes = folder, round(min_free_mb * MB)
        self.lock = threading.Lock()
        self.folder: leftovers.Folder | None = None
        leftovers.sweep(folder)

    def path(self) -> Path:
        """A name that no file has; ApiError 503 where the disk is about full."""
        with storage_errors("make room for a file"):
            free = shutil.disk_usage(self.below).free
            if free < self.min_free_bytes:
                raise OSError(f"{free / MB:.0f} MB are free, {self.min_free_bytes / MB:g} MB have to stay")
            with self.lock:
                if self.folder is None:
                    self.folder = leftovers.Folder("spool", below=self.below)
        return self.folder.path / uuid.uuid4().hex

    @asynccontextmanager
    async def received(self, parts: AsyncIterator[bytes]) -> AsyncIterator[Received]:
        """What comes in parts, as a file; removed at the end unless it was moved away."""
        path = self.path()
        try:
            with storage_errors("write a file"):
                writer = Writer(path)
            with writer:
                async for part in parts:
                    with storage_errors("write a file"):
                        await stored(writer.write, part)
                with storage_errors("write a file"):
                    whole = writer.received()
            yield whole
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def written(self, parts: Iterable[bytes]) -> Iterator[Received]:
        """The same of what is there already."""
        path = self.path()
        try:
            with storage_errors("write a file"), Writer(path) as writer:
                for part in parts:
                    writer.write(part)
                whole = writer.received()
            yield whole
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all of it."""
        if self.folder is not None:
            self.folder.close()


def parts_of(file: BinaryIO) -> Iterator[bytes]:
    """What an open file holds."""
    while part := file.read(CHUNK_BYTES):
        yield part


def too_much(quota_mb: float) -> ApiError:
    """A project keeps as much as it may."""
    message = (
        f"this project may keep {quota_mb:g} MB, and with this file it has more: delete some, or wait until they expire"
    )
    return ApiError(413, "quota_exceeded", message, "file")
