"""`.ci/again`: what failed in CI is looked at a second time, and never forgiven for good."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RACE = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({races}))
def test_race(number):
    before = Path(f"ran-{{number}}")
    once = before.exists()
    before.touch()
    assert once

def test_right():
    pass

{more}
"""
WRONG = "def test_wrong():\n    assert False"


def repository(root: Path, races: int, more: str = "") -> Path:
    (root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/again", root / ".ci/again")
    (root / "Makefile").write_text(f"test:\n\t@{sys.executable} -m pytest -q -p no:modellab $(ARGS)\n")
    (root / "pytest.ini").write_text("[pytest]\n")
    (root / "test_it.py").write_text(RACE.format(races=races, more=more))
    return root


def run(root: Path, command: str) -> subprocess.CompletedProcess[str]:
    env = {name: text for name, text in os.environ.items() if name not in {"ARGS", "MAKEFLAGS", "PYTEST_ADDOPTS"}}
    return subprocess.run(["bash", "-c", command], cwd=root, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("races", "more", "status", "says"),
    [
        (3, "", 0, ["3 passed", "FLAKY", "test_it.py::test_race[2]"]),
        (1, WRONG, 2, ["1 failed, 1 passed", "test_it.py::test_wrong"]),
        (4, "", 1, ["4 tests failed, more than the 3 that may be a race"]),
        (1, "raise SystemExit(3)", 1, ["no single one failed"]),
    ],
    ids=["races", "a fault", "many", "a crash"],
)
def test_what_failed_is_run_again(tmp_path: Path, races: int, more: str, status: int, says: list[str]) -> None:
    root = repository(tmp_path, races, more)
    assert run(root, "make test").returncode == 2
    again = run(root, ".ci/again")
    shown = again.stdout + again.stderr
    assert again.returncode == status, shown
    assert [each for each in says if each not in shown] == []
    assert ("FLAKY" in shown) is (status == 0)
