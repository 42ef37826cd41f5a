"""What a page shows of one utterance, as data: a task says what there is to see, `modellab/reports/html` draws it.

task.draw(sample, output) -> [Words(...), Timeline(...), Lines(...), Sound(...)]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["reference", "hypothesis", "miss", "false alarm", "confusion", "misplaced", "unscored"]


@dataclass(frozen=True, slots=True)
class Words:
    """Reference and hypothesis aligned word by word: (what, reference word, hypothesis word), what "", S, D or I."""

    steps: tuple[tuple[str, str, str], ...]
    title: str = ""


class Span(NamedTuple):
    """A stretch of a lane. A miss lies on the reference's lane, a false alarm on the other, the rest on both."""

    start_s: float
    end_s: float
    kind: Kind
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a timeline: a side, a speaker."""

    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over the same `duration_s` seconds, from the top."""

    duration_s: float
    lanes: tuple[Lane, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Plain text, line by line."""

    lines: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that the model made."""

    path: Path
    title: str = ""


DisplayBlock = Words | Timeline | Lines | Sound
