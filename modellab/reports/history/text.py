"""A case's history in words: a table of its runs, and a sentence for each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modellab import units
from modellab.reports.history.series import History, Run, Series
from modellab.stats.change_points import Step

if TYPE_CHECKING:
    from rich.text import Text

MOST_FACTS = 4  # named in a sentence


def size(series: Series, step: Step) -> str:
    """A step's size: speed and memory as a fraction of the level before, quality in its unit."""
    if series.kind == "quality" or not step.before:
        return units.change(step.change, series.unit)
    return units.relative(step.change / step.before)


def commit(run: Run) -> str:
    """A run's commit, with a + where the tree had other changes."""
    return run.commit.short + ("+" if run.commit.dirty else "")


def table(history: History) -> tuple[list[str], list[list[str | Text]]]:
    """Headings and rows, oldest run first; a value after which the level moved carries a mark and the step's size."""
    from rich.text import Text

    marks = {
        (series.points[step.index], series.metric): Text(
            f"{units.value(series.values[series.points[step.index]], series.unit)}"
            f" {'▲' if step.change > 0 else '▼'} {size(series, step)}",
            "red" if series.worse(step) else "green",
        )
        for series in history.series
        for step in series.steps
    }
    rows: list[list[str | Text]] = []
    for i, run in enumerate(history.runs):
        cells = [marks.get((i, series.metric), units.value(series.values[i], series.unit)) for series in history.series]
        rows.append([f"{run.at:%Y-%m-%d %H:%M}", commit(run), *cells, _verdict(history, run)])
    return ["date", "commit", *(series.metric for series in history.series), "verdict"], rows


def _verdict(history: History, run: Run) -> str:
    """The case's verdict; of a single metric its own."""
    if len(history.series) > 1:
        return str(run.status)
    return str(run.verdicts.get(history.series[0].metric, "-"))


def sentences(history: History) -> Iterator[str]:
    """One for each step: how large, between which commits, and what else changed there."""
    for series in history.series:
        for step in series.steps:
            before, after = history.around(series, step)
            levels = " -> ".join(units.value(level, series.unit) for level in (step.before, step.after))
            verdict = "worse" if series.worse(step) else "better"
            yield f"{series.metric} {size(series, step)} ({levels}, {verdict}) {_between(before, after)}"


def happened(history: History) -> Iterator[str]:
    """One sentence for each event, oldest first."""
    for event in history.events:
        yield f"{event.at:%Y-%m-%d %H:%M}  {event.kind:<8}  {event.text}"


def _between(before: Run, after: Run) -> str:
    same = before.commit.hash == after.commit.hash
    if same and not (before.commit.dirty or after.commit.dirty):
        times = f"{before.at:%Y-%m-%d %H:%M} and {after.at:%Y-%m-%d %H:%M}"
        where = f"between {times}, both at {commit(after)}: not the code"
    else:
        where = f"between {commit(before)} ({before.at:%Y-%m-%d}) and {commit(after)} ({after.at:%Y-%m-%d})"
    changed = [
        f"{name} {before.facts.get(name) or 'none'} -> {after.facts.get(name) or 'none'}"
        for name in sorted(before.facts.keys() | after.facts.keys())
        if before.facts.get(name) != after.facts.get(name)
    ]
    more = [f"{len(changed) - MOST_FACTS} more"] if len(changed) > MOST_FACTS else []
    return f"{where}; with {', '.join([*changed[:MOST_FACTS], *more])}" if changed else where
