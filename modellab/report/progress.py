"""A terminal line that tells how far a long case is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any

from modellab.types import Utterance

EVERY_S = 0.5


def watch(config: Any, name: str) -> Progress | None:
    """A progress line for the case `name`; None where nobody watches (CI, no terminal, an xdist worker)."""
    watched = sys.stderr.isatty() and not os.environ.get("CI") and not hasattr(config, "workerinput")
    return Progress(config.pluginmanager.getplugin("capturemanager"), name) if watched else None


class Progress:
    """Rewrites one line: utterance i of N, the running value of the first metric, time left."""

    def __init__(self, capture: Any, name: str) -> None:
        self.capture, self.name = capture, name
        self.start = self.shown = time.monotonic()

    def __call__(self, done: int, total: int, utterances: Sequence[Utterance]) -> None:
        now = time.monotonic()
        if now - self.shown < EVERY_S and done < total:
            return
        self.shown = now
        text = "" if done == total else self.text(done, total, utterances, now)
        with self.capture.global_and_fixture_disabled():
            sys.stderr.write("\r\x1b[2K" + text[: shutil.get_terminal_size().columns - 1])
            sys.stderr.flush()

    def text(self, done: int, total: int, utterances: Sequence[Utterance], now: float) -> str:
        """The line itself."""
        left_s = (now - self.start) / done * (total - done)
        metric = next(iter(utterances[-1].shares))
        top, bottom = (sum(utterance.shares[metric][part] for utterance in utterances) for part in (0, 1))
        value = f"{100 * top / bottom:.2f} %" if bottom else "-"
        return f"  {self.name}: utterance {done} of {total}, {metric} {value}, {left_s:.0f} s left"
