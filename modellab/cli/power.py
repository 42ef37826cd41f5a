"""`modellab power`: how small a change a case sees, and how much data a smaller one needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import BaselineError, ConfigError
from modellab.types import readings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modellab.gate.power import Scene
    from modellab.gate.power_speed import Sight
    from modellab.plan.matrix import Cell
    from modellab.plan.settings import Project
    from modellab.types import Accepted, Metric, Pace, Rule

FAMILY = 30  # cases of a suite in which every one changed
ANSWERED = "success_rate"  # a changed transcript is still an answer: no churn
CASE = Annotated[str, typer.Option("--case", metavar="CASE", help="A case's id as pytest shows it.")]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the case: rules, what was accepted, and the benign churn to count with."""

    cell: Cell
    rules: Mapping[str, Rule]
    accepted: Accepted | None
    pace: Pace | None
    machine: str
    churn: float


def power(
    case: CASE,
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
    cell = find_case(common.matrix(project), case)
    wanted, seconds = _amount("--effect", effect) if effect else None, effect.endswith("s")
    facts = _known(project, cell, _amount("--churn", churn) if churn else None)
    judged = [each for each in tasks.get(cell.key.task).METRICS if each.gated and each.kind == "quality"]
    if metric:
        known("metric", metric, [*(each.name for each in judged), *_paces(cell)])
    chosen = [each for each in judged if metric in {"", each.name} and (not effect or seconds == (each.unit == "s"))]
    paces = [sight.metric for sight in _sights(facts) if metric in {"", sight.metric} and not seconds]
    if not chosen and not paces and facts.accepted and facts.pace:
        raise ConfigError(f"--effect is {effect!r}: expected seconds such as 0.5s for metrics in s, else 0.3%")
    columns = ("metric", "sees", f"among {FAMILY} cases", "formula", "from")
    if wanted is not None:
        columns = ("metric", "change", "power now", "needs", "from")
    rows = [row for each in chosen for row in _quality(facts, each, wanted)]
    rows += [row for name in paces for row in _pace(facts, name, wanted)]
    common.say(f"{cell.key}\n")
    common.print_table(columns, rows)
    for note in _notes(facts, chosen, metric):
        common.say(f"note: {note}")


def _amount(option: str, text: str) -> float:
    """0.3%, 0.003 or 0.5s as a number above 0."""
    digits = text.strip().removesuffix("%").removesuffix("s").strip()
    try:
        value = float(digits) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf and not (option == "--churn" and value == 0):
        raise ConfigError(f"{option} is {text!r}, expected a number above 0 such as 0.3%")
    return value


def _known(project: Project, cell: Cell, churn: float | None) -> Known:
    from modellab import tasks
    from modellab.plan import thresholds
    from modellab.results import baselines
    from modellab.runner.calibration import CHURN
    from modellab.system.machine import machine_class

    accepted = baselines.load(project.baselines, cell.key)
    machine = machine_class(project.threads, cell.key.device)
    pace = baselines.load_pace(project.baselines, cell.key, machine)
    if accepted is None and pace is None:
        chosen = f"--model {cell.key.model}:{cell.key.variant} --dataset {cell.key.dataset}"
        raise BaselineError(
            f"nothing was accepted of {cell.key} to compute from:"
            f" make a baseline with `modellab run {chosen} --update-baselines --reason '...'`"
        )
    if churn is None:
        churn = accepted.noise.get(CHURN, 0.0) if accepted else 0.0
    rules = thresholds.rules(tasks.get(cell.key.task), cell, project)
    return Known(cell, rules, accepted, pace, machine, churn)


# ---------------------------------------------------------------------------- quality


def _scene(facts: Known, metric: Metric) -> Scene | None:
    """What to simulate; None where the metric was not accepted."""
    from modellab import datasets
    from modellab.gate.power import Scene, shares_of
    from modellab.runner.evaluate import cluster

    accepted = facts.accepted
    shares = shares_of(accepted, metric.name) if accepted else None
    if accepted is None or shares is None or not len(shares):
        return None
    data = datasets.load(facts.cell.dataset)
    units = {row["id"]: cluster(row, data.header) for row in data.rows}
    clusters = tuple(units.get(id, "") for id in sorted(accepted.shares))
    churn = 0.0 if metric.name == ANSWERED else facts.churn
    return Scene(metric, facts.rules[metric.name], shares, clusters, churn, accepted.noise.get(metric.name, 0.0))


def _quality(facts: Known, metric: Metric, effect: float | None) -> Iterator[list[str]]:
    from modellab import units as numbers
    from modellab.gate import decision
    from modellab.gate import power as room

    scene = _scene(facts, metric)
    if scene is None:
        yield [metric.name, *(numbers.MISSING,) * 3, "not accepted yet"]
        return
    groups = len(set(scene.clusters))
    source = f"{len(scene.shares)} utterances" + (f", {groups} clusters" if groups > 1 else "")
    if effect is None:
        family = replace(scene, family=FAMILY)
        seen = (room.smallest(scene), room.smallest(family), room.planned(scene))
        yield [metric.name, *(_change(each, metric) for each in seen), source]
        return
    needed, planned = room.utterances(scene, effect), room.planned_utterances(scene, effect)
    formula = f" (formula: {planned})" if planned else ""
    if needed is None:
        least = decision.margin(metric, scene.rule, float(metric.rate(scene.shares.sum(axis=0))))
        hidden = effect <= least
        formula = f": the margin is {numbers.value(least, metric.unit)}" if hidden else formula
        needs = f"no number of utterances{formula}" if hidden else f"more than can be simulated{formula}"
    else:
        needs = f"{needed} utterances{formula}"
    yield [metric.name, _change(effect, metric), f"{100 * room.power(scene, effect):.0f} %", needs, source]


def _change(worse: float, metric: Metric) -> str:
    """A change for the worse, with the sign that it has there."""
    from modellab import units as numbers

    return (
        numbers.change(worse if metric.better == "lower" else -worse, metric.unit) if math.isfinite(worse) else "none"
    )


# ---------------------------------------------------------------------------- speed and memory


def _paces(cell: Cell) -> list[str]:
    return list(readings.judged(cell.key.device))


def _sights(facts: Known) -> list[Sight]:
    from modellab.gate import power_speed

    if facts.pace is None:
        return []
    device = facts.cell.key.device
    return [
        *power_speed.clocks(facts.pace, device, facts.rules),
        *power_speed.peaks(facts.pace, device, facts.rules),
    ]


def _pace(facts: Known, name: str, effect: float | None) -> Iterator[list[str]]:
    assert facts.pace is not None
    sight = next(sight for sight in _sights(facts) if sight.metric == name)
    if name in readings.PEAKS:
        yield _memory(sight, facts.pace.readings[name], effect)
        return
    yield _stored(sight, facts.rules[name], effect)
    yield _against(facts.pace, name, facts.rules[name], effect)


def _memory(sight: Sight, accepted: float, effect: float | None) -> list[str]:
    from modellab import units as numbers
    from modellab.gate.power_speed import stored_power

    source = f"{sight.noise.n} sessions" if sight.noise.calibrated else f"{sight.noise.n} sessions: not calibrated"
    if effect is None:
        return [sight.metric, numbers.change(sight.smallest, "bytes"), numbers.MISSING, numbers.MISSING, source]
    grown = effect * accepted
    chance = stored_power(sight, grown)
    needs = "no more" if chance >= 0.8 else f"a lower limit: it is {numbers.value(sight.limit, 'bytes')}"
    return [sight.metric, numbers.change(grown, "bytes"), f"{100 * chance:.0f} %", needs, source]


def _stored(sight: Sight, rule: Rule, effect: float | None) -> list[str]:
    from modellab import units as numbers
    from modellab.gate.power_speed import sessions_for, stored_power

    name = f"{sight.metric} stored"
    if not sight.noise.calibrated:
        return [name, *(numbers.MISSING,) * 3, f"{sight.noise.n} sessions: not calibrated"]
    source = f"{sight.noise.n} sessions, sd {100 * sight.noise.sd:.2g} %"
    if effect is None:
        return [name, numbers.share(sight.smallest), numbers.MISSING, numbers.MISSING, source]
    needed = sessions_for(sight, rule, effect)
    needs = f"{needed} sessions" if needed else "no number of sessions: use --against"
    return [name, numbers.share(effect), f"{100 * stored_power(sight, effect):.0f} %", needs, source]


def _against(pace: Pace, metric: str, rule: Rule, effect: float | None) -> list[str]:
    """The paired mode: a side of a pair is as many utterances as a timed call needs to be long enough."""
    from modellab import units as numbers
    from modellab.gate import paired_speed, power_speed
    from modellab.runner.paired import interleave

    name = f"{metric} --against"
    wall_s = sorted(times[0] for times in pace.times.values())[len(pace.times) // 2]
    calls = max(1, min(interleave.MOST_UTTERANCES, math.ceil(interleave.SIDE_S / wall_s)))
    sd = power_speed.pair_sd(pace.sessions, metric, calls)
    if sd is None:
        return [name, *(numbers.MISSING,) * 3, "no calibration session with pairs"]
    source = f"{paired_speed.FIRST} + {paired_speed.SECOND} pairs, sd {100 * sd:.2g} %"
    if effect is None:
        return [name, numbers.share(power_speed.paired_smallest(sd, rule)), numbers.MISSING, numbers.MISSING, source]
    needed = power_speed.pairs_for(sd, rule, effect)
    needs = "no number of pairs: too close to the margin"
    if needed:
        needs = "no more" if needed <= paired_speed.SECOND else f"{needed} pairs in place of {paired_speed.SECOND}"
    return [name, numbers.share(effect), f"{100 * power_speed.paired_power(sd, rule, effect):.0f} %", needs, source]


def _broken(facts: Known, metric: Metric) -> Iterator[str]:
    """How many broken utterances are red at once."""
    from modellab.gate import breaks

    scene = _scene(facts, metric)
    how = breaks.gross(metric, facts.rules[metric.name])
    if scene is None or how is None:
        return
    sizes = breaks.sizes(len(scene.shares), scene.clusters or None)
    level = breaks.own_share(how) * breaks.BROKEN * scene.rule.alpha
    alone, among = (breaks.fewest(sizes, level / n, how.often) for n in (1, FAMILY))
    yield (
        f"{metric.name}: {alone or 'none'} of {len(scene.shares)} broken utterances are red at once,"
        f" {among or 'none'} among {FAMILY} cases (broken: {breaks.told(how)} lost)"
    )


def _notes(facts: Known, chosen: list[Metric], metric: str) -> Iterator[str]:
    key = facts.cell.key
    for each in chosen:
        yield from _broken(facts, each)
    if chosen and facts.churn:
        yield f"{100 * facts.churn:g} % of the utterances change for no reason"
    elif chosen:
        yield "nothing changes for no reason (--churn 5% if an upgrade changes so many utterances)"
    if facts.pace is None and not (metric and chosen):
        yield f"no accepted speed on {facts.machine}: speed and memory are not judged here"
    elif facts.pace and not facts.pace.sessions and not (metric and chosen):
        yield f"`modellab calibrate --model {key.model}:{key.variant} --dataset {key.dataset}` makes sessions"
