"""What a report knows, computed once; every rendering reads it and adds no arithmetic.

Report
├── ComparableGroup  one task: who was compared on which data
│   ├── Score    of one system: Parts, points, grade
│   ├── Point    of one system: quality, speed and memory, and who beats it in both
│   └── Advice   which one to take, and on what evidence
├── Measure      one metric of one system on one dataset
├── Slice        the task's first metric of one system on a part of a dataset: a condition, a speaker
├── GroupGap     one metric of one system by groups of people: each one's rate, the worst, the gap
├── Finding      what got worse or better, and why it is believed
└── UtteranceResult  what one system made of one utterance
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from modellab.plan.score_settings import Part as PartName
from modellab.plan.score_settings import Scorecard
from modellab.results.headline import Headline
from modellab.stats.estimate import Estimate
from modellab.stats.groups import Groups
from modellab.types import Break, Kind, Status, Verdict

Step = tuple[str, str, str]  # (what, reference, hypothesis): what is "", "S", "D" or "I"


@dataclass(frozen=True, slots=True)
class System:
    """A model variant on a device in a precision, in one task; `spec` where the report holds it more than once."""

    task: str
    model: str
    variant: str
    device: str
    precision: str
    spec: str = ""
    preprocessing: str = ""  # the name of the chain that its audio went through

    @property
    def name(self) -> str:
        place = "-".join(filter(None, (self.device, self.precision, self.preprocessing)))
        return f"{self.model}:{self.variant} {place}{f' ({self.spec})' if self.spec else ''}"

    @property
    def order(self) -> tuple[str, ...]:
        return self.task, self.model, self.variant, self.device, self.precision, self.preprocessing, self.spec


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a number was measured."""

    commit: str
    session: str
    finished_at: str
    machine: str
    normaliser: str
    digest: str
    weights: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one system on one dataset."""

    who: System
    dataset: str
    metric: str
    kind: Kind
    better: Literal["lower", "higher"]
    estimate: Estimate
    origin: Origin
    verdict: str = ""  # the stored one's status; "" where there is none
    primary: bool = False  # of the task's first metric


@dataclass(frozen=True, slots=True)
class Slice:
    """The first metric on the utterances of one value of one key of the rows: condition "noise", speaker "a"."""

    who: System
    dataset: str
    key: str
    value: str
    metric: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class GroupGap:
    """One quality metric of a system on a dataset, by the groups of one key."""

    who: System
    dataset: str
    key: str
    groups: Groups


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: 0 to 100 points from a measured number, or why there is none."""

    name: PartName
    weight: float  # of the project's weights, as a fraction of those that could be had; 0.0 where missing
    points: Estimate  # unit "1"; NaN where missing
    measured: Estimate
    words: str  # from what, or why it is missing


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100 points and a grade. `compared` says whether it rests on the data that the group is compared on."""

    who: System
    points: Estimate
    grade: str  # "A", "B", "C" or "not rated"
    grades: str  # what the interval allows: "A to B"; "" where it allows only the grade
    why: str  # of "not rated"
    parts: tuple[Part, ...]
    datasets: tuple[str, ...]
    compared: bool
    stage: str = ""
    doubt: str = ""  # why its speed decides nothing, for a table: "busy", "1 session"


@dataclass(frozen=True, slots=True)
class Point:
    """Quality against speed and memory. `beaten_by` are those better in quality and speed, not within the noise."""

    who: System
    quality: Estimate
    speed: Estimate
    memory: Estimate
    machine: str
    front: bool  # nobody measured there has both better quality and better speed
    memory_front: bool
    beaten_by: tuple[str, ...] = ()
    doubt: str = ""  # of its speed, as in `Score`


@dataclass(frozen=True, slots=True)
class Finding:
    """A change that a person should see: a stored verdict, or a comparison between the specs of the report."""

    who: System
    dataset: str
    verdict: Verdict
    origin: Origin
    n: int
    versus: str
    error: str = ""  # of a case that ended in an ERROR


@dataclass(frozen=True, slots=True)
class Against:
    """The best one against another, on the same utterances. `p` is two-sided, `apart` after Holm over the group."""

    who: System
    change: Estimate
    p: float
    apart: bool
    detects: float
    words: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Which one to take. `choice` is None where the evidence does not carry a choice; `sentences` say why."""

    choice: System | None
    sentences: tuple[tuple[Any, ...], ...]  # `words.Sentence`s
    best: System | None = None
    tied: tuple[System, ...] = ()
    against: tuple[Against, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparableGroup:
    """One task: the systems that can be compared fairly, on which datasets, and who was left out and why."""

    task: str
    metric: str
    unit: str
    better: Literal["lower", "higher"]
    datasets: tuple[str, ...]
    utterances: int
    scores: tuple[Score, ...]  # those compared first, best first
    front: tuple[Point, ...]
    advice: Advice
    left_out: tuple[tuple[str, str], ...] = ()  # who, and the sentence


@dataclass(frozen=True, slots=True)
class UtteranceResult:
    """What one system made of one utterance. `steps` are empty where there is no reference here: then `text`."""

    id: str
    errors: float
    words: float
    steps: tuple[Step, ...] = ()
    text: str = ""
    lines: tuple[str, ...] = ()
    wall_s: float = math.nan
    duration_s: float = math.nan
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Every utterance of one system on one dataset, worst first; of `many` the worst alone, 0 for all."""

    who: System
    dataset: str
    metric: str
    origin: Origin
    utterances: tuple[UtteranceResult, ...]
    many: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """A case that is not red and has utterances that lost a large part of their words."""

    case: str
    status: Status
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """A case and what a person should know of it beside its verdicts."""

    case: str
    status: Status
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    title: str
    facts: tuple[tuple[str, str], ...]
    groups: tuple[ComparableGroup, ...]
    measures: tuple[Measure, ...]
    slices: tuple[Slice, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    scorecard: Scorecard
    headline: Headline
    sheets: tuple[Sheet, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # status -> cases
    broken: tuple[Broken, ...] = ()  # what a person has to look at first
    noted: tuple[Noted, ...] = ()  # most urgent first
    gaps: tuple[GroupGap, ...] = ()
