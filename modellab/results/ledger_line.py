"""What a line of the ledger has to be before anything is made of it: the kind and the range of everything in it.

A line may have been cut, edited or written by something else. What passes here can be put into dates, sums, file names
and pages without another question. Keys that are not named here are let through, and ignored by who reads the line.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modellab.system.yamltext import shown
from modellab.types import Kind, Status

DEPTH = 40  # lists and mappings within each other, where anything may stand
MOST = 10**9  # of anything that is counted
YEARS = range(1971, 9999)  # a moment in any other cannot be put into another time zone or another unit
COUNTS = ("seeds", "threads")  # of a result's provenance, where they are there
COUNT = re.compile("[1-9][0-9]{0,4}")
NO_NAME = frozenset("/\\\0")


def _moment(text: str) -> str:
    """A moment in ISO 8601 with its time zone."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError(f"expected a moment with its time zone, in the years {YEARS.start} to {YEARS.stop - 1}")
    return text


def _status(text: str) -> str:
    return str(Status(text))


def _name(text: str) -> str:
    """A name that can be part of a file's."""
    if not text.isprintable() or NO_NAME & set(text) or text in {"", ".", ".."}:
        raise ValueError("expected a name that can be part of a file's")
    return text


def _shallow(value: Any) -> Any:
    """Any JSON that is not nested deeply."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise ValueError(f"nested deeper than {DEPTH}")
        inner = (
            nested.values() if isinstance(nested, dict) else nested
            for nested in level
            if isinstance(nested, dict | list)
        )
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
    return value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Finite | Literal["inf", "-inf"] | None  # None is NaN
Span = Annotated[float, Field(allow_inf_nan=False, ge=0)] | None  # of time or memory
Counts = Annotated[list[Number], Field(min_length=1)]
Name = Annotated[str, Field(max_length=255), AfterValidator(_name)]
Moment = Annotated[str, AfterValidator(_moment)]
Verdict = Annotated[str, AfterValidator(_status)]
Anything = Annotated[Any, AfterValidator(_shallow)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", defer_build=True)


class _Key(_Line):
    task: Name
    dataset: Name
    model: Name
    variant: Name
    device: Name
    precision: Name
    preprocessing: Name | Literal[""] = ""


class _Commit(_Line):
    hash: str
    position: int = Field(ge=0, le=MOST)
    branch: str
    dirty: bool


class _Verdict(_Line):
    metric: str
    unit: str
    kind: Kind
    status: Verdict
    now: Number
    baseline: Number = None
    change: Number = None
    p: Number = None
    least_p: Number = None
    detects: Number = None
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)] | None
    why: str
    red: bool
    versus: str = ""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.01
    pending: bool = False


class _Utterance(_Line):
    id: str
    shares: dict[str, Counts]
    output: Anything
    wall_s: Span
    cpu_s: Span
    duration_s: Span
    gpu_s: Span = None
    error: str = ""
    cluster: str = ""


class _Result(_Line):
    key: _Key
    machine: Name
    readings: dict[str, Number]
    provenance: dict[str, str]
    utterances: list[_Utterance]


class _Entry(_Line):
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    session: Name
    started_at: Moment
    finished_at: Moment
    error: str
    tier: str
    weights: str
    host: str
    key: _Key
    status: Verdict
    values: dict[str, Number]
    verdicts: list[_Verdict]
    commit: _Commit
    versions: dict[str, str]
    settings: Annotated[dict[str, Any], AfterValidator(_shallow)]
    notes: list[str] = []
    labels: dict[str, str] = {}
    result: _Result | None


def check(data: Any) -> None:
    """ValueError with one sentence for the first thing in a line that is not as it has to be."""
    try:
        line = _Entry.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        raise ValueError(f"{where or 'the line'} is {shown(first['input'])}: {first['msg']}") from None
    if line.result is not None:
        _agree(line, line.result)


def _agree(line: _Entry, result: _Result) -> None:
    """ValueError where parts of a line contradict each other."""
    if result.key != line.key:
        raise ValueError(f"it is a result of {result.key.dataset} in a line of {line.key.dataset}")
    for name in COUNTS:
        if not COUNT.fullmatch(count := result.provenance.get(name, "1")):
            raise ValueError(f"result.provenance.{name} is {shown(count)}, expected how many there were")
    widths: dict[str, int] = {}
    ids: set[str] = set()
    for utterance in result.utterances:
        if utterance.id in ids:
            raise ValueError(f"the utterance {shown(utterance.id)} is there twice")
        ids.add(utterance.id)
        for metric, numbers in utterance.shares.items():
            if widths.setdefault(metric, len(numbers)) != len(numbers):
                raise ValueError(
                    f"{shown(metric)} has {widths[metric]} numbers in one utterance, in another {len(numbers)}"
                )
