"""The way of one case through a run, traced: few steps, and never back to planning. docs/architecture.md tells it."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import FrameType

import pytest

from modellab.plan.cases import PlannedCase
from modellab.plan.matrix import Case
from modellab.plan.ready import ReadyCase
from modellab.results.entry import Entry
from modellab.runner.outcome import Measurement, Outcome
from modellab.runner.run import run
from modellab.runner.settling import PASSED

from .suites import ONE, write_project

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "modellab"
LEVEL = runpy.run_path(str(ROOT / "tests" / "test_layers.py"))["LEVEL"]  # 0 is the top
FORMS = (PlannedCase, Case, ReadyCase, Measurement, Outcome, Entry)  # what a case is on its way
MOST_STEPS = 25


@dataclass
class Walk:
    """Every function of the package that is handed a case, with who hands it on; a form's own methods only read it."""

    steps: list[str] = field(default_factory=list)
    handed: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not (here := place(frame)):
            return
        code = frame.f_code
        given = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
        if isinstance(next(iter(given), None), FORMS) and code.co_varnames[0] == "self":
            return
        if any(map(is_case, given)):
            self.steps.append(here)
            self.handed.add((next(filter(None, map(place, callers(frame))), ""), here))


def place(frame: FrameType) -> str:
    """The file of a function of the package; '' for any other."""
    path = Path(frame.f_code.co_filename)
    return str(path.relative_to(PACKAGE)) if path.is_relative_to(PACKAGE) else ""


def callers(frame: FrameType) -> Iterator[FrameType]:
    above = frame.f_back
    while above:
        yield above
        above = above.f_back


def is_case(value: object) -> bool:
    """A case in one of its forms, or a list of this one alone."""
    return isinstance(value, FORMS) or (isinstance(value, list | tuple) and len(value) == 1 and is_case(value[0]))


def level(file: str) -> int:
    return int(LEVEL[file.partition("/")[0].removesuffix(".py")])


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    """The walk of a case that has an accepted result and keeps to it."""
    write_project(tmp_path, "fake")
    run([ONE], tmp_path)  # what is imported on first use is there
    traced = Walk()
    before = sys.getprofile()
    sys.setprofile(traced)
    try:
        result = run([ONE], tmp_path)
    finally:
        sys.setprofile(before)
    assert result.exit_status == PASSED
    return traced


def test_a_case_takes_few_steps_and_none_back(walk: Walk) -> None:
    files = [file for file, _ in groupby(walk.steps)]
    assert len(files) <= MOST_STEPS
    rooms = [room for room, _ in groupby(file.partition("/")[0] for file in files)]
    assert rooms == ["plan", "runner", "results"], "first it is planned, then it is run, then it is kept"
    upwards = {(giver, taker) for giver, taker in walk.handed if giver and level(taker) < level(giver)}
    assert upwards == set(), "nobody hands a case to a room above"


def test_the_way_is_the_one_that_the_page_tells(walk: Walk) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = re.findall(r"^ *\d+\. `([\w/]+\.py)`", page.partition("## The way of a case")[2], re.MULTILINE)
    assert [file for file, _ in groupby(walk.steps)] == told
