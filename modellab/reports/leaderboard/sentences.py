"""Sentences with numbers in them. How a number is written is the rendering's business (`prose.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.stats.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Amount:
    """A number inside a sentence, with or without its interval and N."""

    estimate: Estimate
    signed: bool = False
    bare: bool = False


Sentence = tuple[str | Amount, ...]


def bare(value: float, unit: str) -> Amount:
    """The number alone: a limit, a size that would have been seen."""
    return Amount(Estimate(value, unit=unit), bare=True)


def full(estimate: Estimate) -> Amount:
    """A value with interval and N."""
    return Amount(estimate)


def change(estimate: Estimate) -> Amount:
    """A difference with its sign, interval and N."""
    return Amount(estimate, signed=True)


def several(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> several(["a"]), several(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
