"""What a score is made of: weights, scales, prices and grades, as a project's pyproject.toml may set them.

[tool.modellab.scorecard]
fewest = 20                  # utterances without which nothing is rated or recommended
currency = "USD"
[tool.modellab.scorecard.weights]
quality = 50
[tool.modellab.scorecard.grades]
A = 90
[tool.modellab.scorecard.quality.wer]      # 0 points at `worst`, 100 at `best`, a straight line between
worst = 0.5
best = 0.0
[tool.modellab.scorecard.speed]            # real-time factor; of speed, memory and cost each tenfold counts alike
worst = 1.0
best = 0.01
[tool.modellab.scorecard.prices]           # what an hour of a machine class costs; the first name or pattern
"nvidia-l4-*" = 0.70
"""

from __future__ import annotations

import fnmatch
from typing import Literal, Self

import pydantic

from modellab.schema import Strict
from modellab.types import Metric

Part = Literal["quality", "speed", "memory", "stability", "cost"]
PARTS: tuple[Part, ...] = ("quality", "speed", "memory", "stability", "cost")


class Weights(Strict):
    """How much each part counts; only their proportions matter."""

    quality: float = pydantic.Field(default=50, ge=0, allow_inf_nan=False)
    speed: float = pydantic.Field(default=20, ge=0, allow_inf_nan=False)
    memory: float = pydantic.Field(default=10, ge=0, allow_inf_nan=False)
    stability: float = pydantic.Field(default=10, ge=0, allow_inf_nan=False)
    cost: float = pydantic.Field(default=10, ge=0, allow_inf_nan=False)

    @pydantic.model_validator(mode="after")
    def _some(self) -> Self:
        if not any(getattr(self, part) for part in PARTS):
            raise ValueError("every weight is 0: at least one has to count")
        return self


class Scale(Strict):
    """The value that gives 0 points and the one that gives 100, in the metric's unit."""

    worst: float = pydantic.Field(allow_inf_nan=False)
    best: float = pydantic.Field(allow_inf_nan=False)

    @pydantic.model_validator(mode="after")
    def _differ(self) -> Self:
        if self.worst == self.best:
            raise ValueError("worst and best are the same value")
        return self


class Tenfold(Scale):
    """The same for amounts of which a tenth is as much of a gain anywhere: points by the logarithm. Lower is better."""

    worst: float = pydantic.Field(gt=0, allow_inf_nan=False)
    best: float = pydantic.Field(gt=0, allow_inf_nan=False)

    @pydantic.model_validator(mode="after")
    def _lower_is_better(self) -> Self:
        if self.best > self.worst:
            raise ValueError("best is above worst, and less is better")
        return self


class Grades(Strict):
    """The points from which a score is an A or a B; below it is a C."""

    A: float = pydantic.Field(default=90, ge=0, le=100)
    B: float = pydantic.Field(default=75, ge=0, le=100)

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.B > self.A:
            raise ValueError("B needs more points than A")
        return self


class Scorecard(Strict):
    """The table [tool.modellab.scorecard]."""

    weights: Weights = Weights()
    grades: Grades = Grades()
    quality: dict[str, Scale] = {}  # by metric, before what is built in
    speed: Tenfold = Tenfold(worst=1.0, best=0.01)  # RTF
    memory: Tenfold = Tenfold(worst=16 * 2**30, best=128 * 2**20)  # bytes
    cost: Tenfold = Tenfold(worst=1.0, best=0.001)  # `currency` for an hour of audio
    prices: dict[str, pydantic.NonNegativeFloat] = {}  # machine class or pattern -> `currency` an hour
    currency: str = "USD"
    fewest: int = pydantic.Field(default=20, ge=2)

    def price(self, machine: str) -> float | None:
        """What an hour of this machine class costs: by its name, else by the first pattern that fits."""
        if machine in self.prices:
            return self.prices[machine]
        return next((price for name, price in self.prices.items() if fnmatch.fnmatchcase(machine, name)), None)

    def scale(self, metric: Metric) -> Scale | None:
        """The scale of a metric: the project's, what is built in for it, that of any ratio; None for other units."""
        if scale := self.quality.get(metric.name) or BUILT_IN.get(metric.name):
            return scale
        if metric.unit != "ratio":
            return None
        return LOWER if metric.better == "lower" else HIGHER


LOWER = Scale(worst=0.5, best=0.0)
HIGHER = Scale(worst=0.5, best=1.0)
BUILT_IN = {
    "mean_error_s": Scale(worst=0.3, best=0.0),
    "chrf": Scale(worst=0.2, best=0.8),
    "drift_rate": Scale(worst=0.2, best=0.0),
}
