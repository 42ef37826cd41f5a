"""The cases of a run, in their order, as plain records that any process can be handed.

A `PlannedCase` is a name and what a queue needs to know of it; `Matrix.find` gives the process that runs it the case.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modellab import tasks
from modellab.models import weights
from modellab.plan.availability import why_not
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.selection import Selection
from modellab.types import CaseId

Planned = Case | Broken


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case that is to run. Plain values: it can be pickled, and sent as JSON (`encode`, `decode`).

    `name` is what pytest shows; `error` says of a model or dataset that cannot be read why, and then there is no `key`.
    """

    name: str
    key: CaseId | None = None
    tier: str = "smoke"
    error: str = ""

    @classmethod
    def of(cls, case: Planned) -> PlannedCase:
        """The record of a case of the matrix."""
        if isinstance(case, Broken):
            return cls(str(case), tier=case.tier, error=case.error)
        return cls(str(case.key), case.key, case.tier)

    @staticmethod
    def name_of(case: PlannedCase | Case) -> str:
        """The name of a case of the matrix, or of a planned one."""
        return str(case.key) if isinstance(case, Case) else case.name

    @property
    def engine(self) -> str:
        """Cases with the same engine share one loaded model: a queue keeps them together."""
        key = self.key
        return "/".join((key.model, key.variant, key.device, key.precision)) if key else ""

    def encode(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return asdict(self)

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> PlannedCase:
        """What `encode` gave."""
        return cls(**{**data, "key": CaseId(**data["key"]) if data["key"] else None})


def plan(matrix: Matrix, selection: Selection | None = None) -> list[PlannedCase]:
    """The cases that are meant, in the order in which they run; ConfigError for a name that nothing has.

    What is broken, a config.yaml with a typo, is one of them: it becomes an ERROR.
    """
    chosen = selection or Selection()
    chosen.check(matrix)
    cases: dict[str, Planned] = {}  # what is broken is among the cases of several tasks
    for case in chosen.cases(matrix):
        cases.setdefault(str(case.key) if isinstance(case, Case) else str(case), case)
    return [PlannedCase.of(case) for case in in_order(list(cases.values()))]


def _itself(thing: object) -> object:
    return thing


def in_order[T](
    things: Sequence[T], case_of: Callable[[T], object] = _itself, place_of: Callable[[T], Hashable] = str
) -> list[T]:
    """The things sorted so that those of one engine stand together, across tasks, and each model is loaded once.

    Engines that begin at once come first, those last whose checkpoint may have to be made: the first verdict is there
    in seconds. An engine's tasks come as its config.yaml lists them. What a process has done before shows in its peak
    of memory: so the main task always finds a fresh one. What has no case keeps its place among those with the same
    `place_of`.
    """
    order: dict[Hashable, tuple[int, int]] = {}  # how long an engine takes to begin, and which it is
    keys = []
    for thing in things:
        case = case_of(thing)
        engine: Hashable = case.engine if isinstance(case, Case) else place_of(thing)
        if (place := order.get(engine)) is None:
            place = order[engine] = (_wait(case), len(order))
        keys.append((*place, case.model.tasks.index(case.key.task) if isinstance(case, Case) else 0))
    return [things[i] for i in sorted(range(len(things)), key=keys.__getitem__)]


def _wait(case: object) -> int:
    """How long a case's engine takes to begin, as a rank, which is the same in every process and with every cache."""
    if not isinstance(case, Case):
        return 0  # an error says so at once
    scheme = weights.split(case.source.name)[0]
    return 0 if scheme == weights.PACKAGE else 2 if scheme == "made" else 1


def family(cases: Iterable[object], *, download: bool = False) -> int:
    """How many of the cases have a quality that is judged here, at least 1.

    One case alone is held to alpha / this, so that the suite's false alarms, and not the case's, are 1 %.
    """
    known: dict[Hashable, bool] = {}  # of cases with the same task, engine and judge, which differ in nothing else
    count = 0
    for case in cases:
        if isinstance(case, Case):
            heard_by = tuple((judge.folder, judge.engine) for judge in (case.judge, case.second_judge) if judge)
            kind = case.key.task, case.folder, case.engine, heard_by
            if kind not in known:
                known[kind] = _is_judged(case, download=download)
            count += known[kind]
    return max(1, count)


def _is_judged(case: Case, *, download: bool) -> bool:
    gated = any(metric.gated and metric.kind == "quality" for metric in tasks.get(case.key.task).METRICS)
    return gated and not why_not(case, download=download)
