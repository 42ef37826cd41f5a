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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modellab
from modellab import ledger
from modellab.errors import TrackingError
from modellab.tracking import store

START_S = 60.0  # for importing MLflow, which says nothing about the store
LOCAL_S, SERVER_S = 60.0, 10.0
READY = b"ready\n"


def push(folder: Path, timeout_s: float | None = None, uri: str | None = None) -> str:
    """Run `sync` in a child process and say in one sentence what came of it. Never raises, changes no verdict.

    `timeout_s` counts from the moment MLflow is imported: 60 s for a local database (its first start makes 90
    tables), 10 s for a server.
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
    command = [sys.executable, "-m", "modellab.tracking", str(folder), "--uri", uri, "--announce"]
    home = str(Path(modellab.__file__).parent.parent)
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    with tempfile.TemporaryFile() as log, _child(command, log.fileno(), os.environ | {"PYTHONPATH": path}) as child:
        assert child.stdout is not None
        if not select.select([child.stdout], [], [], START_S)[0]:
            raise TrackingError(_late("MLflow did not start", START_S))
        first = child.stdout.readline()
        try:
            rest, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise TrackingError(_late(f"MLflow at {store.shown(uri)} did not answer", limit_s)) from None
        lines = (rest if first == READY else first + rest).splitlines()
        with contextlib.suppress(ValueError, IndexError):
            report: dict[str, Any] = json.loads(lines[-1])
            return report
        log.seek(0)
        said = log.read().decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {child.returncode}"]
        raise TrackingError(f"sending to MLflow broke off ({said[0]}): nothing is lost, `modellab sync` sends the rest")


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
