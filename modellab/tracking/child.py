"""Sync in a child process with a time limit: what a pytest session calls when it ends.

MLflow costs seconds of import and 175 MB, and can hang; in a child neither reaches the session. Killing the
child loses nothing, because the ledger has everything and `sync` goes on where it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modellab
from modellab import ledger
from modellab.errors import TrackingError
from modellab.tracking import store

START_S = 60.0  # for importing MLflow, which says nothing about the store
LOCAL_S, SERVER_S = 60.0, 10.0
TOTAL_S = 120.0  # however well it goes: a long backlog is for `modellab sync`


def push(folder: Path, timeout_s: float | None = None, uri: str | None = None) -> str:
    """Run `sync` in a child process and say in one sentence what came of it. Never raises, changes no verdict.

    `timeout_s` is the longest silence from MLflow once it is imported: 60 s for a local database (its first start
    makes 90 tables), 10 s for a server. The whole takes two minutes at most.
    """
    uri = store.address(folder, uri)
    limit_s = timeout_s or (SERVER_S if store.is_server(uri) else LOCAL_S)
    try:
        if not ledger.files(folder):
            return f"no results in {folder / 'ledger'} to log"
        store.check(uri)
        return sentence(_run(folder, uri, limit_s))
    except TrackingError as problem:
        return str(problem)
    except OSError as problem:
        return f"MLflow could not be started ({problem.strerror}): nothing is lost, `modellab sync` sends the rest"


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
    return f"logged {results} to {place} in {seconds:.0f} s; see them: modellab ui{behind}"


def _run(folder: Path, uri: str, limit_s: float) -> dict[str, Any]:
    """The child's report; TrackingError if it hangs or dies."""
    command = [sys.executable, "-m", "modellab.tracking", str(folder), "--announce"]
    home = str(Path(modellab.__file__).parent.parent)
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    environment = os.environ | {
        "PYTHONPATH": path,
        "MLFLOW_TRACKING_URI": uri,
    }  # not an argument: it may hold a password
    with tempfile.TemporaryFile() as log, _child(command, log.fileno(), environment) as child:
        last = b""
        for last in _lines(child, limit_s, store.shown(uri)):
            if last.startswith(b"{"):
                report: dict[str, Any] = json.loads(last)
                return report
        log.seek(0)
        said = log.read().decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {child.wait()}"]
        raise TrackingError(f"sending to MLflow broke off ({said[0]}): nothing is lost, `modellab sync` sends the rest")


def _lines(child: subprocess.Popen[bytes], limit_s: float, place: str) -> Iterator[bytes]:
    """The lines that the child prints, until it ends; TrackingError when it is silent for too long."""
    assert child.stdout is not None
    wait_s, what, buffer = START_S, "MLflow did not start", b""
    end = time.monotonic() + START_S + TOTAL_S
    while True:
        if not select.select([child.stdout], [], [], min(wait_s, max(0.0, end - time.monotonic())))[0]:
            late = time.monotonic() >= end
            raise TrackingError(_late(f"MLflow at {place} did not finish", TOTAL_S) if late else _late(what, wait_s))
        if not (chunk := os.read(child.stdout.fileno(), 1 << 16)):
            return
        *lines, buffer = (buffer + chunk).split(b"\n")
        yield from lines
        if wait_s == START_S and lines:
            wait_s, what = limit_s, f"MLflow at {place} did not answer"
            end = time.monotonic() + TOTAL_S


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
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


def _late(what: str, seconds: float) -> str:
    return f"{what} within {seconds:g} s: nothing is lost, `modellab sync` sends the rest"
