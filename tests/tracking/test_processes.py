"""Kills and other processes: whatever dies on the way to MLflow, nothing is lost and nothing comes twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from modellab import tracking
from modellab.results.ledger import Ledger
from modellab.tracking import artifacts
from modellab.tracking.pushing import Patience

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours catches it."""


WRITES = ("create_experiment", "create_run", "update_run", "log_batch", "log_inputs", "set_tag", "set_terminated",
          "set_experiment_tag")  # fmt: skip


def kill_at(patch: pytest.MonkeyPatch, client_class: Any, moment: int, *, after: bool) -> None:
    """The `moment`-th write of the client is the last thing that happens, before or `after` it takes effect."""
    left = moment

    def deadly(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0 and not after:
                raise Killed
            answer = real(*args, **kwargs)
            if left < 0:
                raise Killed
            return answer

        return call

    for name in WRITES:
        patch.setattr(client_class, name, deadly(getattr(client_class, name)))
    patch.setattr(artifacts, "write", deadly(artifacts.write))


def empty(database: Path, template: Path) -> None:
    """Put the template's content into a database that MLflow has open: opening another one takes it a second."""
    with contextlib.closing(sqlite3.connect(template)) as source, contextlib.closing(sqlite3.connect(database)) as goal:
        source.backup(goal)


@pytest.mark.parametrize(
    "after",
    [pytest.param(False, id="before the write", marks=pytest.mark.slow), pytest.param(True, id="after it")],
)
def test_killed_at_any_write_the_next_sync_completes_it_without_duplicates(
    everything, ready, make, empty_database, client_class, monkeypatch, after
):
    shutil.rmtree(ready / "ledger")
    for dataset in ("asr_smoke_v1", "asr_lab_v1"):
        Ledger(ready, "s1").append(make(dataset=dataset))
    tracking.sync(ready)
    wanted = everything(ready)
    moment = 0
    while True:
        (ready / "ledger" / ".sent.json").unlink(missing_ok=True)
        shutil.rmtree(ready / "artifacts")
        empty(ready / "mlflow.db", empty_database)
        with monkeypatch.context() as patch:
            kill_at(patch, client_class, moment, after=after)
            try:
                tracking.sync(ready)
            except Killed:
                pass
            else:
                break
        report = tracking.sync(ready)
        assert report.new + report.skipped == 2, f"write {moment}"
        assert everything(ready) == wanted, f"write {moment}"
        moment += 1

    assert moment > 8, "that many places to be killed at"


def _start(folder: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "modellab.tracking", str(folder), *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, text=True, env=os.environ | variables, stdout=pipe, stderr=pipe)


@pytest.mark.slow
def test_four_processes_make_one_database_at_once_and_all_are_killed_as_they_send(everything, mlruns, session, make):
    """Real processes, a real SIGKILL: a fifth one finishes what they began."""
    book = Ledger(mlruns, "s2")
    many = [make(session="s2", variant=f"v{number}") for number in range(60)]
    for entry in many:
        book.append(entry)
    four = [_start(mlruns) for _ in range(4)]
    while not _runs(mlruns):
        assert None in [process.poll() for process in four], [process.communicate() for process in four]
        time.sleep(0.02)
    for process in four:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    begun = _runs(mlruns)
    report = tracking.sync(mlruns)

    assert 0 < begun < 63
    assert report.new + report.skipped == len(many) + len(session)
    found = everything(mlruns)
    assert len(found["runs"]) == len({row[0] for row in found["runs"]}) == 60 + 3
    entry_tags = [row for row in found["tags"] if row[1].startswith("modellab.entry.")]
    assert len(entry_tags) == len(many) + len(session)
    assert {row[1] for row in found["runs"]} == {"FINISHED", "FAILED"}


def _runs(folder: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=rw", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.Error:
        return 0


def no_process(*_: object) -> list[str]:
    pytest.fail("a process is started")


def test_a_server_that_accepts_and_never_answers_is_left_before_mlflow_is_started(mlruns):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = tracking.push(mlruns, uri=uri, patience=Patience(connect_s=0.2), command=no_process)

    assert said == f"MLflow at {uri} does not answer (timed out): nothing is lost, `modellab sync` sends the rest"


SPEAK = """
import os, time
def speak(line, seconds=0.0):
    print(line, flush=True)
    time.sleep(seconds)
"""
CHILDREN = {  # what it does, the longest silence and the longest whole it is given, what is said of it
    "speaks again and again": (
        "for _ in range(50): speak('x', 0.1)\nspeak(REPORT)",
        4,
        99,
        "x already has all 3 results",
    ),
    "falls silent": ("speak('x', 60)", 0.3, 99, "MLflow at x did not answer within 0.3 s"),
    "never stops speaking": ("while True: speak('x', 0.1)", 99, 0.3, "MLflow at x did not finish within 0.3 s"),
    "is too slow": ("speak('x')\nwhile True: speak('x', 0.4)", 99, 99, "MLflow at x is slow (2 runs in 1 s)"),
    "ends without a report": ("speak('x')", 99, 99, "sending to MLflow broke off (exit status 0)"),
    "raises": ("raise ValueError('no')", 99, 99, "sending to MLflow broke off (ValueError: no)"),
    "is killed": ("speak('x')\nos.kill(os.getpid(), 9)", 99, 99, "sending to MLflow broke off (exit status -9)"),
}


@pytest.mark.parametrize(("script", "silence_s", "total_s", "expected"), CHILDREN.values(), ids=CHILDREN)
def test_a_child_is_waited_for_as_long_as_it_speaks(mlruns, script, silence_s, total_s, expected):
    report = {"new": 0, "skipped": 3, "seconds": 1, "store": "x", "warnings": []}
    program = f"{SPEAK}REPORT = {json.dumps(report)!r}\n{script}"
    patience = Patience(total_s=total_s, server_s=0.1, least_s=0.6)

    said = tracking.push(mlruns, silence_s, "x", patience=patience, command=lambda *_: [sys.executable, "-c", program])

    assert said.startswith(expected)


def test_a_session_pushes_through_a_child_and_reads_its_report(ready, monkeypatch):
    monkeypatch.chdir(ready.parent)

    said = tracking.push(ready)

    assert said.startswith("logged 4 results to mlruns/mlflow.db in ")
    assert said.endswith("; see them: modellab ui")
    assert _runs(ready) == 3


def test_a_child_that_dies_is_a_sentence(ready, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ready))
    (ready / "mlflow.py").write_text("import os; print('out of memory', flush=True); os._exit(9)")

    said = tracking.push(ready)

    assert said == "sending to MLflow broke off (out of memory): nothing is lost, `modellab sync` sends the rest"
