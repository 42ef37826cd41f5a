"""What a paired run measured of a case. Records only: `run.py` makes them, `verdicts.py` judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modellab.datasets import Dataset
from modellab.plan.matrix import Case
from modellab.runner.paired.interleave import Pairs
from modellab.tasks import Task
from modellab.types import Result, Rule


@dataclass(frozen=True, slots=True)
class PairedCase:
    """What is timed: one case, its candidate's result and the rules that it is judged by."""

    task: Task
    case: Case
    data: Dataset
    result: Result
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Peaks:
    """What both sides said at the end of the same calls, and how their allocators were set."""

    now: Mapping[str, Any]
    then: Mapping[str, Any]
    allocators: tuple[str, str]  # the candidate's and the base's


@dataclass(frozen=True, slots=True)
class Timed:
    """Pairs of calls and peaks of memory."""

    first: Pairs
    second: Pairs | None  # fresh pairs that confirm; None where nothing looked slower
    peaks: Peaks  # of fresh processes where the first ones' were too large


@dataclass(frozen=True, slots=True)
class PairedReadings:
    """What was measured beside the base `label`; without `timed` there was nothing to time against, and why."""

    label: str
    timed: Timed | None = None
    missing: str = ""
    notes: tuple[str, ...] = ()
