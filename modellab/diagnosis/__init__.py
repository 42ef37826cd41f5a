"""What kind of failure a bad case looks like: a first suspicion, with its reason, from stored results alone.

    Result, dataset, baseline, other models' answers -> contexts -> Findings, worst first

| kind | looks like | fault |
|---|---|---|
| raised | the adapter raised | adapter |
| stuck | the same answer to everything | adapter |
| late | each answer is right for another call | adapter |
| sample rate | times that do not fit the file, or words far too fast or slow, and nothing is right | adapter, data |
| empty | no words where somebody speaks; everywhere, in a silent file, now and then | adapter, data, model |
| hallucination | words in a file that cannot be speech; three words or more in a row that nobody said | model |
| loop | a phrase over and over | model |
| normaliser | another normaliser halves the errors | scoring |
| language | another script, another language's common words, or the model says so | model |
| channels | channels that cancel or differ | data |
| reference | the answer is the transcript of another bad row, or other models agree on other words | data |
| truncated | a stretch of a quarter is missing, the rest is right; the last words are, in many | data, adapter, model |
| garbled | next to nothing is right, everywhere | adapter |
| words | some words are wrong | model |

Each bad utterance gets one kind, the first that fits; what is mechanical in most of them is asked first. Precision and
recall on injected faults: docs/detective.md.

Layer 4: may import layers 1 to 3 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modellab import text
from modellab.datasets import Dataset
from modellab.diagnosis import case, utterance
from modellab.diagnosis.context import Others, UtteranceContext, contexts, no_others
from modellab.diagnosis.kinds import Fault, Finding, Kind
from modellab.errors import told
from modellab.tasks import Task
from modellab.types import QualityBaseline, Result, Status, Verdict
from modellab.types.utterances import total_of

__all__ = [
    "Fault",
    "Finding",
    "Kind",
    "Others",
    "UtteranceContext",
    "contexts",
    "doubts",
    "examine",
    "no_others",
    "notes",
    "suspect",
]

ABSURD = 0.2  # of the words are wrong: then a new case is asked about
FEW, MANY = 2, 0.2  # utterances, and their fraction of a new case, that make a finding worth a word
LANGUAGE_BLIND = ("basic",)  # normalisers that do for any language


def suspect(
    task: Task, result: Result, data: Dataset, accepted: QualityBaseline | None = None, others: Others = no_others
) -> list[Finding]:
    """The findings on a result; `others` is asked for other models' answers, by utterance (`results.other_answers`)."""
    return examine(contexts(task, result, data, accepted, others()), data.normaliser)


def notes(
    verdicts: Iterable[Verdict],
    task: Task,
    result: Result,
    data: Dataset,
    accepted: QualityBaseline | None = None,
    others: Others = no_others,
) -> list[str]:
    """What a case looks like whose quality is new or undecided, and not red; red cases are told at length elsewhere."""
    spoken = [verdict for verdict in verdicts if verdict.kind in {"quality", "sanity"}]
    if any(verdict.red and verdict.status is not Status.NEW for verdict in spoken):
        return []
    if not any(verdict.status in {Status.NEW, Status.INCONCLUSIVE} for verdict in spoken):
        return []
    try:
        return [finding.note for finding in doubts(task, result, data, accepted, others)]
    except Exception as error:  # noqa: BLE001 - a suspicion that cannot be formed takes no verdict away
        return [f"what this looks like cannot be told: {told(error)}"]


def doubts(
    task: Task, result: Result, data: Dataset, accepted: QualityBaseline | None = None, others: Others = no_others
) -> list[Finding]:
    """The findings that matter on a case that is not red: a new one, or one that cannot be decided.

    With something accepted these are what got worse in two utterances or more; without, where at least a fifth of
    the words of the task's first metric is wrong, what at least a fifth of the utterances have in common.
    """
    first = task.METRICS[0]
    if accepted is None and not first.pooled(*total_of(result.utterances, first.name)) >= ABSURD:
        return []
    every = contexts(task, result, data, accepted, others())
    changed = {heard.id for heard in every if heard.before is None or heard.before != heard.hypothesis}
    least = max(FEW, MANY * len(every)) if accepted is None else FEW
    findings = [finding for finding in examine(every, data.normaliser) if finding.kind is not Kind.WORDS]
    return [finding for finding in findings if len(changed.intersection(finding.ids)) >= least]


def examine(every: Sequence[UtteranceContext], used: str = "") -> list[Finding]:
    """The findings on a case's utterances, those with most errors first; none where nothing is bad.

    `used` is the name of the normaliser of the scores: the others are tried.
    """
    findings = [*case.normaliser(every, _profiles(every, used))]
    findings += [] if findings else case.mechanical(every)
    findings += [] if findings else case.clipped(every)
    explained = {id for finding in findings for id in finding.ids}
    findings += utterance.findings(every, [heard for heard in every if heard.bad and heard.id not in explained])
    return sorted(findings, key=lambda finding: (-finding.errors, finding.kind))


def _profiles(every: Sequence[UtteranceContext], used: str) -> Iterable[str]:
    english = all(heard.language in {"", "en"} for heard in every)
    names = [name for name in text.names() if name.endswith("_en")] if english else []
    return (name for name in (*LANGUAGE_BLIND, *names) if name != used)
