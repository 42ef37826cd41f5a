"""What kind of failure a bad case looks like: a first suspicion, with its reason, from stored results alone.

    Result, dataset, baseline, other models' answers -> scene -> Findings, worst first

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
| truncated | a stretch of a quarter is missing, the rest is right | data, adapter, model |
| garbled | next to nothing is right, everywhere | adapter |
| words | some words are wrong | model |

Each bad utterance gets one kind, the first that fits; what is mechanical in most of them is asked first. Precision and
recall on injected faults: docs/detective.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from modellab import text
from modellab.dataset import Dataset
from modellab.detective import each, whole
from modellab.detective.kinds import Fault, Finding, Kind
from modellab.detective.scene import Heard, elsewhere, scene
from modellab.tasks import Task
from modellab.types import Accepted, Result

__all__ = ["Fault", "Finding", "Heard", "Kind", "elsewhere", "examine", "scene", "suspect"]

LANGUAGE_BLIND = ("basic",)  # normalisers that do for any language


def suspect(
    task: Task, result: Result, data: Dataset, accepted: Accepted | None = None, baselines: Path | None = None
) -> list[Finding]:
    """The findings on a result; `baselines` is where other models' answers are looked up."""
    others = elsewhere(baselines, result.key) if baselines else {}
    return examine(scene(task, result, data, accepted, others), data.normaliser)


def examine(every: Sequence[Heard], used: str = "") -> list[Finding]:
    """The findings on a case's utterances, those with most errors first; none where nothing is bad.

    `used` is the name of the normaliser of the scores: the others are tried.
    """
    found = [*whole.normaliser(every, _profiles(every, used))]
    found += [] if found else whole.mechanical(every)
    explained = {id for finding in found for id in finding.ids}
    found += each.findings(every, [heard for heard in every if heard.bad and heard.id not in explained])
    return sorted(found, key=lambda finding: (-finding.errors, finding.kind))


def _profiles(every: Sequence[Heard], used: str) -> Iterable[str]:
    english = all(heard.language in {"", "en"} for heard in every)
    names = [name for name in text.names() if name.endswith("_en")] if english else []
    return (name for name in (*LANGUAGE_BLIND, *names) if name != used)
