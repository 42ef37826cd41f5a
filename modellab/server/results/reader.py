"""A process that reads whole entries of the ledger and computes with them, so that the process of the API stays small.

`Reader` is the parent's side, `child.py` the child's. The child ends when nobody asks it for a while, and starts when
somebody does. What is refused on purpose comes back as an ApiError.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from modellab.errors import CrashError, ModellabError, sentence
from modellab.server.errors import ApiError
from modellab.system.json_child import JsonChild

LOG = logging.getLogger("modellab.server")
IDLE_S = 900.0
MOST_BYTES = 64 * 2**20  # of a reply
MOST_WAITING = 16
TIMEOUT_S = 600.0
MOVED = "moved"  # the code of an error: another line is in the place of an entry
MODULE = "modellab.server.results.child"
Order = Mapping[str, Any]


class Reader:
    """Asks the process, one question after the other. One thread owns it for life."""

    def __init__(self, name: str, root: Path) -> None:
        self.root = root
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._child: JsonChild | None = None
        self._waiting = 0
        self._is_warming = self._is_closed = False
        self._lock = threading.Lock()

    def ask(self, verb: str, **order: Any) -> dict[str, Any]:
        """The reply; ApiError for what is refused, and where too many wait already."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                message = f"{self._waiting} questions about results are waiting: ask again later"
                raise ApiError(503, "busy", message, headers={"Retry-After": "5"})
            self._waiting += 1
        try:
            reply = self._thread.submit(self._asked, verb, order).result()
        finally:
            with self._lock:
                self._waiting -= 1
        if "refused" in reply:
            raise ApiError(**reply["refused"])
        answer: dict[str, Any] = reply["answer"]
        return answer

    def warm(self) -> None:
        """Start the process where it has ended, without being waited for: somebody is likely to ask soon."""
        with self._lock:
            is_there = self._child is not None and self._child.is_alive()
            if is_there or self._waiting or self._is_warming or self._is_closed:
                return
            self._is_warming = True
            self._thread.submit(self._warmed)

    def _warmed(self) -> None:
        try:
            self._asked("ready", {})
        except ModellabError as error:  # whoever asks next is told, and starts it
            LOG.info("a process that reads results could not be started: %s", sentence(error))
        finally:
            with self._lock:
                self._is_warming = False

    def close(self) -> None:
        """End the process; what it is at is broken off."""
        with self._lock:
            self._is_closed = True
        if self._child is not None:
            self._child.kill()
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    def _asked(self, verb: str, order: Order) -> dict[str, Any]:
        """A process that has ended since it was asked last is started again."""
        is_new = self._child is None or not self._child.is_alive()
        try:
            return self._started().ask(verb, {"asked": order}, TIMEOUT_S)
        except CrashError:
            self._end()
            if is_new:
                raise
            return self._asked(verb, order)
        except ModellabError:
            self._end()
            raise

    def _started(self) -> JsonChild:
        if self._child is not None and not self._child.is_alive():
            self._end()
        if self._child is None:
            self._child = JsonChild([sys.executable, "-m", MODULE, str(self.root)], most_bytes=MOST_BYTES)
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
