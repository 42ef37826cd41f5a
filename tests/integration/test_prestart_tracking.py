"""The process that sends the results is there before they are, once, and no call is timed while it gets ready."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from .conftest import FakeProject
from .fake_adapter import ADAPTER

CHILD = """
import json, os, sys, time
from pathlib import Path

root = Path(os.environ["FAKE_ROOT"])

def log(what):
    with (root / "children.log").open("a") as file:
        file.write(f"{what} {time.monotonic_ns()} {os.getpid()}\\n")

log("started")
if "--wait" in sys.argv:
    loads, patience = root / "models" / "fake" / "loads.log", time.monotonic() + 20
    while not loads.exists() and time.monotonic() < patience and (root / "overlap").exists():
        time.sleep(0.01)
    log("ready" if loads.exists() else "waited")
    os.close(int(sys.argv[sys.argv.index("--wait") + 1]))
    print("ready", flush=True)
    if not sys.stdin.readline():
        log("left")
        sys.exit()
    log("told")
else:
    print("ready", flush=True)
print(json.dumps({"new": 1, "skipped": 0, "seconds": 1, "store": "the store", "warnings": []}), flush=True)
"""
CONFTEST = """
import functools
import sys
from pathlib import Path

from modellab import tracking

pytest_plugins = ["modellab.pytest_plugin"]


def command(*_):
    return [sys.executable, str(Path(__file__).with_name("child.py"))]


tracking.Prestart.start = functools.partial(tracking.Prestart.start, command=command)
tracking.push = functools.partial(tracking.push, command=command)
"""
OPTIONS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio", "-k", "fake")
SESSION = (sys.executable, "-m", "pytest", "benchmarks", *OPTIONS)
SENT = "logged 1 result to the store in 1 s; see them: modellab ui"


@pytest.fixture
def tracked(fake_project: FakeProject) -> FakeProject:
    """A project whose results are sent by a process that only notes what becomes of it."""
    fake_project.monkeypatch.setenv("FAKE_ROOT", str(fake_project.root))
    fake_project.monkeypatch.setenv("MODELLAB_MACHINE", "one")
    (fake_project.root / "tmp").mkdir()
    fake_project.monkeypatch.setenv("TMPDIR", str(fake_project.root / "tmp"))  # a session that is killed leaves files
    (fake_project.root / "child.py").write_text(CHILD)
    (fake_project.root / "conftest.py").write_text(CONFTEST)
    return fake_project


def run(project: FakeProject, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*SESSION, *options]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=120)


def noted_events(project: FakeProject) -> list[str]:
    """What happened to the processes, in order."""
    path = project.root / "children.log"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def moment(path: Path, what: str) -> int:
    """When something was noted, the first time."""
    return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(what))


def test_it_gets_ready_while_the_model_loads_and_no_call_is_timed_before(tracked: FakeProject) -> None:
    (tracked.root / "overlap").touch()
    noted = ADAPTER.replace(
        "        self.calls += 1\n",
        "        self.calls += 1\n"
        '        with (HERE / "calls.log").open("a") as log:\n'
        '            log.write(f"call {time.monotonic_ns()}\\n")\n',
    )
    (tracked.model / "adapter.py").write_text(noted)

    done = run(tracked)

    assert SENT in done.stdout, done.stdout + done.stderr
    assert noted_events(tracked) == ["started", "ready", "told"], (
        "one process, which the model's loading did not wait for"
    )
    assert moment(tracked.model / "calls.log", "call") > moment(tracked.root / "children.log", "ready")


@pytest.mark.parametrize(
    ("options", "processes"),
    [
        pytest.param(("-n", "2"), ["started", "ready", "told"], marks=pytest.mark.slow),
        pytest.param(("-k", "nothing"), [], marks=pytest.mark.slow),
        (("--collect-only",), []),
        pytest.param(("--no-mlflow",), [], marks=pytest.mark.slow),
        pytest.param(("--in-process",), ["started"], marks=pytest.mark.slow),
        (("-x",), ["started", "ready", "told"]),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_there_is_one_for_the_session_or_none(
    tracked: FakeProject, options: tuple[str, ...], processes: list[str]
) -> None:
    tracked.configure(variants={name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")})
    tracked.behave(raise_always="-x" in options)

    done = run(tracked, *options)

    assert [word.replace("waited", "ready") for word in noted_events(tracked)] == processes, done.stdout
    assert (SENT in done.stdout) is bool(processes)


@pytest.mark.slow
def test_where_it_has_died_another_one_sends_at_the_end(tracked: FakeProject) -> None:
    dying = CHILD.replace("    if not sys.stdin.readline():", "    os._exit(9)\n    if not sys.stdin.readline():")
    (tracked.root / "child.py").write_text(dying)

    done = run(tracked)

    assert SENT in done.stdout
    events = noted_events(tracked)
    assert (events[0], events[-1], len(events)) == ("started", "started", 3)


@pytest.mark.slow
def test_for_another_store_than_it_was_started_for_another_one_sends(tracked: FakeProject) -> None:
    elsewhere = "sqlite:///elsewhere.db"
    (tracked.root / "benchmarks" / "conftest.py").write_text(
        f"import os\n\ndef pytest_runtest_teardown():\n    os.environ['MLFLOW_TRACKING_URI'] = {elsewhere!r}\n"
    )

    done = run(tracked)

    assert SENT in done.stdout
    assert noted_events(tracked).count("started") == 2
    assert noted_events(tracked)[-1] == "left"


@pytest.mark.parametrize(
    ("ending", "sends"),
    [
        pytest.param("pytest.exit('enough')", True, marks=pytest.mark.slow),
        pytest.param("raise KeyboardInterrupt", True, marks=pytest.mark.slow),
        pytest.param("os._exit(3)", False, marks=pytest.mark.slow),
    ],
)
def test_nothing_of_it_stays_however_the_session_ends(tracked: FakeProject, ending: str, sends: bool) -> None:
    (tracked.root / "benchmarks" / "conftest.py").write_text(
        f"import os\nimport pytest\n\ndef pytest_runtest_teardown():\n    {ending}\n"
    )

    done = run(tracked)

    assert (SENT in done.stdout) is sends, "what there was is sent, by the process that waited"
    assert noted_events(tracked).count("started") == 1
    assert _left(tracked) == []


def test_nothing_of_it_stays_when_the_session_is_killed(tracked: FakeProject) -> None:
    tracked.behave(hang_on=1)
    with subprocess.Popen(SESSION, cwd=tracked.root, stdout=subprocess.DEVNULL) as session:
        while not tracked.loads():
            assert session.poll() is None
        session.send_signal(signal.SIGKILL)

    assert _left(tracked) == []


def _left(project: FakeProject) -> list[psutil.Process]:
    """The processes that are still there, given a few seconds to go."""
    lines = (project.root / "children.log").read_text().splitlines()
    found = []
    for pid in {int(line.split()[2]) for line in lines}:
        try:
            psutil.Process(pid).wait(10)
        except psutil.NoSuchProcess:
            continue
        except psutil.TimeoutExpired as late:
            found.append(psutil.Process(late.pid))
    return found
