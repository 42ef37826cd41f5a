"""Runs that go on are known by a file that its process holds locked, and a killed one is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.results import running

HOLDS = """
import sys
from pathlib import Path
from modellab.results.running import Journal
journal = Journal(Path(sys.argv[1]), sys.argv[2], 7)
print("begun", flush=True)
sys.stdin.readline()
journal.close()
"""


def start_run(mlruns: Path, session: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDS, str(mlruns), session, *options]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "begun\n"
    return child


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_run_goes_on_as_long_as_its_process(tmp_path: Path, is_killed: bool) -> None:
    child = start_run(tmp_path, "20261129-1")
    found = running.find(tmp_path, "20261129-1")
    assert found
    run, lives = found
    assert (run.cases, run.pid, lives) == (7, child.pid, True)
    assert run.command.endswith(" 20261129-1")
    assert [each.session for each in running.alive(tmp_path)] == ["20261129-1"]
    if is_killed:
        child.kill()
    child.communicate("" if is_killed else "end\n")
    assert list(running.alive(tmp_path)) == []
    left = running.find(tmp_path, "20261129-1")
    assert (left and left[1]) == (False if is_killed else None), "the file of a killed run says that there was one"


def test_a_run_that_is_resumed_goes_on_again(tmp_path: Path) -> None:
    killed = start_run(tmp_path, "s1")
    killed.kill()
    killed.communicate()
    again = start_run(tmp_path, "s1")
    assert [each.pid for each in running.alive(tmp_path)] == [again.pid]
    again.communicate("end\n")
    assert running.find(tmp_path, "s1") is None


def test_what_killed_runs_leave_is_swept_a_week_later(tmp_path: Path) -> None:
    alive, killed, recent = (start_run(tmp_path, name) for name in ("alive", "killed", "recent"))
    for each in (killed, recent):
        each.kill()
        each.communicate()
    for name in ("alive.json", "killed.json", "x.1.new"):
        path = tmp_path / "running" / name
        path.touch()
        os.utime(path, times=(0, 0))
    running.Journal(tmp_path, "next", 1).close()
    assert sorted(path.name for path in (tmp_path / "running").iterdir()) == ["alive.json", "recent.json"]
    alive.communicate("end\n")


def test_a_secret_in_the_command_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["modellab", "run", "--to", "https://ann:pw@example.com"])
    journal = running.Journal(tmp_path, "s1", 1)
    found = running.find(tmp_path, "s1")
    journal.close()
    assert found
    assert found[0].command == "modellab run --to https://***@example.com"


@pytest.mark.parametrize("name", ["../alerts", "", ".hidden", "a/b", "x" * 200])
def test_a_name_that_is_no_session_reaches_no_file(tmp_path: Path, name: str) -> None:
    running.Journal(tmp_path / "mlruns", name, 1).close()
    assert running.find(tmp_path / "mlruns", name) is None
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"session": "s1"}', "\xff"])
def test_a_file_that_cannot_be_read_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "running").mkdir()
    (tmp_path / "running" / "s1.json").write_bytes(text.encode("latin-1"))
    assert running.find(tmp_path, "s1") is None
    assert list(running.alive(tmp_path)) == []


def test_without_room_a_run_goes_on_unseen(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("a file where a folder was expected")
    journal = running.Journal(tmp_path, "s1", 1)
    assert running.find(tmp_path, "s1") is None
    journal.close()


FULL = """
import resource, sys
from pathlib import Path
from modellab.results.running import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # whatever is written fails, as on a full disk
journal = Journal(Path(sys.argv[1]), "s1", 7)
journal.close()
print("ended")
"""


def test_on_a_full_disk_a_run_goes_on_unseen_and_ends(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout == "ended\n", done.stderr
    assert list((tmp_path / "running").iterdir()) == []
