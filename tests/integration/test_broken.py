"""Broken utterances through pytest: run once more in a fresh process, named with their texts, red only if many."""

from __future__ import annotations

import pytest

from modellab.results import ledger

from .conftest import FakeProject, length
from .test_verdicts import lines

LOOK = "look at these first: utterances that lost a large part of their words*"


def loads(fake_project: FakeProject) -> int:
    return len((fake_project.model / "loads.log").read_text().splitlines())


def test_one_empty_transcript_is_told_first_and_not_red(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.answer(3, "")
    before = loads(fake_project)
    result = fake_project.run("--scorecard", str(fake_project.root / "card.md"))
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        lines(
            LOOK,
            "fake:one-short_v1-cpu-float32: INCONCLUSIVE",
            "003: lost 5 of 5, broke again in a fresh process",
            "ref  what is the weather tomorrow",
            "was  what is the weather tomorrow",
            "model*dataset*",
            "INCONCLUSIVE  wer, cer, empty_rate",
            "1 of 8 utterances changed, 1 broke (again in a fresh process)*",
            "empty_rate INCONCLUSIVE: 0.125 is above the built-in limit 0.05: 1 of 8 utterances*",
        )
    )
    assert loads(fake_project) == before + 2
    card = (fake_project.root / "card.md").read_text()
    assert card.index("look at these first") < card.index("| model")
    (entry,) = (entry for entry in ledger.read(fake_project.root / "mlruns")[0] if str(entry.status) == "INCONCLUSIVE")
    (broke,) = entry.verdicts[0].breaks
    assert (entry.verdicts[0].broken, broke.id, broke.lost, broke.again) == (1, "003", 5.0, True)


def test_what_does_not_break_again_passes_and_says_so(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.behave(once=length(3))
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        lines(LOOK, "fake:one-short_v1-cpu-float32: PASS", "003: lost 10 of 5, not again in a fresh process", "PASS")
    )
    result.stdout.no_fnmatch_line("*INCONCLUSIVE*")


@pytest.mark.parametrize(("then", "status"), [("fail", 1), ("told", 0)])
def test_who_wants_that_red_can_have_it(fake_project: FakeProject, then: str, status: int) -> None:
    fake_project.accept()
    fake_project.answer(3, "")
    result = fake_project.run("--inconclusive", then)
    assert result.ret == status
    if status:
        result.stdout.fnmatch_lines(
            lines("fake:one-short_v1-cpu-float32: INCONCLUSIVE", "wer: *: INCONCLUSIVE (1 of 8 utterances changed*")
        )
    assert fake_project.ledger()[-1]["verdicts"][0]["red"] is (status == 1)


def test_many_are_red_at_once_when_they_break_again(fake_project: FakeProject) -> None:
    fake_project.accept()
    for number in range(4):
        fake_project.answer(number, "")
    result = fake_project.run()
    assert result.ret == 1
    why = (
        "4 of 8 utterances changed, 4 broke (4 of 4 again in a fresh process): a healthy model breaks so many once in *"
    )
    result.stdout.fnmatch_lines(lines(f"wer: *: REGRESSED ({why} runs)"))


def test_a_rerun_that_dies_acquits_nobody(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.behave(once=length(3), then="kill")
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        lines(
            "003: lost 10 of 5, not run again",
            "INCONCLUSIVE",
            "note: *1 broken utterance could not be run again in a fresh process: * the worker died *",
        )
    )


def test_an_acceptance_runs_nothing_again(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.answer(3, "and then and then and then and then")
    before = loads(fake_project)
    fake_project.accept()
    assert loads(fake_project) == before + 1
