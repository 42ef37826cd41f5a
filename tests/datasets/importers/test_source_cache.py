"""What is kept of sources elsewhere: each content once, bounded, safe among processes, never half a file."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from modellab.datasets.importers import Options, remote, source_cache
from modellab.errors import ConfigError, DatasetError
from tests.datasets.importers.layouts import LAYOUTS, TEXTS
from tests.datasets.importers.test_remote import Server, server

__all__ = ["server"]  # a fixture


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sources"


def keep(key: str, *contents: bytes) -> None:
    """A source with files of these contents."""
    with source_cache.source(key) as home:
        for number, content in enumerate(contents):
            source_cache.put(home / f"{number}.wav", io.BytesIO(content), len(content))


def kept(sources: Path) -> list[str]:
    return sorted(folder.name for folder in sources.iterdir() if not folder.name.startswith("."))


def used_at(sources: Path, key: str, seconds: float) -> None:
    """Say when a source was used last."""
    os.utime(sources / ".locks" / key, (seconds, seconds))


def test_equal_files_are_one_on_disk(sources: Path) -> None:
    keep("a", b"same", b"other")
    keep("b", b"same")
    assert len(list((sources / ".content").iterdir())) == 2
    assert (sources / "a/0.wav").samefile(sources / "b/0.wav")
    assert not list((sources / ".parts").iterdir())


def test_what_was_used_longest_ago_goes(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, key in enumerate("abc"):
        keep(key, key.encode() * 1000)
        used_at(sources, key, 1000.0 + number)
    monkeypatch.setenv("MODELLAB_SOURCES_BYTES", "2kB")
    with source_cache.source("a") as home:  # used again, now
        assert (home / "0.wav").read_bytes() == b"a" * 1000
    assert kept(sources) == ["a", "c"]
    assert sum(file.stat().st_size for file in (sources / ".content").iterdir()) == 2000


def test_content_that_another_source_has_stays(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("a", b"x" * 1000)
    keep("b", b"x" * 1000)
    keep("c", b"y" * 1000)
    for number, key in enumerate("abc"):
        used_at(sources, key, 1000.0 + number)
    monkeypatch.setenv("MODELLAB_SOURCES_BYTES", "1500")
    keep("d")
    assert "c" in kept(sources)
    assert [file.stat().st_size for file in (sources / ".content").iterdir()] == [1000]
    assert (sources / "c/0.wav").read_bytes() == b"y" * 1000


def test_what_somebody_reads_is_not_removed(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_SOURCES_BYTES", "10")
    with source_cache.source("a") as home:
        source_cache.put(home / "0.wav", io.BytesIO(b"a" * 1000), None)
        keep("b", b"b" * 1000)
        assert (home / "0.wav").read_bytes() == b"a" * 1000
        assert kept(sources) == ["a"]
    assert kept(sources) == []


def test_what_has_no_revision_is_not_kept(sources: Path) -> None:
    with source_cache.source("a", keep=False) as home:
        source_cache.put(home / "0.wav", io.BytesIO(b"a"), 1)
    assert kept(sources) == []


@pytest.mark.parametrize(
    ("given", "most"), [("", 50 * 10**9), ("1000", 1000), ("20GB", 20 * 10**9), ("1.5 t", 15 * 10**11)]
)
def test_the_bound_is_a_setting(monkeypatch: pytest.MonkeyPatch, given: str, most: int) -> None:
    monkeypatch.setenv("MODELLAB_SOURCES_BYTES", given)
    assert source_cache.limit_bytes() == most


def test_a_bound_that_is_no_size(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_SOURCES_BYTES", "much")
    with pytest.raises(ConfigError, match="MODELLAB_SOURCES_BYTES is 'much', expected a size such as 20GB"):
        keep("a")


def test_less_than_was_stated_is_no_file(sources: Path) -> None:
    with source_cache.source("a") as home, pytest.raises(DatasetError, match=r"0\.wav: 3 of 9 bytes came"):
        source_cache.put(home / "0.wav", io.BytesIO(b"abc"), 9)
    assert not list(sources.rglob("*.wav"))
    assert not list((sources / ".parts").iterdir())


def test_what_was_left_half_done_goes_some_day(sources: Path) -> None:
    keep("a", b"a")
    for name, age_s in (("old", 2 * source_cache.ABANDONED_S), ("young", 10.0)):
        (sources / ".parts" / name).write_bytes(b"half")
        os.utime(sources / ".parts" / name, (time.time() - age_s,) * 2)
    keep("b", b"b")
    assert [part.name for part in (sources / ".parts").iterdir()] == ["young"]


SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()
        self.wfile.write(LENGTH and b"x" * 500_000 or b"100000\\r\\n" + b"x" * 500_000)
        self.wfile.flush()
        print("half", flush=True)
        sys.stdin.readline()  # until somebody kills it

    def answer(self):
        self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header(*(("Content-Length", "1000000") if LENGTH else ("Transfer-Encoding", "chunked")))
        self.end_headers()


LENGTH = sys.argv[1] == "length"
server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_a_server_that_is_killed_half_way_leaves_no_half_file(sources: Path, how: str) -> None:
    command = [sys.executable, "-c", SERVER, how]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout
        port = int(running.stdout.readline())

        def kill() -> None:
            assert running.stdout
            running.stdout.readline()  # half of it is on its way
            os.kill(running.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(DatasetError) as raised, remote.fetched(f"http://127.0.0.1:{port}/a.json", Options()):
            pass
        killer.join()
    assert "try again" in str(raised.value)
    assert not [file for file in sources.rglob("*") if file.is_file() and file.stat().st_size]


IMPORT = """
import sys
from pathlib import Path
from modellab.datasets.importers import Options, importing
from modellab.datasets.importers.request import ImportRequest

report = importing.run(sys.argv[1], Path(sys.argv[2]), Options(), ImportRequest(language="en"), {})
print(report.taken, report.digest)
"""


@pytest.mark.slow
def test_several_processes_fetch_a_source_once(server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "data")
    server.serve(tmp_path / "data", "set/")
    address = f"{server.address}/set/manifest.json"
    running = [start(address, tmp_path / "golden" / f"calls_v{number}") for number in (1, 2, 3)]
    said = {line.partition(" ")[0] for line in map(finished, running)}
    assert said == {str(len(TEXTS))}
    assert len([asked for asked in server.asked if asked.startswith("GET ")]) == 1 + len(TEXTS)
    assert not list((tmp_path / "cache" / "sources" / ".parts").iterdir())


def start(address: str, folder: Path) -> subprocess.Popen[str]:
    code = textwrap.dedent(IMPORT)
    return subprocess.Popen([sys.executable, "-c", code, address, str(folder)], stdout=subprocess.PIPE, text=True)


def finished(running: subprocess.Popen[str]) -> str:
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    return said
