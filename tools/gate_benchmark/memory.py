"""Peak memory: modellab's rule, confirmed by a second run, against fixed shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from modellab.gate import memory
from modellab.types import CaseId, ResourceBaseline, Result, Status
from tools.gate_benchmark.contest import percent
from tools.gate_benchmark.figures import Bools, Floats, clopper_pearson, generator, suite_red

METRIC = "peak_rss_bytes"
SESSIONS = 8  # calibration runs
EFFECTS = (0.005, 0.01, 0.015, 0.02, 0.05, 0.10)
KEY = CaseId("asr", "none", "numpy", "child", "cpu", "float32")


def measure(peaks: Floats, runs: int) -> dict[str, Any]:
    """Each gate's false alarms and power; peaks of unchanged processes drawn from those that were recorded."""
    drawn = generator("memory").choice(peaks, (runs, SESSIONS + 3))
    accepted, sessions, now = drawn[:, 0], drawn[:, 1:-2], drawn[:, -2:]
    gates: dict[str, tuple[str, Callable[[Floats], Bools]]] = {
        "modellab": ("modellab", lambda now: modellab(accepted, sessions, now)),
        "relative_5": ("+5 %", lambda now: now[:, 0] > 1.05 * accepted),
        "relative_10": ("+10 %", lambda now: now[:, 0] > 1.10 * accepted),
    }
    return {name: {"title": title, **_figures(gate, now)} for name, (title, gate) in gates.items()}


def modellab(accepted: Floats, sessions: Floats, now: Floats) -> Bools:
    """modellab's verdict, red only where a second run agrees; shapes (runs,), (runs, SESSIONS), (runs, 2)."""
    rows = zip(accepted, sessions, now, strict=True)
    return np.array([all(red(then, history, peak) for peak in fresh) for then, history, fresh in rows])


def red(accepted: float, sessions: Floats, now: float) -> bool:
    """`memory.judge` of one run."""
    resources = ResourceBaseline({}, {}, {METRIC: accepted}, tuple({METRIC: peak} for peak in sessions))
    (verdict,) = memory.assess(Result(KEY, (), {METRIC: now}, "", {}), resources, {})
    return verdict.status is Status.REGRESSED


def _figures(gate: Callable[[Floats], Bools], now: Floats) -> dict[str, Any]:
    false_alarm = float(gate(now).mean())
    return {
        "false_alarm": false_alarm,
        "false_alarm_bounds": list(clopper_pearson(false_alarm * len(now), len(now))),
        "suite30_red": suite_red(false_alarm),
        "power": {percent(effect): float(gate(now * (1 + effect)).mean()) for effect in EFFECTS},
    }


def spread(peaks: Floats) -> dict[str, float]:
    """How much the recorded peaks differ."""
    mean = float(peaks.mean())
    return {
        "processes": len(peaks),
        "mean_mib": mean / 2**20,
        "sd_share": float(peaks.std(ddof=1)) / mean,
        "range_share": math.fsum((peaks.max(), -peaks.min())) / mean,
    }
