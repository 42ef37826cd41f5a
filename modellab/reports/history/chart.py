"""A case's history drawn: a panel for each metric, its levels, its steps, the baseline and the pinned release."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modellab import units
from modellab.errors import ConfigError
from modellab.reports.history import chart_markers, text
from modellab.reports.history.series import History, Series
from modellab.stats.change_points import Step
from modellab.system import escape, extras
from modellab.types import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".svg", ".png")
INK, FAINT, LEVEL, PINNED = "#24292f", "#8c959f", "#9ec5fe", "#8250df"
GREY = "#57606a"
WORSE, BETTER = "#cf222e", "#1a7f37"
COLOURS = {
    Status.PASS: "#0550ae",
    Status.IMPROVED: BETTER,
    Status.REGRESSED: WORSE,
    Status.ABOVE_LIMIT: WORSE,
    Status.BELOW_LIMIT: WORSE,
    Status.INCONCLUSIVE: "#bf8700",
}  # of a point; others are faint
WIDTH, PANEL, AROUND, GAP = 10.0, 1.9, 2.05, 0.3  # inches
LABELS = 9  # commits named below, about
CROWDED = 0.08  # of a panel's width: a step's size closer than that to the one before is put above it
LETTER = 0.012  # of a panel's width: a letter of its title
APART = 0.25  # of a panel's height: reference lines closer than that have their names moved
STYLE = {
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # a reason may speak of $5
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "modellab",  # the same history gives the same file
}


def check(path: Path) -> None:
    """ConfigError for a file of another kind, and where what draws is missing."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path} is no chart's name, expected one that ends in {' or '.join(FORMATS)}")
    extras.need("reports", "a chart")


def draw(history: History, path: Path) -> None:
    """Write the chart as SVG or PNG, by the name's ending. Metrics that never moved are named and not drawn."""
    check(path)
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    moved = [series for series in history.series if not series.constant] or list(history.series[:1])
    strip = chart_markers.STRIP * len(chart_markers.rows(history)) + (GAP if history.events else 0.0)
    height = PANEL * len(moved) + AROUND + strip
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as a box
        figure = Figure(figsize=(WIDTH, height))
        panels = figure.subplots(len(moved), 1, sharex=True, squeeze=False)[:, 0]
        top = 1 - (1.05 + strip) / height
        figure.subplots_adjust(left=0.09, right=0.88, top=top, bottom=1.0 / height, hspace=0.45)
        for panel, series in zip(panels, moved, strict=True):
            _panel(panel, series, history)
            chart_markers.lines(panel, history)
        if history.events:
            place = (0.09, top + (GAP + 0.12) / height, 0.79, (strip - GAP) / height)
            chart_markers.draw(figure.add_axes(place), history)
        _commits(panels[-1], history)
        _words(figure, history, moved, height)
        for words in figure.findobj(Text):
            words.set_text(escape.visible(words.get_text()))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _panel(panel: Axes, series: Series, history: History) -> None:
    points = series.points
    values = [series.values[i] / _scale(series) for i in points]
    statuses = [history.runs[i].verdicts.get(series.metric) for i in points]
    colours = [COLOURS.get(status, FAINT) if status else FAINT for status in statuses]
    panel.plot(points, values, color=FAINT, linewidth=0.8, zorder=2)
    panel.scatter(points, values, s=22, c=colours, edgecolors="white", linewidths=0.6, zorder=4)
    _levels(panel, series)
    _references(panel, series)
    title = (len(series.metric) + 4) * LETTER * len(series.values)
    covered = any(_place(series, step) < title for step in series.steps)
    panel.set_title(series.metric, loc="left", fontsize=10, fontweight="bold", pad=18 if covered else 6)
    panel.yaxis.set_major_locator(_ticker().MaxNLocator(4))
    scale = _scale(series)
    panel.yaxis.set_major_formatter(_ticker().FuncFormatter(lambda value, _: units.value(value * scale, series.unit)))
    panel.grid(axis="y", color="#eaeef2", linewidth=0.8, zorder=0)
    panel.set_axisbelow(True)
    panel.set_xlim(-0.5, len(history.runs) - 0.5)
    panel.margins(y=0.18)
    panel.tick_params(length=0)
    _doubted(panel, series)


def _doubted(panel: Axes, series: Series) -> None:
    """Values in doubt, hollow; one far away is a triangle at the edge, so that it squeezes nothing."""
    low, high = panel.get_ylim()
    for i in sorted(series.doubted):
        value = series.values[i] / _scale(series)
        if math.isfinite(value):
            inside = not series.points or low <= value <= high
            marker, at = ("o", value) if inside else ("^", high) if value > high else ("v", low)
            panel.scatter(
                [i], [at], s=20, marker=marker, c="white", edgecolors=FAINT, linewidths=1, zorder=4, clip_on=False
            )
    if series.points:
        panel.set_ylim(low, high)


def _scale(series: Series) -> float:
    """What values are divided by on the axis, so that its ticks are round in the unit that is shown."""
    return 2.0**20 if series.unit == "bytes" else 1.0


def _ticker() -> Any:
    from matplotlib import ticker

    return ticker


def _place(series: Series, step: Step) -> float:
    """Where a step is drawn: between the runs before and after it."""
    return (series.points[step.index - 1] + series.points[step.index]) / 2


def _levels(panel: Axes, series: Series) -> None:
    """A bar along each level; between two levels a line with the step's size above it."""
    points = series.points
    edges = [0, *(step.index for step in series.steps), len(points)]
    levels = [series.steps[0].before, *(step.after for step in series.steps)] if series.steps else []
    for level, (start, end) in zip(levels, pairwise(edges), strict=False):
        panel.plot(
            [points[start], points[end - 1]],
            [level / _scale(series)] * 2,
            color=LEVEL,
            linewidth=5,
            zorder=1.5,
            alpha=0.8,
        )
    taken = -math.inf
    for step in series.steps:
        at = _place(series, step)
        crowded = at - taken < CROWDED * len(series.values)
        taken = -math.inf if crowded else at
        colour = WORSE if series.worse(step) else BETTER
        panel.axvline(at, color=colour, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        panel.annotate(
            text.size(series, step),
            (at, 1),
            xycoords=panel.get_xaxis_transform(),
            xytext=(0, 13 if crowded else 3),
            textcoords="offset points",
            color=colour,
            ha="center",
            fontsize=9,
            fontweight="bold",
        )


def _references(panel: Axes, series: Series) -> None:
    """The accepted baseline and the pinned release as lines, named at the right; where they are one, by one label."""
    lines = {"baseline": (series.accepted, INK, "--"), "pinned": (series.pinned, PINNED, ":")}
    names: dict[float, list[str]] = {}
    for name, (level, colour, dashes) in lines.items():
        if math.isfinite(level):
            panel.axhline(level / _scale(series), color=colour, linewidth=1.1, linestyle=dashes, zorder=1.2)
            names.setdefault(level, []).append(name)
    heights = sorted(level / _scale(series) for level in names)
    low, high = panel.get_ylim()
    close = len(heights) == 2 and heights[1] - heights[0] < APART * (high - low)
    for level, named in names.items():
        up = 0.0 if not close else 7.0 if level / _scale(series) == heights[1] else -7.0
        label = f"{' = '.join(named)}\n{units.value(level, series.unit)}"
        panel.annotate(label, (1.01, level / _scale(series)), xycoords=panel.get_yaxis_transform(), xytext=(0, up),
                       textcoords="offset points", color=lines[named[0]][1], va="center", fontsize=8)  # fmt: skip


def _commits(panel: Axes, history: History) -> None:
    """Commit and date below the first and last run, those after a step, and some between."""
    last = len(history.runs) - 1
    steps = [series.points[step.index] for series in history.series for step in series.steps]
    apart = max(1, math.ceil((last + 1) / LABELS))
    named: list[int] = []
    for i in [0, last, *sorted(steps), *range(0, last + 1, apart)]:
        if all(abs(i - other) >= apart for other in named):
            named.append(i)
    form = "%H:%M" if history.runs[0].at.date() == history.runs[-1].at.date() else "%Y-%m-%d"
    labels = [f"{escape.visible(text.commit(history.runs[i]))}\n{history.runs[i].at:{form}}" for i in named]
    panel.set_xticks(named, labels, fontsize=8)


def _words(figure: Any, history: History, moved: list[Series], height: float) -> None:
    """Title, span, and the metrics without a panel."""
    first, last = history.runs[0], history.runs[-1]
    span = f"{len(history.runs)} results, {first.at:%Y-%m-%d} to {last.at:%Y-%m-%d}"
    figure.text(0.09, 1 - 0.28 / height, str(history.key), fontsize=12, fontweight="bold")
    below = f"{span} · speed and memory on {history.machine}"
    figure.text(0.09, 1 - 0.47 / height, below, fontsize=8.5, color=GREY)
    _legend(figure, history, moved)
    still = [series for series in history.series if series not in moved and series.points]
    if still:
        levels = ", ".join(
            f"{series.metric} {units.value(series.values[series.points[0]], series.unit)}" for series in still
        )
        figure.text(0.09, 0.34 / height, f"never moved: {levels}", fontsize=8, color=GREY)


def _legend(figure: Any, history: History, moved: list[Series]) -> None:
    """What the colours of the points say, of those that are there."""
    from matplotlib.lines import Line2D

    shown = {history.runs[i].verdicts.get(series.metric) for series in moved for i in series.points}
    given = {str(status): (colour, "white") for status, colour in COLOURS.items() if status in shown}
    if shown - COLOURS.keys():
        given["not judged"] = (FAINT, "white")
    if any(series.doubted for series in moved):
        given["in doubt"] = ("white", FAINT)
    dots = [
        Line2D([], [], linestyle="", marker="o", markersize=5.5, label=name, markerfacecolor=face, markeredgecolor=edge)
        for name, (face, edge) in given.items()
    ]
    place = {"loc": "lower left", "bbox_to_anchor": (0.08, 0.0)}
    figure.legend(
        handles=dots, ncols=len(dots), frameon=False, fontsize=8, handletextpad=0.1, columnspacing=1.2, **place
    )
