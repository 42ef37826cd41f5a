"""Bytes by key: in a folder of this machine, or in a bucket of an S3 server."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from modellab.server.errors import ApiError

LOG = logging.getLogger("modellab.server")
S3 = "s3://"
CHUNK_BYTES = 1 << 20
LINK_S = 300
CONNECT, WHOLE = "3s", "60s"  # that reaching the server, and one request, may take
RETRIES, RETRY_S = 2, 10


class GoneError(Exception):
    """There is nothing at a key."""


class Objects(Protocol):
    """What both kinds of store can do. ApiError 503 where one does not work; GoneError for a key without bytes."""

    def put(self, key: str, path: Path, attributes: dict[str, str]) -> None:
        """Keep a file's bytes at a key: all of them or, where that fails, none."""

    def has(self, key: str) -> bool:
        """Whether there is something at a key."""

    def delete(self, key: str) -> None:
        """Remove what is at a key; nothing where nothing is."""

    def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`."""

    def parts(self, key: str) -> Iterator[bytes]:
        """All bytes, for whoever has a thread."""

    def local(self, key: str) -> Path | None:
        """Where they lie on this machine; None where they do not."""

    def link(self, key: str) -> str:
        """An address that gives them to anybody for five minutes; '' where there is none."""


def opened(where: str, folder: Path) -> Objects:
    """The bucket that `where` names, or a folder."""
    return Bucket(where) if where else Folder(folder)


@contextmanager
def storage_errors(action: str) -> Iterator[None]:
    """Whatever is wrong with a store is one answer without places of this machine; the log has the rest."""
    try:
        yield
    except (OSError, BaseError) as error:
        LOG.error("the storage could not %s: %s", action, str(error).splitlines()[0])
        raise unavailable() from error


def unavailable() -> ApiError:
    """The disk is full, or the S3 server does not answer."""
    message = "the storage cannot be used now: nothing was kept, try again later"
    return ApiError(503, "storage_unavailable", message, headers={"Retry-After": "30"})


class _Store:
    """What obstore does alike for all stores."""

    def __init__(self, store: LocalStore | S3Store) -> None:
        self.store = store

    def has(self, key: str) -> bool:
        with storage_errors("look for an object"):
            try:
                obstore.head(self.store, key)
            except FileNotFoundError:
                return False
        return True

    def delete(self, key: str) -> None:
        with storage_errors("delete an object"), suppress(FileNotFoundError):
            obstore.delete(self.store, key)

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        with storage_errors("read an object"):
            try:
                content = await obstore.get_async(self.store, key, options={"range": (start, end)})
            except FileNotFoundError:
                raise GoneError(key) from None
            async for part in content.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(part)

    def parts(self, key: str) -> Iterator[bytes]:
        with storage_errors("read an object"):
            try:
                content = obstore.get(self.store, key)
            except FileNotFoundError:
                raise GoneError(key) from None
            for part in content.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(part)


class Folder(_Store):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        super().__init__(LocalStore(folder))

    def put(self, key: str, path: Path, attributes: dict[str, str]) -> None:  # noqa: ARG002 - a file has none
        with storage_errors("keep an object"):
            target = self.folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)  # the same disk: whole, or not there

    def local(self, key: str) -> Path | None:
        path = self.folder / key
        if not path.is_file():
            raise GoneError(key)
        return path

    def link(self, key: str) -> str:  # noqa: ARG002
        return ""


class Bucket(_Store):
    """A bucket of an S3 server: what reaches it (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...) the environment says."""

    def __init__(self, where: str) -> None:
        bucket, _, prefix = where.removeprefix(S3).partition("/")
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self.bucket = S3Store(
            bucket,
            prefix=prefix or None,
            client_options={"connect_timeout": CONNECT, "timeout": WHOLE, "allow_http": plain},
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
        )
        super().__init__(self.bucket)

    def put(self, key: str, path: Path, attributes: dict[str, str]) -> None:
        with storage_errors("keep an object"), path.open("rb") as file:
            obstore.put(self.store, key, file, attributes=attributes)
        path.unlink(missing_ok=True)

    def local(self, key: str) -> Path | None:  # noqa: ARG002
        return None

    def link(self, key: str) -> str:
        with storage_errors("sign a link"):
            return str(obstore.sign(self.bucket, "GET", key, timedelta(seconds=LINK_S)))
