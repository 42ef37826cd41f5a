"""A terminal line that tells how far a long case is: a listener of a run."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from modellab.reports.terminal import writer
from modellab.runner.events import Event, UtteranceDone, WorkersProgress
from modellab.system import escape
from modellab.types.utterances import counts_of
from modellab.units import counted

EVERY_S = 0.5


def watch(config: Any) -> Progress | None:
    """A progress line; None where nobody watches (CI, no terminal, an xdist worker)."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    watched = terminal is not None and terminal.isatty and not os.environ.get("CI")
    return Progress(config.pluginmanager.getplugin("capturemanager")) if watched else None


def announce(config: Any) -> Callable[[str], None]:
    """A way to say, on a line of its own, what takes minutes; an xdist worker has no terminal and says nothing."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")

    def tell(line: str) -> None:
        if terminal is not None:
            with capture.global_and_fixture_disabled():
                write = writer(terminal)
                write("")
                write(f"modellab: {line}")

    return tell


SAVE, RESTORE, CLEAR = "\x1b[s", "\x1b[u", "\x1b[K"  # of the cursor; of the rest of the line
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"


class Progress:
    """Rewrites the rest of pytest's line: utterance i of N, the running value of the first metric, time left."""

    def __init__(self, capture: Any) -> None:
        self.capture = capture
        self.start = self.shown = 0.0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, UtteranceDone | WorkersProgress):
            return
        now = time.monotonic()
        if event.done == 1:
            self.start = now  # loading is over by then
        if now - self.shown < EVERY_S and event.done < event.of:
            return
        self.shown = now
        line = fleet(event) if isinstance(event, WorkersProgress) else self.text(event, now)
        text = "" if event.done == event.of else line
        with self.capture.global_and_fixture_disabled():
            sys.stdout.write(f"{SAVE}{CLEAR}{NO_WRAP}{text}{WRAP}{RESTORE}")
            sys.stdout.flush()

    def text(self, event: UtteranceDone, now: float) -> str:
        """The line itself."""
        done, total = event.done, event.of
        left = f", {(now - self.start) / (done - 1) * (total - done):.0f} s left" if done > 1 else ""
        metric = next(iter(event.utterances[-1].counts))
        top, bottom = counts_of(event.utterances, metric).sum(axis=0)[:2]
        value = f"{100 * top / bottom:.2f} %" if bottom else "-"
        return f"  {escape.line(event.case)}: utterance {done} of {total}, {metric} {value}{left}"


def fleet(event: WorkersProgress) -> str:
    """The line of a case that several workers share."""
    left = "" if math.isnan(event.left_s) else f", {event.left_s:.0f} s left"
    workers = counted(len(event.workers), "worker") + (f" and {event.loading} loading" if event.loading else "")
    done = f"{event.done} of {event.of} utterances"
    refused = f", refused: {escape.line(event.refused)}" if event.refused else ""
    return f"  {escape.line(event.case)}: {done}, {workers}, {event.rate:.1f}/s{left}{refused}"
