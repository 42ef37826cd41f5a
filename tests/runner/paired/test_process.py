"""The base's process: which Python, which modellab, and whose name is on its errors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import CrashError, ModelError, WorkerError
from modellab.runner.paired.process import Named, Place, Places, start
from modellab.runner.paired.reference import PACKAGE, Reference

from ... import tiny
from .test_reference import git

FAKE = "import json, sys\nprint('a modellab of long ago')\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def other_python(folder: Path) -> Path:
    """Another environment: this one's libraries under another name, so that it is quickly made."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    own = next((folder / "lib").glob("python*")) / "site-packages"
    (own / "these.pth").write_text(f"{libraries}\n")
    return folder / "bin" / "python"


def repository(root: Path, worker: str | None) -> Reference:
    """A project that holds a modellab of its own under version control, with or without a worker in it."""
    package = root / "modellab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    if worker is not None:
        (package / "worker.py").write_text(worker)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "one")
    commit = git(root, "rev-parse", "HEAD")
    return Reference("main 1a2b3c4", root.resolve(), root.resolve(), commit, package=package.resolve())


def nobody(line: str) -> None:
    raise AssertionError(f"told: {line}")


# ---------------------------------------------------------------------------- where


def test_another_variant_runs_just_as_the_candidate(tmp_path: Path) -> None:
    place = Places(Reference(":two", tmp_path, variant="two"), nobody).get("")
    assert place == Place(Path(sys.executable))
    assert place.env == {}


def test_another_environment_gets_this_modellab_and_no_library_beside_it(tmp_path: Path, cache: Path) -> None:
    python = other_python(tmp_path / "other")
    place = Places(Reference("other", tmp_path, python=python), nobody).get("")
    assert place.python == python
    assert place.code is not None
    assert [path.name for path in place.code.iterdir()] == ["modellab"]
    assert (place.code / "modellab").resolve() == PACKAGE
    assert place.path == (place.code,)
    assert Places(Reference("other", tmp_path, python=python), nobody).get("") == place, "a second time"


def test_a_revision_runs_its_own_modellab(tmp_path: Path, cache: Path) -> None:
    base = repository(tmp_path / "project", FAKE)
    (tmp_path / "project" / "modellab" / "worker.py").write_text("raise SystemExit('the working tree')")
    places = Places(base, nobody)
    place = places.get("")
    tree = cache / "worktrees" / base.commit
    assert (place.cwd, place.code, place.python) == (tree, tree, Path(sys.executable))
    assert place.env["PYTHONPATH"].split(os.pathsep)[0] == str(tree)
    assert places.notes == {"": "main 1a2b3c4 runs in the present environment, which has what it wants"}
    asked = subprocess.run(
        [place.python, "-m", "modellab.worker"], cwd=place.cwd, env={**os.environ, **place.env}, capture_output=True
    )
    assert asked.stdout == b"a modellab of long ago\n"


def test_a_revision_without_modellab_is_told(tmp_path: Path, cache: Path) -> None:
    base = repository(tmp_path / "project", None)
    with pytest.raises(WorkerError, match=r"the base \(main 1a2b3c4\) cannot run modellab in .*: ModuleNotFoundError"):
        Places(base, nobody).get("")


def test_an_import_of_another_modellab_is_told(tmp_path: Path, cache: Path) -> None:
    base = repository(tmp_path / "project", "__file__ = '/elsewhere/modellab/worker.py'\n")
    with pytest.raises(WorkerError, match=r"would run the modellab of /elsewhere and not that of .*: has it one\?"):
        Places(base, nobody).get("")


def test_a_failure_is_told_the_same_way_every_time(tmp_path: Path, cache: Path) -> None:
    places = Places(repository(tmp_path / "project", None), nobody)
    with pytest.raises(WorkerError) as first:
        places.get("")
    with pytest.raises(WorkerError) as second:
        places.get("")
    assert first.value is second.value


def test_a_python_that_cannot_run_is_told(tmp_path: Path, cache: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(WorkerError, match=r"the base \(odd\) cannot run .*python: "):
        Places(Reference("odd", tmp_path, python=broken), nobody).get("")


@pytest.mark.parametrize("same", [True, False])
def test_another_python_sees_nothing_of_this_ones_path(same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"mine{os.pathsep}/yours")
    place = Place(Path(sys.executable if same else "/other/python"), path=(Path("/tree"),))
    inherited = [str(Path("mine").absolute()), "/yours"] if same else []
    assert place.env["PYTHONPATH"].split(os.pathsep) == ["/tree", *inherited]


def test_a_relative_cache_stays_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", "cache")
    assert Place(Path(sys.executable), path=(Path("/tree"),)).env["MODELLAB_CACHE"] == str(Path("cache").absolute())


# ---------------------------------------------------------------------------- the worker


class Broken:
    """Fails, and says whether it was closed."""

    closed = False

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
        raise ModelError("the decoder lost its way") if verb == "utterance" else CrashError("killed by SIGSEGV")

    def close(self) -> None:
        self.closed = True


def test_errors_of_the_base_say_so_and_stay_what_they_are() -> None:
    broken = Broken()
    named = Named(broken, "HEAD~1 1a2b3c4")
    with pytest.raises(ModelError, match=r"^the base \(HEAD~1 1a2b3c4\): the decoder lost its way$"):
        named.ask("utterance", {}, 1)
    with pytest.raises(CrashError, match=r"^the base \(HEAD~1 1a2b3c4\): killed by SIGSEGV$"):
        named.ask("load", {}, 1)
    named.close()
    assert broken.closed


def test_a_worker_runs_in_another_environment(tmp_path: Path, cache: Path) -> None:
    python = other_python(tmp_path / "other")
    place = Places(Reference("other", tmp_path, python=python), nobody).get("")
    code = "import sys\n\ndef load(setting):\n    print(sys.executable, flush=True)\n    raise OSError(sys.prefix)\n"
    folder = tiny.write_adapter(tmp_path / "models" / "odd", code)
    worker = start(place, 1, "other")
    try:
        with pytest.raises(
            WorkerError, match=rf"the base \(other\): the model could not be loaded: OSError: {tmp_path}"
        ):
            worker.ask("load", tiny.order(folder), 60)
    finally:
        worker.close()
