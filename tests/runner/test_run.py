"""A whole suite as a function: many cases, events, a crash, the suite's test, the ledger, an end on request."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.errors import ConfigError
from modellab.plan.cases import plan
from modellab.plan.matrix import Matrix
from modellab.plan.selection import Selection
from modellab.plan.settings import Project
from modellab.runner.events import CaseDone, Event, UtteranceDone, encoded
from modellab.runner.options import RunOptions
from modellab.runner.run import run
from modellab.runner.settling import NOT_MEASURED, PASSED, REGRESSED
from modellab.tasks import asr
from modellab.types import Status
from tests.processes import workers_below

from .suites import CALM, CRASH, ONE, behave, entries, one_word_worse, statuses, write_project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return write_project(tmp_path, "fake", "fake_calm", "fake_crash")


# ---------------------------------------------------------------------------- a whole suite


def test_a_whole_suite_without_pytest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run([ONE, CALM, CRASH], root, RunOptions(reason="a first run"))
    assert first.exit_status == PASSED
    assert all(case.written and Path(case.written[0]).is_file() for case in first.cases)
    for entry in entries(root):  # of several passes too, what is kept is one pass's
        assert entry.result
        wall_s, audio_s = (sum(getattr(u, name) for u in entry.result.utterances) for name in ("wall_s", "duration_s"))
        assert entry.result.readings["rtf"] == pytest.approx(wall_s / audio_s)
    one_word_worse(root, "fake")
    behave(root, "fake_crash", segfault_on=4)
    monkeypatch.setenv("MODELLAB_MACHINE", "another")  # of which no speed was accepted
    told: list[Event] = []
    result = run(plan(Matrix(Project.at(root)), Selection(model=("fake", "fake_calm", "fake_crash"))), root,
                 listeners=[told.append])  # fmt: skip
    assert result.exit_status == REGRESSED
    assert statuses(result) == {ONE: Status.REGRESSED, CALM: Status.PASS, CRASH: Status.ERROR}
    assert [str(case.key) for case in result.regressions] == [ONE]
    assert "killed by SIGSEGV" in result.errors[0].error
    assert result.headline.startswith("1 regression, 1 error in 3 cases")
    pending = next(event for event in told if isinstance(event, CaseDone) and event.case == ONE)
    assert pending.summary.status is Status.INCONCLUSIVE, "only among all cases it stands out"
    kept = {str(entry.key): entry for entry in entries(root) if entry.session == result.session}
    assert {name: entry.status for name, entry in kept.items()} == statuses(result)
    assert [len(entry.result.utterances) for entry in kept.values() if entry.result] == [8, 8]
    written = [json.loads(line)["status"] for line in result.ledger.read_text().splitlines()]
    assert written == ["INCONCLUSIVE", "PASS", "ERROR", "REGRESSED"]


def test_its_events_come_in_this_order(root: Path) -> None:
    told: list[dict[str, Any]] = []
    behave(root, "fake_crash", segfault_on=4)  # the warm-up is the first call
    result = run([ONE, CRASH], root, listeners=[lambda event: told.append(encoded(event))])
    assert json.loads(json.dumps(told)) == told
    names = [event["event"] for event in told]
    assert names == [
        "suite_started",
        "case_started", *["utterance_done"] * 8, "case_done",
        "case_started", *["utterance_done"] * 2, "case_done",
        "suite_settled",
    ]  # fmt: skip
    assert [(event["case"], event["done"], event["of"]) for event in told if event["event"] == "utterance_done"] == [
        *((ONE, done, 8) for done in range(1, 9)),
        (CRASH, 1, 8),
        (CRASH, 2, 8),
    ]
    assert told[0]["session"] == told[-1]["session"] == result.session
    assert told[-1]["exit_status"] == result.exit_status == NOT_MEASURED


def few_clips(root: Path, name: str) -> None:
    """The first two clips of the lab's smoke set as a dataset of the project."""
    shutil.copytree(ROOT / "golden" / "asr_smoke_v1", root / "golden" / name)
    path = root / "golden" / name / "dataset.yaml"
    stored = yaml.safe_load(path.read_text())
    del stored["digest"]
    path.write_text(yaml.safe_dump({**stored, "cases": stored["cases"][:2]}, sort_keys=False))


@pytest.mark.slow
def test_embedded_models_beside_one_that_crashes(tmp_path: Path) -> None:
    root = write_project(tmp_path, "fake_crash")
    behave(root, "fake_crash", segfault_on=2)
    few_clips(root, "few_v1")
    names = [CRASH, "whisper_cpp:lab-few_v1-cpu-f16", "faster_whisper:lab-few_v1-cpu-int8"]
    result = run(names, root)
    assert statuses(result) == {names[0]: Status.ERROR, names[1]: Status.NEW, names[2]: Status.NEW}
    assert result.exit_status == NOT_MEASURED
    said = {str(each.key): [u.output["text"] for u in each.result.utterances] for each in entries(root) if each.result}
    assert [texts[1].lower().strip(" .") for texts in said.values()] == ["open the kitchen door please"] * 2


@pytest.mark.slow
def test_the_script_of_the_page_runs(tmp_path: Path) -> None:
    few_clips(tmp_path, "asr_smoke_v1")
    page = (ROOT / "docs" / "run-from-a-script.md").read_text()
    (tmp_path / "two_cases.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    done = subprocess.run([sys.executable, "two_cases.py"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == PASSED, done.stderr
    first, second, headline = done.stdout.splitlines()
    assert first == "faster_whisper:lab-asr_smoke_v1-cpu-int8: NEW, wer 0.000"
    assert second == "whisper_cpp:lab-asr_smoke_v1-cpu-f16: NEW, wer 0.000"
    assert headline.startswith("Nothing was judged: quality judged in 0 of 2 cases")


# ---------------------------------------------------------------------------- one case, one error


def once(real: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """The real function but for its first call, which raises."""
    calls: list[int] = []

    def function(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return real(*arguments, **named)

    return function


def test_whatever_is_raised_is_one_error_and_the_next_case_runs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asr, "score", once(asr.score, AssertionError("4300 digits")))
    result = run([ONE, CALM], root)
    assert statuses(result) == {ONE: Status.ERROR, CALM: Status.NEW}
    assert result.errors[0].error.startswith("AssertionError: 4300 digits (while utterance '000' was scored)")
    assert [entry.error for entry in entries(root)] == [result.errors[0].error, ""]
    assert result.exit_status == NOT_MEASURED
    assert workers_below() == []


def test_a_listener_that_raises_is_told_no_more(root: Path) -> None:
    told: list[Event] = []

    def faulty(event: Event) -> None:
        if isinstance(event, UtteranceDone):
            raise ValueError("not a number")

    result = run([ONE], root, listeners=[faulty, told.append])
    assert statuses(result) == {ONE: Status.NEW}
    assert result.notes == ("a listener raised at utterance_done and was told no more: ValueError: not a number",)
    assert sum(isinstance(event, UtteranceDone) for event in told) == 8, "the other one hears it all"


@pytest.mark.parametrize("strict", [False, True])
def test_what_this_machine_cannot_run_is_skipped_or_an_error(root: Path, strict: bool) -> None:
    path = root / "models" / "fake" / "config.yaml"
    path.write_text(path.read_text() + "packages: [no_such_package]\n")
    told: list[Event] = []
    result = run([ONE], root, RunOptions(strict_matrix=strict), listeners=[told.append])
    why = "package no_such_package is not installed"
    assert (result.skipped, result.unread) == (({}, {ONE: f"--strict-matrix: {why}"}) if strict else ({ONE: why}, {}))
    assert [entry.error for entry in entries(root)] == ([f"--strict-matrix: {why}"] if strict else [])
    assert result.exit_status == NOT_MEASURED, "nothing was measured"
    assert [type(event).__name__ for event in told] == [
        "SuiteStarted", *([] if strict else ["CaseSkipped"]), "SuiteSettled"
    ]  # fmt: skip


def test_a_folder_that_cannot_be_read_is_one_error(root: Path) -> None:
    (root / "models" / "fake" / "config.yaml").write_text("summary: no more than that\n")
    cases = plan(Matrix(Project.at(root)), Selection(model=("fake", "fake_calm")))
    assert [case.name for case in cases] == ["fake-broken", CALM]
    result = run(cases, root)
    assert "tasks" in result.unread["fake-broken"]
    assert statuses(result) == {CALM: Status.NEW}
    assert [entry.status for entry in entries(root)] == [Status.ERROR, Status.NEW]
    assert result.exit_status == NOT_MEASURED


@pytest.mark.slow
def test_an_accepted_result_whose_case_is_gone_is_told_and_red_where_it_is_asked_for(root: Path) -> None:
    run([ONE, CALM], root, RunOptions(reason="a first run"))
    shutil.rmtree(root / "models" / "fake")
    kept = root / "baselines" / "asr" / "short_v1" / "fake-one.cpu-float32.json"
    for strict, status in ((False, PASSED), (True, REGRESSED)):
        result = run([CALM], root, RunOptions(strict_baselines=strict))
        assert (result.orphans, result.exit_status) == ((kept,), status)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"speed_only": True}, "give it a reason"),
        ({"threads": 0}, "threads is 0"),
        ({"against": "HEAD", "reason": "x"}, "a reason cannot go with against"),
        ({"against_env": "/x", "in_process": True}, "in_process cannot go with against"),
    ],
)
def test_options_that_contradict_each_other(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        RunOptions(**given)


def test_a_name_that_no_case_has_ends_the_run_before_it_begins(root: Path) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {ONE}"):
        run([CALM, ONE.replace("fake:one", "fake:on")], root)
    assert not (root / "mlruns").exists()


# ---------------------------------------------------------------------------- without pytest

ROOMS = ("runner", "results", "gate", "plan")
SCRIPT = "import sys, {}; print(*sorted({{'pytest', '_pytest', 'pluggy'}} & sys.modules.keys()))"


def test_it_needs_no_pytest() -> None:
    files = [path for room in ROOMS for path in (ROOT / "modellab" / room).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    script = SCRIPT.format(", ".join(name for name in names if "known_cost" not in name))  # that is a model folder
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
