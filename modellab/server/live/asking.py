"""Who asks which model for the words of an utterance that is still spoken, and what it says on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from modellab.server.fleet.fleet import Fleet, Served
from modellab.streaming.window import Lengths

RATE_HZ = 16_000
LENGTHS = Lengths()


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks which model, and the folder where a window lies while it is heard.

    `is_over` is set when the end has come: a hypothesis whose turn has not come is then left to the last one.
    """

    fleet: Fleet
    served: Served
    owner: str
    folder: Path
    is_over: asyncio.Event
    language: str = ""
    lengths: Lengths = LENGTHS


@dataclass(frozen=True, slots=True)
class Step:
    """What a stream says up to `end_s`: new finals, and the partial that stands after them."""

    finals: tuple[str, ...]
    partial: str
    end_s: float
