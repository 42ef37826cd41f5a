"""No door reads greener than the truth: cases that fell beside their verdicts, were not reached, or got none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from ..typed import modellab
from .conftest import FakeProject

HEAD = "import pytest\nfrom modellab.tasks import asr as task\n\n"
CASE = "def test_asr(evaluate, gate):\n    gate(evaluate(task))\n"
ONE = "fake:one-short_v1-cpu-float32"
GREEN = "Nothing regressed"


@pytest.fixture
def benchmarked(fake_project: FakeProject) -> Callable[..., FakeProject]:
    """The project with a benchmark of its own and an accepted baseline; by choice with answers that are all wrong."""

    def write(text: str, *, wrong: bool = False) -> FakeProject:
        fake_project.accept()
        for number in range(8 if wrong else 0):
            fake_project.answer(number, "nothing of the kind was said")
        (fake_project.root / "benchmarks" / "test_asr.py").write_text(HEAD + text)
        return fake_project

    return write


def report_headline(project: FakeProject) -> str:
    """The second line of the report on everything that is stored: its headline."""
    project.monkeypatch.chdir(project.root)
    done = modellab("report")
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()[1]


def scorecard_headline(project: FakeProject) -> str:
    """What the scorecard's file says first."""
    return next(line for line in (project.root / "card.md").read_text().splitlines() if line.startswith("**"))


FALLEN = {
    "behind its verdict": f"{CASE}    assert 'this' == 'that'\n",
    "in a fixture's end": (
        "@pytest.fixture\ndef mine():\n    yield\n    raise OSError('no room')\n\n\n"
        "def test_asr(evaluate, gate, mine):\n    gate(evaluate(task))\n"
    ),
    "in a fixture's beginning": (
        "@pytest.fixture\ndef mine():\n    raise OSError('no room')\n\n\n"
        "def test_asr(evaluate, gate, mine):\n    gate(evaluate(task))\n"
    ),
    "before its verdict": "def test_asr(evaluate, gate):\n    evaluate(task)\n    raise KeyError('x')\n",
}


@pytest.mark.parametrize("text", FALLEN.values(), ids=FALLEN)
def test_a_case_that_falls_beside_its_verdicts_is_an_error_everywhere(
    benchmarked: Callable[..., FakeProject], text: str
) -> None:
    project = benchmarked(text)
    result = project.run("--scorecard=card.md", "--junitxml=junit.xml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Nothing was measured, 1 error in 1 case: *"])
    result.stdout.no_fnmatch_line(f"*{GREEN}*")
    assert scorecard_headline(project).startswith("**Nothing was measured, 1 error in 1 case.**")
    assert project.ledger()[-1]["status"] == "ERROR"
    assert report_headline(project).startswith("Nothing was measured, 1 error in 1 case")
    properties = ET.parse(project.root / "junit.xml").getroot().iter("property")
    said = {each.get("name"): each.get("value", "") for each in properties}
    assert said["modellab"].startswith("Nothing was measured, 1 error in 1 case")


def test_an_expected_failure_is_no_internal_error(benchmarked: Callable[..., FakeProject]) -> None:
    project = benchmarked(f"@pytest.mark.xfail(reason='known')\n{CASE}", wrong=True)
    result = project.run()
    assert result.ret == 0
    assert result.parseoutcomes()["xfailed"] == 1
    result.stdout.fnmatch_lines(["1 regression in 1 case: *"])


@pytest.mark.parametrize("mark", ["xfail(run=False, reason='later')", "skip(reason='later')"])
def test_what_is_not_measured_leaves_no_older_scorecard(benchmarked: Callable[..., FakeProject], mark: str) -> None:
    project = benchmarked(f"@pytest.mark.{mark}\n{CASE}")
    (project.root / "card.md").write_text("**Nothing regressed.**")
    result = project.run("--scorecard=card.md")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["Nothing was measured: *1 case skipped", "skipped 1: *later", "nothing was measured*"])
    assert scorecard_headline(project) == "**Nothing was measured.** no case has a verdict; 1 case skipped."


def test_nor_does_a_run_without_any_case(benchmarked: Callable[..., FakeProject]) -> None:
    project = benchmarked(CASE)
    (project.root / "card.md").write_text("**Nothing regressed.**")
    assert project.run("--scorecard=card.md", keyword="no_such_case").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert scorecard_headline(project) == "**Nothing was measured.** No case was selected."


def test_a_case_without_gate_has_no_verdict(benchmarked: Callable[..., FakeProject]) -> None:
    project = benchmarked("def test_asr(evaluate):\n    evaluate(task)\n")
    result = project.run()
    result.stdout.fnmatch_lines(
        ["Nothing was measured: *1 case passed without a verdict", f"note: {ONE} passed without a verdict: *gate*"]
    )


def test_a_swallowed_failure_stays_red(benchmarked: Callable[..., FakeProject]) -> None:
    swallowing = CASE.replace("gate(", "with pytest.raises(BaseException):\n        gate(")
    result = benchmarked(swallowing, wrong=True).run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["1 regression in 1 case: *", f"note: {ONE} is red, and its test passed: *"])


@pytest.fixture
def three_cases(fake_project: FakeProject) -> FakeProject:
    for name in ("tall_v1", "wide_v1"):
        shutil.copytree(fake_project.root / "golden" / "short_v1", fake_project.root / "golden" / name)
    return fake_project


STOPPED = {
    "Ctrl-C": ("    if 'tall' in str(cell.key): raise KeyboardInterrupt\n", (), 2, 2),
    "maxfail": ("    assert 'tall' not in str(cell.key)\n", ("-x",), 1, 1),
    "a dead process of xdist": (
        "    if 'tall' in str(cell.key): os._exit(9)\n", ("-n1", "--max-worker-restart=0"), 1, 1
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "options", "status", "left"),
    [pytest.param(*each, id=name, marks=[pytest.mark.slow] * (name != "Ctrl-C")) for name, each in STOPPED.items()],
)
def test_cases_whose_turn_never_came_are_counted(
    three_cases: FakeProject, line: str, options: tuple[str, ...], status: int, left: int
) -> None:
    text = f"import os\n{HEAD}def test_asr(cell, evaluate, gate):\n{line}    gate(evaluate(task))\n"
    (three_cases.root / "benchmarks" / "test_asr.py").write_text(text)
    result = three_cases.run_subprocess("--scorecard=card.md", *options)
    assert result.ret == status
    noun = "case" if left == 1 else "cases"
    result.stdout.fnmatch_lines([f"*; {left} {noun} not run"])
    assert scorecard_headline(three_cases).endswith(f"; {left} {noun} not run.")
    lines = {line["key"]["dataset"]: line for line in three_cases.ledger()}
    assert {name: line["status"] for name, line in lines.items()} == {
        "short_v1": "NEW", "tall_v1": "ERROR", "wide_v1": "ERROR"
    }  # fmt: skip
    assert lines["wide_v1"]["error"].startswith("not run: ")
    assert report_headline(three_cases).startswith("1 error in 2 cases: " if left == 1 else "Nothing was judged: ")
    assert report_headline(three_cases).endswith(f"; {left} {noun} not run")


@pytest.mark.slow
def test_a_case_that_has_a_result_already_keeps_it_when_a_session_is_stopped(three_cases: FakeProject) -> None:
    three_cases.accept()
    text = f"{HEAD}def test_asr(cell, evaluate, gate):\n    raise KeyboardInterrupt\n"
    (three_cases.root / "benchmarks" / "test_asr.py").write_text(text)
    result = three_cases.run_subprocess()
    assert result.ret == 2
    result.stdout.fnmatch_lines(["Nothing was measured: *3 cases not run"])
    assert {line["status"] for line in three_cases.ledger()} == {"NEW"}


@pytest.mark.parametrize(
    ("options", "status"), [((), 2), pytest.param(("--continue-on-collection-errors",), 1, marks=pytest.mark.slow)]
)
def test_a_file_that_cannot_be_collected_is_an_error_until_a_later_session(
    fake_project: FakeProject, options: tuple[str, ...], status: int
) -> None:
    bad = fake_project.root / "benchmarks" / "test_vad.py"
    bad.write_text("import nothing_of_the_kind\n")
    result = fake_project.run("--scorecard=card.md", *options)
    assert result.ret == status
    result.stdout.fnmatch_lines(["*1 error in *", "note: *test_vad.py ERROR: it could not be collected*nothing_of_*"])
    assert "1 error in " in scorecard_headline(fake_project)
    assert " error" in report_headline(fake_project)
    errors = [line for line in fake_project.ledger() if line["status"] == "ERROR"]
    assert [line["key"]["task"] for line in errors if line["key"]["device"] == "unread"] == ["vad"]
    bad.unlink()
    assert fake_project.run().ret == 0
    assert "error" not in report_headline(fake_project)


def test_other_tests_that_cannot_be_collected_are_none_of_ours(fake_project: FakeProject) -> None:
    (fake_project.root / "test_other.py").write_text("import nothing_of_the_kind\n")
    result = fake_project.pytester.runpytest_inprocess("test_other.py", "--no-mlflow")
    assert result.ret == 2
    result.stdout.no_fnmatch_line("*Nothing was measured*")
    assert not fake_project.ledger()
