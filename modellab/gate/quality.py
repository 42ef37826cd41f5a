"""Quality: paired on the same utterances, by speaker or recording where the dataset names them.

A metric regressed when its pooled value got worse by its margin or more, and by more than chance
(`paired_quality.py`, one test for each case by `joint.py`; the level is the whole suite's, `suite_alpha.py`), or with
more broken utterances than a healthy model ever has (`breaks.py`). Identical outputs pass at once. Worse by the margin
without being told from chance, or too few utterances to tell anything, is INCONCLUSIVE; so are one or two broken
utterances. No size of a summed change is red by itself, since one loop makes any sum: only a `cap` that a person
wrote. An absolute limit is checked whatever the baseline says; what is beyond one without a baseline that kept it is
above the limit, and not REGRESSED.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modellab.gate import breaks, case, limits
from modellab.gate.case import Seen, Sides
from modellab.gate.decision import Decision, decide, few, margin, within
from modellab.gate.suite_alpha import SWAPPED, detectable_in_suite
from modellab.types import Counts, Floats, Metric, QualityBaseline, Result, Rule, Status, Verdict
from modellab.types.rows import ROWS_MISSING
from modellab.types.utterances import clusters, counts_of, counts_or_zeros, ids, total_of

COMPARED = ("privacy", "dataset_digest", "normaliser", "preprocessing")  # a difference here makes a comparison unfair
BRING = "bring .modellab/private.key from the machine that accepted it, or set MODELLAB_PRIVATE_KEY"


@dataclass(frozen=True, slots=True)
class AssessmentOptions:
    """What a comparison is made against, and among how many others.

    `again` has the counts of broken utterances that were run once more, utterance -> metric -> counts; None: none was.
    """

    strict: bool = False  # a missing baseline is red
    versus: str = "baseline"
    family: int = 1  # cases in the whole session: alone, each is held to alpha / family
    again: Mapping[str, Mapping[str, Counts]] | None = None


ONE_CASE = AssessmentOptions()


def assess(
    result: Result,
    accepted: QualityBaseline | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    options: AssessmentOptions = ONE_CASE,
) -> list[Verdict]:
    """One verdict for each metric of the task, in the task's order; none of an optional one without any counts."""
    hindrance = not_comparable(result, accepted) if accepted else ""
    compared = _compared(result, accepted, metrics, rules, options) if accepted and not hindrance else {}
    verdicts = []
    for metric in metrics:
        rule = rules.get(metric.name, Rule())
        total, n = total_of(result.utterances, metric.name, some=metric.optional)
        if metric.optional and not n and rule.limit is None:
            continue
        plain = Verdict(
            metric.name, metric.unit, metric.kind, Status.PASS, metric.pooled(total, n), versus=options.versus,
            alpha=rule.alpha,
        )  # fmt: skip
        if not metric.judged(rule.margin):
            verdict = plain
        elif metric.name in compared:
            noise = accepted.noise.get(metric.name, 0.0) if accepted else 0.0
            verdict = _verdict(plain, compared[metric.name], ids(result.utterances), options, noise)
        else:
            verdict = _without(plain, accepted, hindrance, strict=options.strict, new=metric.on_request)
        limit = None if rule.built_in_limit and _is_about_nothing(total) else rule.limit
        if limit is not None and not within(metric, verdict.now, limit):
            doubt = few(result, accepted, metric, rule, options.family, options.again or {})
            kept = accepted if accepted and not hindrance else None
            verdict = _beyond(verdict, metric, limit, result, kept, doubt)
        verdicts.append(verdict)
    return verdicts


def to_run_again(
    result: Result, accepted: QualityBaseline | None, metrics: Sequence[Metric], rules: Mapping[str, Rule]
) -> list[str]:
    """The broken utterances of metrics whose change matters: what is to be run once more. Worst first, not too many."""
    if accepted is None or not_comparable(result, accepted):
        return []
    names, broken = ids(result.utterances), []
    for one in _sides(result, accepted, metrics, rules):
        how, then = breaks.gross(one.metric, one.rule), one.metric.value(one.before)
        worse = (one.metric.value(one.after) - then) * (1 if one.metric.better == "lower" else -1)
        if how and worse >= margin(one.metric, one.rule, then):
            broken += [names[row] for row in breaks.find(one.metric, how, one.before, one.after).rows]
    return list(dict.fromkeys(broken))[: breaks.MOST_AGAIN]


def not_comparable(result: Result, accepted: QualityBaseline) -> str:
    """Why a comparison with what was accepted would be unfair, or cannot be made; '' if it is fair."""
    for name in COMPARED:
        then, now = accepted.header.get(name, "none"), result.provenance.get(name, "none")
        if then != now and name == "privacy" and "none" not in (then, now):
            secrets = f"its ids and outputs are hashed with another secret ({then}) than here ({now})"
            return f"{secrets}: {BRING}; limits are held, and pooled values can be compared by eye"
        if then != now:
            return f"{name.replace('_', ' ')} was {then} in the baseline and is {now} now"
    if why := accepted.header.get(ROWS_MISSING):
        return why
    if accepted.counts.keys() != set(ids(result.utterances)):
        return "the baseline holds other utterances than this run"
    return ""


def _sides(
    result: Result, accepted: QualityBaseline, metrics: Sequence[Metric], rules: Mapping[str, Rule]
) -> list[Sides]:
    """The judged metrics that the baseline has, too."""
    sides, names = [], ids(result.utterances)
    for metric in metrics:
        if not metric.judged(rules.get(metric.name, Rule()).margin):
            continue
        after = _counts(result, metric)
        before = _before(accepted, names, metric, after.shape[1])
        if before is not None:
            sides.append(Sides(metric, rules.get(metric.name, Rule()), before, after))
    return sides


def _compared(
    result: Result,
    accepted: QualityBaseline,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    options: AssessmentOptions,
) -> dict[str, Seen]:
    """Each of them compared, by name."""
    seen = case.seen(_sides(result, accepted, metrics, rules), clusters(result.utterances), options.family)
    if options.again:
        seen = case.retried(seen, ids(result.utterances), options.again)
    return {seen_metric.sides.metric.name: seen_metric for seen_metric in seen}


def _without(plain: Verdict, accepted: QualityBaseline | None, hindrance: str, *, strict: bool, new: bool) -> Verdict:
    """The verdict where there is nothing to compare with; `new` metrics may be missing in a baseline of before."""
    if accepted is None:
        why = "no baseline: accept this run with --update-baselines --reason '...'"
        return replace(plain, status=Status.NEW, why=why, red=strict)
    if new and not hindrance:
        why = f"the baseline has no {plain.metric}: score it anew (modellab rescore) or accept with --update-baselines"
        return replace(plain, status=Status.NEW, why=why, red=strict)
    how = "accept with --update-baselines --reason '...'"
    if not hindrance:
        hindrance = f"the baseline has no {plain.metric}, or counts other things for it"
        if not any(plain.metric in counts for counts in accepted.counts.values()):
            how = f"count it from the accepted outputs (modellab rescore --baselines --reason '...'), or {how}"
    why = f"the quality baseline is not comparable: {hindrance}; {how}"
    return replace(plain, status=Status.NOT_COMPARABLE, why=why, red=True)


def _verdict(plain: Verdict, seen: Seen, names: Sequence[str], options: AssessmentOptions, noise: float) -> Verdict:
    comparison = seen.found
    answer = decide(seen, options.family, noise)
    return replace(
        plain,
        status=answer.status,
        baseline=comparison.baseline,
        change=comparison.change,
        interval=comparison.interval,
        why=answer.why,
        red=answer.status is Status.REGRESSED,
        p=comparison.p,
        least_p=comparison.least_p,
        detects=detectable_in_suite(comparison.basis, SWAPPED * plain.alpha / options.family, seen.tests),
        pending=answer.pending,
        adjusted_p=seen.p,
        basis=comparison.basis,
        broken=seen.broke,
        breaks=seen.named(names),
    )


def _counts(result: Result, metric: Metric) -> Floats:
    """A metric's counts of all utterances, shape (n, k); KeyError where one has none that has to have some."""
    utterances = result.utterances
    return counts_or_zeros(utterances, metric.name) if metric.optional else counts_of(utterances, metric.name)


def _before(accepted: QualityBaseline, names: Sequence[str], metric: Metric, length: int) -> Floats | None:
    """The accepted counts of the same utterances, shape (n, length); None where one has not so many."""
    flat, some = array("d"), False
    for numbers in (accepted.counts[id].get(metric.name, ()) for id in names):
        some = some or len(numbers) == length
        if len(numbers) != length and not (metric.optional and not numbers):
            return None
        flat.extend(numbers or (0.0,) * length)
    if not some or not length:
        return None
    return np.array(flat).reshape(len(names), length)


def _beyond(
    verdict: Verdict,
    metric: Metric,
    limit: float,
    result: Result,
    accepted: QualityBaseline | None,
    instead: Decision | None = None,
) -> Verdict:
    """The verdict on a value beyond its absolute limit: a red one, or what is said `instead`.

    `accepted` is None where there is nothing that the result may be compared with.
    """
    side = "above" if metric.better == "lower" else "below"
    why = f"{verdict.now:.4g} is {side} the limit {limit:g} of {result.key.dataset}"
    if math.isnan(verdict.now):
        why = f"no value to hold to the limit {limit:g} of {result.key.dataset}"
    elif instead:
        why = f"{verdict.now:.4g} is {side} the built-in limit {limit:g}: {instead.why}"
        return replace(verdict, status=instead.status, why=why)
    before = _before(accepted, ids(result.utterances), metric, _length(result, metric)) if accepted else None
    kept = before is not None and within(metric, metric.value(before), limit)
    return limits.beyond(verdict, why, kept=kept, better=metric.better)


def _is_about_nothing(total: Floats) -> bool:
    """Whether a rate has nothing in the whole dataset to be a rate of: words lost where nobody speaks."""
    return len(total) == 2 and bool(total[1] == 0)


def _length(result: Result, metric: Metric) -> int:
    return int(_counts(result, metric).shape[1])
