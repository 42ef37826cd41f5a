"""Runs in progress: `mlruns/running/SESSION.json`, locked as long as the run's process lives.

The ledger knows of a run from its first result on. Until then, and while it goes on, this file says that there is one.
It is gone when the run has ended by itself; where its process was killed, the file is left without the lock, which the
system takes back with the process, so that a killed run never shows as one that goes on. A week later it is swept.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from modellab.results.entry import now
from modellab.system.masking import masked

FOLDER = "running"
KEPT_S = 7 * 24 * 3600.0  # the file of a killed run, for who looks for it and resumes it
NAME = re.compile(r"[\w-][\w.-]{0,150}\Z")
PROGRAMS = {"__main__.py": "modellab"}  # how a process's own file is called by people


@dataclass(frozen=True, slots=True)
class Run:
    """What a run that has begun says of itself."""

    session: str
    cases: int
    command: str
    host: str
    pid: int
    started_at: str


class Journal:
    """The file of this process's run, locked until it is closed. Without room there is none, and the run goes on."""

    def __init__(self, mlruns: Path, session: str, cases: int) -> None:
        self.path = mlruns / FOLDER / f"{session}.json"
        self.file: IO[str] | None = None
        if not NAME.match(session):
            return
        words = [PROGRAMS.get(Path(sys.argv[0]).name, Path(sys.argv[0]).name), *sys.argv[1:]]
        run = Run(session, cases, masked(shlex.join(words)), platform.node(), os.getpid(), now())
        with suppress(OSError):
            self._begin(run)

    def _begin(self, run: Run) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(self.path.parent)
        new = self.path.with_suffix(f".{os.getpid()}.new")
        try:
            new.write_text(json.dumps(asdict(run)), encoding="utf-8")  # whole, or this raises: a full disk is met here
            self.file = new.open("r+", encoding="utf-8")
            fcntl.flock(self.file, fcntl.LOCK_EX)  # before anybody finds it
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)

    def close(self) -> None:
        """The run has ended by itself."""
        if self.file is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            self.file.close()
            self.file = None


def find(mlruns: Path, session: str) -> tuple[Run, bool] | None:
    """A run that has begun and has not ended by itself, and whether its process lives; None for no such run."""
    return _read(mlruns / FOLDER / f"{session}.json") if NAME.match(session) else None


def alive(mlruns: Path) -> Iterator[Run]:
    """Those whose process lives, newest first."""
    runs = [entry for path in (mlruns / FOLDER).glob("*.json") if (entry := _read(path))]
    yield from sorted((run for run, lives in runs if lives), key=lambda run: run.started_at, reverse=True)


def _sweep(folder: Path) -> None:
    """Remove the files that killed runs have left a week ago."""
    old = time.time() - KEPT_S
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < old and not ((entry := _read(path)) and entry[1]):
                path.unlink()


def _read(path: Path) -> tuple[Run, bool] | None:
    try:
        with path.open(encoding="utf-8") as file:
            run = Run(**json.load(file))
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return run, True
            return run, False
    except (OSError, ValueError, TypeError):  # gone meanwhile, or of another version
        return None
