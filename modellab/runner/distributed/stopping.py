"""Ctrl-C and SIGTERM while workers are at a case: the run ends with what is done, and says how it goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
BY_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)


class Stopping:
    """A context in which the first such signal is noted, in `why`, and a second one interrupts as usual.

    A signal that somebody else listens to is left to them, and so are all in a thread that can have no handlers.
    """

    def __init__(self) -> None:
        self.why = ""
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in NAMES}
            self._before = {number: found for number, found in handlers.items() if found in BY_DEFAULT}
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Listen, again where a library has put its own handler in the place meanwhile, as Ray does."""
        for number in self._before:
            signal.signal(number, self._noted)

    def _noted(self, number: int, _: object) -> None:
        if self.why:
            raise KeyboardInterrupt
        self.why = f"stopped by {NAMES[signal.Signals(number)]}"
