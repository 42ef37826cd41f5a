"""Sync in a child process with a time limit: what a pytest session calls when it ends.

MLflow costs seconds of import and 175 MB, and can hang; in a child neither reaches the session. Killing the
child loses nothing, because the ledger has everything and `sync` goes on where it was. A child that the session has
started early (`early`) has imported MLflow already.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from modellab.errors import TrackingError
from modellab.results import ledger
from modellab.tracking import process, store
from modellab.tracking.prestart import Command, Prestart

RUNS_PER_S = 4.0  # a server that takes fewer is slow


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a session's end waits for MLflow."""

    connect_s: float = store.CONNECT_S  # for a server to take a connection, before MLflow is started
    start_s: float = 60.0  # for importing MLflow, which says nothing about the store
    local_s: float = 60.0  # the longest silence of a local database, and of a server
    server_s: float = 10.0
    least_s: float = 5.0  # what a server gets even where importing MLflow took long
    total_s: float = 120.0  # however well it goes: a long backlog is for `modellab sync`


PATIENCE = Patience()


def push(
    folder: Path,
    timeout_s: float | None = None,
    uri: str | None = None,
    root: Path | None = None,
    prestarted: Prestart | None = None,
    *,
    patience: Patience = PATIENCE,
    command: Command = process.command,
) -> str:
    """Run `sync` in a child process and say in one sentence what came of it. Never raises, changes no verdict.

    `root` is the project, for the cases' pages; `prestarted` a child that waits for this moment, if there is one.
    Without it, or where it was made for another store or has died, the child is started now, by `command`.

    `timeout_s` is the longest silence from MLflow once it is imported: 60 s for a local database (its first start
    makes 90 tables), 10 s for a server. A server that takes fewer than RUNS_PER_S is left 10 s after the start, or
    5 s after MLflow was imported. The whole takes two minutes at most.
    """
    began = time.monotonic()
    uri = store.address(folder, uri)
    far = store.is_server(uri)
    deadline = Deadline(
        store.shown(uri),
        timeout_s or (patience.server_s if far else patience.local_s),
        began + patience.server_s if far else math.inf,
        patience,
    )
    try:
        if not ledger.files(folder):
            return f"no results in {folder / 'ledger'} to log"
        store.check(uri, connect_s=patience.connect_s)
        if prestarted and prestarted.go(folder, uri, root):
            with contextlib.closing(prestarted):
                return sentence(_report(prestarted.child, prestarted.log, deadline))
        return sentence(_run(command(folder, root), uri, deadline))
    except TrackingError as problem:
        return str(problem)
    except OSError as problem:
        return f"MLflow could not be started ({problem.strerror}): nothing is lost, `modellab sync` sends the rest"


@dataclass(slots=True)
class Deadline:
    """How long a child is waited for: moments are of `time.monotonic()`."""

    place: str
    silence_s: float
    patience_end: float  # from then on it must be quick
    patience: Patience = PATIENCE
    imported: float = math.inf
    lines: int = 0  # of the child, since MLflow was imported: its runs

    def heard(self, moment: float) -> None:
        """The child has said something."""
        if self.imported == math.inf:
            self.imported, self.patience_end = moment, max(self.patience_end, moment + self.patience.least_s)
        else:
            self.lines += 1

    def wait_s(self, now: float, start: float) -> float:
        """How long the next line may take. TrackingError when it is over."""
        if self.imported == math.inf:
            return max(0.0, start + self.patience.start_s - now)
        if now >= (end := self.imported + self.patience.total_s):
            raise TrackingError(_late(f"MLflow at {self.place} did not finish within {self.patience.total_s:g} s"))
        slow = max(self.patience_end, self.imported + self.lines / RUNS_PER_S)
        if self.patience_end != math.inf:
            if now >= slow:
                spent = f"{self.lines} runs in {now - self.imported:.0f} s"
                raise TrackingError(_late(f"MLflow at {self.place} is slow ({spent})"))
            end = min(end, slow)
        return min(self.silence_s, end - now)

    def late(self) -> TrackingError:
        """It was silent for too long."""
        if self.imported == math.inf:
            return TrackingError(_late(f"MLflow did not start within {self.patience.start_s:g} s"))
        return TrackingError(_late(f"MLflow at {self.place} did not answer within {self.silence_s:g} s"))


def sentence(report: dict[str, Any]) -> str:
    """A report as the terminal shows it."""
    if "error" in report:
        return str(report["error"])
    new, place, seconds = int(report["new"]), report["store"], report["seconds"]
    warnings = report["warnings"]
    more = f" (and {len(warnings) - 1} more warnings)" if len(warnings) > 1 else ""
    behind = f"; {warnings[0]}{more}" if warnings else ""
    if not new:
        return f"{place} already has all {report['skipped']} results{behind}"
    results = "1 result" if new == 1 else f"{new} results"
    took = f"{seconds:.1f}" if seconds < 1 else f"{seconds:.0f}"
    return f"logged {results} to {place} in {took} s; see them: modellab ui{behind}"


def _run(command: list[str], uri: str, deadline: Deadline) -> dict[str, Any]:
    """The report of a child that is started for it; TrackingError if it hangs or dies."""
    with tempfile.TemporaryFile() as log, _child(command, log.fileno(), process.environment(uri)) as child:
        return _report(child, log, deadline)


def _report(child: subprocess.Popen[bytes], log: IO[bytes], deadline: Deadline) -> dict[str, Any]:
    """What a child reports; TrackingError if it hangs or dies."""
    for last in _lines(child, deadline):
        if last.startswith(b"{"):
            report: dict[str, Any] = json.loads(last)
            return report
    log.seek(0)
    last_line = log.read().decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {child.wait()}"]
    raise TrackingError(_late(f"sending to MLflow broke off ({store.masked(last_line[0])[:300]})"))


def _lines(child: subprocess.Popen[bytes], deadline: Deadline) -> Iterator[bytes]:
    """The lines that the child prints, until it ends; TrackingError when it is silent or at it for too long."""
    assert child.stdout is not None
    buffer, start = b"", time.monotonic()
    while True:
        wait_s = deadline.wait_s(time.monotonic(), start)
        if not select.select([child.stdout], [], [], wait_s)[0]:
            if wait_s < deadline.silence_s and deadline.imported != math.inf:
                continue  # `wait_s` knows what is over
            raise deadline.late()
        if not (chunk := os.read(child.stdout.fileno(), 1 << 16)):
            return
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            deadline.heard(time.monotonic())
            yield line


@contextlib.contextmanager
def _child(command: list[str], log: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own (Ctrl-C is for us), gone with all it started when the block ends."""
    with subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        start_new_session=True,
    ) as child:
        try:
            yield child
        finally:
            process.end(child)


def _late(what: str) -> str:
    return f"{what}: nothing is lost, `modellab sync` sends the rest"
