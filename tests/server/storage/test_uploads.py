"""`/api/v1/uploads` and `/api/v1/blobs` of a running server, whose blobs are in a folder or on an S3 server."""

from __future__ import annotations

import hashlib
import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from tests.server import s3
from tests.server.conftest import PATIENCE_S, Server, project, serving
from tests.server.test_edge import code, talk

LIMITS = "max_blob_mb = 2\nmax_blob_audio_s = 30\n"


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


def ask(server: Server, path: str, body: bytes | None = None, method: str | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(f"{server.address}{path}", body, named, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def sound(seconds: float = 1.0, form: str = "WAV", rate_hz: int = 16_000) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, 0.1 * np.sin(np.arange(round(rate_hz * seconds)) / 10), rate_hz, format=form)
    return held.getvalue()


def upload(server: Server, data: bytes) -> Answer:
    return ask(server, "/api/v1/uploads", data, Content_Type="application/octet-stream")


def form_of(data: bytes, name: str = "file") -> tuple[bytes, str]:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="../../a.m3u8"\r\n\r\n'
    return head.encode() + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


@pytest.fixture(scope="module", params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as changes:
        settings = LIMITS
        if request.param == "s3":
            store: s3.S3 = request.getfixturevalue("s3_server")
            for name, value in store.environment.items():
                changes.setenv(name, value)
            settings += f'blobs = "s3://{s3.BUCKET}/served"\n'
        with serving(project(root, settings)) as server:
            yield server


def test_an_upload_is_looked_at_kept_and_given_back(up: Server) -> None:
    data = sound(1.5)
    made = upload(up, data)
    assert made.status == 201
    said = made.json
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert (said["seconds"], said["rate"], said["bytes"]) == (1.5, 16_000, len(data))
    assert said["content_type"] == "audio/wav"
    body, kind = form_of(data)
    assert ask(up, "/api/v1/uploads", body, Content_Type=kind).json["blob"] == said["blob"]
    given = ask(up, f"/api/v1/blobs/{said['blob']}")
    assert given.body == data
    assert given.headers["content-type"] == "audio/wav"
    assert given.headers["content-disposition"] == f'inline; filename="{said["sha256"][:12]}.wav"'
    assert said["blob"] in [each["blob"] for each in ask(up, "/api/v1/blobs").json["data"]]
    assert ask(up, f"/api/v1/blobs/{said['blob']}", method="DELETE").status == 204
    assert ask(up, f"/api/v1/blobs/{said['blob']}").status == 404
    assert ask(up, f"/api/v1/blobs/{said['blob']}", method="DELETE").code == "blob_not_found"


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-3", 206, 0, 4),
        ("bytes=100-", 206, 100, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=10-99999999", 206, 10, None),
    ],
)
def test_a_part_is_a_part(up: Server, asked: str, status: int, start: int, end: int | None) -> None:
    data = sound()
    place = f"/api/v1/blobs/{upload(up, data).json['blob']}"
    given = ask(up, place, Range=asked)
    assert (given.status, given.body) == (status, data[start:end])
    first = start % len(data)
    assert given.headers["content-range"] == f"bytes {first}-{first + len(given.body) - 1}/{len(data)}"


@pytest.mark.parametrize(
    ("form", "kind"), [("FLAC", "audio/flac"), ("OGG", "audio/ogg"), ("MP3", "audio/mpeg"), ("AIFF", "audio/aiff")]
)
def test_the_type_is_found_in_the_bytes(up: Server, form: str, kind: str) -> None:
    assert upload(up, sound(form=form)).json["content_type"] == kind


@pytest.mark.parametrize(
    ("data", "status", "said_code"),
    [
        (b"", 400, "invalid_audio"),
        (b"no sound at all", 400, "invalid_audio"),
        (b"#EXTM3U\n/etc/passwd\n", 400, "invalid_audio"),
        (sound()[:30], 400, "invalid_audio"),
        (sound(31.0, "FLAC"), 413, "audio_too_long"),
    ],
)
def test_what_is_not_kept_says_why_and_leaves_nothing(up: Server, data: bytes, status: int, said_code: str) -> None:
    before = ask(up, "/api/v1/blobs?limit=200").json["data"]
    said = upload(up, data)
    assert (said.status, said.code) == (status, said_code)
    assert "/tmp" not in said.json["error"]["message"]
    assert ask(up, "/api/v1/blobs?limit=200").json["data"] == before
    assert [path for path in (up.root / "mlruns" / "server" / "spool").rglob("*") if path.is_file()] == []


def test_one_that_is_too_large_is_refused_unread(up: Server) -> None:
    head = b"POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
    answer = talk(up, head)
    assert b"413" in answer.splitlines()[0]
    assert code(answer) == "file_too_large"


def test_a_form_without_a_file(up: Server) -> None:
    body, kind = form_of(b"x", "other")
    assert ask(up, "/api/v1/uploads", body, Content_Type=kind).code == "missing_file"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(project(tmp_path_factory.mktemp("own"), LIMITS)) as server:
        yield server


def test_what_is_served_runs_nothing_and_is_not_sent_twice(own: Server) -> None:
    data = sound()
    place = f"/api/v1/blobs/{upload(own, data).json['blob']}"
    given = ask(own, place)
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"] == "default-src 'none'; sandbox"
    tag = given.headers["etag"]
    assert ask(own, place, If_None_Match=tag).status == 304
    assert ask(own, place, Range="bytes=0-1", If_Range=tag).body == data[:2]
    assert ask(own, place, Range="bytes=0-1", If_Range='"other"').body == data
    head = ask(own, place, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_part_behind_the_end(own: Server, asked: str) -> None:
    data = sound()
    said = ask(own, f"/api/v1/blobs/{upload(own, data).json['blob']}", Range=asked)
    assert (said.status, said.code) == (416, "range_not_satisfiable")
    assert said.headers["content-range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=0-1,3-4", "lines=0-1", "bytes=-", "", "bytes=" + "9" * 5000])
def test_a_range_that_makes_no_sense_is_ignored(own: Server, asked: str) -> None:
    data = sound()
    said = ask(own, f"/api/v1/blobs/{upload(own, data).json['blob']}", Range=asked)
    assert (said.status, said.body) == (200, data)


@pytest.mark.parametrize("path", ["/api/v1/blobs/none", "/api/v1/blobs/..%2f..", "/api/v1/blobs/%00"])
def test_a_blob_that_is_not_there(own: Server, path: str) -> None:
    assert ask(own, path).status == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x"])
def test_a_list_that_cannot_be(own: Server, query: str) -> None:
    assert ask(own, f"/api/v1/blobs?{query}").code == "invalid_value"
    assert ask(own, "/api/v1/blobs?before=none").status == 404


def test_a_list_has_pages(own: Server) -> None:
    made = [upload(own, sound(0.2 + number / 10)).json["blob"] for number in range(3)]
    first = ask(own, "/api/v1/blobs?limit=2").json
    assert [each["blob"] for each in first["data"]] == made[:0:-1]
    assert ask(own, f"/api/v1/blobs?limit=2&before={first['next_before']}").json["data"][0]["blob"] == made[0]


def test_a_disk_that_takes_no_more_is_a_503(own: Server) -> None:
    data = sound(20.0)
    process = psutil.Process(own.process.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (200_000, before[1]))  # no file of it may grow beyond that
    try:
        said = upload(own, data)
        assert (said.status, said.code) == (503, "storage_unavailable")
        assert int(said.headers["retry-after"]) > 0
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, before)
    assert hashlib.sha256(data).hexdigest() not in ask(own, "/api/v1/blobs?limit=200").body.decode()
    assert upload(own, data).status == 201


@pytest.mark.slow
def test_what_was_uploaded_outlives_the_server_and_a_kill_leaves_no_spool(tmp_path: Path) -> None:
    root = project(tmp_path, LIMITS + "keep_uploads_h = 1")
    data = sound()
    with serving(root) as server:
        blob = upload(server, data).json["blob"]
        server.process.kill()
        server.process.wait()
    spool = root / "mlruns" / "server" / "spool"
    assert [each for each in spool.iterdir() if each.is_dir()]
    with serving(root) as server:
        assert ask(server, f"/api/v1/blobs/{blob}").body == data
        assert not list(spool.iterdir())


@pytest.mark.slow
def test_an_s3_server_that_is_gone_is_a_503_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3.server(tmp_path) as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        settings = LIMITS + f'blobs = "s3://{s3.BUCKET}"\nblob_links = false\n'
        with serving(project(tmp_path, settings)) as server:
            data = sound()
            blob = upload(server, data).json["blob"]
            assert ask(server, f"/api/v1/blobs/{blob}", Range="bytes=2-5").body == data[2:6]  # through the server
            store.stop()
            for said in (upload(server, sound(2.0)), ask(server, f"/api/v1/blobs/{blob}")):
                assert (said.status, said.code) == (503, "storage_unavailable")
            assert ask(server, "/health").status == 200
            assert [each["blob"] for each in ask(server, "/api/v1/blobs").json["data"]] == [blob]
