"""Ctrl-C, SIGTERM and SIGHUP: a run keeps what is done, and says how to go on with it.

While workers are at a case the signal is noted, and the pass ends when it looks (`Stopping`). At any other time SIGTERM
and SIGHUP, which would end the process silently, interrupt it as Ctrl-C does (`AsCtrlC`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from modellab.system import interrupt

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
if hasattr(signal, "SIGHUP"):
    NAMES[signal.SIGHUP] = "SIGHUP, as of a terminal that was closed"
BY_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)

Handler = Callable[[int, FrameType | None], Any] | int | None


class Stopped(KeyboardInterrupt):
    """A signal beside Ctrl-C that ends a run."""


def why(stop: KeyboardInterrupt) -> str:
    """What interrupted a run, as a part of a sentence."""
    return str(stop) or f"stopped by {NAMES[signal.SIGINT]}"


class AsCtrlC:
    """From `listen` to `close` SIGTERM and SIGHUP raise Stopped in the main thread, once.

    A signal that somebody else listens to is left to them. `is_ending`: the run is about to end anyhow, and another
    signal shall not interrupt what it still writes.
    """

    def __init__(self) -> None:
        self.is_ending = False
        self._before: dict[int, Handler] = {}

    def listen(self) -> None:
        """Put the handlers in place, in the main thread."""
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in NAMES if number != signal.SIGINT}
            free = (
                number
                for number, handler in handlers.items()
                if handler == signal.SIG_DFL or interrupt.is_early(handler)
            )
            self._before = dict.fromkeys(free, signal.SIG_DFL)
        for number in self._before:
            signal.signal(number, self._told)

    def close(self) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _told(self, number: int, _: object) -> None:
        if not self.is_ending:
            self.is_ending = True
            raise Stopped(f"stopped by {NAMES[signal.Signals(number)]}")


class Stopping:
    """A context in which the first such signal is noted, in `why`, and a second Ctrl-C interrupts as usual.

    SIGTERM may come several times: `timeout` sends it to the process, and to its group.
    A signal that somebody else listens to is left to them, and so are all in a thread that can have no handlers.
    """

    def __init__(self) -> None:
        self.why = ""
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in NAMES}
            self._before = {
                number: handler for number, handler in handlers.items() if handler in BY_DEFAULT or _of(handler)
            }
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
            if self.why and (outer := _of(handler)):
                outer.is_ending = True

    def listen(self) -> None:
        """Listen, again where a library has put its own handler in the place meanwhile, as Ray does."""
        for number in self._before:
            signal.signal(number, self._noted)

    def _noted(self, number: int, _: object) -> None:
        if self.why and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.why = self.why or f"stopped by {NAMES[signal.Signals(number)]}"


def _of(handler: Handler) -> AsCtrlC | None:
    """Whose handler it is."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, AsCtrlC) else None
