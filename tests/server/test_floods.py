"""Floods of connections, broken HTTP, and a machine that has no room, no database or no memory left."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from modellab.server.logs import Masked
from tests.server import postgres
from tests.server.conftest import Server, project, serving
from tests.server.fleet.test_fleet import FAKE, clip
from tests.server.test_access import ask, new_token, until
from tests.server.test_bad_input import GOOD, form, send, tells_nothing, wav
from tests.server.test_edge import MULTIPART, code, head, post, talk

# ---------------------------------------------------------------------------- floods

MANY = 10_000  # connections at once


def opened(server: Server, count: int, data: bytes) -> Iterator[socket.socket]:
    """So many connections that have sent something, as far as they could."""
    host, port = server.address.removeprefix("http://").split(":")
    for _ in range(count):
        line = socket.create_connection((host, int(port)), timeout=60)
        line.sendall(data)
        yield line


def heard(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    parts = b""
    try:
        while part := line.recv(65_536):
            parts += part
            if b"}}" in part:
                break
    except ConnectionError:
        pass
    finally:
        line.close()
    return parts


@pytest.mark.slow
def test_two_hundred_half_heads_and_slow_bodies_are_hung_up_on(tmp_path: Path) -> None:
    with serving(project(tmp_path, "head_s = 2\nidle_body_s = 2")) as up:
        files = psutil.Process(up.process.pid).num_fds()
        halves = list(opened(up, 200, b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nX-A: "))
        slow = list(opened(up, 200, head("Content-Length: 100000") + b"--x\r\n"))
        assert up.get("/health")[0] == 200  # meanwhile
        assert [heard(line) for line in halves] == [b""] * 200
        assert {code(heard(line)) for line in slow} == {"body_too_slow"}
        until(lambda: psutil.Process(up.process.pid).num_fds() <= files + 60)  # the database has some


@pytest.mark.slow
def test_ten_thousand_slow_heads_cost_little_and_keep_nobody_out(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 1000:
        pytest.skip(f"this machine lets a process have {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY + 1000), hard))
    lines: list[socket.socket] = []
    try:
        with serving(project(tmp_path, f"head_s = 10\nmax_connections = {MANY + 500}")) as up:
            assert send(up, GOOD)[0] == 200
            process = psutil.Process(up.process.pid)
            files, memory = process.num_fds(), process.memory_info().rss
            for _ in range(10):
                lines += opened(up, MANY // 10, b"POST /v1/audio/transcriptions HTTP/1.1\r\nX-A: ")
                assert send(up, GOOD)[0] == 200  # of somebody else
            assert process.memory_info().rss < memory + 200e6
            assert {heard(line) for line in lines} == {b""}
            until(lambda: process.num_fds() <= files + 60)  # the database has some
            assert send(up, GOOD)[0] == 200
    finally:
        for line in lines:
            line.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
def test_more_connections_than_there_may_be_are_told_so_and_cost_nothing(tmp_path: Path) -> None:
    with serving(project(tmp_path, "head_s = 5\nmax_connections = 100")) as up:
        process = psutil.Process(up.process.pid)
        files, memory = process.num_fds(), process.memory_info().rss
        lines: list[socket.socket] = []
        for _ in range(10):
            lines += opened(up, 100, b"GET / HTTP/1.1\r\nX-A: ")
        until(lambda: process.num_fds() <= files + 160)  # the database has some
        answers = [heard(line) for line in lines]
        told = [answer for answer in answers if answer]
        assert len(told) >= 700  # the first hundred were taken, and others as those were given up
        assert {answer.splitlines()[0] for answer in told} == {b"HTTP/1.1 503 Service Unavailable"}
        assert code(told[0]) == "too_many_connections"
        until(lambda: _is_well(up))
        assert process.memory_info().rss < memory + 60e6


def _is_well(up: Server) -> bool:
    try:
        return up.get("/health")[0] == 200
    except OSError:
        return False


@pytest.mark.slow
def test_pipelined_nonsense_and_broken_http(server: Server) -> None:
    for said in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET " + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n",
        b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    ):
        answer = talk(server, said, for_s=30)
        assert not answer or answer.split()[1].startswith(b"4"), answer[:200]
    assert server.get("/health")[0] == 200


# ---------------------------------------------------------------------------- a machine without room


@pytest.mark.slow
def test_a_disk_without_room_is_one_sentence_and_no_end(tmp_path: Path) -> None:
    """A file may have 100 kB: what the kernel says then is what it says of a full disk, but for its number."""
    root = project(tmp_path)
    token = new_token(root, "t", "infer", "admin")
    big = wav(np.zeros(16_000 * 60, np.int16))
    with serving(root) as up:
        assert ask(up, "/v1/models", token)[0] == 200
        auth = {"Authorization": f"Bearer {token}"}
        assert post(up, "/v1/audio/transcriptions", form(GOOD), MULTIPART, **auth)[0] == 200  # it is loaded
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        status, said = post(up, "/v1/audio/transcriptions", form(big), MULTIPART, **auth)
        assert (status, said["error"]["code"]) == (507, "disk_full")
        assert tells_nothing(up, said)
        assert post(up, "/v1/audio/transcriptions", form(GOOD), MULTIPART, **auth)[0] == 200
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        status, said = ask(up, "/api/v1/projects", token, "POST", {"name": "one-more"})
        assert (status, said["error"]["code"]) == (503, "database_unavailable")
        assert ask(up, "/v1/models", token)[0] == 200  # that it was used cannot be noted, and it may all the same
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert ask(up, "/api/v1/projects", token, "POST", {"name": "one-more"})[0] == 201


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_file_system_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount anything")
    try:
        monkeypatch.setenv("TMPDIR", str(small))
        with serving(project(tmp_path / "root")) as up:
            assert send(up, GOOD)[0] == 200
            status, said = send(up, wav(np.zeros(16_000 * 60, np.int16)))
            assert (status, said["error"]["code"]) == (507, "disk_full")
            assert send(up, GOOD)[0] == 200
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.slow
def test_a_database_that_is_gone_is_told_and_comes_back_by_itself(tmp_path: Path) -> None:
    root = project(tmp_path)
    with postgres.cluster() as url:
        (root / "pyproject.toml").write_text(f'{(root / "pyproject.toml").read_text()}database = "{url}"\n')
        token = new_token(root, "t", "infer")
        with serving(root) as up:
            assert ask(up, "/v1/models", token)[0] == 200
            with postgres.stopped(url):
                until(lambda: ask(up, "/v1/models", token)[0] == 503)
                status, said = ask(up, "/v1/models", token)
                assert (status, said["error"]["code"]) == (503, "database_unavailable")
                assert url not in json.dumps(said)
                assert up.get("/health")[0] == 200
            until(lambda: ask(up, "/v1/models", token)[0] == 200)


@pytest.mark.slow
def test_a_request_that_wants_all_memory_fails_alone(tmp_path: Path) -> None:
    with serving(project(tmp_path, "max_audio_s = 3600\nworker_memory_mb = 400\nmax_upload_mb = 100")) as up:
        assert send(up, GOOD)[0] == 200
        hour = io.BytesIO()
        soundfile.write(hour, np.zeros(16_000 * 3600, np.int16), 16_000, format="FLAC")
        status, said = send(up, hour.getvalue())
        assert status == 400, said
        assert "more memory than there is" in said["error"]["message"]
        assert send(up, clip(6)[1]) == (200, {"text": "6 tenths", "usage": {"type": "duration", "seconds": 1}})
        assert up.get("/stats")[1]["models"][FAKE]["restarts"] == 0


def test_a_log_holds_no_token() -> None:
    token = f"mlab_{'0' * 12}_{'a' * 43}"
    try:
        raise ValueError(f"Bearer {token}\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed with %s", (token,), sys.exc_info())
    text = Masked("%(message)s").format(record)
    assert token not in text
    assert "Traceback" in text
    assert "\x1b" not in text
