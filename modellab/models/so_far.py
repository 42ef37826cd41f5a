"""How far a model has come in a recording, told while it hears it: a number in its process's scratch folder.

A model answers once, when all is heard, and who waits an hour for that wants to know how it goes. An adapter whose
engine gives its segments one by one tells the end of each. Nothing is written where nobody asked, as in a run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab.audio.saved import SCRATCH

ASKED = {"MODELLAB_SO_FAR": "1"}  # in the environment of a process whose model is to tell it
NAME = "so_far_s"


def is_asked() -> bool:
    """Whether somebody waits for it."""
    return os.environ.items() >= ASKED.items() and SCRATCH in os.environ


def tell(end_s: float) -> None:
    """The recording is heard up to here, in seconds from its start."""
    if is_asked():
        with suppress(OSError):  # no room: whoever waits sees less, and the words come all the same
            Path(os.environ[SCRATCH], NAME).write_text(f"{end_s:.3f}")


def told(segments: Iterable[Any]) -> Iterator[Any]:
    """The segments of an engine that makes them one by one, each with its `end` in seconds, which is told."""
    for segment in segments:
        tell(segment.end)
        yield segment


def read(scratch: Path) -> float:
    """Seconds that a process with this scratch folder has heard of its recording; NaN where it has told nothing."""
    try:
        return float((scratch / NAME).read_text())
    except (OSError, ValueError):  # not there, or being written
        return math.nan


def forget(scratch: Path) -> None:
    """Another recording begins."""
    (scratch / NAME).unlink(missing_ok=True)
