"""The verdicts on one measured case: the one place that decides, once, and makes a baseline where it is asked to.

What `looks_worse` says decides nothing: it asks for a second pass before there is any verdict. What is red only if it
stands out among all cases is decided when all are there, see `settling.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modellab import diagnosis, gate
from modellab.errors import BaselineError
from modellab.gate.groups import is_limit
from modellab.gate.timing_validity import invalid, too_busy
from modellab.plan import groups
from modellab.results import baselines, changed_outputs, other_answers, withheld
from modellab.runner import remarks, rerun_broken
from modellab.runner.options import RunOptions
from modellab.runner.outcome import Measurement, Outcome, ResourceBaselines
from modellab.runner.paired import PairedCase
from modellab.runner.paired import verdicts as paired_verdicts
from modellab.system.machine import today
from modellab.system.masking import masked
from modellab.types import PINNED_RELEASE, QualityBaseline, Result, Rule, Status, Verdict
from modellab.types.readings import SERVER

RESOURCES = ("speed", "memory")  # kinds of verdicts that a machine class has baselines of its own for


def judge(measured: Measurement, folder: Path, options: RunOptions, family: int = 1) -> Outcome:
    """Verdicts on a measurement; with a reason it becomes the baseline and only absolute limits can fail it.

    `folder` holds the accepted results, `family` is how many cases of the whole run have their quality judged.
    """
    verdicts, written = _verdicts(measured, options, family), tuple[Path, ...]()
    if options.accepts:
        verdicts, written = _accept(measured, verdicts, folder, options)
    known = measured.accepted
    changed = _changed(measured, known) if known else None
    return Outcome(
        measured.case,
        gate.worst(verdicts),
        verdicts,
        measured.result,
        measured.pinned if _drifted(verdicts) else known,
        changed=changed,
        notes=tuple(map(masked, _notes(measured, verdicts, changed, folder, options, accepted_here=bool(written)))),
        written=written,
        started=measured.started,
    )


def _changed(measured: Measurement, known: QualityBaseline) -> int:
    """How many outputs are not those that were accepted."""
    remember = measured.data.remembering(measured.task.remember)
    return sum(1 for _ in changed_outputs.changed(measured.task, measured.result, known, remember))


def looks_worse(result: Result, resource_baselines: ResourceBaselines, rules: Mapping[str, Rule]) -> bool:
    """Whether a first pass is slower or larger than what it is held to, so that a fresh one has to confirm it."""
    return any(verdict.red for verdict in _resources(result, resource_baselines, rules, ()))


def _verdicts(measured: Measurement, options: RunOptions, family: int) -> tuple[Verdict, ...]:
    """All of them: quality, speed and memory, each against the last baseline and the pinned release."""
    result, metrics, rules = measured.result, measured.task.METRICS, measured.rules
    setting = gate.AssessmentOptions(options.strict_baselines, family=family, again=measured.again)
    quality = gate.assess(result, measured.accepted, metrics, rules, setting)
    header, rows = measured.data.header, measured.data.rows
    by_group = groups.verdicts(result, measured.accepted, metrics, rules, header, rows, setting)
    resources = _resources(measured.passes[-1], measured.resource_baselines, rules, measured.machines)
    paired = _paired(measured)
    beside = {verdict.metric for verdict in paired}
    resources = [*paired, *(verdict for verdict in resources if verdict.metric not in beside)]
    drift = gate.drift(result, measured.pinned, measured.accepted, metrics, rules, setting)
    sides = {"baseline": measured.accepted, PINNED_RELEASE: measured.pinned}
    every = (*quality, *by_group, *resources, *drift)
    if measured.data.is_private:
        shown = withheld.verdicts(every, result)
    else:
        shown = rerun_broken.shown(every, measured.task, measured.data, result, sides)
    return gate.undecided_red(shown) if options.undecided_fails else shown


def _paired(measured: Measurement) -> list[Verdict]:
    """The verdicts on speed and memory beside the base, of the pass that ran beside it."""
    if measured.paired is None:
        return []
    case = PairedCase(measured.task, measured.case, measured.data, measured.passes[0], measured.rules)
    return paired_verdicts.judge(case, measured.paired)


def _resources(
    result: Result, resource_baselines: ResourceBaselines, rules: Mapping[str, Rule], machines: Sequence[str]
) -> list[Verdict]:
    last, pinned = resource_baselines
    return [*gate.assess_resources(result, last, rules, machines), *gate.resource_drift(result, pinned, last, rules)]


def _accept(
    measured: Measurement, verdicts: tuple[Verdict, ...], folder: Path, options: RunOptions
) -> tuple[tuple[Verdict, ...], tuple[Path, ...]]:
    """Make the measurement the baseline: the verdicts that are left to fail it, and the files written."""
    only, rules = options.speed_only, measured.rules
    if only and any(v.red for v in verdicts if v.kind not in RESOURCES):
        return verdicts, ()  # the speed of a model whose quality is red is not accepted
    if only and (doubt := next(filter(None, map(invalid, measured.passes)), "")):
        raise BaselineError(f"its speed and memory were not accepted: {doubt}; run it again on a quiet machine")
    beyond = {verdict.metric for verdict in gate.beyond_limits(measured.passes[-1], measured.task.METRICS, rules)}
    beyond |= {verdict.metric for verdict in verdicts if is_limit(verdict)}
    left = tuple(v if v.metric in beyond or (only and v.kind not in RESOURCES) else _accepted(v) for v in verdicts)
    remember = measured.data.remembering(measured.task.remember)
    saved = baselines.save(
        folder,
        measured.task,
        measured.passes,
        options.reason.strip(),
        today(),
        timed=measured.case.key.device != SERVER,
        speed_only=only,
        remember=remember,
    )
    return left, tuple(saved)


def _accepted(verdict: Verdict) -> Verdict:
    """A verdict of a run that becomes the baseline: what it would have failed is told, not failed."""
    if verdict.status in {Status.PASS, Status.IMPROVED}:
        return verdict
    return replace(verdict, status=Status.NEW, red=False, why=f"accepted by this run; was {verdict.status}")


def _notes(
    measured: Measurement,
    verdicts: Sequence[Verdict],
    changed: int | None,
    folder: Path,
    options: RunOptions,
    *,
    accepted_here: bool,
) -> Iterator[str]:
    """What a person should know beside the verdicts."""
    task, result, accepted = measured.task, measured.result, measured.accepted
    machines = (*measured.machines, *([result.machine] if accepted_here else []))
    private = measured.data.is_private  # what was accepted are hashes, and no text is told
    others = diagnosis.no_others if private else other_answers.asked(folder, result)
    looks = diagnosis.notes(verdicts, task, result, measured.data, None if private else accepted, others)
    yield from map(withheld.note, looks) if private else looks
    yield from measured.notes
    yield from remarks.unnamed_speakers(verdicts, measured.data, result.utterances)
    yield from remarks.about(withheld.result(result) if private else result, accepted, changed, machines)
    if options.speed_only and (bad := [v.metric for v in verdicts if v.red and v.kind not in RESOURCES]):
        yield f"its speed and memory were not accepted: {', '.join(bad)} is red against what was accepted"
    is_timed = result.key.device != SERVER
    if options.accepts and is_timed and not options.speed_only and (busy := too_busy(result)):
        yield f"speed was accepted while {busy}: accept it again on a quiet machine"
    if accepted and not private and (what := changed_outputs.unmoved(task, result, accepted, measured.rules)):
        yield what


def _drifted(verdicts: Sequence[Verdict]) -> bool:
    """Whether quality is red against the pinned release alone: its outputs are then what to show."""
    red = {verdict.versus for verdict in verdicts if verdict.red and verdict.kind == "quality"}
    return red == {PINNED_RELEASE}
