"""The suite with the core alone: it runs, keeps its ledger, and says in one line what was not sent and how to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import modellab
from modellab.results import ledger
from modellab.system import extras

from .conftest import FakeProject

HIDE = '''
"""Hide packages from this process and its children, as if they were not installed."""
from importlib.machinery import PathFinder

hidden, find = {hidden}, PathFinder.find_spec
PathFinder.find_spec = classmethod(
    lambda cls, name, path=None, target=None: None if name.partition(".")[0] in hidden else find(name, path, target)
)
'''
LATER = "to send them later: pip install 'modellab[mlflow]', then `modellab sync`"


@pytest.fixture
def bare(fake_project: FakeProject, tmp_path_factory: pytest.TempPathFactory) -> FakeProject:
    """A project in whose processes no optional package can be found."""
    folder = tmp_path_factory.mktemp("hide")
    known = {name for extra in extras.EXTRAS.values() for name in extra.packages}
    hidden = {*known, "sqlalchemy", "pandas", "flask"} - {"pytest_benchmark"}  # pytest imports it by its entry point
    (folder / "sitecustomize.py").write_text(HIDE.replace("{hidden}", repr(sorted(hidden))))
    path = [str(folder), str(Path(modellab.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    fake_project.monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    fake_project.monkeypatch.setenv("PYTHONWARNINGS", "error")
    fake_project.monkeypatch.setenv("MODELLAB_MACHINE", "bare")
    return fake_project


def test_it_runs_keeps_the_ledger_and_says_one_line(bare: FakeProject) -> None:
    for reason in ("a first run", ""):
        accept = ("--update-baselines", "--reason", reason) if reason else ()
        result = bare.pytester.runpytest_subprocess("benchmarks", "-k", "fake", *accept)
        assert result.ret == 0, result.stdout.str()
        said = [line for line in result.stdout.str().splitlines() if "mlflow" in line.lower()]
        assert said == [
            "MLflow is not installed: nothing was sent to it, and nothing is lost, the ledger has the results; " + LATER
        ]
        assert "warning" not in result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(["Nothing regressed*: quality judged in 1 of 1 cases*"])
    entries, warnings = ledger.read(bare.root / "mlruns")
    assert ([str(entry.key) for entry in entries], warnings) == (["fake:one-short_v1-cpu-float32"] * 2, [])
    assert not (bare.root / "mlruns" / "mlflow.db").exists()


def test_an_address_that_nothing_can_send_to_is_told(bare: FakeProject) -> None:
    bare.monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@tracking.example")
    result = bare.pytester.runpytest_subprocess("benchmarks", "-k", "fake")
    said = [line for line in result.stdout.str().splitlines() if "mlflow" in line.lower()]
    assert said == [
        "MLflow is not installed, though MLFLOW_TRACKING_URI names https://tracking.example: nothing was sent to it, "
        "and nothing is lost, the ledger has the results; " + LATER
    ]
    assert len(bare.ledger()) == 1


def test_audio_that_needs_an_extra_is_an_error_of_its_case(bare: FakeProject) -> None:
    """A Matroska header in a clip's place."""
    (bare.root / "golden" / "short_v1" / "audio" / "003.flac").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(2000))
    result = bare.pytester.runpytest_subprocess("benchmarks", "-k", "fake")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*003.flac is not read by libsndfile *needs PyAV*: pip install 'modellab[[]media]'*"])
