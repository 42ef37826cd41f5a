"""What becomes of one case: it is measured, then judged. Records only; `judging.py` makes the second of the first."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from modellab import gate
from modellab.datasets import Dataset
from modellab.plan.matrix import Case
from modellab.results import withheld
from modellab.runner.paired.readings import PairedReadings
from modellab.runner.rerun_broken import Again
from modellab.runner.summary import CaseSummary
from modellab.tasks import Task
from modellab.types import QualityBaseline, ResourceBaseline, Result, Rule, Status, Verdict
from modellab.types.readings import TOLD

ResourceBaselines = tuple[ResourceBaseline | None, ResourceBaseline | None]  # the last baseline, the pinned release


@dataclass(frozen=True, slots=True)
class Measurement:
    """A result on its way to its verdicts, with what judging and showing it needs."""

    case: Case
    task: Task
    data: Dataset
    result: Result  # outputs and scores of the first pass, times and readings of the last one
    accepted: QualityBaseline | None
    pinned: QualityBaseline | None
    rules: Mapping[str, Rule]
    passes: tuple[Result, ...]  # more than one for a new baseline, and where the first looked slower or larger
    resource_baselines: ResourceBaselines = (None, None)  # what speed and memory are held to
    machines: Sequence[str] = ()  # the classes that have accepted speed and memory of this case
    paired: PairedReadings | None = None  # speed and memory beside a reference that ran in turn
    notes: tuple[str, ...] = ()  # of the measurement itself
    again: Again | None = None  # what broken utterances gave in a fresh process
    started: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case, judged; or, with an `error`, one that could not be measured, judged or kept."""

    case: Case
    status: Status
    verdicts: tuple[Verdict, ...] = ()
    result: Result | None = None
    accepted: QualityBaseline | None = None
    error: str = ""
    changed: int | None = None  # outputs that differ from the baseline's; None without one
    notes: tuple[str, ...] = ()  # what a person should know though nothing is red
    written: tuple[Path, ...] = ()  # baseline files
    started: float = field(default_factory=time.time)

    @property
    def red(self) -> bool:
        return self.status.is_unmeasured or any(verdict.red for verdict in self.verdicts)

    @property
    def undecided(self) -> bool:
        """Whether the suite's test may still turn it red."""
        return not self.red and any(verdict.pending for verdict in self.verdicts)

    def withheld(self) -> Outcome:
        """The outcome as others may see it: of a private dataset without what was said."""
        if self.case.header.privacy == "none":
            return self
        return replace(self, result=self.result and withheld.result(self.result), error=withheld.message(self.error))

    def summary(self, pending: str = "") -> CaseSummary:
        """The outcome in brief; `pending` is what to print should the suite's test turn a verdict."""
        readings = self.result.readings if self.result else {}
        return CaseSummary(
            key=self.case.key,
            tier=self.case.tier,
            status=self.status,
            utterances=len(self.result.utterances) if self.result else 0,
            changed=self.changed,
            verdicts=self.verdicts,
            readings={name: readings[name] for name in TOLD if name in readings},
            error=self.error,
            notes=self.notes,
            written=tuple(str(path) for path in self.written),
            pending=pending,
        )

    def turned(self) -> Outcome:
        """The outcome as it is should the suite's test find every pending verdict."""
        verdicts = tuple(gate.turned(verdict) if verdict.pending else verdict for verdict in self.verdicts)
        return replace(self, verdicts=verdicts, status=gate.worst(verdicts))
