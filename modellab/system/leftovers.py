"""Temporary folders of modellab's processes, and those that a killed one has left.

They lie below the system's temporary folder, or below another where `below` says so.

A process holds a lock on each of its folders for as long as it lives, however it ends: what nobody holds is removed
when the next session begins. (A process id would say less: it comes again, and in a container it is another one's.)
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modellab.system import descendants

PREFIX = "modellab-run-"


class Folder:
    """A private folder, ours until `close`. OSError where there is no room."""

    def __init__(self, what: str, name: str = "", below: Path | None = None, *, wait: bool = True) -> None:
        """`name` makes one that other processes find; without it each is another one.

        Where another process has the one of that name: without `wait` a BlockingIOError.
        """
        self._lock = -1
        while self._lock < 0:  # more than once only if somebody sweeps just between the making and the holding
            if name:
                self.path = named(what, name, below)
                self.path.mkdir(mode=0o700, exist_ok=True)
            else:
                self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{what}-", dir=below))
            with suppress(FileNotFoundError):
                self._lock = _held(self.path, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def hand_on(self) -> None:
        """Let the program that this process becomes hold it, as long as that lives."""
        os.set_inheritable(self._lock, True)

    def close(self) -> None:
        """Remove the folder with what is in it."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


@contextmanager
def folder(what: str) -> Iterator[Path]:
    """A private folder that is gone afterwards; where this process is killed meanwhile, with the next session."""
    held = Folder(what)
    try:
        yield held.path
    finally:
        held.close()


def named(what: str, name: str, below: Path | None = None) -> Path:
    """Where a folder with a name of its own lies."""
    return (below or Path(tempfile.gettempdir())) / f"{PREFIX}{what}-{name}"


def sweep(below: Path | None = None) -> list[Path]:
    """Remove the folders of this user's processes that are gone, and return them. Never raises.

    What a worker that was killed has started and left behind, whose temporary folder it was, ends too.
    """
    removed = []
    for path in sorted((below or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")):
        try:
            if path.is_symlink() or path.lstat().st_uid != os.getuid():
                continue
            lock = _held(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # somebody holds it, or has just removed it
            continue
        if lock >= 0:
            descendants.end(f"TMPDIR={path}\0")
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
            removed.append(path)
    return removed


def _held(folder: Path, how: int) -> int:
    """The descriptor that holds a folder's lock; -1 if it was swept before we had it. OSError if somebody has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, how)
        if folder.is_dir() and os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1
