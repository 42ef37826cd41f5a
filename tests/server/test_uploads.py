"""Where a request's file lies while it is answered, and what looks at it first."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.server.conftest import Server, project, serving
from tests.server.test_bad_input import GOOD, TONE, send, wav


def probes(server: Server) -> list[psutil.Process]:
    """The server's processes that look at uploads."""
    below = psutil.Process(server.process.pid).children(recursive=True)
    return [each for each in below if "modellab.server.probe" in each.cmdline()]


def kept(place: Path) -> list[Path]:
    """The files of requests below a temporary folder."""
    return [each for folder in place.glob("modellab-run-serve-*") for each in folder.iterdir()]


def test_no_file_outlives_its_answer_and_no_folder_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    root = project(tmp_path / "root")
    with serving(root) as killed:
        assert send(killed, GOOD)[0] == 200
        assert send(killed, b"junk")[0] == 400
        (folder,) = place.glob("modellab-run-serve-*")
        assert kept(place) == []
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").touch()  # of a request that is on its way
        killed.process.kill()
    assert kept(place) == [folder / "a"]
    with serving(root) as up:
        assert not folder.exists()
        assert send(up, GOOD)[0] == 200
    assert list(place.glob("modellab-run-serve-*")) == []


def test_of_a_plain_file_its_header_tells_and_of_others_a_process(tmp_path: Path) -> None:
    with serving(project(tmp_path)) as up:
        assert send(up, GOOD) == send(up, wav(TONE, form="FLAC"))
        assert probes(up) == []
        assert send(up, wav(TONE, form="OGG"))[0] == 200
        assert len(probes(up)) == 1
