"""Which contests are held, in which order of cost, and where their figures go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, partial
from pathlib import Path
from typing import Any

from tools.gate_benchmark import (
    analysis,
    contest,
    detection,
    memory,
    ours,
    peaks,
    peers,
    quality,
    release,
    suites,
    traces,
    words,
)
from tools.gate_benchmark.noise import NOISE
from tools.gate_benchmark.timings import Data, Recorded, Simulated

Json = dict[str, Any]
Name = tuple[str, str, str]  # part, data set or source, gate or cell
Task = tuple[Name, Callable[[], Json]]
TITLES = {
    "bare": "simulated, a machine of one's own",
    "gha": "simulated, GitHub's hosted runners",
    "mixed": "simulated, a fleet of mixed machines",
}
MEASURED_BY = ("suites", "detection")  # parts whose cells say by which state of the gate


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of each part is run."""

    speed: contest.Effort = contest.FULL
    quality: quality.Effort = quality.FULL
    suites: suites.Effort = suites.FULL
    clustered_runs: int = 1000
    memory_runs: int = 20_000
    hit_runs: int = 600


FULL = Effort()
QUICK = Effort(contest.QUICK, quality.QUICK, suites.QUICK, clustered_runs=100, memory_runs=4000, hit_runs=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    quick: bool = False
    traces: tuple[Path, ...] = ()
    counts: Path | None = None
    jobs: int = 1
    only: tuple[str, ...] = ()  # parts that are measured anew, the others are those that were published; all if empty
    published: Path | None = None
    cells: tuple[str, ...] = ()  # patterns: of the parts in `only` just these cells are measured anew; all if empty
    effort: Effort | None = None  # QUICK or FULL, as `quick` says, if none is given

    @property
    def how_much(self) -> Effort:
        """The effort in force."""
        return self.effort or (QUICK if self.quick else FULL)


def run(plan: Plan, out: Path) -> None:
    """Measure, print and write everything into a folder."""
    started = time.monotonic()
    figures = measure(plan)
    figures["took_s"] = time.monotonic() - started
    publish(figures, out)


def publish(figures: Json, out: Path) -> None:
    """Hold the figures against their targets; write them, the page and the pictures."""
    from tools.gate_benchmark import page, plots

    figures["release"] = release.checks(figures)
    figures = rounded(figures)
    out.mkdir(parents=True, exist_ok=True)
    (out / "gate.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (out / "gate.md").write_text(page.write(figures), encoding="utf-8")
    plots.draw(figures, out)
    print(page.summary(figures))


def measure(plan: Plan) -> Json:
    """Every part; speed and quality in processes side by side."""
    figures: Json = json.loads((plan.published).read_text(encoding="utf-8")) if plan.only and plan.published else {}
    figures = {name: figure for name, figure in figures.items() if plan.cells or name not in plan.only}
    code = suites.code()
    known = figures.get("titles", {}) | titles(plan)
    figures |= {"quick": plan.quick, "titles": known, "code": code}
    for (part, group, name), result in _results([task for task in _tasks(plan) if _chosen(plan, task[0])], plan.jobs):
        by = {"code": code} if part in MEASURED_BY else {}
        figures.setdefault(part, {}).setdefault(group, {})[name] = result | by
        print(".", end="", flush=True)
    print()
    for source, cells in figures.pop("words", {}).items():
        figures["quality" if source == "model" else f"quality_{source}"] = cells
    return figures if plan.only and "words" not in plan.only else _rest(plan, figures)


def _chosen(plan: Plan, name: Name) -> bool:
    part, group, cell = name
    wanted = not plan.cells or any(fnmatch(spelled, way) for spelled in (cell, f"{group}/{cell}") for way in plan.cells)
    return not plan.only or (part in plan.only and wanted)


def _rest(plan: Plan, figures: Json) -> Json:
    """The figures that are measured in one piece."""
    figures["hit_sizes"] = quality.hit_sizes(words.model(), plan.how_much.hit_runs)
    figures["clustered"] = quality.clustered(words.model(), plan.how_much.clustered_runs)
    recorded = peaks.load()
    figures["memory"] = memory.measure(recorded, plan.how_much.memory_runs)
    figures["peaks"] = memory.spread(recorded)
    figures["analysis"] = analysis.measure()
    return figures


def _results(tasks: list[Task], jobs: int) -> Iterator[tuple[Name, Json]]:
    """What the tasks give, in their order."""
    if jobs == 1:
        yield from ((name, task()) for name, task in tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(task) for _, task in tasks]
        for (name, _), future in zip(tasks, futures, strict=True):
            yield name, future.result()


def titles(plan: Plan) -> dict[str, str]:
    """What each data set and source is, in words."""
    by_name = {data.name: data.title for data in data_sets(plan.traces)}
    return by_name | {source.name: source.title for source in sources(plan.counts)}


def _tasks(plan: Plan) -> Iterator[Task]:
    effort = plan.how_much.quality
    for source in sources(plan.counts):
        for utterances, churn in effort.cells:
            key = ("words", source.name, f"N={utterances},churn={churn:.0%}")
            yield key, partial(_cell, plan.counts, source.name, utterances, churn, effort)
    whole = plan.how_much.suites
    for name, *cell in suites.tasks(whole):
        yield ("suites", name, f"{cell[0]}x{cell[1]}"), partial(suites.measured, name, *cell)
    for name, *cell in detection.tasks(whole.tries):
        yield ("detection", name, f"{cell[0]}x{cell[1]}"), partial(detection.measured, name, *cell)
    for data in data_sets(plan.traces):
        if plan.quick and data.name.startswith("traces_wall"):
            continue
        for gate in gates():
            if gate.n <= data.longest or gate.kind.startswith("modellab") or gate.kind == "part":
                key = ("speed", data.name, gate.name)
                yield key, partial(_contest, plan.traces, data.name, gate.name, plan.how_much.speed)


@cache
def gates() -> tuple[contest.Gate, ...]:
    """Every contestant in speed."""
    return (*ours.gates(), *peers.gates())


@cache
def data_sets(files: tuple[Path, ...]) -> tuple[Data, ...]:
    """Every data set of timings: simulated, shipped, and those of the files."""
    every: list[Data] = [Simulated(name, TITLES[name], noise) for name, noise in NOISE.items()]
    for path in (traces.SHIPPED, *files):
        prefix = "traces" if path == traces.SHIPPED else path.stem
        recorded = traces.load(path)
        for clock in traces.CLOCKS:
            for work in traces.WORKLOADS:
                title = f"{len(recorded.load)} recorded sessions, {clock} clock, {_WORK[work]}"
                every.append(Recorded(f"{prefix}_{clock}_{work}", title, recorded, work, clock))
    return tuple(every)


_WORK = {"compute": "compute-bound", "memory": "memory-bound"}


@cache
def sources(counts: Path | None) -> tuple[words.Source, ...]:
    """Every source of word errors."""
    every: list[words.Source] = [words.model(), words.lab()]
    return (*every, words.counted(counts)) if counts else tuple(every)


def _contest(files: tuple[Path, ...], data: str, gate: str, effort: contest.Effort) -> Json:
    entrant = next(entrant for entrant in gates() if entrant.name == gate)
    where = next(data_set for data_set in data_sets(files) if data_set.name == data)
    return contest.measure(entrant, where, effort)


def _cell(counts: Path | None, source: str, utterances: int, churn: float, effort: quality.Effort) -> Json:
    return quality.cell(
        next(candidate for candidate in sources(counts) if candidate.name == source), utterances, churn, effort
    )


def rounded(value: Any) -> Any:
    """The same with floats of six significant digits: what differs beyond them is no figure."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
