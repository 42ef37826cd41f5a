"""Requests to a child process and its replies: JSON lines over two pipes, each by a deadline and of bounded length.

A request carries a number, and its reply the same one. Whatever else comes from the worker, a line that is no reply,
one with another number, one that nobody waits for or one that is too long, is a ProtocolError that says what it was.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

from modellab.errors import ProtocolError
from modellab.system.masking import masked

MOST_REPLY_BYTES = 16 * 2**20  # a day of speech as text with the times of its words
CHUNK_BYTES = 1 << 16
LOOK_S = 0.25  # how often a worker that is silent is looked at: its pipe may be open though it is dead
SHOWN_CHARACTERS = 100
PROTOCOL = "protocol"  # the kind of an error after which a worker cannot be trusted


class Pipes:
    """The parent's ends. `theirs` are the worker's, for reading requests and for writing replies.

    Raises TimeoutError after a deadline, EOFError where the worker has gone, ProtocolError for what is no reply.
    """

    def __init__(self, alive: Callable[[], bool], *, older: bool = False, most_bytes: int = MOST_REPLY_BYTES) -> None:
        """`older`: the worker may be of an older modellab, whose replies have no numbers."""
        self._alive, self._older, self._most_bytes = alive, older, most_bytes
        read, self._requests = os.pipe()
        self._replies, write = os.pipe()
        os.set_blocking(self._requests, False)
        self.theirs: tuple[int, ...] = (read, write)
        self._buffer = bytearray()
        self._number = 0

    def started(self) -> None:
        """The worker has its ends: let go of ours."""
        for descriptor in self.theirs:
            os.close(descriptor)
        self.theirs = ()

    def close(self) -> None:
        """Let go of all ends, which tells the worker to go."""
        for descriptor in (*self.theirs, self._requests, self._replies):
            if descriptor >= 0:
                os.close(descriptor)
        self.theirs, self._requests, self._replies = (), -1, -1

    def ask(self, order: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """The reply to one request."""
        if self._requests < 0:
            raise EOFError
        if self._is_ready(self._replies, select.POLLIN) and (early := os.read(self._replies, CHUNK_BYTES)):
            self._buffer += early
        if self._buffer:  # a line that nobody waits for says itself what it is, where it is whole
            line, _, _ = bytes(self._buffer).partition(b"\n")
            checked(line, 0)
            raise ProtocolError(f"the worker wrote something before it was asked: {_shown(line)}")
        self._number += 1
        self._send(json.dumps({**order, "id": self._number}).encode() + b"\n", deadline)
        return self.answer(deadline)

    def answer(self, deadline: float) -> dict[str, Any]:
        """The reply to the request that was sent last; asked again after a TimeoutError, it waits on."""
        line = self._line(deadline)
        if self._older and self._number == 1:
            self._older = not line.startswith(b'{"id": ')
        return checked(line, None if self._older else self._number)

    def _send(self, request: bytes, deadline: float) -> None:
        left = memoryview(request)
        while left:
            self._wait(self._requests, select.POLLOUT, deadline)
            try:
                left = left[os.write(self._requests, left[:CHUNK_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise EOFError from None

    def _line(self, deadline: float) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > self._most_bytes:
                raise ProtocolError(too_long(searched, self._most_bytes))
            self._wait(self._replies, select.POLLIN, deadline)
            chunk = os.read(self._replies, CHUNK_BYTES)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        """Until the pipe can be used; in short steps, which also keeps endless timeouts from overflowing."""
        while (left_s := deadline - time.monotonic()) > 0:
            if self._is_ready(descriptor, event, min(left_s, LOOK_S)):
                return
            if not self._alive():
                if self._is_ready(descriptor, event):  # its last words
                    return
                raise EOFError
        raise TimeoutError

    def _is_ready(self, descriptor: int, event: int, within_s: float = 0.0) -> bool:
        waiting = select.poll()
        waiting.register(descriptor, event)
        return bool(waiting.poll(within_s * 1000))


def checked(line: bytes, number: int | None) -> dict[str, Any]:
    """The reply in a line, with the number it has to have; None: it has none."""
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or (number is not None and not isinstance(reply.get("id"), int)):
        raise ProtocolError(
            f"the worker wrote {_shown(line)} where a reply was expected: does something in it write to a file"
            " descriptor that is not its own?"
        )
    if reply.get("kind") == PROTOCOL:
        raise ProtocolError(masked(str(reply.get("error"))))
    came = reply.pop("id", None)
    if number is not None and came != number:
        instead = f"instead of request {number}" if number else "when nobody asked"
        raise ProtocolError(
            f"the worker answered request {came} {instead}: do two processes answer, because the model forked?"
        )
    return reply


def too_long(length_bytes: int, most_bytes: int = MOST_REPLY_BYTES) -> str:
    """The sentence about a reply of so many bytes."""
    return (
        f"the worker's reply has {length_bytes / 2**20:,.1f} MiB so far, at most {most_bytes / 2**20:g} MiB are"
        " taken: does the model repeat itself without end?"
    )


def _shown(line: bytes) -> str:
    text = masked(line.decode(errors="replace"))
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...")
