"""How far a model is in a long recording, told on standard error while somebody waits for the words."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from modellab.cli import common

SHORT_S = 2.0  # of waiting, for which nothing is shown
LINE_S = 30.0  # between two lines, where nothing can be written over


@dataclass(slots=True)
class Waiting:
    """Recordings of one model, one after the other: who is next, of how many, and how fast it was till now."""

    total: int
    model: str = ""  # where there are several
    number: int = 0  # how many were before, with those that could not be read
    heard_s: float = 0.0  # audio that is done
    spent_s: float = 0.0  # seconds that it took
    clock: Callable[[], float] = field(default=time.monotonic)
    line_s: float = LINE_S

    @contextmanager
    def __call__(self, name: str, duration_s: float, so_far_s: Callable[[], float]) -> Iterator[None]:
        """While one recording is heard; a line that renews itself at a terminal, else one each half minute."""
        self.number += 1
        begun_s = self.clock()

        def line() -> str:
            return self._line(name, duration_s, so_far_s(), self.clock() - begun_s)

        with _shown(line, self.line_s):
            yield
        self.heard_s += duration_s
        self.spent_s += self.clock() - begun_s

    def _line(self, name: str, duration_s: float, so_far_s: float, waited_s: float) -> str:
        """Which recording, how much of it is heard in what time, and how long the rest takes at that speed."""
        which = f"recording {self.number} of {self.total}: " if self.total > 1 else ""
        whole, waited = _length(duration_s), _length(waited_s)
        heard = f"{_length(so_far_s)} of {whole} heard in {waited}" if so_far_s > 0 else f"{waited} for {whole}"
        left_s = self._left_s(duration_s, so_far_s, waited_s)
        left = "" if math.isnan(left_s) else f", about {_roughly(left_s)} left" if left_s >= 1 else ", nearly done"
        return f"{which}{heard}{left} ({', '.join(filter(None, (common.printable(name), self.model)))})"

    def _left_s(self, duration_s: float, so_far_s: float, waited_s: float) -> float:
        """Seconds until this recording is done, by its own speed, else by that of those before; NaN: nobody knows."""
        if so_far_s > 0:
            return max(0.0, duration_s - so_far_s) * waited_s / so_far_s
        if self.heard_s > 0:
            return max(0.0, duration_s * self.spent_s / self.heard_s - waited_s)
        return math.nan


def _length(seconds: float) -> str:
    from modellab.cli.datasets import length

    return length(seconds) if seconds >= 60 else f"{seconds:.0f} s"


def _roughly(seconds: float) -> str:
    return _length(round(seconds / 60) * 60.0 if seconds >= 120 else seconds).removesuffix(" 0 s")


@contextmanager
def _shown(line: Callable[[], str], line_s: float) -> Iterator[None]:
    """What `line` gives, from a thread beside the block, and nothing of it after."""
    done = threading.Event()
    is_renewed = sys.stderr.isatty() and not common.is_plain()
    follow = _renewed if is_renewed else partial(_line_by_line, line_s=line_s)
    thread = threading.Thread(target=follow, args=(line, done), name="so-far", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renewed(line: Callable[[], str], done: threading.Event) -> None:
    """One line of the terminal that is written over each second."""
    if done.wait(SHORT_S):
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)

    def fitted() -> Text:
        text = Text(line())
        text.truncate(max(1, console.width - 2), overflow="ellipsis")  # a second line stays behind on some terminals
        return text

    with console.status(fitted(), refresh_per_second=4) as status:
        while not done.wait(1.0):
            status.update(fitted())


def _line_by_line(line: Callable[[], str], done: threading.Event, line_s: float) -> None:
    while not done.wait(line_s):
        common.say(line(), err=True)
