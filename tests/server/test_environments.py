"""Environments for other people's programs: made once, another for another list, a reason where one cannot be made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from modellab.errors import WorkerError
from tests.server import environments

LISTS = sorted(path.stem for path in (environments.HERE / "requirements").glob("*.txt"))


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for lists, and a cache of its own."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "requirements").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", LISTS)
def test_every_list_names_each_package_with_its_version(name: str) -> None:
    lines = (environments.HERE / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert all(line.count("==") == 1 for line in lines)


@pytest.mark.slow
def test_one_is_made_once_and_another_list_is_another_one(lists: Path) -> None:
    wanted = lists / "requirements" / "small.txt"
    wanted.write_text("iniconfig==2.3.1\n")
    first = environments.python.__wrapped__("small", lists)
    done = subprocess.run([first, "-c", "import iniconfig"], check=False)
    assert done.returncode == 0
    made_at = (first.parents[1] / "complete").stat().st_mtime_ns
    assert environments.python.__wrapped__("small", lists) == first
    assert (first.parents[1] / "complete").stat().st_mtime_ns == made_at
    wanted.write_text("iniconfig==2.3.0\n")
    assert environments.python.__wrapped__("small", lists) != first


@pytest.mark.slow
def test_one_that_cannot_be_made_says_why(lists: Path) -> None:
    (lists / "requirements" / "none.txt").write_text("iniconfig==0.0.0.1\n")
    with pytest.raises(WorkerError, match=r"the tests' none could not be made by `uv pip install`.*iniconfig"):
        environments.python.__wrapped__("none", lists)


def test_a_command_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda command: None)
    with pytest.raises(RuntimeError, match=r"`node` on PATH: `\.ci/debian` installs it"):
        environments.node()


@pytest.mark.slow
def test_openais_javascript_is_installed() -> None:
    folder = environments.javascript("javascript")
    script = "import('openai').then(it => console.log(typeof it.default))"
    done = subprocess.run(
        [environments.node(), "-e", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "function", done.stderr


def test_what_debian_should_bring_and_cannot_is_named(tmp_path: Path) -> None:
    for command in ("bash", "id"):
        (tmp_path / command).symlink_to(str(shutil.which(command)))
    script = environments.HERE.parents[1] / ".ci" / "debian"
    done = subprocess.run(
        [tmp_path / "bash", script],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "npm" in done.stderr
    assert "there is no apt-get here" in done.stderr
