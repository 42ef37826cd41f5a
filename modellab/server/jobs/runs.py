"""Jobs that are runs of the suite: each in a process of its own, one at a time on this machine."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from modellab.errors import shortened
from modellab.plan.matrix import Matrix
from modellab.plan.settings import Project
from modellab.runner.occupied import Occupied
from modellab.server.auth import PROJECT
from modellab.server.errors import ApiError
from modellab.server.jobs import asked as requests
from modellab.server.jobs.files import LOG, Files
from modellab.server.jobs.workers import BackError, GoneError, JobError, Task
from modellab.system.json_child import exit_reason
from modellab.system.masking import masked

LOOK_S = 0.2
END_S = 60.0  # that a run may take to end between two calls of a model
TOLD_S = 1.0  # between two events of progress in one case
MOST_SEEN = 50  # utterances in one event of progress
MOST_OF_A_LOG = 600  # characters
TOLD = ("done", "of", "why", "metric", "unit", "value", "left_s")
CASES = {
    "case_started": "loading",
    "utterance_done": "measuring",
    "workers_progress": "measuring",
    "case_done": "judged",
    "case_skipped": "skipped",
}


class Runs:
    """Does runs in the project."""

    def __init__(self, project: Project, files: Files) -> None:
        self.project, self.files = project, files

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """The session of a run, and how it went."""
        body = requests.Run.model_validate(task.claim.body)
        try:
            cases = requests.planned(Matrix(self.project, batch=body.batch), body)
        except ApiError as error:  # the project has changed since it was asked for
            raise JobError(error.code, error.message) from error
        task.progress({"stage": "waiting", "cases": len(cases), "why": "another run of this machine"})
        with Occupied().running(task.check):
            return self._run(task, body, [case.name for case in cases])

    def _run(self, task: Task, body: requests.Run, cases: list[str]) -> Mapping[str, Any]:
        claim = task.claim
        project = claim.project if claim.project != PROJECT else ""
        given = {"by": claim.owner, "job": claim.id, "project": project}
        given |= {"experiment": body.experiment, "label": body.label}
        order = {
            "cases": cases,
            "session": session(claim.id, claim.attempt),
            "labels": {name: value for name, value in given.items() if value},
            "executor": body.executor,
            "batch": body.batch,
        }
        place = self.files.of(claim.id)
        place.mkdir(parents=True, exist_ok=True)
        with (place / LOG).open("ab") as log, _started(self.project.root, order, log) as child:
            result = self._followed(task, child, cases)
        if result is None:
            how = exit_reason(child.returncode) if child.returncode is not None else "it did not end"
            message = f"the run's process ended before its result: {how}{_tail(place / LOG)}"
            raise BackError(message, is_counted=True)
        if "error" in result:
            raise JobError("run_failed", str(result["error"]))
        return {**result, "session": order["session"], "command": body.command}

    def _followed(self, task: Task, child: subprocess.Popen[bytes], cases: list[str]) -> dict[str, Any] | None:
        """The result that a run's process tells; None where it ended without one. What it tells before is progress."""
        lines = _lines(child)
        number, finished, seen = 0, 0, Seen()
        try:
            while True:
                task.check()
                try:
                    line = lines.get(timeout=LOOK_S)
                except queue.Empty:
                    continue
                if line is None:
                    return None
                if line["event"] == "result":
                    if "headline" in line:
                        where = {"cases": len(cases), "finished": finished}
                        task.progress({"stage": "settled", "text": line["headline"], **where})
                    return {name: value for name, value in line.items() if name != "event"}
                number += line["event"] in ("case_started", "case_skipped")
                finished += line["event"] in ("case_done", "case_skipped")
                seen.add(line)
                if progress := _progress(line, number, finished, len(cases)):
                    every_s = TOLD_S if progress["stage"] == "measuring" and progress["done"] < progress["of"] else 0.0
                    if task.progress(progress, seen.as_json, every_s=every_s):
                        seen = Seen()
        except (GoneError, BackError):
            _end(child)
            raise


class Seen:
    """The utterances that came since progress was told last: the first of them, where there are very many."""

    def __init__(self) -> None:
        self.utterances: list[Mapping[str, Any]] = []
        self.further = 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Keep the utterance of an event, if it is of one."""
        if "utterance" not in line:
            return
        if len(self.utterances) < MOST_SEEN:
            self.utterances.append(line["utterance"])
        else:
            self.further += 1

    @property
    def as_json(self) -> dict[str, Any]:
        """As a part of an event of progress."""
        return {"utterances": self.utterances, "further": self.further} if self.utterances else {}


def session(id: str, attempt: int) -> str:
    """The name of an attempt in the ledger: another attempt is another session, never a mixed one."""
    return id if attempt == 1 else f"{id}-{attempt}"


def _progress(line: Mapping[str, Any], number: int, finished: int, cases: int) -> dict[str, Any] | None:
    """How far a run is, from one of its events; None for one that says nothing new."""
    where = {"cases": cases, "finished": finished}
    match line["event"]:
        case "suite_started":
            return {"stage": "planned", **where}
        case "notice":
            return {"stage": "notice", "text": line["text"], **where}
        case "case_started" | "case_skipped" | "utterance_done" | "workers_progress":
            more = {name: line[name] for name in TOLD if name in line}
            return {"stage": CASES[line["event"]], "case": line["case"], "number": number, **where, **more}
        case "case_done":
            return {
                "stage": "judged",
                "case": line["case"],
                "number": number,
                **where,
                "status": line["summary"]["status"],
            }
    return None


@contextmanager
def _started(root: Path, order: Mapping[str, Any], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A run's process, that was told what to do; gone when the block ends. It dies with this thread."""
    command = [sys.executable, "-m", "modellab.server.jobs.executor", str(root)]
    child = subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    )
    try:
        assert child.stdin is not None
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(order).encode())
            child.stdin.close()
        yield child
    finally:
        if child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=END_S)  # it sends its results to MLflow
        _kill(child)


def _lines(child: subprocess.Popen[bytes]) -> queue.Queue[dict[str, Any] | None]:
    """What a run's process tells, line by line; None at the end."""
    events: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            events.put(json.loads(line))
        events.put(None)

    threading.Thread(target=read, name="run's events", daemon=True).start()
    return events


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let it end between two calls of a model, with all its cases in the ledger; insist after a while."""
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    end = time.monotonic() + END_S
    while child.poll() is None and time.monotonic() < end:
        time.sleep(LOOK_S)
    _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(path: Path) -> str:
    """The end of a log, as a part of a sentence."""
    text = path.read_bytes()[-MOST_OF_A_LOG:].decode(errors="replace").strip()
    return f"; its log ends: {shortened(masked(text), MOST_OF_A_LOG)}" if text else ""
