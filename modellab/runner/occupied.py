"""Who uses this machine: what is measured, and who answers requests, so that neither disturbs the other unnoticed.

Three files, in the cache folder or in that which $MODELLAB_OCCUPIED names (for several users one that all may write
to), are locked, and let go of when a process ends, however it ends:

    measuring    by each timed passage: whoever answers requests waits, or notes that it did not
    answering    by each call of a model that answers a request: a timed passage waits for its end before it begins
    running      by the one run at a time that a server's queue starts
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modellab.system import cache

PATIENCE_S = 30.0  # that a timed passage waits for calls to end
LOOK_S = 0.05
DISTURBED = "measured while models of this machine answered requests: its times prove nothing"
MEASURING, ANSWERING, RUNNING = "measuring", "answering", "running"


class Occupied:
    """The three locks. Where their folder cannot be written nothing is locked, and nothing noticed."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ.get("MODELLAB_OCCUPIED") or cache.home() / "occupied")

    # ------------------------------------------------------------------------ who measures

    @contextmanager
    def measuring(self, patience_s: float = PATIENCE_S, *, of_server: bool = False) -> Iterator[Passage]:
        """A timed passage: it begins when no model answers a request, or when patience ends.

        `of_server`: what is timed are answers of a server. It may be this machine's own, so nobody waits for anybody.
        """
        if of_server:
            yield Passage(self, was_busy=False, since_ns=None)
            return
        with self._held(MEASURING, fcntl.LOCK_SH):
            end = time.monotonic() + patience_s
            while (is_busy := self._is_held(ANSWERING)) and time.monotonic() < end:
                time.sleep(LOOK_S)
            passage = Passage(self, is_busy, self._touched_ns())
            yield passage

    @contextmanager
    def running(self, check: Callable[[], None]) -> Iterator[None]:
        """The one run of this machine; `check` is asked while another goes on, and may raise."""
        descriptor = self._open(RUNNING)
        try:
            while descriptor >= 0 and not _lock(descriptor, fcntl.LOCK_EX):
                check()
                time.sleep(LOOK_S)
            yield
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    # ------------------------------------------------------------------------ who answers

    def is_measured(self) -> bool:
        """Whether something is being measured."""
        return self._is_held(MEASURING)

    @contextmanager
    def answering(self, *, is_shared: bool = False) -> Iterator[None]:
        """A call of a model. `is_shared`: a timed passage does not wait for it, and is told that it was disturbed."""
        if is_shared:
            self._touch()
            yield
            self._touch()
            return
        with self._held(ANSWERING, fcntl.LOCK_SH):
            yield

    # ------------------------------------------------------------------------ files

    def was_disturbed(self, since_ns: int) -> bool:
        """Whether a call was made meanwhile that waits for no timed passage."""
        return self._is_held(ANSWERING) or self._touched_ns() != since_ns

    @contextmanager
    def _held(self, name: str, how: int) -> Iterator[None]:
        descriptor = self._open(name)
        try:
            if descriptor >= 0:
                fcntl.flock(descriptor, how)
            yield
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _is_held(self, name: str) -> bool:
        """Whether anybody holds it: two who ask at once would see each other, so it is asked again."""
        for pause_s in (0.0, 0.001, 0.005):
            if pause_s:
                time.sleep(pause_s)
            descriptor = self._open(name)
            if descriptor < 0:
                return False
            try:
                if _lock(descriptor, fcntl.LOCK_EX):
                    return False
            finally:
                os.close(descriptor)
        return True

    def _open(self, name: str) -> int:
        path, how = f"{self.folder}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            try:
                return os.open(path, how, 0o666)
            except FileNotFoundError:
                self.folder.mkdir(parents=True, exist_ok=True)
                return os.open(path, how, 0o666)
        except OSError:  # a folder that is not to be written
            return -1

    def _touch(self) -> None:
        descriptor = self._open(ANSWERING)
        if descriptor >= 0:
            os.utime(descriptor)
            os.close(descriptor)

    def _touched_ns(self) -> int:
        try:
            return (self.folder / ANSWERING).stat().st_mtime_ns
        except OSError:
            return 0


class Passage:
    """A timed passage on its way."""

    def __init__(self, occupied: Occupied, was_busy: bool, since_ns: int | None) -> None:
        self.occupied, self.was_busy, self.since_ns = occupied, was_busy, since_ns

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of its times: nothing where nobody disturbed it."""
        if self.since_ns is None:
            return ()
        return (DISTURBED,) if self.was_busy or self.occupied.was_disturbed(self.since_ns) else ()


def _lock(descriptor: int, how: int) -> bool:
    """Whether it could be locked at once."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
