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
BARS_FILE = "effects.svg"
LINEAR = 0.01  # below 1 % the axis is linear, so that 0 has a place
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "modellab", "font.size": 9, "font.family": "sans-serif"}


def name(data: str) -> str:
    """The file of a data set's power curves."""
    return f"power_{data}.svg"


def draw(figures: Json, out: Path) -> None:
    """Write the pictures into a folder."""
    import matplotlib as mpl

    mpl.use("agg")
    with mpl.rc_context(STYLE):
        for data, gates in figures["speed"].items():
            power(gates, figures["titles"][data], out / name(data))
        bars(figures, out / BARS_FILE)


def power(gates: Json, title: str, path: Path) -> None:
    """The fraction of runs that are red over the slowdown; at 0 these are false alarms."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0.8, color="#BBBBBB", linewidth=0.8)
    shown = sorted((gate for gate in SHOWN if gate in gates), key=lambda gate: -sum(curve(gates[gate])[1]))
    for gate in shown:  # the legend has the order of the lines, from left to right
        label, colour, line = SHOWN[gate]
        width = 2.2 if gate == "modellab_duet" else 1.3
        axes.plot(*curve(gates[gate]), line, color=colour, linewidth=width, label=label)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, labelcolor="linecolor", handlelength=2.4)
    axes.annotate("80 %", (0.0, 0.8), xytext=(3, 2), textcoords="offset points", color="#999999", fontsize=8)
    axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    ticks = [0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5]
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set(xlim=(0, 0.5), ylim=(0, 1), xlabel="true slowdown (at 0: false alarms)", ylabel="share of runs red")
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def curve(gate: Json) -> tuple[list[float], list[float]]:
    """Effects, 0 first, and the fraction that is red at each."""
    effects = [float(effect.rstrip("%")) / 100 for effect in gate["power"]]
    return [0.0, *effects], [gate["false_alarm"], *gate["power"].values()]


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
        axes.tick_params(labelbottom=True)
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
