"""The suite's false alarms are 1 %: what is red only among all tests of a session turns red at its end."""

from __future__ import annotations

import json

import pytest

from modellab.results import ledger

from .conftest import SENTENCES, FakeProject, write_model
from .test_verdicts import lines

MODELS = '[tool.modellab]\nmodels = ["models"]\n'


def one_word_worse(fake_project: FakeProject) -> None:
    """In each of eight utterances: p is 2^-8, below 0.8 % and above 0.8 % / 3 cases, the others of which are calm."""
    for name in ("fake_calm", "fake_still"):
        write_model(fake_project.root / "models" / name)
    (fake_project.root / "pyproject.toml").write_text(MODELS + "[tool.pytest.ini_options]\n")
    fake_project.accept()
    for number, text in enumerate(SENTENCES):
        fake_project.answer(number, text + "s")


def test_a_case_that_stands_out_at_the_end_turns_red(fake_project: FakeProject) -> None:
    one_word_worse(fake_project)
    result = fake_project.run("--junitxml=report.xml", "-rA")
    assert result.ret == 1
    result.assert_outcomes(failed=1, passed=2, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        lines(
            "FAILURES*",
            "wer: *: REGRESSED (8 of 8 utterances changed, p 0.0039)",
            "hyp*turn on the kitchen lights",
            "fake:one*REGRESSED*wer, cer",
        )
    )
    assert "p 0.0039" in (fake_project.root / "report.xml").read_text()
    entries, complaints = ledger.read(fake_project.root / "mlruns")
    assert complaints == []
    assert sorted(str(entry.status) for entry in entries) == ["NEW"] * 3 + ["PASS"] * 2 + ["REGRESSED"]
    told = [entry["status"] for entry in fake_project.ledger() if entry["key"]["model"] == "fake"]
    assert told == ["NEW", "INCONCLUSIVE", "REGRESSED"]


@pytest.mark.slow
def test_the_same_with_two_workers(fake_project: FakeProject) -> None:
    one_word_worse(fake_project)
    result = fake_project.run_subprocess("-n", "2")
    assert result.ret == 1
    result.stdout.fnmatch_lines(lines("wer: *: REGRESSED (8 of 8 utterances changed, p 0.0039)", "fake:one*REGRESSED*"))


@pytest.mark.slow
def test_it_is_chance_when_many_cases_changed(fake_project: FakeProject) -> None:
    variants = {name: {"weights": "package", "tier": "smoke"} for name in ("one", "two", "three")}
    fake_project.configure(variants=variants)
    one_word_worse(fake_project)
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("note: 3 cases: wer, cer INCONCLUSIVE: 8 of 8 utterances changed, p 0.0039: *"))


def test_an_alpha_of_its_own_is_held(fake_project: FakeProject) -> None:
    one_word_worse(fake_project)
    with (fake_project.root / "pyproject.toml").open("a") as file:
        file.write('[tool.modellab.cases."fake:*"]\nwer.alpha = 0.001\ncer.alpha = 0.001\n')
    assert fake_project.run().ret == 0


def test_drift_since_the_pinned_release_is_red(fake_project: FakeProject) -> None:
    fake_project.accept()
    baselines = fake_project.root / "baselines"
    path = next(path for path in baselines.rglob("*.json") if "machine" not in path.name)
    pinned = baselines / "anchor" / path.relative_to(baselines)
    pinned.parent.mkdir(parents=True)
    pinned.write_text(json.dumps({**json.loads(path.read_text()), "header": {**header(path), "reason": "release 1"}}))
    for number in range(8):
        fake_project.answer(number, "something else entirely")
    fake_project.accept()
    result = fake_project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        lines(
            "wer against the pinned release: *: REGRESSED (since the pinned release (release 1): 8 of 8 *changed*",
            "wer 100.00 % (was 0.00 %)",
            "REGRESSED*wer against the pinned release, cer against the pinned release",
        )
    )


def header(path: object) -> dict[str, str]:
    return dict(json.loads(path.read_text())["header"])  # type: ignore[attr-defined]
