"""What is said of one metric: PASS, IMPROVED, INCONCLUSIVE or REGRESSED, and the sentence that says why.

Red is a change that matters (`margin`) and is no chance by swapping, or that is carried by more broken utterances than
a healthy model has. No size of a summed change is red by itself: one loop makes any sum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from modellab.gate import breaks, case
from modellab.gate.case import Seen, Sides
from modellab.gate.detectable_effect import fewest_units
from modellab.gate.suite_alpha import SWAPPED, detectable_in_suite
from modellab.stats.intervals import costs
from modellab.types import Counts, Metric, QualityBaseline, Result, Rule, Status
from modellab.types.utterances import clusters, counts_of, ids

NOISE_Z = 2.33  # one in a hundred


class Decision(NamedTuple):
    """The answer, its sentence, and whether the suite's test may still turn it red at the end."""

    status: Status
    why: str
    pending: bool = False


def alone(sides: Sides, groups: Sequence[str] | None = None, family: int = 1, noise: float = 0.0) -> Decision:
    """The answer on one metric of a case that has no other."""
    return decide(case.seen([sides], groups, family)[0], family, noise)


def decide(seen: Seen, family: int = 1, noise: float = 0.0) -> Decision:
    """The answer on one metric.

    `family` is the number of cases in the session: now, a change is red if its p is its part of alpha / family or
    less. `noise` is the sd of the metric's value between runs that differ in nothing but their seeds.
    """
    metric, rule, comparison = seen.sides.metric, seen.sides.rule, seen.found
    worse, counts = comparison.worse(metric), _counts(seen)
    if comparison.changed == 0:
        return _sensitive(seen, family, "")
    if math.isnan(worse):
        return Decision(Status.INCONCLUSIVE, "one side has no value: there is nothing to divide by")
    limit = margin(metric, rule, comparison.baseline)
    if rule.cap is not None and worse >= max(limit, rule.cap):
        return Decision(Status.REGRESSED, f"{counts}; beyond the cap of {rule.cap:.4g} that was asked for")
    if worse <= 0:
        improved = comparison.p_better <= rule.alpha and -worse >= limit
        return Decision(Status.IMPROVED, counts) if improved else _sensitive(seen, family, counts)
    if worse >= limit and (why := _broke(seen, family)):
        return Decision(Status.REGRESSED, f"{counts}: {why}")
    return _by_swapping(seen, limit, family, noise)


def _by_swapping(seen: Seen, limit: float, family: int, noise: float) -> Decision:
    """The answer on a change for the worse that broken utterances alone do not prove."""
    comparison, counts = seen.found, _counts(seen)
    level, worse = SWAPPED * seen.sides.rule.alpha, comparison.worse(seen.sides.metric)
    enough = comparison.units >= fewest_units(level)
    pending = enough and seen.p <= level
    if not pending and _acquitted(seen, limit if enough else 0.0):
        return Decision(Status.PASS, f"{counts}; without them nothing is worse")
    if not enough:
        hint = "; if its utterances stand alone: `cluster: utterance` in dataset.yaml" if _one_name(seen) else ""
        return Decision(Status.INCONCLUSIVE, f"{counts}: too few to tell, {fewest_units(level)} is the least{hint}")
    if worse < limit:
        return _sensitive(seen, family, counts)
    if noise and worse <= NOISE_Z * math.sqrt(2) * noise:
        why = f"{counts}: runs that differ in nothing differ by as much (sd {noise:.2g})"
        return Decision(Status.INCONCLUSIVE, why)
    if seen.p <= level / family:
        return Decision(Status.REGRESSED, f"{counts}, p {seen.p:.2g}")
    return Decision(Status.INCONCLUSIVE, f"{counts}, p {seen.p:.2g}: may be chance", pending)


def within(metric: Metric, value: float, limit: float) -> bool:
    """Whether a value keeps an absolute limit; NaN keeps none."""
    return value <= limit if metric.better == "lower" else value >= limit


def _one_name(seen: Seen) -> bool:
    """Whether many utterances are of one named speaker or recording."""
    return seen.found.units == 1 < len(seen.sides.before)


def _broke(seen: Seen, family: int) -> str:
    """Why the broken utterances alone are red; '' if they are not."""
    broken = seen.breaks
    if broken is None or not broken.count:
        return ""
    if broken.p > breaks.BROKEN * seen.sides.rule.alpha / (family * seen.shared):
        return ""
    if seen.again and (asked := _asked(seen)) and not breaks.confirmed(asked, len(seen.again.rows), broken.gross.often):
        return ""
    return f"a healthy model breaks so many once in {1 / max(broken.p, 1e-12):,.0f} runs"


def _acquitted(seen: Seen, limit: float) -> bool:
    """Whether no utterance broke again, and nothing else got worse by so much."""
    return seen.again is not None and seen.again.acquits and (seen.again.left < limit or seen.again.left <= 0)


def _asked(seen: Seen) -> int:
    """How many of the utterances that this metric calls broken were run again; 0 where other metrics took the room."""
    if seen.again is None or seen.breaks is None:
        return 0
    return len(seen.again.asked & set(seen.breaks.rows.tolist()))


def _counts(seen: Seen) -> str:
    """How many utterances changed and broke, and whether they broke again."""
    if not seen.broke:
        return seen.found.words
    if seen.again is None or not (asked := _asked(seen)):
        return f"{seen.found.words}, {seen.broke} broke"
    rows = len(seen.again.rows)
    word = ("again" if rows else "not again") if asked == 1 else f"{rows} of {asked} again"
    return f"{seen.found.words}, {seen.broke} broke ({word} in a fresh process{'' if rows else ': flaky'})"


def margin(metric: Metric, rule: Rule, baseline: float) -> float:
    """The smallest change for the worse that matters, in the metric's unit; above 0: 'none' is never too much."""
    absolute = metric.margin if rule.margin is None else rule.margin
    fraction = metric.margin_relative if rule.margin_relative is None else rule.margin_relative
    return max(absolute, fraction * abs(baseline), np.finfo(float).tiny)


def _sensitive(seen: Seen, family: int, why: str) -> Decision:
    """PASS, unless the case was asked to see a change that it cannot see."""
    rule = seen.sides.rule
    if rule.sensitivity is None:
        return Decision(Status.PASS, why)
    detects = detectable_in_suite(seen.found.basis, SWAPPED * rule.alpha / family, seen.tests)
    if detects <= rule.sensitivity:
        return Decision(Status.PASS, why)
    asked = f"asked to see {rule.sensitivity:.4g}, sees {detects:.4g}: more utterances are needed"
    return Decision(Status.INCONCLUSIVE, f"{why}; {asked}".removeprefix("; "))


def few(
    result: Result,
    accepted: QualityBaseline | None,
    metric: Metric,
    rule: Rule,
    family: int,
    again: Mapping[str, Mapping[str, Counts]],
) -> Decision | None:
    """What is said in place of red where a built-in limit is exceeded by a few utterances: empty ones, loops.

    None where the limit holds as it stands: a person wrote it, or a healthy model never has so many. `again` has the
    counts of utterances that were run once more.
    """
    how = breaks.gross(metric, rule)
    if not rule.built_in_limit or how is None or metric.kind != "sanity":
        return None
    utterances = result.utterances
    now = counts_of(utterances, metric.name)
    if not (count := int(breaks.broken(costs(metric, now), now[:, 1], how).sum())):
        return None
    names = clusters(utterances)
    chance = breaks.break_p(count, 0, breaks.sizes(len(now), names), how.often, named=breaks.is_named(names))
    if chance <= breaks.BROKEN * rule.alpha / family:
        return None
    then = [
        numbers
        for of_utterance in (accepted.counts.values() if accepted else ())
        if (numbers := of_utterance.get(metric.name))
    ]
    if len(then) == len(now) > 0:
        before = np.array(then, dtype=float)
        as_many = int(breaks.broken(costs(metric, before), before[:, 1], how).sum()) >= count
        if as_many and not within(metric, metric.value(before), rule.limit or 0.0):
            return Decision(Status.PASS, f"{count} of {len(now)} utterances, as accepted")
    fresh = [
        again[id][metric.name] if id in again else numbers
        for id, numbers in zip(ids(utterances), now.tolist(), strict=True)
    ]
    if rule.limit is not None and chance > breaks.COMMON and within(metric, metric.value(fresh), rule.limit):
        return Decision(Status.PASS, f"{count} of {len(now)} utterances, not again in a fresh process")
    return Decision(Status.INCONCLUSIVE, f"{count} of {len(now)} utterances, which a healthy model may have by chance")
