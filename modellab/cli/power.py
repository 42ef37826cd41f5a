"""`modellab power`: how small a change a case sees, and how much data a smaller one needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import BaselineError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modellab.gate.power import SimulatedCase
    from modellab.gate.power_speed import DetectableEffect
    from modellab.plan.matrix import Case
    from modellab.plan.settings import Project
    from modellab.types import Metric, QualityBaseline, ResourceBaseline, Rule

FAMILY = 30  # cases of a suite in which every one changed
ANSWERED = "success_rate"  # a changed transcript is still an answer: no churn
CASE = Annotated[str, typer.Option("--case", metavar="CASE", help="A case's id as pytest shows it.")]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the case: rules, what was accepted, and the benign churn to count with."""

    case: Case
    rules: Mapping[str, Rule]
    accepted: QualityBaseline | None
    resources: ResourceBaseline | None
    machine: str
    churn: float


def power(
    case_id: CASE,
    effect: Annotated[
        str,
        typer.Option(
            metavar="0.3%|0.5s", help="The change to see: 0.3% is 0.3 points of WER, and 0.3 % of a time or peak."
        ),
    ] = "",
    metric: Annotated[str, typer.Option(metavar="METRIC", help="Only this metric.")] = "",
    churn: Annotated[
        str,
        typer.Option(
            metavar="5%",
            help="Utterances that an upgrade changes for no reason, such as 5%; as calibrated if left out.",
        ),
    ] = "",
) -> None:
    """Tell how small a change a case sees with 80 % power; with --effect, how much data that change needs.

    Quality is simulated with the gate's own functions on the case's accepted results, speed and memory are computed
    from its calibration sessions.
    """
    from modellab import tasks
    from modellab.plan.selection import find_case, known

    project = common.project()
    case = find_case(common.matrix(project), case_id)
    wanted, seconds = amount("--effect", effect) if effect else None, effect.endswith("s")
    facts = _known(project, case, amount("--churn", churn) if churn else None)
    metrics = tasks.get(case.key.task).METRICS
    judged = [candidate for candidate in metrics if candidate.gated and candidate.kind == "quality"]
    if metric:
        known("metric", metric, [*(candidate.name for candidate in judged), *_resource_baselines(case)])
    chosen = [candidate for candidate in judged if metric in {"", candidate.name}]
    if effect:
        chosen = [candidate for candidate in chosen if seconds == (candidate.unit == "s")]
    names = [detectable.metric for detectable in _detectable_effects(facts) if not seconds]
    resource_baselines = [name for name in names if metric in {"", name}]
    if not chosen and not resource_baselines and facts.accepted and facts.resources:
        raise ConfigError(f"--effect is {effect!r}: expected seconds such as 0.5s for metrics in s, else 0.3%")
    columns = ("metric", "sees", f"among {FAMILY} cases", "formula", "from")
    if wanted is not None:
        columns = ("metric", "change", "power now", "needs", "from")
    rows = [row for chosen_metric in chosen for row in _quality(facts, chosen_metric, wanted)]
    rows += [row for name in resource_baselines for row in _resources(facts, name, wanted)]
    common.say(f"{case.key}\n")
    common.print_table(columns, rows)
    for note in _notes(facts, chosen, metric):
        common.say(f"note: {note}")


def amount(option: str, text: str) -> float:
    """0.3%, 0.003 or 0.5s as a number above 0."""
    digits = text.strip().removesuffix("%").removesuffix("s").strip()
    try:
        value = float(digits) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf and not (option == "--churn" and value == 0):
        raise ConfigError(f"{option} is {text!r}, expected a number above 0 such as 0.3%")
    return value


def _known(project: Project, case: Case, churn: float | None) -> Known:
    from modellab import tasks
    from modellab.plan import thresholds
    from modellab.results import baselines
    from modellab.runner.calibration import CHURN
    from modellab.system.machine import machine_class

    accepted = baselines.load(project.baselines, case.key)
    machine = machine_class(project.threads, case.key.device)
    resources = baselines.load_resources(project.baselines, case.key, machine)
    if accepted is None and resources is None:
        chosen = f"--model {case.key.model}:{case.key.variant} --dataset {case.key.dataset}"
        raise BaselineError(
            f"nothing was accepted of {case.key} to compute from:"
            f" make a baseline with `modellab run {chosen} --update-baselines --reason '...'`"
        )
    if churn is None:
        churn = accepted.noise.get(CHURN, 0.0) if accepted else 0.0
    rules = thresholds.rules(tasks.get(case.key.task), case, project)
    return Known(case, rules, accepted, resources, machine, churn)


# ---------------------------------------------------------------------------- quality


def _scene(facts: Known, metric: Metric) -> SimulatedCase | None:
    """What to simulate; None where the metric was not accepted."""
    from modellab import datasets
    from modellab.datasets.clusters import cluster
    from modellab.gate.power import SimulatedCase, counts_of_baseline

    accepted = facts.accepted
    counts = counts_of_baseline(accepted, metric.name) if accepted else None
    if accepted is None or counts is None or not len(counts):
        return None
    data = datasets.load(facts.case.dataset)
    units = {row["id"]: cluster(row, data.header) for row in data.rows}
    clusters = tuple(units.get(id, "") for id in sorted(accepted.counts))
    churn = 0.0 if metric.name == ANSWERED else facts.churn
    return SimulatedCase(
        metric, facts.rules[metric.name], counts, clusters, churn, accepted.noise.get(metric.name, 0.0)
    )


def _quality(facts: Known, metric: Metric, effect: float | None) -> Iterator[list[str]]:
    from modellab import units
    from modellab.gate import decision, power

    contexts = _scene(facts, metric)
    if contexts is None:
        yield [metric.name, *(units.MISSING,) * 3, "not accepted yet"]
        return
    groups = len(set(contexts.clusters))
    source = f"{len(contexts.counts)} utterances" + (f", {groups} clusters" if groups > 1 else "")
    if effect is None:
        family = replace(contexts, family=FAMILY)
        seen = (power.smallest(contexts), power.smallest(family), power.planned(contexts))
        yield [metric.name, *(_change(smallest, metric) for smallest in seen), source]
        return
    needed, planned = power.utterances(contexts, effect), power.planned_utterances(contexts, effect)
    formula = f" (formula: {planned})" if planned else ""
    if needed is None:
        least = decision.margin(metric, contexts.rule, float(metric.rate(contexts.counts.sum(axis=0))))
        hidden = effect <= least
        formula = f": the margin is {units.value(least, metric.unit)}" if hidden else formula
        needs = f"no number of utterances{formula}" if hidden else f"more than can be simulated{formula}"
    else:
        needs = f"{needed} utterances{formula}"
    yield [metric.name, _change(effect, metric), f"{100 * power.power(contexts, effect):.0f} %", needs, source]


def _change(worse: float, metric: Metric) -> str:
    """A change for the worse, with the sign that it has there."""
    from modellab import units

    return units.change(worse if metric.better == "lower" else -worse, metric.unit) if math.isfinite(worse) else "none"


# ---------------------------------------------------------------------------- speed and memory


def _resource_baselines(case: Case) -> list[str]:
    from modellab.types import readings

    return list(readings.judged(case.key.device))


def _detectable_effects(facts: Known) -> list[DetectableEffect]:
    from modellab.gate import power_speed

    if facts.resources is None:
        return []
    device = facts.case.key.device
    return [
        *power_speed.clocks(facts.resources, device, facts.rules),
        *power_speed.peaks(facts.resources, device, facts.rules),
    ]


def _resources(facts: Known, name: str, effect: float | None) -> Iterator[list[str]]:
    from modellab.types import readings

    assert facts.resources is not None
    detectable = next(detectable for detectable in _detectable_effects(facts) if detectable.metric == name)
    if name in readings.PEAKS:
        yield _memory(detectable, facts.resources.readings[name], effect)
        return
    yield _stored(detectable, facts.rules[name], effect)
    yield _against(facts.resources, name, facts.rules[name], effect)


def _memory(detectable: DetectableEffect, accepted: float, effect: float | None) -> list[str]:
    from modellab import units
    from modellab.gate.power_speed import stored_power

    source = (
        f"{detectable.noise.n} sessions"
        if detectable.noise.calibrated
        else f"{detectable.noise.n} sessions: not calibrated"
    )
    if effect is None:
        return [detectable.metric, units.change(detectable.smallest, "bytes"), units.MISSING, units.MISSING, source]
    grown = effect * accepted
    chance = stored_power(detectable, grown)
    needs = "no more" if chance >= 0.8 else f"a lower limit: it is {units.value(detectable.limit, 'bytes')}"
    return [detectable.metric, units.change(grown, "bytes"), f"{100 * chance:.0f} %", needs, source]


def _stored(detectable: DetectableEffect, rule: Rule, effect: float | None) -> list[str]:
    from modellab import units
    from modellab.gate.power_speed import sessions_for, stored_power

    name = f"{detectable.metric} stored"
    if not detectable.noise.calibrated:
        return [name, *(units.MISSING,) * 3, f"{detectable.noise.n} sessions: not calibrated"]
    source = f"{detectable.noise.n} sessions, sd {100 * detectable.noise.sd:.2g} %"
    if effect is None:
        return [name, units.relative(detectable.smallest), units.MISSING, units.MISSING, source]
    needed = sessions_for(detectable, rule, effect)
    needs = f"{needed} sessions" if needed else "no number of sessions: use --against"
    return [name, units.relative(effect), f"{100 * stored_power(detectable, effect):.0f} %", needs, source]


def _against(resources: ResourceBaseline, metric: str, rule: Rule, effect: float | None) -> list[str]:
    """The paired mode: a side of a pair is as many utterances as a timed call needs to be long enough."""
    from modellab import units
    from modellab.gate import paired_speed, power_speed
    from modellab.runner.paired import interleave

    name = f"{metric} --against"
    wall_s = sorted(times[0] for times in resources.times.values())[len(resources.times) // 2]
    calls = max(1, min(interleave.MOST_UTTERANCES, math.ceil(interleave.SIDE_S / wall_s)))
    sd = power_speed.pair_sd(resources.sessions, metric, calls)
    if sd is None:
        return [name, *(units.MISSING,) * 3, "no calibration session with pairs"]
    source = f"{paired_speed.FIRST} + {paired_speed.SECOND} pairs, sd {100 * sd:.2g} %"
    if effect is None:
        return [name, units.relative(power_speed.paired_smallest(sd, rule)), units.MISSING, units.MISSING, source]
    needed = power_speed.pairs_for(sd, rule, effect)
    needs = "no number of pairs: too close to the margin"
    if needed:
        needs = "no more" if needed <= paired_speed.SECOND else f"{needed} pairs in place of {paired_speed.SECOND}"
    return [name, units.relative(effect), f"{100 * power_speed.paired_power(sd, rule, effect):.0f} %", needs, source]


def _broken(facts: Known, metric: Metric) -> Iterator[str]:
    """How many broken utterances are red at once."""
    from modellab.gate import breaks

    contexts = _scene(facts, metric)
    how = breaks.gross(metric, facts.rules[metric.name])
    if contexts is None or how is None:
        return
    sizes = breaks.sizes(len(contexts.counts), contexts.clusters or None)
    level = breaks.own_fraction(how) * breaks.BROKEN * contexts.rule.alpha
    named = breaks.is_named(contexts.clusters)
    alone, among = (breaks.fewest(sizes, level / n, how.often, named=named) for n in (1, FAMILY))
    yield (
        f"{metric.name}: {alone or 'none'} of {len(contexts.counts)} broken utterances are red at once,"
        f" {among or 'none'} among {FAMILY} cases (broken: {breaks.told(how)} lost)"
    )


def _notes(facts: Known, chosen: list[Metric], metric: str) -> Iterator[str]:
    key = facts.case.key
    for chosen_metric in chosen:
        yield from _broken(facts, chosen_metric)
    if chosen and facts.churn:
        yield f"{100 * facts.churn:g} % of the utterances change for no reason"
    elif chosen:
        yield "nothing changes for no reason (--churn 5% if an upgrade changes so many utterances)"
    if facts.resources is None and not (metric and chosen):
        yield f"no accepted speed on {facts.machine}: speed and memory are not judged here"
    elif facts.resources and not facts.resources.sessions and not (metric and chosen):
        yield f"`modellab calibrate --model {key.model}:{key.variant} --dataset {key.dataset}` makes sessions"
