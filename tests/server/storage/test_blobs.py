"""Blobs in a folder and on an S3 server: kept once, found, read in parts, pinned, deleted, expired, half done."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import threading
import time
import urllib.request
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modellab.plan.serve_settings import Serve
from modellab.server.errors import ApiError
from modellab.server.storage import incoming, tables
from modellab.server.storage.blobs import KEPT, OUTPUT, UPLOAD, Blob, Blobs
from tests.server import s3
from tests.server.storage.conftest import Place

DATA = bytes(range(256)) * 40
WAV = "audio/wav"


def put(blobs: Blobs, data: bytes = DATA, project: str = "default", kind: str = UPLOAD, **facts: Any) -> Blob:
    with blobs.spool.written([data[:100], data[100:]]) as received:
        return blobs.put(project, kind, received, WAV, **facts)


def read(blobs: Blobs, blob: Blob, start: int = 0, end: int | None = None) -> bytes:
    async def joined() -> bytes:
        return b"".join([part async for part in blobs.stream(blob, start, blob.bytes if end is None else end)])

    return asyncio.run(joined())


def end_now(blobs: Blobs, blob: Blob) -> None:
    with blobs.database.begin() as connection:
        over = sa.update(tables.blobs).where(tables.blobs.c.id == blob.id).values(expires_at=time.time() - 1)
        connection.execute(over)


def test_what_is_kept_is_read_whole_and_in_parts(blobs: Blobs, place: Place) -> None:
    blob = put(blobs, duration_s=1.5, rate_hz=16_000)
    assert blob.sha256 == hashlib.sha256(DATA).hexdigest()
    assert (blob.bytes, blob.duration_s, blob.rate_hz, blob.kind) == (len(DATA), 1.5, 16_000, UPLOAD)
    assert blob.expires_at == pytest.approx(time.time() + 24 * 3600, abs=60)
    assert read(blobs, blob) == DATA
    assert read(blobs, blob, 300, 777) == DATA[300:777]
    with blobs.local(blob) as path:
        assert path.read_bytes() == DATA
        assert path.suffix == ""
    assert place.keys() == [f"p/default/upload/{blob.sha256}"]
    assert place.spooled() == []


def test_the_same_bytes_are_kept_once_in_a_project_and_apart_in_two(blobs: Blobs, place: Place) -> None:
    first, again, others = put(blobs), put(blobs), put(blobs, project="other")
    assert first.id == again.id
    assert others.id != first.id
    assert len(place.keys()) == 2
    with pytest.raises(ApiError, match="there is no blob"):
        blobs.find("other", first.id)
    with pytest.raises(ApiError, match="there is no blob"):
        blobs.delete("other", first.id)
    blobs.delete("default", first.id)
    assert place.keys() == [f"p/other/upload/{first.sha256}"]
    assert read(blobs, others) == DATA


def test_what_has_expired_is_neither_found_nor_kept(blobs: Blobs, place: Place) -> None:
    old, output = put(blobs), put(blobs, DATA[1:], kind=OUTPUT)
    end_now(blobs, old)
    with pytest.raises(ApiError, match="there is no blob"):
        blobs.find("default", old.id)
    assert blobs.sweep() == 1
    assert place.keys() == [output.key]
    assert blobs.sweep() == 0
    assert read(blobs, put(blobs)) == DATA  # it can come again


def test_putting_it_again_moves_its_end(blobs: Blobs) -> None:
    blob = put(blobs)
    with blobs.database.begin() as connection:
        sooner = sa.update(tables.blobs).values(expires_at=time.time() + 10)
        connection.execute(sooner)
    again = put(blobs)
    assert again.id == blob.id
    assert again.expires_at is not None
    assert again.expires_at > time.time() + 3600


def test_what_is_pinned_stays_until_nothing_pins_it(blobs: Blobs, place: Place) -> None:
    upload = put(blobs)
    kept = blobs.pin(upload, "share:1")
    assert blobs.pin(kept, "share:2").id == kept.id
    assert (kept.kind, kept.sha256) == (KEPT, upload.sha256)
    blobs.delete("default", upload.id)
    with pytest.raises(ApiError, match="is pinned"):
        blobs.delete("default", kept.id)
    assert blobs.find("default", kept.id).expires_at is None
    assert put(blobs, kind=KEPT).expires_at is None  # the same bytes, kept for something else: still pinned
    blobs.unpin("share:1")
    assert blobs.sweep() == 0
    assert read(blobs, blobs.find("default", kept.id)) == DATA
    blobs.unpin("share:2")
    assert blobs.sweep() == 1
    assert place.keys() == []


def test_a_project_keeps_as_much_as_it_may(blobs: Blobs, place: Place) -> None:
    half = os.urandom(600_000)
    put(blobs, half)
    with pytest.raises(ApiError, match="may keep 1 MB") as told:
        put(blobs, os.urandom(600_000))
    assert told.value.status == 413
    assert put(blobs, half).bytes == 600_000  # what is there counts once
    put(blobs, os.urandom(600_000), project="other")
    assert len(place.keys()) == 2
    assert place.spooled() == []


def test_what_a_killed_server_left_half_done_is_invisible_and_goes(blobs: Blobs, place: Place) -> None:
    blob = put(blobs)
    with blobs.database.begin() as connection:
        connection.execute(sa.update(tables.blobs).values(is_whole=False))
    with pytest.raises(ApiError, match="there is no blob"):
        blobs.find("default", blob.id)
    assert blobs.listed("default", 10) == []
    end_now(blobs, blob)
    assert blobs.sweep() == 1
    assert place.keys() == []


def test_bytes_that_are_gone_are_told_and_come_again(blobs: Blobs, place: Place) -> None:
    blob = put(blobs)
    blobs.objects.delete(blob.key)
    with pytest.raises(ApiError, match="upload them again") as told, blobs.local(blob):
        pass
    assert told.value.status == 410
    assert read(blobs, put(blobs)) == DATA


def test_many_at_once_and_a_sweep_lose_nothing(blobs: Blobs) -> None:
    stop = threading.Event()

    def sweeps() -> None:
        while not stop.is_set():
            with blobs.database.begin() as connection:
                connection.execute(sa.update(tables.blobs).values(expires_at=time.time() - 1))
            blobs.sweep()

    seen: set[str] = set()

    def puts(number: int) -> None:
        data = DATA + bytes([number % 2])
        for _ in range(5):
            try:
                blob = put(blobs, data)
                with blobs.local(blob) as path:
                    seen.add("whole" if path.read_bytes() == data else "damaged")
            except ApiError as error:
                seen.add(error.code)

    with ThreadPoolExecutor(5) as pool:
        other = pool.submit(sweeps)
        list(pool.map(puts, range(4)))
        stop.set()
        other.result()
    assert seen <= {"whole", "blob_not_found", "blob_gone"}  # it may be swept at once
    blob = put(blobs)
    assert read(blobs, blob) == DATA


def test_pages_of_a_list_are_all_of_it(blobs: Blobs) -> None:
    made = [put(blobs, DATA[number:]).id for number in range(5)]
    seen: list[str] = []
    while page := blobs.listed("default", 2, seen[-1] if seen else ""):
        seen += [each.id for each in page]
    assert seen == made[::-1]


@pytest.mark.slow
def test_a_link_gives_the_bytes_to_whoever_has_it(s3_server: s3.S3, place: Place, blobs: Blobs) -> None:
    blob = put(blobs)
    link = blobs.link(blob)
    if not place.s3:
        assert link == ""
        return
    with urllib.request.urlopen(urllib.request.Request(link, headers={"Range": "bytes=1-3"})) as answer:
        assert (answer.status, answer.read()) == (206, DATA[1:4])
        assert answer.headers["content-type"] == WAV
        assert answer.headers["content-disposition"].startswith("inline; filename=")
    blobs.settings = Serve(blobs=place.setting, blob_links=False)
    assert blobs.link(blob) == ""


@pytest.mark.slow
def test_a_server_that_is_gone_leaves_nothing_half_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from modellab.server.database import Database

    with s3.server(tmp_path) as up:
        for name, value in up.environment.items():
            monkeypatch.setenv(name, value)
        database = Database("", tmp_path / "kept")
        blobs = Blobs(Serve(blobs=f"s3://{s3.BUCKET}"), tmp_path / "kept", database)
        there = put(blobs)
        up.stop()
        for asked in (lambda: put(blobs, DATA[1:]), lambda: put(blobs), lambda: read(blobs, there)):
            with pytest.raises(ApiError, match="the storage cannot be used now") as told:
                asked()
            assert (told.value.status, told.value.code) == (503, "storage_unavailable")
            assert "127.0.0.1" not in told.value.message
        assert [each.id for each in blobs.listed("default", 10)] == [there.id]
        with pytest.raises(ApiError, match="cannot be used"):
            blobs.delete("default", there.id)
        assert blobs.find("default", there.id) == replace(there, expires_at=blobs.find("default", there.id).expires_at)
        blobs.close()
        database.close()
    assert "the storage could not keep an object" in caplog.text


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, blobs: Blobs, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: incoming.Writer, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(incoming.Writer, "write", full)

    async def parts() -> AsyncIterator[bytes]:
        yield DATA

    async def receive() -> None:
        async with blobs.spool.received(parts()):
            raise AssertionError("it was received")

    with pytest.raises(ApiError, match="nothing was kept"):
        put(blobs)
    with pytest.raises(ApiError, match="nothing was kept"):
        asyncio.run(receive())
    assert (place.keys(), place.spooled(), blobs.listed("default", 5)) == ([], [], [])


def test_a_disk_that_is_about_full_is_left_alone(blobs: Blobs) -> None:
    blobs.spool.min_free_bytes = 1 << 60
    with pytest.raises(ApiError, match="the storage cannot be used now"):
        put(blobs)
