"""`modellab explain CASE`: every number that judges a case, where it comes from, and what it is compared with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from modellab.cli import common, options

if TYPE_CHECKING:
    from pathlib import Path

    from modellab.gate.power_speed import DetectableEffect
    from modellab.plan.matrix import Case, Matrix
    from modellab.plan.settings import Project
    from modellab.plan.thresholds import Source, Sources
    from modellab.results.entry import Entry
    from modellab.types import Metric, QualityBaseline, ResourceBaseline, Rule, Verdict

SHORT = 12  # letters of a commit
PARTS = "broken_"  # how the numbers of `broken` begin


def explain(wanted: options.CaseName) -> None:
    """Show every number that judges a case, where it comes from, and what the case is compared with."""
    from modellab import tasks
    from modellab.plan import thresholds
    from modellab.plan.selection import find_case
    from modellab.results import baselines, ledger
    from modellab.system.machine import machine_class

    project = common.project()
    matrix = common.matrix(project)
    case = find_case(matrix, wanted)
    task = tasks.get(case.key.task)
    sources = thresholds.sources(task, case, project)
    rules = thresholds.rules(task, case, project)
    machine = machine_class(project.threads, case.key.device)
    accepted = baselines.load(project.baselines, case.key)
    resources = baselines.load_resources(project.baselines, case.key, machine)
    common.say(f"{case.key}\n\nthresholds")
    common.print_table(("metric", "number", "value", "from"), _thresholds(case, sources, accepted, matrix))
    _print_baselines(project, case)
    _print_calibration(case, machine, resources, accepted, rules)
    entries = [entry for entry in ledger.read(project.mlruns)[0] if entry.key == case.key]
    _print_last(entries[-1] if entries else None)


# ---------------------------------------------------------------------------- thresholds


def _thresholds(case: Case, sources: Sources, accepted: QualityBaseline | None, matrix: Matrix) -> Iterator[list[str]]:
    """A line for every number: the suite's alpha once, then metric by metric in the order in which they are judged."""
    from modellab.plan.thresholds import NUMBERS

    suite = matrix.project.judging.alpha
    origins = [given["alpha"].origin for given in sources.values() if given["alpha"].value == suite]
    yield ["every", "alpha", f"{suite:g}", origins[0] if origins else ""]
    for metric, unit in _judged(case, sources):
        built_in = dict(_built_in(case, metric))
        for number in NUMBERS:
            if (source := sources[metric].get(number)) is None:
                if number in built_in:
                    yield [metric, number, built_in[number], "built in"]
            elif not _says_nothing(number, source.value, suite) and not number.startswith(PARTS):
                yield [metric, number, _shown(number, source.value, unit), source.origin]
        yield from _broken(case, metric, sources[metric], accepted, matrix)


def _broken(
    case: Case, metric: str, given: Mapping[str, Source], accepted: QualityBaseline | None, matrix: Matrix
) -> Iterator[list[str]]:
    """When an utterance is broken by this metric, and how many of them are red at once in the suite of this tier."""
    from modellab.gate import breaks
    from modellab.plan import thresholds

    judged = _quality(case).get(metric)
    how = breaks.gross(judged, thresholds.rule(given)) if judged else None
    if judged is None or how is None:
        return
    told = f"{breaks.told(how)}; a healthy model breaks {100 * how.often:g} %"
    if accepted:
        groups = _groups(case, accepted)
        sizes, family_size = breaks.sizes(len(groups), groups), _suite_size(case.tier, matrix)
        counted = sum(breaks.gross(one, thresholds.rule({})) is not None for one in _quality(case).values())
        level = breaks.own_fraction(how) * breaks.BROKEN * given["alpha"].value / (family_size * max(1, counted))
        named = breaks.is_named(groups)
        least, whose = breaks.fewest(sizes, level, how.often, named=named), ", by speaker," if named else ""
        many = "1 case" if family_size == 1 else f"{family_size} cases"
        told += f"; {least or 'none'} of {len(groups)}{whose} are red at once in a suite of {many}"
    origins = dict.fromkeys(source.origin for name, source in given.items() if name.startswith(PARTS))
    yield [metric, "broken", told, ", ".join(origins)]


def _groups(case: Case, accepted: QualityBaseline) -> list[str]:
    """Whom each accepted utterance is judged together with."""
    from modellab import datasets
    from modellab.datasets.clusters import cluster

    data = datasets.load(case.dataset)
    return [cluster(row, data.header) for row in data.rows if str(row["id"]) in accepted.counts]


def _suite_size(tier: str, matrix: Matrix) -> int:
    """The cases of a tier that this machine can run: the suite that a run of it is."""
    from modellab import tasks
    from modellab.plan.availability import why_not
    from modellab.plan.matrix import Case

    every = [case for task in tasks.names() for case in matrix.cases(task)]
    return max(1, sum(isinstance(case, Case) and case.tier == tier and not why_not(case) for case in every))


def _says_nothing(number: str, value: float, suite: float) -> bool:
    """The suite's alpha, told once; a relative margin of nothing."""
    return value == {"alpha": suite, "margin_relative": 0.0}.get(number)


def _judged(case: Case, sources: Sources) -> Iterator[tuple[str, str]]:
    """The metrics that can turn this case red, with their units."""
    from modellab import tasks
    from modellab.types import readings

    metrics = {metric.name: metric for metric in tasks.get(case.key.task).METRICS}
    for name, given in sources.items():
        if name in metrics:
            if metrics[name].judged(given["margin"].value if "margin" in given else None) or "limit" in given:
                yield name, metrics[name].unit
        elif name in readings.judged(case.key.device) or (name in readings.LIMITED and "limit" in given):
            yield name, readings.unit(name)


def _built_in(case: Case, metric: str) -> Iterator[tuple[str, str]]:
    """What a rule without the number falls back on: the modes' own margins."""
    from modellab.gate import memory, paired_speed, speed
    from modellab.types import readings

    if metric in readings.judged(case.key.device, "speed"):
        yield "margin", f"{100 * speed.MARGIN:g} % stored, {100 * paired_speed.MARGIN:g} % with --against"
    elif metric in readings.judged(case.key.device, "memory"):
        known, unknown = (
            f"{100 * fraction:g} % or {least / 2**20:g} MiB"
            for fraction, least in (
                (memory.MARGIN_FRACTION, memory.MARGIN_BYTES),
                (memory.UNCALIBRATED_FRACTION, memory.UNCALIBRATED_BYTES),
            )
        )
        yield "margin", f"{known} or {memory.DEVIATIONS:g} sd; not calibrated {unknown}"


def _quality(case: Case) -> dict[str, Metric]:
    """The quality metrics that are compared with what was accepted."""
    from modellab import tasks

    metrics = tasks.get(case.key.task).METRICS
    return {metric.name: metric for metric in metrics if metric.gated and metric.kind == "quality"}


def _shown(number: str, value: float, unit: str) -> str:
    """One number of a rule; margins and sensitivities of speed and memory are fractions of the baseline."""
    from modellab import units

    if not math.isfinite(value):
        return "none"
    if number == "alpha":
        return f"{value:g}"
    if number == "margin_relative" or (number in {"margin", "sensitivity"} and unit in {"s/s", "bytes"}):
        return f"{100 * value:g} % of the baseline"
    return units.value(value, unit)


# ---------------------------------------------------------------------------- what it is compared with


def _print_baselines(project: Project, case: Case) -> None:
    from modellab.results import pinned

    rows = []
    for name, root in (("baseline", project.baselines), ("pinned", pinned.pinned_root(project.baselines))):
        for path in pinned.files(root, case.key):
            header = _header(root, case, path)
            facts = [header.get(fact, "")[: SHORT if fact == "commit" else None] for fact in ("date", "commit")]
            rows.append([name, _place(path, project), *facts, header.get("weights", ""), header.get("reason", "")])
    common.say("\ncompared with")
    if rows:
        common.print_table(("", "file", "date", "commit", "weights", "reason"), rows)
    else:
        chosen = f"--model {case.key.model}:{case.key.variant} --dataset {case.key.dataset}"
        common.say(f"nothing yet: `modellab run {chosen} --update-baselines --reason '...'`")


def _header(root: Path, case: Case, path: Path) -> Mapping[str, str]:
    """The header of one of a case's accepted files."""
    from modellab.results import baselines

    quality = baselines.quality_path(root, case.key)
    if path == quality:
        accepted: QualityBaseline | ResourceBaseline | None = baselines.load(root, case.key)
    else:
        accepted = baselines.load_resources(root, case.key, path.name[len(quality.stem) + 1 : -len(".json")])
    return accepted.header if accepted else {}


def _place(path: Path, project: Project) -> str:
    return str(path.relative_to(project.root) if path.is_relative_to(project.root) else path)


def _print_calibration(
    case: Case,
    machine: str,
    resources: ResourceBaseline | None,
    accepted: QualityBaseline | None,
    rules: Mapping[str, Rule],
) -> None:
    """What the sessions of this machine class let speed and memory see, and what the seeds do to quality."""
    from modellab import units
    from modellab.gate import power_speed

    common.say(f"\ncalibration on {machine}")
    if resources is None:
        common.say("no accepted speed on this machine class: speed and memory are not judged here")
    else:
        rows = [
            _clock_row(detectable, rules[detectable.metric])
            for detectable in power_speed.clocks(resources, case.key.device, rules)
        ]
        for detectable in power_speed.peaks(resources, case.key.device, rules):
            spread = units.value(detectable.noise.sd, "bytes") if detectable.noise.calibrated else units.MISSING
            reason = detectable.hindrance(rules[detectable.metric], resources.readings[detectable.metric])
            seen = units.change(detectable.smallest, "bytes")
            rows.append(
                [detectable.metric, str(detectable.noise.n), spread, seen, f"no: {reason}" if reason else "yes"]
            )
        common.print_table(("metric", "sessions", "sd", "sees", "may fail"), rows)
        if not resources.sessions:
            key = case.key
            common.say(f"`modellab calibrate --model {key.model}:{key.variant} --dataset {key.dataset}` makes sessions")
    unit_of = {name: metric.unit for name, metric in _quality(case).items()} | {"churn": "ratio"}
    noise = accepted.noise if accepted else {}
    for name in sorted(noise):
        what = "of the outputs differ between runs" if name == "churn" else "sd between runs of the unchanged model"
        common.say(f"{name}: {units.value(noise[name], unit_of.get(name, '1'))} {what}")


def _clock_row(detectable: DetectableEffect, rule: Rule) -> list[str]:
    from modellab import units

    spread = units.relative(detectable.noise.sd).lstrip("+") if detectable.noise.calibrated else units.MISSING
    reason = detectable.hindrance(rule)
    may = f"no: {reason}" if reason else "yes"
    return [detectable.metric, str(detectable.noise.n), spread, units.relative(detectable.smallest), may]


# ---------------------------------------------------------------------------- what it said last


def _print_last(entry: Entry | None) -> None:
    from modellab.types import Status

    if entry is None:
        common.say("\nno result in the ledger yet")
        return
    machine = f" on {entry.result.machine}" if entry.result else ""
    commit = f" at {entry.commit.short}{'+' if entry.commit.dirty else ''}" if entry.commit.hash else ""
    common.say(f"\nlast result: {entry.told_status}, {entry.finished_at[:16].replace('T', ' ')} UTC{machine}{commit}")
    if entry.error:
        common.say(entry.error.splitlines()[0])
    if entry.verdicts:
        columns = ("metric", "now", "change", "p", "detects", "verdict", "why")
        told = [
            verdict for verdict in entry.verdicts if verdict.change is not None or verdict.status is not Status.PASS
        ]
        common.print_table(columns, [_verdict_row(verdict) for verdict in told])


def _verdict_row(verdict: Verdict) -> list[str]:
    from modellab import units

    is_known = verdict.detects is not None and math.isfinite(verdict.detects)  # else no change would have been seen
    detects = verdict.detects if is_known else None
    change, seen = units.change(verdict.change, verdict.unit), units.change(detects, verdict.unit)
    if verdict.kind == "speed":
        change, seen = units.relative(verdict.change), units.relative(detects)
    p = units.MISSING if verdict.p is None else f"{verdict.p:.2g}"
    return [verdict.title, units.value(verdict.now, verdict.unit), change, p, seen, str(verdict.status), verdict.why]
