"""Is this result worse than what was accepted? Pure functions: a Result and what was accepted in, Verdicts out.

- quality.py: what the model said; case.py compares all metrics of a case, decision.py says what of it is red:
  paired_quality.py utterance by utterance, joint.py one test for a case, breaks.py what broke, groups.py by group of
  people; suite_alpha.py the whole suite, whose tests are one family: they share one chance of a false alarm
- speed.py: times beside the accepted ones; paired_speed.py: beside a reference that runs at the same time
- memory.py: peak memory against a margin, beside the accepted peak or that of such a reference
- limits.py: absolute limits; timing_validity.py: why a timing proves little; calibration_noise.py: how much runs of an
  unchanged model differ
- detectable_effect.py: the minimum detectable effect (MDE) of a case; a verdict's `detects` holds it
- power.py, power_speed.py, sample_power.py: how small a change a case sees, and what a smaller one needs
- claim.py: is the model worse than its makers state?

Layer 3: may import layers 1 to 2 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from modellab.gate import limits, memory, quality, speed
from modellab.gate.quality import AssessmentOptions, to_run_again
from modellab.gate.suite_alpha import settle, turned
from modellab.types import PINNED_RELEASE, Metric, QualityBaseline, ResourceBaseline, Result, Rule, Status, Verdict

__all__ = [
    "AssessmentOptions",
    "assess",
    "assess_resources",
    "beyond_limits",
    "drift",
    "resource_drift",
    "settle",
    "to_run_again",
    "turned",
    "undecided_red",
    "worst",
]

ORDER = list(Status)


def assess(
    result: Result,
    accepted: QualityBaseline | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    options: AssessmentOptions = quality.ONE_CASE,
) -> list[Verdict]:
    """The verdicts on what the model said, one for each metric of its task."""
    return quality.assess(result, accepted, metrics, rules, options)


def drift(
    result: Result,
    pinned: QualityBaseline | None,
    accepted: QualityBaseline | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    options: AssessmentOptions = quality.ONE_CASE,
) -> list[Verdict]:
    """The verdicts against the pinned release: many small steps, each accepted, may add up to a large one.

    Only of metrics in which the pinned release differs from the baseline (else it is the same test twice), and of none
    where the comparison would be unfair: another dataset or normaliser since the release is no fault of this change.
    """
    if pinned is None or quality.not_comparable(result, pinned):
        return []
    last = accepted.counts if accepted else {}
    since = {
        metric.name
        for metric in metrics
        if any(counts.get(metric.name) != last.get(id, {}).get(metric.name) for id, counts in pinned.counts.items())
    }
    unlimited = {name: replace(rule, limit=None, sensitivity=None) for name, rule in rules.items()}
    verdicts = quality.assess(result, pinned, metrics, unlimited, replace(options, versus=PINNED_RELEASE))
    release = pinned.header.get("reason", "")
    return [
        replace(verdict, why=f"since the pinned release ({release}): {verdict.why}" if verdict.why else "")
        for verdict in verdicts
        if verdict.metric in since and verdict.p is not None
    ]


def assess_resources(
    result: Result, resources: ResourceBaseline | None, rules: Mapping[str, Rule], others: Sequence[str] = ()
) -> list[Verdict]:
    """The verdicts on speed, memory and the readings that have a limit, in this order.

    Without a baseline of this very machine class only an absolute limit is red. `others` are the machine classes that
    do have a baseline: with them the answer is NOT_COMPARABLE, without any NEW.
    """
    verdicts = [*speed.assess(result, resources, rules), *memory.assess(result, resources, rules)]
    if resources is None and others:
        why = f"accepted on {', '.join(others)}, this is {result.machine}"
        verdicts = [v if v.red else replace(v, status=Status.NOT_COMPARABLE, why=why) for v in verdicts]
    judged = {verdict.metric for verdict in verdicts}
    return [*verdicts, *limits.others(result, rules, judged, resources.readings if resources else {})]


def resource_drift(
    result: Result, pinned: ResourceBaseline | None, accepted: ResourceBaseline | None, rules: Mapping[str, Rule]
) -> list[Verdict]:
    """The verdicts on speed and memory against the pinned release, where it is not what was accepted last."""
    if pinned is None or (accepted is not None and pinned.times == accepted.times):
        return []
    release = pinned.header.get("reason", "")
    unlimited = {name: replace(rule, limit=None, sensitivity=None) for name, rule in rules.items()}
    return [
        replace(v, versus=PINNED_RELEASE, why=f"since the pinned release ({release}): {v.why}" if v.why else "")
        for v in assess_resources(result, pinned, unlimited)
        if v.change is not None
    ]


def beyond_limits(result: Result, metrics: Sequence[Metric], rules: Mapping[str, Rule]) -> list[Verdict]:
    """What is beyond an absolute limit: nothing else is red without a baseline."""
    verdicts = (*assess(result, None, metrics, rules), *assess_resources(result, None, rules))
    return [verdict for verdict in verdicts if verdict.red]


def worst(verdicts: Iterable[Verdict]) -> Status:
    """The status of a whole case: red verdicts first, then quality before speed and memory, then the sternest."""
    ranked = sorted(verdicts, key=lambda verdict: (verdict.red, _tells(verdict), ORDER.index(verdict.status)))
    return ranked[-1].status if ranked else Status.PASS


def undecided_red(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts as `--inconclusive fail` has them: an undecided quality is red."""
    doubt = {Status.INCONCLUSIVE}
    return tuple(replace(v, red=True) if v.status in doubt and v.kind in {"quality", "sanity"} else v for v in verdicts)


def _tells(verdict: Verdict) -> bool:
    """Whether a verdict says something of the case: 'other machine' must not hide 'quality improved'."""
    return verdict.kind == "quality" or verdict.status not in {Status.NEW, Status.NOT_COMPARABLE}
