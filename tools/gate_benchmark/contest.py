"""What a speed gate is to the benchmark, and what it scores on a data set."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tools.gate_benchmark.figures import (
    EFFECTS,
    SHOWN,
    Bools,
    Floats,
    clopper_pearson,
    generator,
    smallest,
    suite_red,
    threshold,
)
from tools.gate_benchmark.timings import Calls, Data

Decision = Callable[[Calls], Bools]
Score = Callable[[Calls], Floats]


@dataclass(frozen=True, slots=True)
class Gate:
    """One way to decide. `scores` are the numbers its knobs are compared with: the best of them counts when tuned."""

    name: str
    title: str
    kind: str  # "stored", "unpaired", "modellab"
    design: str  # the method of Data that draws what it needs
    n: int  # calls per side
    calls: int  # timed calls of a clean case
    slower: Decision
    scores: tuple[Score, ...]
    clean: Callable[[Calls], float] | None = None  # where the number of calls depends on what is seen
    flagged: int | None = None
    tuned_calls: Callable[[Calls, float], float] | None = None  # of a clean case, at a tuned limit
    factor: int = 1  # of clean sessions to draw: gates with rare false alarms need more of them


@dataclass(frozen=True, slots=True)
class Effort:
    """How many sessions are drawn (clean ones by a gate's `factor` more), how finely effects are searched."""

    clean: int = 4000
    slowed: int = 1000
    steps: int = 7
    most: int = 20  # of `factor`
    effects: tuple[float, ...] = EFFECTS


FULL, QUICK = Effort(), Effort(clean=600, slowed=150, steps=4, most=5, effects=SHOWN)


def measure(gate: Gate, data: Data, effort: Effort) -> dict[str, Any]:
    """Every figure of one gate on one data set."""
    draw = getattr(data, gate.design)
    sessions = effort.clean * min(gate.factor, effort.most)
    more = 8 if gate.factor > 1 else 1  # its effects are the ones to be measured finely
    clean: Calls = draw(generator(data.name, gate.design, "clean"), sessions, gate.n)
    slowed: Calls = draw(generator(data.name, gate.design, "slowed"), effort.slowed * more, gate.n)
    false_alarm = float(gate.slower(clean).mean())
    independent = min(data.independent or len(clean.after), len(clean.after))
    bounds = clopper_pearson(false_alarm * independent, independent)

    @cache
    def power(effect: float) -> float:
        return float(gate.slower(slowed.slowed(effect)).mean())

    at_1pct = [tuned(score, clean.first(effort.clean), slowed, effort) for score in gate.scores]
    seen, limit = min(at_1pct)
    figures = {
        "title": gate.title,
        "kind": gate.kind,
        "false_alarm": false_alarm,
        "false_alarm_bounds": list(bounds),
        "sessions": len(clean.after),
        "independent_sessions": independent,
        "suite30_red": suite_red(false_alarm),
        "suite30_red_upper": suite_red(bounds[1]),
        "power": {percent(effect): power(effect) for effect in effort.effects},
        "mde80": finite(smallest(power, effort.steps)),
        "mde80_at_1pct": finite(seen),
        "calls_clean": gate.clean(clean) if gate.clean else float(gate.calls),
        "calls_flagged": gate.flagged or gate.calls,
    }
    if gate.tuned_calls:
        figures["calls_clean_at_1pct"] = gate.tuned_calls(clean.first(effort.clean), limit)
    return figures


def tuned(score: Score, clean: Calls, slowed: Calls, effort: Effort) -> tuple[float, float]:
    """When 1 % of clean sessions may fail: the smallest effect seen with 80 % power, and the limit on `score`."""
    limit = threshold(score(clean))
    return smallest(lambda effect: float(np.mean(score(slowed.slowed(effect)) > limit)), effort.steps), limit


def percent(effect: float) -> str:
    """The key of an effect.

    >>> percent(0.05), percent(0.015)
    ('5%', '1.5%')
    """
    return f"{100 * effect:g}%"


def finite(value: float) -> float | None:
    """JSON knows no infinity: None says 'not even the largest effect that was tried'."""
    return value if math.isfinite(value) else None
