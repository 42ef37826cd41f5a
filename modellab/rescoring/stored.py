"""Whole stores scored anew: results of the ledger, and what is accepted in `baselines/`.

Results become new lines of a session of their own; no line is changed or lost. A result that comes out as it was, under
the same normaliser, is left alone. A baseline becomes the same file with new counts: its outputs, its noise and the
times beside it stay, and its header says which normaliser it had before and why it changed. Where its task keeps
whole outputs it gets the judged metrics that came later, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modellab import datasets, gate, tasks, text
from modellab.datasets import Dataset
from modellab.errors import sentence
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.rescoring.entry import judged, rescored
from modellab.results import baselines, baselines_as_entries
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.results.pinned import pinned_root
from modellab.results.rescored import BEFORE
from modellab.tasks import Recalled, Task
from modellab.types import CaseId, Counts, Result

CLOSE = 2e-6  # baselines hold counts to six decimals
OF_TEXT: Mapping[
    str, tuple[str, Sequence[str]]
] = {  # baselines that keep a text: its key in the output, what it scores
    "tts": ("heard", ("wer", "cer")),
    "streaming": ("text", ("wer",)),
}


@dataclass(frozen=True, slots=True)
class Rescoring:
    """A stored result and what scoring it anew made of it: a new one, nothing new, or a sentence that says why not."""

    before: Entry
    after: Entry | None = None
    refusal: str = ""

    @property
    def same(self) -> bool:
        """Nothing changed: the same normaliser and digest, the same value of every metric."""
        return not self.refusal and self.after is None


class Folders:
    """The datasets of a project, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.read: dict[str, Dataset] = {}

    def __getitem__(self, name: str) -> Dataset:
        if name not in self.read:
            self.read[name] = datasets.load(self.root / name)
        return self.read[name]


def rescore(
    entries: Iterable[Entry], data: Folders, normaliser: str = "", *, references: bool = False
) -> list[Rescoring]:
    """Each entry scored anew, not judged yet."""
    return [_rescoring(entry, data, normaliser, references=references) for entry in entries]


def _rescoring(entry: Entry, data: Folders, normaliser: str, *, references: bool) -> Rescoring:
    try:
        after = rescored(entry, data[entry.key.dataset], normaliser, references=references)
        return Rescoring(entry) if _same(entry, after) else Rescoring(entry, after)
    except Exception as error:  # noqa: BLE001 - one result ends here: whatever was raised refuses it, the next is scored
        return Rescoring(entry, refusal=sentence(error))


def _same(before: Entry, after: Entry) -> bool:
    assert before.result is not None
    assert after.result is not None
    facts = ("normaliser", "dataset_digest")
    if any(before.result.provenance.get(name) != after.result.provenance[name] for name in facts):
        return False
    pairs = zip(before.result.utterances, after.result.utterances, strict=True)
    return all(
        _alike(one.counts.get(name, ()), numbers)
        for one, other in pairs
        for name, numbers in other.counts.items()
        if name in one.counts or any(numbers)  # of an optional metric the ledger keeps no zeros
    )


def _alike(before: Counts, after: Counts) -> bool:
    close = (math.isclose(x, y, abs_tol=CLOSE) or (math.isnan(x) and math.isnan(y)) for x, y in zip(before, after))  # noqa: B905
    return len(before) == len(after) and all(close)


def assess(rescorings: Sequence[Rescoring], cases: Mapping[CaseId, Case], project: Project) -> list[Rescoring]:
    """Those with a new entry, held against today's baselines as one session; a case that is no more stays unjudged."""
    there = [rescoring for rescoring in rescorings if rescoring.after is not None and rescoring.before.key in cases]
    family = max(1, len(there))
    entries, refused = {}, {}
    for rescoring in there:
        assert rescoring.after is not None
        try:
            entries[rescoring.before.id] = judged(rescoring.after, cases[rescoring.before.key], project, family)
        except Exception as error:  # noqa: BLE001 - one result ends here, as above
            refused[rescoring.before.id] = Rescoring(rescoring.before, refusal=sentence(error))
    settled = gate.settle([entry.verdicts for entry in entries.values()], project.judging.alpha)
    for (source, entry), verdicts in zip(entries.items(), settled, strict=True):
        entries[source] = replace(entry, verdicts=verdicts, status=gate.worst(verdicts))
    return [
        refused.get(rescoring.before.id) or replace(rescoring, after=entries.get(rescoring.before.id, rescoring.after))
        for rescoring in rescorings
    ]


def keep(rescorings: Iterable[Rescoring], ledger: Ledger) -> None:
    """Append what is new to the ledger, under its session."""
    for rescoring in rescorings:
        if rescoring.after is not None:
            ledger.append(replace(rescoring.after, session=ledger.session))


# ---------------------------------------------------------------------------- baselines


def accept(
    project: Project, data: Folders, names: Sequence[str], reason: str, date: str, damaged: list[str]
) -> list[tuple[Entry, list[Path], str]]:
    """Every baseline and pinned file of these cases (none named: all) rescored: the files written, or why none was.

    A file that cannot be used costs itself alone: its sentence goes to `damaged`.
    """
    outcomes = []
    for root in (project.baselines, pinned_root(project.baselines)):
        for entry in baselines_as_entries.entries(root, damaged):
            if not names or str(entry.key) in names:
                try:
                    outcomes.append((entry, _accepted(root, entry, data[entry.key.dataset], reason, date), ""))
                except Exception as error:  # noqa: BLE001 - one baseline ends here, as above
                    outcomes.append((entry, [], sentence(error)))
    return outcomes


def _accepted(root: Path, entry: Entry, data: Dataset, reason: str, date: str) -> list[Path]:
    assert entry.result is not None
    before, now = entry.result.provenance.get("normaliser", "none"), str(text.get(data.normaliser))
    task = tasks.get(entry.key.task)
    added = _added_metrics(task, entry.result)
    current = before == now and entry.result.provenance.get("dataset_digest") == data.digest
    if current and not added:
        return []
    known = entry if isinstance(task, Recalled) else _partly(root, entry)
    after = rescored(known, data)
    assert after.result is not None
    stored = list(dict.fromkeys(name for utterance in entry.result.utterances for name in utterance.counts))
    names = [name for name in OF_TEXT[task.NAME][1] if name in stored] if task.NAME in OF_TEXT else [*stored, *added]
    counts = {
        new.id: {**old.counts, **{name: new.counts[name] for name in names if name in new.counts}}
        for old, new in zip(entry.result.utterances, after.result.utterances, strict=True)
    }
    facts = {"normaliser": now, "dataset_digest": data.digest}
    why = {**({} if current else {BEFORE: before}), "reason": reason, "date": date}
    machines = [] if current else baselines.other_machines(root, entry.key)
    resource_baselines = [baselines.resources_path(root, entry.key, name) for name in machines]
    path = baselines.replace_counts(baselines.quality_path(root, entry.key), counts, **facts, **why)
    return [path, *(baselines.replace_counts(resources, {}, **facts) for resources in resource_baselines)]


def _added_metrics(task: Task, result: Result) -> list[str]:
    """The judged metrics that the task has got since the baseline was written, where its outputs can be scored."""
    if not isinstance(task, Recalled) or not result.utterances:  # its rows may be missing on this machine
        return []
    stored = result.utterances[0].counts
    return [metric.name for metric in task.METRICS if metric.judged() and metric.name not in stored]


def _partly(root: Path, entry: Entry) -> Entry:
    """The entry with outputs of which a text is all that is known, where a task scores the text alone."""
    assert entry.result is not None
    key, accepted = OF_TEXT.get(entry.key.task, ("", ()))[0], baselines.load(root, entry.key)
    if not key or accepted is None:
        return entry
    told: dict[str, Any] = {"events": [], "batch": None, "clock": "", "health": None}
    outputs = {id: None if answer is None else {**told, key: answer} for id, answer in accepted.outputs.items()}
    utterances = tuple(
        replace(u, output=outputs[u.id], error="" if outputs[u.id] else "it raised") for u in entry.result.utterances
    )
    return replace(entry, result=replace(entry.result, utterances=utterances))
