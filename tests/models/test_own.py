"""Models that run in an environment of their own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modellab.errors import WorkerError
from modellab.models import environment
from modellab.system import virtualenv

from ..integration.conftest import FakeProject, fake_project

__all__ = ["fake_project"]

NEEDS_FLAVOUR = "import flavour\nassert flavour.NAME == 'own'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    model = tmp_path / "mine"
    model.mkdir()
    (model / "requirements.txt").write_text("# pins\nnumpy==1.26.4\nengine>=2\n")
    return model


class Maker:
    """In place of uv: notes what it would have been asked to install."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def __call__(self, folder: Path, label: str, wanted: Sequence[str], cwd: Path, way_out: str) -> None:
        self.asked.append(wanted)
        folder.mkdir(parents=True)
        (folder / virtualenv.COMPLETE).touch()


def test_it_is_made_once_for_each_content_of_the_requirements(folder: Path) -> None:
    told, maker = list[str](), Maker()
    assert environment.why_missing(folder) == ("its own environment is not made yet", "modellab models install mine")
    python = environment.make(folder, told.append, maker)
    assert environment.make(folder, told.append, maker) == python == virtualenv.python(environment.place(folder))
    assert environment.why_missing(folder) == ("", "")
    assert len(maker.asked) == 1
    (folder / "requirements.txt").write_text("engine>=2\n# another comment\nnumpy==1.26.4\n")
    assert environment.why_missing(folder) == ("", "")
    (folder / "requirements.txt").write_text("engine>=3\nnumpy==1.26.4\n")
    assert environment.why_missing(folder)[0]


def test_its_own_pins_come_before_what_the_process_around_it_needs(folder: Path) -> None:
    maker = Maker()
    environment.make(folder, lambda line: None, maker)
    (wanted,) = maker.asked
    assert wanted[:2] == ["--requirement", str(folder / "requirements.txt")]
    assert set(wanted[2:]) == set(environment.WORKER) - {"numpy"}


def test_what_the_process_around_a_model_imports_is_installed_for_it() -> None:
    """Of modellab's own dependencies: everything that a worker with every task has loaded."""
    ask = "import sys, modellab.worker\nfrom modellab import tasks\n[tasks.get(name) for name in tasks.names()]\n"
    ask += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    owners = packages_distributions()
    loaded = {canonicalize_name(each) for name in done.stdout.split() for each in owners.get(name, ())}
    core = {canonicalize_name(Requirement(text).name) for text in requires("modellab") or () if "extra ==" not in text}
    assert {"numpy", "psutil"} <= loaded & core <= set(environment.WORKER)


def test_without_requirements_it_is_one_sentence(folder: Path) -> None:
    (folder / "requirements.txt").unlink()
    assert "requirements.txt cannot be read" in environment.why_missing(folder)[0]
    with pytest.raises(WorkerError, match=r"requirements\.txt cannot be read, and config\.yaml says environment: own"):
        environment.make(folder, lambda line: None)


@pytest.fixture
def apart(fake_project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """The fake model needs a module that only its own environment has."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    fake_project.configure(environment="own", packages=["not_in_the_shared_environment"])
    (fake_project.model / "requirements.txt").write_text("flavour\n")
    adapter = fake_project.model / "adapter.py"
    adapter.write_text(adapter.read_text().replace("import ctypes\n", f"import ctypes\n{NEEDS_FLAVOUR}"))
    return fake_project


def build(model: Path) -> None:
    """What uv would make: another Python with the packages of this one, and `flavour`."""
    place = environment.place(model)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (site,) = (place / "lib").glob("python*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"])
    (site / "flavour.py").write_text("NAME = 'own'\n")
    (place / virtualenv.COMPLETE).touch()


def test_its_cases_run_there_and_are_skipped_where_it_is_missing(apart: FakeProject) -> None:
    missing = apart.run("-rs")
    missing.assert_outcomes(skipped=1)
    missing.stdout.fnmatch_lines(["*its own environment is not made yet: modellab models install fake*"])
    build(apart.model)
    result = apart.run()
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--in-process"])
def test_it_cannot_run_in_pytests_process(apart: FakeProject, option: str) -> None:
    build(apart.model)
    result: Any = apart.run(option)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*--in-process is for models of this environment, and this one has its own*"])
