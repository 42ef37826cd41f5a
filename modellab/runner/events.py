"""What a run tells while it goes on. Any callable that takes an event can listen.

    SuiteStarted
      CaseStarted, UtteranceDone ..., CaseDone     of each case that is measured
                   WorkersProgress ...             in place of UtteranceDone, where workers share the dataset
      CaseSkipped                                  of each that this machine cannot run
      Notice                                       of what takes minutes, as making an environment for a reference
    SuiteSettled

`encoded` gives an event as plain data for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from modellab.datasets import Dataset
from modellab.errors import told
from modellab.results.serialization import encode_numbers
from modellab.runner.summary import CaseSummary
from modellab.types import Utterance


@dataclass(frozen=True, slots=True)
class SuiteStarted:
    """A run begins; its ledger lines carry the name of the session."""

    session: str
    cases: int


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A case is about to load its model."""

    case: str  # its name, as pytest shows it


@dataclass(frozen=True, slots=True)
class UtteranceDone:
    """One more utterance was measured and scored. `utterances` are all of this pass so far, and still grow."""

    case: str
    done: int
    of: int  # a model with several seeds hears each more than once
    utterances: Sequence[Utterance] = field(repr=False, compare=False)
    data: Dataset | None = field(default=None, repr=False, compare=False)  # that they are of


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One of the workers that share a dataset."""

    name: str
    utterances: int  # that it has computed
    pace: float  # seconds for a second of audio; NaN as long as nobody knows
    shards: int  # that it has at the moment


@dataclass(frozen=True, slots=True)
class WorkersProgress:
    """How far several workers are with one case."""

    case: str
    done: int
    of: int
    rate: float  # utterances per second
    left_s: float  # NaN as long as nobody knows
    workers: tuple[WorkerState, ...]
    loading: int = 0  # workers that load the model
    refused: str = ""  # why the first one was that cannot be used


@dataclass(frozen=True, slots=True)
class CaseSkipped:
    """This machine cannot run a case."""

    case: str
    why: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person who waits should know."""

    text: str


@dataclass(frozen=True, slots=True)
class CaseDone:
    """A case has its verdicts, or is an ERROR, and is in the ledger. The suite's test may still turn it."""

    case: str
    summary: CaseSummary


@dataclass(frozen=True, slots=True)
class SuiteSettled:
    """A run is over: the suite's test has decided on what stood out among all cases."""

    session: str
    cases: tuple[CaseSummary, ...]
    exit_status: int


Event = SuiteStarted | CaseStarted | UtteranceDone | WorkersProgress | CaseSkipped | Notice | CaseDone | SuiteSettled
Listener = Callable[[Event], None]
NAMES: dict[type, str] = {
    SuiteStarted: "suite_started",
    CaseStarted: "case_started",
    UtteranceDone: "utterance_done",
    WorkersProgress: "workers_progress",
    CaseSkipped: "case_skipped",
    Notice: "notice",
    CaseDone: "case_done",
    SuiteSettled: "suite_settled",
}


def encoded(event: Event) -> dict[str, Any]:
    """An event as plain data for JSON; of the utterances only their number.

    >>> encoded(CaseSkipped("whisper:tiny-a_v1-cuda-float16", "no NVIDIA driver"))["event"]
    'case_skipped'
    """
    named: dict[str, Any] = {"event": NAMES[type(event)]}
    match event:
        case CaseDone():
            return {**named, "case": event.case, "summary": event.summary.encode()}
        case SuiteSettled():
            cases = [case.encode() for case in event.cases]
            return {**named, "session": event.session, "cases": cases, "exit_status": event.exit_status}
        case UtteranceDone():
            return {**named, "case": event.case, "done": event.done, "of": event.of}
        case WorkersProgress():
            rates = encode_numbers({"rate": event.rate, "left_s": event.left_s})
            workers = [
                {"name": worker.name, "utterances": worker.utterances, "shards": worker.shards}
                | encode_numbers({"pace": worker.pace})
                for worker in event.workers
            ]
            where = {"case": event.case, "done": event.done, "of": event.of}
            where |= {"loading": event.loading, "refused": event.refused}
            return {**named, **where, **rates, "workers": workers}
        case CaseSkipped():
            return {**named, "case": event.case, "why": event.why}
        case Notice():
            return {**named, "text": event.text}
        case CaseStarted():
            return {**named, "case": event.case}
        case SuiteStarted():
            return {**named, "session": event.session, "cases": event.cases}


class Announcer:
    """Tells every listener what happens. One that raises is told no more: its fault is no case's."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners = list(listeners)
        self.troubles: list[str] = []  # a sentence for each listener that was given up

    def __call__(self, event: Event) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - the boundary to another's code, which must not end a measurement
                self.listeners.remove(listener)
                self.troubles.append(f"a listener raised at {NAMES[type(event)]} and was told no more: {told(error)}")
