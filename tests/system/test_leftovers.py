"""Temporary folders: whose process lives stays, what a killed one left goes; and a system with few file descriptors."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from modellab.system import leftovers
from modellab.system.leftovers import Folder, named, sweep

HOLD = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from modellab.system.leftovers import Folder
folders = Folder("worker"), Folder("session", "2026")
(folders[0].path / "log").write_text("words")
print(folders[0].path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_there_until_it_is_closed(place: Path) -> None:
    before = psutil.Process().num_fds()
    folder = Folder("audio")
    assert folder.path.is_dir()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert sweep() == [], "it is ours, and we live"
    assert list(place.iterdir()) == [folder.path]
    folder.close()
    folder.close()
    assert list(place.iterdir()) == []
    assert psutil.Process().num_fds() == before


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_stays(place: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        path = Path(other.stdout.readline().strip())
        assert sweep() == []
        assert path.is_dir()
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert path.is_dir()
        assert sorted(sweep()) == sorted([path, named("session", "2026")])
    assert list(place.iterdir()) == []


def test_what_is_not_ours_stays(place: Path) -> None:
    (place / "modellab-worker-of-an-older-version").mkdir()
    (place / "target").mkdir()
    (place / f"{leftovers.PREFIX}link").symlink_to(place / "target")
    (place / f"{leftovers.PREFIX}file").write_text("")
    assert sweep() == []
    assert len(list(place.iterdir())) == 4


def test_a_folder_that_was_swept_at_once_is_made_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, swept = fcntl.flock, list[Path]()

    def flock(descriptor: int, how: int) -> None:
        if not swept:
            swept.extend(place.iterdir())
            swept[0].rmdir()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    folder = Folder("worker")
    assert folder.path.is_dir()
    assert [folder.path] == list(place.iterdir()) != swept
    folder.close()


def test_few_file_descriptors_are_one_sentence() -> None:
    """The same as under `ulimit -n 16`."""
    code = """
import os, resource
from modellab.errors import WorkerError
from modellab.runner.worker import Worker

resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
while taken:
    os.close(taken.pop())
    try:
        Worker(1).close()
    except WorkerError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    lines = done.stdout.splitlines()
    assert lines
    assert all(line.startswith("no worker ") and "Too many open files" in line for line in lines)
