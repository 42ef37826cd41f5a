"""Wheel and source distribution: built from what git knows, checked by others' tools, nothing more in them."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from tests.server import environments

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MB = 1_000_000
MOST_MB = {".whl": 10.0, ".gz": 45.0}  # 8.1 and 37.0 on 2026-11-29
SAME_FILES = "W002"  # models that need the same packages have the same requirements.txt
pytestmark = pytest.mark.slow


def known() -> list[str]:
    """The files of git, those not yet committed too, and not what is ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    return sorted(name for name in said.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in known():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    tool = environments.python("packaging")
    command = [tool, "-m", "build", "--no-isolation", "--outdir", out, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


@pytest.mark.parametrize(
    ("program", "options"),
    [("twine", ["check", "--strict"]), ("check-wheel-contents", ["--ignore", SAME_FILES])],
)
def test_others_find_nothing(built: Path, program: str, options: list[str]) -> None:
    files = [path for path in built.iterdir() if program == "twine" or path.suffix == ".whl"]
    command = [environments.program("packaging", program), *options, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_is_the_package_and_no_more(wheel: zipfile.ZipFile) -> None:
    inside = [name for name in wheel.namelist() if not name.partition("/")[0].endswith(".dist-info")]
    assert sorted(inside) == [name for name in known() if name.startswith("modellab/")]


def test_the_source_distribution_is_what_git_knows(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        inside = sorted(each.name.partition("/")[2] for each in archive.getmembers() if each.isfile())
    assert inside == sorted([*known(), "PKG-INFO"])


def test_neither_is_heavier_than_it_was(built: Path) -> None:
    sizes_mb = {path.suffix: path.stat().st_size / MB for path in built.iterdir()}
    assert sizes_mb.keys() == MOST_MB.keys()
    assert all(sizes_mb[suffix] <= most_mb for suffix, most_mb in MOST_MB.items()), sizes_mb


def test_the_core_brings_what_the_project_says_and_extras_bring_the_rest(wheel: zipfile.ZipFile) -> None:
    about = metadata(wheel)
    assert (about["Name"], about["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert about["Requires-Python"] == PROJECT["requires-python"]
    needs = about.get_all("Requires-Dist") or []
    assert len([line for line in needs if "extra ==" not in line]) == len(PROJECT["dependencies"])
    assert set(about.get_all("Provides-Extra") or []) == PROJECT["optional-dependencies"].keys()
