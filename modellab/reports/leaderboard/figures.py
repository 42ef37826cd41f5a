"""A task's figure: its first metric, speed, memory and scores, and the Pareto front, each with 95 % intervals.

As SVG for a page the colours are the page's variables, so that they follow light and dark; as a file (`draw`) they are
those of a light page.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modellab import units
from modellab.reports.history import chart
from modellab.reports.leaderboard import prose
from modellab.reports.leaderboard.records import ComparableGroup, Point, System
from modellab.stats.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, LINE, MARK, FRONT, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#2f6fb5", "#0a7f3f", "#fffffe"
VARIABLES = {INK: "--ink", QUIET: "--quiet", LINE: "--line", MARK: "--hyp", FRONT: "--good", PAPER: "--paper"}
STYLE: dict[str, Any] = {
    **chart.STYLE,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": INK,
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
}
WIDTH, ROW, AROUND, PARETO = 5.2, 0.27, 0.85, 3.9  # inches
MOST = 16  # systems of a panel; more are in the tables
TENFOLD = 8.0  # a range wider than that is drawn by its logarithm
CUT = 40  # letters of a name
IDS = re.compile(
    r' id="(?:figure|axes|patch|text|line2d|matplotlib\.axis|xtick|ytick|PathCollection|LineCollection|legend)_\d+"'
)
JUNK = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


class Panel(NamedTuple):
    """One panel: a name, a number for each system, and how a number is written."""

    title: str
    unit: str
    numbers: tuple[tuple[System, Estimate], ...]
    alt_text: str  # the numbers in words, for who does not see them


def panels(group: ComparableGroup) -> list[Panel]:
    """The four panels, in the order of the scores; one without any number is left out."""
    compared = [score for score in group.scores if score.compared][:MOST]
    kinds = [(f"{units.heading(group.metric)} ({group.better} is better)", 0), ("RTF (lower is better)", 1),
             ("peak memory (lower is better)", 2)]  # fmt: skip
    titled = [(title, tuple((score.who, score.parts[at].measured) for score in compared)) for title, at in kinds]
    titled.append(("score (higher is better)", tuple((score.who, score.points) for score in compared)))
    made = []
    for title, pairs in titled:
        known = [estimate for _, estimate in pairs if estimate.known]
        if known:
            numbers = "; ".join(f"{who.name} {prose.span(estimate)}" for who, estimate in pairs)
            made.append(Panel(title, known[0].unit, pairs, f"{title}: {numbers}"))
    return made


def svgs(group: ComparableGroup) -> Iterator[tuple[str, str]]:
    """What each drawing says and the drawing, as SVG elements for a page."""
    for panel in panels(group):
        height = AROUND + ROW * len(panel.numbers)
        yield panel.alt_text, _svg((WIDTH, height), lambda axes, panel=panel: _dots(axes, panel))  # type: ignore[misc]
    if len(_points(group)) > 1:
        yield _front_text(group), _svg((2 * WIDTH, PARETO), lambda axes: _pareto(axes, group))


def draw(group: ComparableGroup, path: Path) -> None:
    """The four panels and the Pareto front in one file, SVG or PNG by the name's ending."""
    chart.check(path)
    import matplotlib
    from matplotlib.figure import Figure

    shown = panels(group)
    height = 2 * (AROUND + ROW * max((len(panel.numbers) for panel in shown), default=1))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(2 * WIDTH, height + PARETO), layout="constrained", facecolor=PAPER)
        upper, lower = figure.subfigures(2, 1, height_ratios=[height, PARETO])
        for panel, axes in zip(shown, upper.subplots(2, 2).flat, strict=False):
            _dots(axes, panel)
        _pareto(lower.subplots(), group)
        n = f"N {group.utterances} utterances of {', '.join(group.datasets)}"
        figure.suptitle(f"{group.task} · {n} · 95 % intervals", fontsize=10, x=0.01, ha="left")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=130, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _svg(size: tuple[float, float], paint: Callable[[Axes], None]) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        paint(axes)
        sink = io.StringIO()
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = sink.getvalue()
    text = JUNK.sub("", text[text.index("<svg") :])
    text = IDS.sub("", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text.replace("'DejaVu Sans'", "system-ui, sans-serif").strip()


def _dots(axes: Axes, panel: Panel) -> None:
    """A dot with its interval for each system, the best score on top; a dash where there is no number."""
    places = range(len(panel.numbers))
    known = [(i, estimate) for i, (_, estimate) in enumerate(panel.numbers) if estimate.known]
    known = [(i, _shown(estimate)) for i, estimate in known]
    for i, estimate in known:
        low, high = estimate.interval or (estimate.value, estimate.value)
        axes.plot([low, high], [i, i], color=MARK, linewidth=2, solid_capstyle="butt", alpha=0.55, zorder=2)
        axes.plot([estimate.value], [i], "o", color=MARK, markersize=5, zorder=3)
        label = prose.points(estimate).partition(" ")[0] if panel.title.startswith("score") else _amount(estimate)
        axes.annotate(label, (1.01, i), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=QUIET)
    axes.set_yticks(list(places), [_short(who.name) for who, _ in panel.numbers], fontsize=8)
    axes.set_ylim(len(panel.numbers) - 0.5, -0.5)
    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold")
    _axis(axes, "x", [estimate for _, estimate in known])
    if panel.title.startswith("score"):
        axes.set_xlim(0, 100)


def _shown(estimate: Estimate) -> Estimate:
    """Bytes in MiB, so that ticks are round; everything else as it is."""
    if estimate.unit != "bytes":
        return estimate
    return Estimate(estimate.value / 2**20, estimate.low / 2**20, estimate.high / 2**20, estimate.n, estimate.of, "MiB")


def _amount(estimate: Estimate) -> str:
    return (
        _tick(estimate.value, estimate.unit) if estimate.unit == "MiB" else prose.value(estimate.value, estimate.unit)
    )


def _axis(axes: Axes, which: str, estimates: Sequence[Estimate]) -> None:
    """Round ticks in the unit; by the logarithm where the numbers differ tenfold."""
    from matplotlib import ticker

    unit = estimates[0].unit
    ends = [
        end for estimate in estimates for end in (estimate.value, estimate.low, estimate.high) if math.isfinite(end)
    ]
    tenfold = min(ends) > 0 and max(ends) / min(ends) > TENFOLD and unit in {"s/s", "MiB", "s"}
    if tenfold:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _tick(value, unit)))
    axis.set_minor_formatter(ticker.NullFormatter())
    axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0), numticks=6) if tenfold else ticker.MaxNLocator(5))
    axes.tick_params(axis=which, which="both", labelsize=8, length=0)
    axes.grid(axis=which, color=LINE, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def _tick(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{100 * value:.3g} %"
    if unit == "MiB":
        return f"{value:,.0f} MiB"
    return f"{value:.3g}{' s' if unit == 's' else ''}"


def _points(group: ComparableGroup) -> list[Point]:
    """In the order of the scores."""
    known = {point.who: point for point in group.front if point.quality.known and point.speed.known}
    return [known[score.who] for score in group.scores if score.who in known][:MOST]


def _pareto(axes: Axes, group: ComparableGroup) -> None:
    """Quality over speed with both intervals; the front as a line, who is behind it hollow."""
    points = _points(group)
    if not points:
        axes.set_axis_off()
        axes.text(0, 0.5, "no times", color=QUIET)
        return
    for number, point in enumerate(points, start=1):
        _numbered(axes, point, number)
    line = sorted((p.speed.value, p.quality.value) for p in points if p.front)
    axes.plot([x for x, _ in line], [y for _, y in line], color=FRONT, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    for which, estimates in (("x", [p.speed for p in points]), ("y", [p.quality for p in points])):
        _axis(axes, which, estimates)
    axes.margins(x=0.08, y=0.12)
    axes.set_xlabel("RTF (left is faster)", fontsize=8, color=QUIET)
    better = "down" if group.better == "lower" else "up"
    axes.set_ylabel(f"{units.heading(group.metric)} ({better} is better)", fontsize=8, color=QUIET)
    axes.set_title("quality against speed: filled is on the Pareto front", loc="left", fontsize=9, fontweight="bold")


def _numbered(axes: Axes, point: Point, number: int) -> None:
    """A point with its two intervals and its number; the name stands beside the axes."""
    x, y = point.speed, point.quality
    (left, right), (low, high) = x.interval or (x.value,) * 2, y.interval or (y.value,) * 2
    colour = FRONT if point.front else MARK
    axes.plot([left, right], [y.value] * 2, color=colour, alpha=0.4, linewidth=1.2, zorder=2)
    axes.plot([x.value] * 2, [low, high], color=colour, alpha=0.4, linewidth=1.2, zorder=2)
    face, ink = (FRONT, PAPER) if point.front else (PAPER, INK)
    zorder = 4 + (MOST - number) / MOST + point.front
    axes.plot([x.value], [y.value], "o", markersize=12, zorder=zorder, markerfacecolor=face, markeredgecolor=colour)
    middle = {"ha": "center", "va": "center_baseline"}
    axes.annotate(str(number), (x.value, y.value), color=ink, fontsize=7.5, zorder=zorder + 0.01, **middle)
    place = {"xycoords": "axes fraction", "va": "top", "fontsize": 8}
    axes.annotate(f"{number}  {_short(point.who.name)}", (1.02, 1 - 0.065 * (number - 1)), color=INK, **place)


def _front_text(group: ComparableGroup) -> str:
    front = ", ".join(point.who.name for point in group.front if point.front)
    return f"quality against speed; on the Pareto front: {front or 'nobody'}"


def _short(name: str) -> str:
    return name if len(name) <= CUT else f"{name[: CUT - 1]}…"
