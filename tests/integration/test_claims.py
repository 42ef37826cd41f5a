"""Claims through pytest: red where they do not hold, apart from everything else, and measured once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SENTENCES, FakeProject

ROOT = Path(__file__).parents[2]
CLAIM = {"variant": "one", "dataset": "short_v1", "metric": "wer", "value": 0.05, "source": "a paper"}


@pytest.fixture
def claiming(fake_project: FakeProject) -> FakeProject:
    """The fake project with one claim, and the shipped benchmarks/test_claims.py."""
    text = (ROOT / "benchmarks" / "test_claims.py").read_text()
    (fake_project.root / "benchmarks" / "test_claims.py").write_text(text)
    fake_project.configure(claims=[CLAIM])
    return fake_project


def answer_wrongly(project: FakeProject) -> None:
    """All words of every utterance, in ways that differ a little."""
    for number, text in enumerate(SENTENCES):
        project.answer(number, "something " * (len(text.split()) - number % 2))


def test_a_claim_that_holds(claiming: FakeProject) -> None:
    result = claiming.run("-m", "claims")
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*= claims =*", "fake:one *short_v1 *wer * 8 *5.00 % *0.00 % *-5.00 % *PASS *a paper"])
    result.stdout.no_fnmatch_line("*modellab scorecard*")
    assert claiming.ledger() == [], "claims are no results of a case"


def test_a_claim_that_does_not_hold_is_red(claiming: FakeProject) -> None:
    answer_wrongly(claiming)
    result = claiming.run("-m", "claims")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "fake:one-short_v1-cpu-float32: a claim does not hold",
            "  wer: claimed 5.00 %, measured 100.00 %, difference +95.00 % *",
            "  claimed by a paper",
            "fake:one *REGRESSED *a paper",
        ]
    )


def test_one_wrong_utterance_proves_nothing(claiming: FakeProject) -> None:
    claiming.answer(0, "something else entirely now")
    result = claiming.run("-m", "claims")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["note: *wer INCONCLUSIVE: worse than stated, p 0.*: may be chance"])


def test_of_a_metric_that_no_row_has_counts_of_it_is_inconclusive(claiming: FakeProject) -> None:
    claiming.configure(claims=[{**CLAIM, "metric": "keyword_recall", "value": 0.9}])
    result = claiming.run("-m", "claims")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["note: *keyword_recall INCONCLUSIVE: no utterance has what it is computed from"])


@pytest.mark.parametrize(
    "selection", ["smoke", *(pytest.param(each, marks=pytest.mark.slow) for each in ("full or smoke", "cpu and asr"))]
)
def test_no_tier_and_no_task_runs_them(claiming: FakeProject, selection: str) -> None:
    result = claiming.run("-m", selection)
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.no_fnmatch_line("*= claims =*")


def test_beside_the_cases_nothing_runs_twice_and_nothing_mixes(claiming: FakeProject) -> None:
    claiming.behave(raise_on=[10])  # the tenth call: 9 are one warm-up and 8 utterances
    card = claiming.root / "card.md"
    result = claiming.run("--scorecard", str(card), "--junitxml", str(claiming.root / "junit.xml"))
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["modellab scorecard *1 cases*", "fake:one *NEW", "*= claims =*", "fake:one *PASS*"])
    assert len(claiming.ledger()) == 1
    text = card.read_text()
    assert text.index("modellab scorecard") < text.index("### claims") < text.index("a paper")
    assert '<property name="claimed" value="0.05"' in (claiming.root / "junit.xml").read_text()


def test_claims_alone_make_a_scorecard_of_their_own(claiming: FakeProject) -> None:
    card = claiming.root / "card.md"
    card.write_text("of the run before")
    claiming.run("-m", "claims", "--scorecard", str(card))
    assert card.read_text().lstrip().startswith("### claims")


def test_a_missing_dataset_is_a_skip_that_names_it(claiming: FakeProject) -> None:
    claiming.configure(claims=[CLAIM, {**CLAIM, "dataset": "fake_v9"}])
    result = claiming.run("-m", "claims")
    result.assert_outcomes(passed=1, skipped=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["skipped 1: no dataset fake_v9: expected it in golden/fake_v9"])
    assert result.ret == 0


def test_nothing_but_skips_is_no_success(claiming: FakeProject) -> None:
    claiming.configure(claims=[{**CLAIM, "dataset": "fake_v9"}])
    result = claiming.run("-m", "claims")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["nothing was measured: *"])


@pytest.mark.parametrize("change", [{"metric": "werr"}, pytest.param({"variant": "onne"}, marks=pytest.mark.slow)])
def test_a_claim_about_nothing_names_the_file(claiming: FakeProject, change: dict[str, str]) -> None:
    claiming.configure(claims=[{**CLAIM, **change}])
    result = claiming.run("-m", "claims")
    assert result.ret == 3, "no measurement"
    result.stdout.fnmatch_lines([f"*models/fake/config.yaml: claims.0.{next(iter(change))} is *did you mean *"])
    assert claiming.run("-m", "smoke").ret == 0, "the model's cases are not touched"


def test_a_crash_is_no_broken_promise(claiming: FakeProject) -> None:
    claiming.behave(exit_on=3)
    result = claiming.run("-m", "claims")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["fake:one-short_v1-cpu-float32-wer: ERROR", "*it exited with status 7*"])


def test_a_missing_package_is_a_skip_and_strict_a_failure(claiming: FakeProject) -> None:
    claiming.configure(packages=["no_such_engine"])
    lenient = claiming.run("-m", "claims")
    lenient.stdout.fnmatch_lines(["skipped 1: package no_such_engine is not installed"])
    assert claiming.run("-m", "claims", "--strict-matrix").ret == 3


@pytest.mark.slow
def test_modellab_run_takes_the_claims_of_a_model(claiming: FakeProject) -> None:
    command = [sys.executable, "-m", "modellab", "run", "--model", "fake", "--no-mlflow", "-q", "--co"]
    done = subprocess.run(command, cwd=claiming.root, capture_output=True, text=True)
    names = [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    case = "fake:one-short_v1-cpu-float32"
    assert names == [f"test_asr[{case}]", f"test_claim[{case}-wer]"]
    smoke = subprocess.run([*command, "--tier", "smoke"], cwd=claiming.root, capture_output=True, text=True)
    assert "test_claim" not in smoke.stdout


@pytest.mark.slow
def test_under_xdist_a_claim_goes_where_its_case_is(claiming: FakeProject) -> None:
    claiming.configure(devices={"cpu": ["float32", "int8"]})
    result = claiming.run_subprocess("-n", "2")
    result.assert_outcomes(passed=4)
    assert len(claiming.loads()) == 2, "each engine once"
    result.stdout.fnmatch_lines(["*= claims =*", "fake:one *PASS*", "fake:one *PASS*"])
