"""The child that waits for a session's end: what it holds, when it goes, and that it sends to the right place."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from modellab import tracking
from modellab.runner.turns import Turns
from modellab.tracking import Prestart, prestart_child, pushing, sqlite, store

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair
ROOT = Path(__file__).parents[2]
FAR_S = 60.0


@pytest.fixture
def turns(tmp_path: Path) -> Path:
    return tmp_path / "turns"


@pytest.fixture
def prestarted(ready: Path, turns: Path) -> Iterator[Prestart]:
    """A child for the folder `ready`, with the maker of pages."""
    found = Prestart.start(ready, ROOT, turns)
    assert found
    yield found
    found.close()


def is_free(turns: Path) -> bool:
    """Whether something could be measured now."""
    with turns.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def measured(turns: Path) -> None:
    """Return when something has been measured."""
    with Turns(turns).measuring():
        pass


def test_nothing_is_measured_until_it_is_ready_then_it_sends_at_a_word(ready, turns, prestarted, everything):
    assert not is_free(turns)
    with Turns(turns).loading():
        pass  # a model may load beside it
    measured(turns)
    family = [psutil.Process(prestarted.child.pid), *psutil.Process(prestarted.child.pid).children(recursive=True)]
    assert os.read(prestarted.child.stdout.fileno(), 100) == b"'MLflow is imported'\n", "ready, and it says no more"
    assert len(family) == 2

    said = tracking.push(ready, root=ROOT, prestarted=prestarted)

    assert said.startswith("logged 4 results to ")
    assert [each for each in family if each.is_running()] == []
    assert len(everything(ready)["runs"]) == 3
    assert len(list(ready.glob("artifacts/*/*/artifacts/pages/*.html"))) == 3


def test_its_end_is_its_parents_however_that_comes(ready, turns):
    program = (
        "import sys; from pathlib import Path; from modellab.tracking import Prestart\n"
        f"early = Prestart.start(Path({str(ready)!r}), Path({str(ROOT)!r}), Path({str(turns)!r}))\n"
        "print(early.child.pid, flush=True)\nsys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, **pipes) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        measured(turns)
        family = [child, *child.children(recursive=True)]
        assert len(family) == 2
        parent.send_signal(signal.SIGKILL)

    assert psutil.wait_procs(family, FAR_S)[1] == []
    assert not turns.exists()


@pytest.mark.slow
def test_closed_as_it_makes_a_database_it_leaves_nothing(mlruns, turns):
    found = Prestart.start(mlruns, None, turns)
    assert found
    while not (begun := _drafts(mlruns)):
        assert found.child.poll() is None
    found.close()
    found.close()

    assert begun[0].startswith(f".mlflow.db.{found.child.pid}")
    assert found.child.returncode is not None
    assert _drafts(mlruns) == []
    assert not turns.exists()


def test_drafts_are_told_apart_by_their_process(tmp_path):
    names = {".mlflow.db.12", ".mlflow.db.12-journal", ".mlflow.db.123", ".mlflow.db.lock", "mlflow.db-journal"}
    for name in names:
        (tmp_path / name).touch()

    sqlite.drop_drafts(tmp_path / "mlflow.db", 12)
    assert {path.name for path in tmp_path.iterdir()} == names - {".mlflow.db.12", ".mlflow.db.12-journal"} | {"tmp"}
    sqlite.drop_drafts(tmp_path / "mlflow.db")
    assert {path.name for path in tmp_path.iterdir()} == {".mlflow.db.lock", "mlflow.db-journal", "tmp"}
    sqlite.drop_drafts(tmp_path / "gone" / "mlflow.db")


def _drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".mlflow.db.*") if path.suffix != ".lock"]


@pytest.mark.slow
def test_a_database_that_was_changed_meanwhile_for_another_is_the_one_written_to(
    ready, turns, prestarted, empty_database, everything
):
    measured(turns)
    (ready / "mlflow.db").rename(ready / "aside.db")
    shutil.copy(empty_database, ready / "mlflow.db")

    said = tracking.push(ready, root=ROOT, prestarted=prestarted)

    assert said.startswith("logged 4 results to ")
    assert len(everything(ready)["runs"]) == 3


def test_another_folder_or_setting_is_not_its_business(ready, turns, prestarted, tmp_path, monkeypatch):
    uri = store.address(ready)
    assert not prestarted.go(tmp_path, uri, ROOT)
    assert not prestarted.go(ready, "sqlite:///other.db", ROOT)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    assert not prestarted.go(ready, uri, ROOT)
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    prestarted.child.kill()
    prestarted.child.wait()
    assert not prestarted.go(ready, uri, ROOT)


def test_beside_a_measurement_none_is_started(ready, turns):
    with Turns(turns).measuring():
        assert Prestart.start(ready, None, turns) is None


def test_without_mlflow_none_is_started(ready, turns, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)

    assert Prestart.start(ready, None, turns) is None
    assert not turns.exists()


@pytest.mark.slow
def test_what_hangs_is_over_after_its_time_and_the_sessions_end_does_without(ready, turns):
    """MLflow's import hangs: a process in its place that never gets ready, with a shorter time."""
    program = (
        "import signal, sys\nfrom modellab.tracking import prestart_child as waiting, store\n"
        "waiting.READY_S = 1\nstore.import_mlflow = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, []) or"
        " signal.pause()\n"
        "sys.argv = ['x', *sys.argv[1:]]\nfrom modellab.tracking.__main__ import main\nmain()\n"
    )
    found = Prestart.start(ready, None, turns, lambda folder, _: [sys.executable, "-c", program, str(folder)])
    assert found
    measured(turns)
    assert found.child.wait(FAR_S) == -signal.SIGALRM

    said = tracking.push(ready, prestarted=found)
    found.close()

    assert said.startswith("logged 4 results to ")
    assert pushing.PATIENCE.start_s > prestart_child.READY_S
