"""A number with what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with what it rests on: 95 % interval (NaN ends where there is none) and `n` of what."""

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    of: str = "utterances"
    unit: str = "ratio"

    @property
    def interval(self) -> tuple[float, float] | None:
        return (self.low, self.high) if math.isfinite(self.low) and math.isfinite(self.high) else None

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)

    def overlaps(self, other: Estimate) -> bool:
        """Whether the two intervals meet; an estimate without one is told apart from nothing."""
        if self.interval is None or other.interval is None:
            return True
        return self.low <= other.high and other.low <= self.high
