"""A child that imports MLflow while the first model is loaded, and waits for the session's end: the parent's side.

It holds the lock that keeps loading from running beside a timed passage (`runner/turns.py`), from before it is started
until it is ready, READY_S at most: then it ends itself, and the session's end does without it. From then on it does
nothing.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from modellab.system import extras
from modellab.tracking import process, sqlite, store

GRACE_S = 0.3  # in which it ends by itself
Command = Callable[[Path, Path | None], list[str]]  # of a folder and the project's root


class Prestart:
    """The child. OSError where it cannot be started, or where something is being measured just now."""

    def __init__(self, folder: Path, root: Path | None, turns: Path, command: Command = process.command) -> None:
        """`turns` is the file by which the session's processes lock each other out of timed passages."""
        self.store, self.settings = (folder, store.address(folder), root), _settings()
        descriptor = os.open(turns, os.O_RDWR | os.O_CREAT, 0o600)
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # the child's as well: it inherits the descriptor
            self.child = subprocess.Popen(
                [*command(folder, root), "--wait", str(descriptor), str(turns)],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                env=process.environment(store.address(folder)),
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError:
            self.log.close()
            raise
        finally:
            os.close(descriptor)

    @classmethod
    def start(cls, folder: Path, root: Path | None, turns: Path, command: Command = process.command) -> Prestart | None:
        """A child for the store in force; None where there is no MLflow, or no room for a process."""
        if extras.missing("mlflow"):
            return None
        try:
            return cls(folder, root, turns, command)
        except OSError:
            return None

    def go(self, folder: Path, uri: str, root: Path | None) -> bool:
        """Tell it to send. False when it is for another store, or is no more: nothing has been sent then."""
        same = self.store == (folder, uri, root) and self.settings == _settings()
        if not same or self.child.poll() is not None:
            return False
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(b"go\n")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End it, if it has not ended, and remove what it has begun to make."""
        if self.log.closed:
            return
        with self.child, self.log:
            assert self.child.stdin is not None
            self.child.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(GRACE_S)
            process.end(self.child)
        uri = self.store[1]
        if uri.startswith("sqlite:///"):
            sqlite.drop_drafts(store.path(uri), self.child.pid)


def _settings() -> dict[str, str]:
    """What MLflow reads of the environment: who it is, how long it tries."""
    return {name: text for name, text in os.environ.items() if name.startswith("MLFLOW_")}
