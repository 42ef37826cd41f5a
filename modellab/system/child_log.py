"""What a child process prints: its beginning and its end, in memory, however much it is."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress

from modellab.system.masking import masked

KEPT_BYTES = 64 * 1024  # of the beginning, and as much of the end
CHUNK_BYTES = 1 << 16
HEAD_LINES = 5
TAIL_LINES = 20
LINE_CHARACTERS = 300
DRAIN_S = 0.5  # how long a message waits for what is still in the pipe, should the worker go on printing


class ChildLog:
    """Reads a worker's output in a thread. `end` is the file descriptor that the worker writes to."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self._head, self._tail = bytearray(), bytearray()
        self._lock = threading.Lock()
        self._pipe, self.end = os.pipe()
        self._stop, self._stopping = os.pipe()
        os.set_blocking(self._pipe, False)
        self._thread = threading.Thread(target=self._follow, name="modellab-child-log", daemon=True)
        self._open, self._ended = True, False
        self._thread.start()

    def started(self) -> None:
        """The worker has its end: let go of ours, so that its death ends the log."""
        if self.end >= 0:
            os.close(self.end)
            self.end = -1

    def close(self) -> None:
        """Stop reading, even where something that the worker started keeps its end open."""
        self.started()
        if not self._open:
            return
        self._open = False
        os.close(self._stopping)
        self._thread.join()
        for descriptor in (self._pipe, self._stop):
            os.close(descriptor)

    def tail(self) -> str:
        """The end of what was printed, secrets masked; of much also its beginning; '' of nothing."""
        deadline = time.monotonic() + DRAIN_S
        while self._open and self._read() and time.monotonic() < deadline:
            pass
        with self._lock:
            head, tail = bytes(self._head), bytes(self._head + self._tail if not self._cut else self._tail)
        last = _lines(tail)[-TAIL_LINES:]
        if not last:
            return ""
        lines = ["", "end of the worker's log:", *last]
        if self._cut:
            first = _lines(head)[:HEAD_LINES]
            lines = ["", f"beginning of the worker's log, {self.total_bytes:,} bytes in all:", *first, *lines[1:]]
        return "\n".join(lines)

    def forget(self) -> None:
        """Let go of what was printed so far."""
        deadline = time.monotonic() + DRAIN_S
        while self._open and self._read() and time.monotonic() < deadline:
            pass
        with self._lock:
            self._head.clear()
            self._tail.clear()
            self.total_bytes = 0

    @property
    def _cut(self) -> bool:
        """Whether something between the beginning and the end was not kept."""
        return self.total_bytes > len(self._head) + len(self._tail)

    def _follow(self) -> None:
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        waiting.register(self._stop, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in waiting.poll()}
            if self._stop in ready:
                return
            if not self._read() and self._ended:
                return

    def _read(self) -> bool:
        """Take what is in the pipe; False if it was nothing."""
        with self._lock:
            chunk = b""
            with suppress(BlockingIOError):
                chunk = os.read(self._pipe, CHUNK_BYTES)
                self._ended = not chunk
            self.total_bytes += len(chunk)
            room = KEPT_BYTES - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            if len(self._tail) > 2 * KEPT_BYTES:
                del self._tail[:-KEPT_BYTES]
        return bool(chunk)


def _lines(text: bytes) -> list[str]:
    return [f"  | {line[:LINE_CHARACTERS]}" for line in masked(text.decode(errors="replace")).splitlines()]
