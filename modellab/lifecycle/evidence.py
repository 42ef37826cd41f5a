"""What the ledger and the baselines say of one case, and what it lacks for a stage.

A result counts where dataset, normaliser and weights are the present ones: another model, or other data, prove nothing.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modellab import datasets, tasks, text, units
from modellab.errors import BaselineError
from modellab.lifecycle.criteria import PYPROJECT, beyond, limits, metric_of
from modellab.lifecycle.stages import Evidence
from modellab.models import weights
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.rescored import standing
from modellab.schema import Criteria
from modellab.types import CaseId, Counts, QualityBaseline, Result, readings

DIGITS = 5  # significant, of a number in a record


@dataclass(frozen=True, slots=True)
class Missing:
    """One criterion that is not met, and the command that mends it."""

    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is of a case: its fitting results, oldest first, the newest of any kind, what is accepted."""

    case: Case
    fitting: tuple[Entry, ...]
    newest: Entry | None
    accepted: QualityBaseline | None
    stale: str = ""  # why the newest does not fit, '' where it does or there is none
    damaged: str = ""  # the sentence of a baseline that cannot be read
    unfit: str = ""  # why the baseline does not fit, '' where it does or there is none

    @property
    def runs(self) -> int:
        return len({entry.session for entry in self.fitting})


def facts(case: Case, digest: str = "") -> dict[str, str]:
    """What a case's results have to be of now: dataset digest, normaliser, and weights where they can be told."""
    data = digest or case.header.digest or datasets.load(case.dataset).digest
    promised = weights.promised(case.source)
    expected = {"dataset_digest": data, "normaliser": str(text.get(case.header.normaliser)), "weights": promised}
    return {name: value for name, value in expected.items() if value}


def unlike(there: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs from the present, in a few words; '' for nothing."""
    for name, value in now.items():
        if (then := there.get(name, "none")) != value:
            return f"with {name.replace('_', ' ')} {short(then)}, now it is {short(value)}"
    return ""


def short(text: str) -> str:
    """A digest as a person reads it.

    >>> short("sha256:" + "ab" * 32), short("whisper_en@1#1a2b3c4d")
    ('sha256:abababab', 'whisper_en@1#1a2b3c4d')
    """
    scheme, _, digits = text.partition(":")
    return f"{scheme}:{digits[:8]}" if scheme == "sha256" else text


def shown(project: Project, case: Case, entries: Iterable[Entry]) -> Shown:
    """What there is of a case; `entries` are the ledger's, oldest first."""
    mine = standing(entry for entry in entries if entry.key == case.key and entry.was_tried)
    now = facts(case, datasets.load(case.dataset).digest)
    newest = mine[-1] if mine else None
    measured = [entry for entry in mine if entry.result is not None]
    if "weights" not in now and measured and measured[-1].result:  # which cannot be told: those of the newest result
        now["weights"] = measured[-1].result.provenance.get("weights", "none")
    fitting = tuple(entry for entry in measured if entry.result and not unlike(entry.result.provenance, now))
    stale = unlike(measured[-1].result.provenance, now) if measured and measured[-1].result else ""
    try:
        accepted, damaged = baselines.load(project.baselines, case.key), ""
    except BaselineError as error:
        accepted, damaged = None, str(error)
    return Shown(case, fitting, newest, accepted, stale, damaged, unlike(accepted.header, now) if accepted else "")


def missing(shown_case: Shown, criteria: Criteria) -> Iterator[Missing]:
    """Every criterion that a case does not meet."""
    key, name = shown_case.case.key, str(shown_case.case.key)
    hindrance = why_not(shown_case.case)
    run = f"{hindrance}; then {command(key)}" if hindrance else command(key)
    accept = f"{run} --update-baselines --reason TEXT"
    if shown_case.newest is None:
        yield Missing(f"{name}: never measured here, {criteria.runs} {_plural('run', criteria.runs)} asked for", run)
    elif shown_case.newest.red:
        reasons = shown_case.newest.error.splitlines()[:1] or [
            v.metric + ": " + v.why for v in shown_case.newest.verdicts if v.red
        ]
        word = "beyond a limit" if shown_case.newest.status.at_limit else "open regression"
        yield Missing(
            f"{name}: {word}: {shown_case.newest.status} in its newest session {shown_case.newest.session}"
            f" ({reasons[0]})",
            f"modellab explain {name}; mend it, then {run}",
        )
    elif shown_case.stale:
        yield Missing(f"{name}: measured {shown_case.stale}", run)
    if shown_case.newest is not None and shown_case.runs < criteria.runs:
        what = f"{name}: {shown_case.runs} of {criteria.runs} runs with the present weights, data and normaliser"
        yield Missing(what, f"{run}  # {criteria.runs - shown_case.runs} more")
    if shown_case.fitting and (count := len(_result(shown_case.fitting[-1]).utterances)) < criteria.utterances:
        place = f"add rows to {shown_case.case.dataset / datasets.FILE_NAME}"
        yield Missing(f"{name}: {count} utterances, {criteria.utterances} are asked for", place)
    if shown_case.damaged:
        yield Missing(f"{name}: {shown_case.damaged}", accept)
    elif shown_case.accepted is None:
        yield Missing(f"{name}: nothing is accepted: it has no baseline", accept)
    elif shown_case.unfit:
        yield Missing(f"{name}: its baseline was accepted {shown_case.unfit}", accept)
    yield from _beyond(shown_case, criteria)


def _beyond(shown_case: Shown, criteria: Criteria) -> Iterator[Missing]:
    """What of the newest result and of the baseline is beyond the limits."""
    task, name = shown_case.case.key.task, str(shown_case.case.key)
    mend = f"a better model; the limit is in {PYPROJECT}, [tool.modellab.lifecycle]"
    for metric, limit in limits(criteria, shown_case.case).items():
        if shown_case.fitting:
            result = _result(shown_case.fitting[-1])
            value = value_of(result, metric)
            if value is None:
                yield Missing(
                    f"{name}: {metric} is not measured, and its limit is {limit:g}", command(shown_case.case.key)
                )
            elif beyond(task, metric, value, limit):
                yield Missing(f"{name}: {beyond_by(task, metric, limit, _counts(result, metric), value)}", mend)
        excess = accepted_beyond(shown_case.case.key, shown_case.accepted, metric, limit)
        if excess and not shown_case.unfit:
            again = f"{command(shown_case.case.key)} --update-baselines --reason TEXT"
            yield Missing(f"{name}: the accepted {excess}", again)


def accepted_beyond(key: CaseId, accepted: QualityBaseline | None, metric: str, limit: float) -> str:
    """What is accepted beyond a limit, with N and interval; '' where it is not, or is no metric of a baseline."""
    counts = [by_metric[metric] for by_metric in accepted.counts.values() if metric in by_metric] if accepted else []
    definition = metric_of(key.task, metric)
    if not counts or definition is None or not beyond(key.task, metric, value := definition.value(counts), limit):
        return ""
    return beyond_by(key.task, metric, limit, counts, value)


def beyond_by(task: str, metric: str, limit: float, counts: Sequence[Counts], value: float) -> str:
    """Such as `wer is 3.25 % [1.11 %, 5.39 %], N 40, beyond the limit of 2.00 %`."""
    unit = unit_of(task, metric)
    ends = interval(task, metric, counts, [""] * len(counts))
    low, high = (units.value(end, unit) for end in ends) if ends else ("", "")
    span = f" [{low}, {high}]" if ends else ""
    count = f", N {len(counts)}" if counts else ""
    return f"{metric} is {units.value(value, unit)}{span}{count}, beyond the limit of {units.value(limit, unit)}"


def interval(task: str, metric: str, counts: Sequence[Counts], clusters: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % interval of a pooled value, as reports have it; None where there is none: a reading, one utterance."""
    from modellab.stats import intervals  # not above: it needs what collecting tests does not

    definition = metric_of(task, metric)
    return intervals.rate(definition, counts, clusters).interval if definition and counts else None


def unit_of(task: str, name: str) -> str:
    """The unit of a metric or a reading.

    >>> unit_of("asr", "wer"), unit_of("asr", "peak_rss_bytes"), unit_of("asr", "load_s"), unit_of("asr", "rtf")
    ('ratio', 'bytes', 's', 's/s')
    """
    metric = metric_of(task, name)
    return metric.unit if metric else readings.unit(name)


def value_of(result: Result, name: str) -> float | None:
    """A metric's pooled value, or a reading; None where the result has neither."""
    metric = metric_of(result.key.task, name)
    if metric is None:
        return result.readings.get(name)
    counts = _counts(result, name)
    return metric.value(counts) if counts else None


def evidence(shown_case: Shown, criteria: Criteria, mlflow_runs: Mapping[str, str]) -> Iterator[Evidence]:
    """The numbers of a case that a record keeps: the task's first metric and those with a limit, of its newest result.

    `mlflow_runs` maps a ledger entry's id to the run in MLflow that has it.
    """
    if not shown_case.fitting:
        return
    entry = shown_case.fitting[-1]
    result, task = _result(entry), shown_case.case.key.task
    held = limits(criteria, shown_case.case)
    for name in dict.fromkeys([tasks.get(task).METRICS[0].name, *held]):
        if (value := value_of(result, name)) is not None and math.isfinite(value):
            ends = interval(task, name, _counts(result, name), [utterance.cluster for utterance in result.utterances])
            yield Evidence(
                case=str(shown_case.case.key),
                metric=name,
                unit=unit_of(task, name),
                value=_rounded(value),
                low=_rounded(ends[0]) if ends else None,
                high=_rounded(ends[1]) if ends else None,
                limit=held.get(name),
                n=len(result.utterances),
                runs=shown_case.runs,
                verdict=str(entry.status),
                session=entry.session,
                result=entry.id,
                mlflow_run=mlflow_runs.get(entry.id, ""),
            )


def command(key: CaseId) -> str:
    """What measures a case."""
    given = {"model": f"{key.model}:{key.variant}", "dataset": key.dataset, "device": key.device}
    given["precision"] = key.precision
    return " ".join(["modellab run", *(f"--{name} {shlex.quote(value)}" for name, value in given.items())])


def _counts(result: Result, metric: str) -> list[Counts]:
    return [utterance.counts[metric] for utterance in result.utterances if metric in utterance.counts]


def _result(entry: Entry) -> Result:
    assert entry.result is not None, "what fits has a result"
    return entry.result


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
