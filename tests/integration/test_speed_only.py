"""--update-baselines --speed-only: another machine gets speed and memory, the accepted quality stays byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import FakeProject

ONLY = ("--update-baselines", "--speed-only", "--reason", "a new machine")


def lines(*texts: str) -> list[str]:
    return [f"*{text}*" for text in texts]


def files(project: FakeProject) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((project.root / "baselines").rglob("*.json"))}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modellab.runner.judging.invalid", lambda result: "")  # other tests may run beside this one


@pytest.mark.usefixtures("quiet")
def test_a_new_machine_gets_speed_and_memory_and_nothing_else(fake_project: FakeProject) -> None:
    fake_project.machine = "old"
    fake_project.accept()
    before = files(fake_project)
    fake_project.machine = "new"
    result = fake_project.run(*ONLY)
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(lines("BASELINES WRITTEN", "quality was judged and stays as accepted; review with"))
    after = files(fake_project)
    assert {name: after[name] for name in before} == before, "the accepted quality and the old machine's speed stay"
    (added,) = after.keys() - before.keys()
    assert added == "fake-one.cpu-float32.new-1t.json"
    header = json.loads(after[added])["header"]
    assert (header["machine"], header["reason"]) == ("new-1t", "a new machine")
    assert fake_project.run().ret == 0


@pytest.mark.usefixtures("quiet")
def test_speed_of_a_model_whose_quality_is_red_is_not_accepted(fake_project: FakeProject) -> None:
    fake_project.accept()
    before = files(fake_project)
    for number in range(8):
        fake_project.answer(number, "something else entirely")
    result = fake_project.run(*ONLY)
    assert result.ret == 1
    assert files(fake_project) == before
    note = "note: its speed and memory were not accepted: wer, cer is red against what was accepted"
    result.stdout.fnmatch_lines(lines("REGRESSED", note))


@pytest.mark.usefixtures("quiet")
def test_a_small_change_of_quality_is_judged_and_not_accepted(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.answer(0, "turn on the kitchen lamp")
    before = files(fake_project)
    result = fake_project.run(*ONLY)
    assert result.ret == 0
    verdicts = {each["metric"]: each["status"] for each in fake_project.ledger()[-1]["verdicts"]}
    assert (verdicts["wer"], verdicts["rtf"]) == ("INCONCLUSIVE", "NEW")
    assert before.items() < files(fake_project).items()


def test_speed_of_a_busy_machine_is_refused(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_project.accept()
    before = files(fake_project)
    monkeypatch.setattr("modellab.runner.judging.invalid", lambda result: "other processes kept 1.9 of 2 cores busy")
    result = fake_project.run(*ONLY)
    assert result.ret == 3
    assert files(fake_project) == before
    why = "its speed and memory were not accepted: other processes kept 1.9 of 2 cores busy; run it again on a quiet "
    result.stdout.fnmatch_lines(lines(why))


def test_without_accepted_quality_there_is_nothing_to_add_speed_to(fake_project: FakeProject) -> None:
    result = fake_project.run(*ONLY)
    assert not Path(fake_project.root / "baselines").exists()
    result.stdout.fnmatch_lines(lines("skipped 1: no accepted quality that --speed-only could add speed to"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--speed-only",), "--speed-only says what --update-baselines accepts: give both, and --reason"),
        (("--update-baselines", "--speed-only"), "--update-baselines needs --reason"),
    ],
)
def test_half_an_order_is_wrong_usage(fake_project: FakeProject, arguments: tuple[str, ...], said: str) -> None:
    result = fake_project.run(*arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines(lines(said))
