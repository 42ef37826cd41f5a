"""Accept what was measured already: results of the ledger become baselines, without running a model again.

The newest result of each case is meant. Refused is what no acceptance may hide: a case without a measurement, one of
other data, a value beyond an absolute limit, and, where only improvements are wanted, a regression beside the
improvement. Speed and memory of a machine that was busy are not taken: the accepted ones stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from modellab import datasets, gate, tasks, text
from modellab.datasets import Dataset
from modellab.errors import ODD, ModellabError
from modellab.gate.timing_validity import invalid
from modellab.plan import thresholds
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.results import baselines, withheld
from modellab.results.entry import Entry
from modellab.types import CaseId, QualityBaseline, ResourceBaseline, Result, Rule, Status, Verdict
from modellab.types.readings import ELSEWHERE, SERVER

SOURCE = "result"  # in a baseline's header: the id of the ledger's entry that it was made from


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case with its newest result, and what hinders its acceptance. Without an entry it was not measured."""

    case: Case
    entry: Entry | None
    refusal: str = ""
    done: bool = False  # this very result is the baseline already

    @property
    def improved(self) -> tuple[Verdict, ...]:
        """The verdicts that say better than accepted. Better than the pinned release alone is no reason to accept."""
        return tuple(v for v in self._verdicts if v.status is Status.IMPROVED and v.versus != baselines.PINNED)

    @property
    def worse(self) -> tuple[Verdict, ...]:
        """What is red, but for verdicts against the pinned release, and those that say that nothing is accepted."""
        return tuple(v for v in self._verdicts if v.red and v.versus != baselines.PINNED and v.status is not Status.NEW)

    @property
    def doubt(self) -> str:
        """Why its clocks prove little; '' where they do."""
        return invalid(self.entry.result) if self.entry and self.entry.result else ""

    @property
    def notes(self) -> Iterator[str]:
        """What a person should know who accepts this."""
        if self.entry is None or self.entry.result is None:
            return
        for verdict in self._verdicts:
            versus = "" if verdict.versus == "baseline" else f" against {verdict.reference}"
            if verdict.red or verdict.status is Status.INCONCLUSIVE:
                yield f"{verdict.metric} was {verdict.status}{versus}: {verdict.why}".removesuffix(": ")
        if self.doubt:
            yield f"speed and memory stay as they were accepted before: {self.doubt}"
        if self.entry.commit.dirty:
            yield f"it was measured on {self.entry.commit.short} with changes that were not committed"

    @property
    def _verdicts(self) -> tuple[Verdict, ...]:
        return self.entry.verdicts if self.entry else ()


def newest(entries: Iterable[Entry]) -> dict[CaseId, Entry]:
    """The last entry of each case."""
    return {entry.key: entry for entry in sorted(entries, key=lambda entry: (entry.finished_at, entry.id))}


def propose(project: Project, cases: Iterable[Case], entries: Iterable[Entry], *, everything: bool) -> list[Proposal]:
    """Each case with its newest entry, refused where it has to be. `everything` takes what is worse, too."""
    last = newest(entries)
    return [_proposal(project, Proposal(case, last.get(case.key)), everything=everything) for case in cases]


def _proposal(project: Project, proposal: Proposal, *, everything: bool) -> Proposal:
    entry, case = proposal.entry, proposal.case
    if entry is None or not (everything or proposal.improved or entry.result is None):
        return proposal
    try:
        accepted = baselines.load(project.baselines, case.key)
        if accepted and accepted.header.get(SOURCE) == entry.id:
            return replace(proposal, done=True)
        task, rules = tasks.get(case.key.task), thresholds.rules(tasks.get(case.key.task), case, project)
        refusal = _refusal(entry, task, datasets.load(case.dataset), rules)
        if not refusal and not everything:
            resources = _resources(project.baselines, entry)
            refusal = _not_better(proposal, _improved_now(proposal, accepted, resources, task, rules))
    except ModellabError as error:
        refusal = str(error)
    return replace(proposal, refusal=refusal)


def _resources(root: Path, entry: Entry) -> ResourceBaseline | None:
    return baselines.load_resources(root, entry.key, entry.result.machine) if entry.result else None


def _improved_now(
    proposal: Proposal,
    accepted: QualityBaseline | None,
    resources: ResourceBaseline | None,
    task: tasks.Task,
    rules: Mapping[str, Rule],
) -> tuple[Verdict, ...]:
    """The improvements that are some against what is accepted today, too: it may have changed since the run."""
    assert proposal.entry is not None
    assert proposal.entry.result is not None
    result = proposal.entry.result
    today = [*gate.assess(result, accepted, task.METRICS, rules), *gate.assess_resources(result, resources, rules)]
    better = {verdict.metric for verdict in today if verdict.status in {Status.IMPROVED, Status.NEW}}
    return tuple(v for v in proposal.improved if v.metric in better or v.versus != "baseline")


def _not_better(proposal: Proposal, better: tuple[Verdict, ...]) -> str:
    """Why a result that was better is not accepted as an improvement; '' if it is."""
    if proposal.worse:
        red = ", ".join(f"{verdict.metric} {verdict.status}" for verdict in proposal.worse)
        return f"better in {_names(proposal.improved)} but red in {red}: --all accepts the one with the other"
    if proposal.doubt and all(verdict.kind != "quality" for verdict in proposal.improved):
        return f"better in {_names(proposal.improved)}, but {proposal.doubt}: run it again on a quiet machine"
    if not better:
        return f"was better in {_names(proposal.improved)}, and is not against the baseline of today: run it again"
    return ""


def _names(verdicts: Iterable[Verdict]) -> str:
    return ", ".join(verdict.metric for verdict in verdicts)


def _refusal(entry: Entry, task: tasks.Task, data: Dataset, rules: Mapping[str, Rule]) -> str:
    """Why an entry cannot become a baseline, in one sentence; '' if it can."""
    result = entry.result
    if result is None:
        told = withheld.message(entry.error) if data.is_private else entry.error
        reason = (told.splitlines() or ["no sentence says why"])[0]
        return f"its newest result is an ERROR, there is nothing to accept: {reason}"
    now = {"dataset_digest": data.digest, "normaliser": str(text.get(data.normaliser))}
    for name, value in now.items():
        if (then := result.provenance.get(name, "none")) != value:
            return f"it was measured with {name.replace('_', ' ')} {then}, here it is {value}: run it again"
    names = (metric.name for metric in task.METRICS if not metric.optional)
    missing = [name for name in names if any(name not in utterance.counts for utterance in result.utterances)]
    if missing:
        return f"it was measured before there was {', '.join(missing)}: run it again"
    if fault := next(_forgotten(result, task), ""):
        return fault
    if beyond := gate.beyond_limits(result, task.METRICS, rules):
        return f"limits are never accepted away: {beyond[0].metric} {beyond[0].why.partition(';')[0]}"
    return ""


def _forgotten(result: Result, task: tasks.Task) -> Iterator[str]:
    """A sentence for each output that a baseline could not keep, for it is not what the task gives."""
    for utterance in result.utterances:
        try:
            _ = None if utterance.error else task.remember(utterance.output)
        except ODD as error:
            yield (
                f"the output of {utterance.id} cannot be kept ({type(error).__name__}: {error}): is its line of the"
                " ledger damaged, or of another version of the task? run it again"
            )


def accept(project: Project, proposal: Proposal, reason: str, date: str) -> list[Path]:
    """Write the proposal's result as the baseline of its case; the files written."""
    assert proposal.entry is not None
    assert proposal.entry.result is not None
    assert not proposal.refusal
    task, result = tasks.get(proposal.case.key.task), proposal.entry.result
    traced = replace(result, provenance={**result.provenance, SOURCE: proposal.entry.id})
    is_timed = not proposal.doubt and result.key.device not in {ELSEWHERE, SERVER}
    remember = datasets.load(proposal.case.dataset).remembering(task.remember)
    return baselines.save(project.baselines, task, [traced], reason, date, timed=is_timed, remember=remember)
