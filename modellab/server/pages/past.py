"""`/results/ID/history`: the case of a result over time, with what it rests on and where its level moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from modellab import units
from modellab.server.auth import Who, needs
from modellab.server.pages import charts, frame
from modellab.server.results.decisions import Remembered
from modellab.stats.change_points import Step
from modellab.stats.estimate import Estimate

Reads = Annotated[Who, Depends(needs("read"))]
WORSE = frozenset({"REGRESSED", "ABOVE_LIMIT", "BELOW_LIMIT", "PARTIAL", "ERROR"})
Json = Mapping[str, Any]


def router(remembered: Remembered) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/results/{entry}/history")
    def past(request: Request, who: Reads, entry: str) -> Response:
        history = remembered.ask("past", with_intervals=True, owner=who.project, entry=entry)
        moved = [series for series in history["series"] if len(set(_known(series))) > 1] or history["series"][:1]
        still = [series for series in history["series"] if series not in moved and _known(series)]
        place = " ".join(filter(None, (history["device"], history["precision"], history["preprocessing"])))
        return frame.page(
            request, "history.html.j2", f"{history['model']}:{history['variant']} on {history['dataset']}: history",
            found=history, place=place, panels=[panel(history, series) for series in moved], rows=_rows(history),
            said=list(_sentences(history, moved)),
            first=units.heading(history["series"][0]["metric"]) if history["series"] else "",
            still=[
                f"{units.heading(series['metric'])} {units.value(_known(series)[0], series['unit'])}"
                for series in still
            ],
        )  # fmt: skip

    return routes


def _known(series: Json) -> list[float]:
    return [value for value in series["values"] if value is not None]


def estimate(history: Json, series: Json, number: int) -> Estimate:
    """The value of a run with its interval; NaN where it has none."""
    value, ends = series["values"][number], series["intervals"][number]
    low, high = (float("nan") if end is None else end for end in ends or (None, None))
    n = history["runs"][number]["counted"]
    return Estimate(float("nan") if value is None else value, low, high, n, unit=series["unit"])


def panel(history: Json, series: Json) -> dict[str, Any]:
    """One metric as a chart."""
    estimates = {i: estimate(history, series, i) for i, value in enumerate(series["values"]) if value is not None}
    against = list(_against(series))
    across = charts.spread(len(history["runs"]))
    down = charts.scale([*estimates.values(), *(known for known, _, _ in against)], charts.HEIGHT, is_up=True)
    dots = {}
    for i, point in estimates.items():
        x, (low, high) = round(float(across[i]), 2), point.interval or (point.value, point.value)
        places = x, down.at(point.value), x, x, down.at(high), down.at(low)
        dots[i] = charts.Dot(*places, _label(history, series, i, point), _kind(history, series, i))
    points = [dots[i] for i in series["points"]]
    levels = list(_levels(series, across, down))
    title, steps = units.heading(series["metric"]), len(series["steps"])
    note = f"{series['better']} is better; {units.counted(len(estimates), 'result')}, {units.counted(steps, 'step')}"
    return {
        "title": title, "note": note, "said": f"{title} over {len(estimates)} results; {note}", "height": charts.HEIGHT,
        "dots": list(dots.values()), "line": charts.line(points), "levels": levels,
        "against": [charts.Level(0, 100, down.at(known.value), label, kind) for known, label, kind in against],
        "down": down.ticks(series["unit"], 4),
    }  # fmt: skip


def _against(series: Json) -> Iterator[tuple[Estimate, str, str]]:
    """What the metric is held against: its value, in words, and how it is drawn; one line where two are the same."""
    accepted, pinned = series.get("accepted"), series.get("pinned")
    both = accepted is not None and accepted == pinned
    for name, value in (("baseline = pinned" if both else "baseline", accepted), ("pinned", None if both else pinned)):
        if value is not None:
            nowhere = float("nan")
            known = Estimate(value, nowhere, nowhere, 0, unit=series["unit"])
            yield known, f"{name} {units.value(value, series['unit'])}", name.partition(" ")[0]


def _kind(history: Json, series: Json, number: int) -> str:
    if number not in series["points"]:
        return "doubt"
    status = history["runs"][number]["verdicts"].get(series["metric"], "")
    return "worse" if status in WORSE else "better" if status == "IMPROVED" else "plain"


def _label(history: Json, series: Json, number: int, point: Estimate) -> str:
    run = history["runs"][number]
    ends = f" [{', '.join(units.value(end, point.unit) for end in point.interval)}]" if point.interval else ""
    doubt = f"; {run['doubt']}" if run["doubt"] and series["kind"] == "speed" else ""
    when = f"{run['finished_at'][:16].replace('T', ' ')} UTC, {_commit(run)}"
    return f"{when}: {units.value(point.value, point.unit)}{ends}{doubt}"


def _commit(run: Json) -> str:
    return f"{run['commit'][:9] or 'no commit'}{'+' if run['dirty'] else ''}"


def _levels(series: Json, across: Any, down: charts.Scale) -> Any:
    """The levels between steps; each begins between the result before the step and the one after it."""
    points, steps = series["points"], series["steps"]
    if not steps:
        return
    places = [across[points[0]]]
    places += [(across[points[step[0] - 1]] + across[points[step[0]]]) / 2 for step in steps]
    ends = [*places[1:], across[points[-1]]]
    heights = [steps[0][1], *(step[2] for step in steps)]
    labels = [("", ""), *((_size(series, step), _way(series, step)) for step in steps)]
    for x1, x2, height, (label, kind) in zip(places, ends, heights, labels, strict=True):
        yield charts.Level(round(float(x1), 2), round(float(x2), 2), down.at(height), label, kind)


def _way(series: Json, step: list[float]) -> str:
    return "worse" if (step[2] > step[1]) is (series["better"] == "lower") else "better"


def _size(series: Json, step: list[float]) -> str:
    """A step's size: speed and memory as a fraction of the level before, quality in its unit."""
    moved = Step(int(step[0]), step[1], step[2])
    if series["kind"] == "quality" or not moved.before:
        return units.change(moved.change, series["unit"])
    return units.relative(moved.change / moved.before)


def _sentences(history: Json, moved: list[Json]) -> Any:
    for series in moved:
        for step in series["steps"]:
            before, after = (history["runs"][series["points"][i]] for i in (step[0] - 1, step[0]))
            levels = " to ".join(units.value(level, series["unit"]) for level in step[1:])
            yield {
                "kind": _way(series, step), "metric": units.heading(series["metric"]), "size": _size(series, step),
                "levels": levels, "before": before, "after": after,
            }  # fmt: skip


def _rows(history: Json) -> list[dict[str, Any]]:
    """The results, newest first."""
    rows = []
    by_name = {series["metric"]: series for series in history["series"]}
    first = history["series"][0] if history["series"] else None
    for number, run in reversed(list(enumerate(history["runs"]))):
        quality = estimate(history, first, number) if first else Estimate(float("nan"))
        speed = by_name["rtf"]["values"][number] if "rtf" in by_name else None
        ends = f"[{', '.join(units.value(end, quality.unit) for end in quality.interval)}]" if quality.interval else ""
        rows.append({
            **run, "value": units.value(quality.value, quality.unit), "interval": ends,
            "rtf": units.value(speed, "s/s"),
        })  # fmt: skip
    return rows
