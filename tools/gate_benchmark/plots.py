"""The pictures of the page: one power curve per data set of timings, and the effects seen at equal false alarms."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tools.gate_benchmark.figures import HIGHEST

Json = dict[str, Any]
SHOWN = {  # gate -> (label, colour, line): Okabe & Ito's colours, told apart by eyes of every kind
    "modellab_duet": ("modellab, pairs", "#D55E00", "-"),
    "modellab_stored": ("modellab, stored", "#E69F00", "-"),
    "u_test_12": ("U test", "#009E73", "--"),
    "asv": ("asv", "#0072B2", "--"),
    "stored_median_5": ("stored median +5 %", "#000000", ":"),
    "stored_mean_10": ("stored mean +10 %", "#7F7F7F", ":"),
}
BARS = (
    "modellab_duet",
    "modellab_12_pairs",
    "asv",
    "u_test_12",
    "same_run_median_5",
    "stored_median_5",
    "stored_mean_5",
)
LINEAR = 0.01  # below 1 % the axis is linear, so that 0 has a place
GAP = 0.055  # between labels, in units of the axis
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "modellab", "font.size": 9, "font.family": "sans-serif"}


def draw(figures: Json, out: Path) -> dict[str, str]:
    """Write the pictures into a folder; their names by what they show."""
    import matplotlib as mpl

    mpl.use("agg")
    pictures = {}
    with mpl.rc_context(STYLE):
        for data, gates in figures["speed"].items():
            pictures[data] = f"power_{data}.svg"
            power(gates, figures["titles"][data], out / pictures[data])
        pictures["bars"] = "effects.svg"
        bars(figures, out / pictures["bars"])
    return pictures


def power(gates: Json, title: str, path: Path) -> None:
    """The share of runs that are red over the slowdown; at 0 these are false alarms."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0.8, color="#BBBBBB", linewidth=0.8)
    ends = []
    for name, (label, colour, line) in SHOWN.items():
        if name in gates:
            effects, seen = curve(gates[name])
            axes.plot(effects, seen, line, color=colour, linewidth=2 if name == "modellab_duet" else 1.3)
            ends.append((label, colour, effects, seen))
    for label, colour, height in placed(ends):
        axes.annotate(label, (1.01, height), xycoords="axes fraction", color=colour, va="center")
    axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    ticks = [0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5]
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set(xlim=(0, 0.5), ylim=(0, 1), xlabel="true slowdown (at 0: false alarms)", ylabel="share of runs red")
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def curve(gate: Json) -> tuple[list[float], list[float]]:
    """Effects, 0 first, and the share that is red at each."""
    effects = [float(effect.rstrip("%")) / 100 for effect in gate["power"]]
    return [0.0, *effects], [gate["false_alarm"], *gate["power"].values()]


def placed(ends: list[tuple[str, str, list[float], list[float]]]) -> list[tuple[str, str, float]]:
    """Labels at the right end of their lines, pushed apart; equal ends in the order of what is seen on the way."""
    order = sorted(ends, key=lambda end: (end[3][-1], sum(end[3])), reverse=True)
    heights: list[float] = []
    for *_, seen in order:
        heights.append(min(seen[-1], heights[-1] - GAP) if heights else seen[-1])
    below = max(0.0, GAP / 2 - heights[-1]) if heights else 0.0
    return [(label, colour, height + below) for (label, colour, *_), height in zip(order, heights, strict=True)]


def bars(figures: Json, path: Path) -> None:
    """Per data set, the smallest slowdown seen with 80 % power when every gate has 1 % false alarms."""
    from matplotlib.figure import Figure

    sets = figures["speed"]
    columns = 4
    rows = math.ceil(len(sets) / columns)
    figure = Figure(figsize=(10, 2.1 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (data, gates) in zip(panels, sets.items(), strict=False):
        _panel(axes, data, gates)
    for axes in panels[len(sets) :]:
        axes.set_visible(False)
    figure.suptitle("smallest slowdown seen, every gate tuned to 1 % false alarms (shorter is better)", fontsize=10)
    figure.savefig(path, metadata={"Date": None})


def _panel(axes: Any, data: str, gates: Json) -> None:
    shown = [gates[name] for name in BARS if name in gates]
    known = [HIGHEST if gate["mde80_at_1pct"] is None else gate["mde80_at_1pct"] for gate in shown]
    colours = ["#D55E00" if gate["kind"] in ("modellab", "part") else "#7F7F7F" for gate in shown]
    axes.barh(range(len(shown)), known, color=colours, height=0.7)
    for at, (value, gate) in enumerate(zip(known, shown, strict=True)):
        text = f"> {value:.0%}" if gate["mde80_at_1pct"] is None else f"{value:.1%}"
        axes.text(value * 1.1, at, text, va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(0.003, HIGHEST * 4)
    ticks = [0.01, 0.1, 1.0]
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(shown)), [gate["title"] for gate in shown], fontsize=7)
    axes.invert_yaxis()
    axes.set_title(data, loc="left", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
