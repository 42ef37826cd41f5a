"""The figures to reach, and whether they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from tools.gate_benchmark.figures import HIGHEST, geometric_mean

Json = dict[str, Any]
OURS = "modellab_duet"
SHIPPED_LIMITS = {"gha": 0.025, "mixed": 0.06, "traces_cpu_compute": 0.03, "traces_cpu_memory": 0.06}
SOURCES = ("quality", "quality_lab", "quality_counts")
MIDDLE = "N=1000,churn=5%"
SAME_COST = 24  # calls of a clean case that a rival in the same session may use


def checks(figures: Json) -> list[Json]:
    """Each target with what was measured."""
    parts: dict[str, Callable[[Json], Iterator[Json]]] = {
        "speed": _speed, "quality": _quality, "memory": _memory, "analysis": _analysis
    }  # fmt: skip
    return [row for part, check in parts.items() if figures.get(part) for row in check(figures)]


def finer(speed: Json, kind: str) -> dict[str, float]:
    """Per data set: how many times smaller an effect modellab sees than the best rival of a kind, both tuned to 1 %.

    Where the rival sees not even the largest effect that was tried, that effect counts.
    """
    found = {}
    for data, gates in speed.items():
        rivals = [gate for gate in gates.values() if gate["kind"] == kind and gate["calls_clean"] <= SAME_COST]
        best = min((_known(gate["mde80_at_1pct"]) for gate in rivals), default=math.nan)
        ours = gates[OURS]["mde80_at_1pct"]
        if rivals and ours:
            found[data] = best / ours
    return found


def _speed(figures: Json) -> Iterator[Json]:
    speed = figures["speed"]
    ours = {data: gates[OURS] for data, gates in speed.items()}
    alarms = {data: gate["false_alarm"] for data, gate in ours.items()}
    yield _most("false alarms per case, pairs: largest over data sets", 0.01, max(alarms.values()), alarms)
    suites = {data: gate["suite30_red"] for data, gate in ours.items()}
    yield _most("clean suite of 30 red, pairs: largest over data sets", 0.01, max(suites.values()), suites)
    stored = {
        data: gates["modellab_stored"]["false_alarm"] for data, gates in speed.items() if "modellab_stored" in gates
    }
    yield _most("false alarms per case, stored: largest over data sets", 0.01, max(stored.values()), stored)
    for data, limit in SHIPPED_LIMITS.items():
        if data in ours:
            yield _most(f"smallest slowdown seen as shipped: {data}", limit, _known(ours[data]["mde80"]))
    for kind, target, words in (
        ("stored", 5.0, "stored limits"),
        ("unpaired", 2.0, "unpaired tests of the same session"),
    ):
        ratios = finer(speed, kind)
        yield _least(
            f"finer than {words} at equal false alarms, geometric mean",
            target,
            geometric_mean(list(ratios.values())),
            ratios,
        )
        yield _least(f"finer than {words}, least over data sets", 1.2, min(ratios.values()), ratios)
    clean = {data: gate["calls_clean"] for data, gate in ours.items()}
    yield _most("timed calls of a clean case, mean: largest over data sets", 20, max(clean.values()), clean)
    yield _most("timed calls when flagged", 50, max(gate["calls_flagged"] for gate in ours.values()))


def _quality(figures: Json) -> Iterator[Json]:
    cells = {f"{part}: {cell}": gates for part in SOURCES for cell, gates in figures.get(part, {}).items()}
    alarms = {cell: gates["modellab"]["false_alarm"] for cell, gates in cells.items()}
    yield _most("WER: false alarms, largest over cells", 0.013, max(alarms.values()), alarms)
    for part in ("quality", "quality_counts"):  # the targets are for 18 % WER and 20 words; asr_lab_v1 has 3 % and 6
        if gates := figures.get(part, {}).get(MIDDLE):
            ours, rival = _known(gates["modellab"]["mde80"]), _known(gates["relative_5"]["mde80"])
            yield _most(f"WER seen at {MIDDLE} ({part})", 0.004, ours)
            yield _least(f"finer than +5 % relative at {MIDDLE} ({part})", 2.5, rival / ours)


def _memory(figures: Json) -> Iterator[Json]:
    ours = figures["memory"]["modellab"]
    yield _least("memory: +1.5 % seen", 0.99, ours["power"]["1.5%"])
    yield _most("memory: false alarms", 0.001, ours["false_alarm"])


def _analysis(figures: Json) -> Iterator[Json]:
    cost = figures["analysis"]
    yield _most("analysis of 10,000 utterances, CPU seconds", 1.0, cost["seconds"])
    yield _most("analysis of 10,000 utterances, peak MB of the whole process", 300.0, cost["peak_mb"])


def _known(value: float | None) -> float:
    return HIGHEST if value is None else value


def _most(name: str, target: float, measured: float, each: dict[str, float] | None = None) -> Json:
    row = {"name": name, "target": f"<= {target:g}", "measured": measured, "reached": measured <= target}
    return row | ({"each": each} if each else {})


def _least(name: str, target: float, measured: float, each: dict[str, float] | None = None) -> Json:
    row = {"name": name, "target": f">= {target:g}", "measured": measured, "reached": measured >= target}
    return row | ({"each": each} if each else {})
