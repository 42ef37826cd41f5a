"""`modellab baselines accept`: what is accepted from the ledger and what is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from modellab.results import baselines
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.types import Status

from ..make import verdict
from .conftest import Desk
from .finished import BETTER, CASE, DRIFT, FILES, KEY, SLOWER, accept, measure, there

# ---------------------------------------------------------------------------- accept


def test_an_improvement_is_accepted_and_the_diff_is_pointed_at(desk: Desk) -> None:
    entry = measure(desk, BETTER)
    done = accept(desk)
    assert done.exit_code == 0, done.stderr
    assert (
        f"accepted: {CASE}, measured {entry.finished_at[:16]} at no commit\n  wer 20.00 % -> 10.00 %\n" in done.stdout
    )
    assert "2 files written, because: beam 5\nreview with `git diff baselines/` and commit\n" in done.stdout
    assert there(desk) == FILES
    accepted = baselines.load(desk.root / "baselines", KEY)
    assert accepted is not None
    assert (accepted.header["reason"], accepted.header["result"]) == ("beam 5", entry.id)
    assert entry.result is not None
    assert accepted.counts["000"]["wer"] == entry.result.utterances[0].counts["wer"]


def test_the_newest_result_is_meant(desk: Desk) -> None:
    measure(desk, BETTER, wrong=3, finished_at="2026-01-02T00:00:00+00:00")
    measure(desk, BETTER, wrong=5, finished_at="2026-01-01T00:00:00+00:00")
    accept(desk)
    accepted = baselines.load(desk.root / "baselines", KEY)
    assert accepted is not None
    assert sum(counts["wer"][0] > 0 for counts in accepted.counts.values()) == 3


@pytest.mark.parametrize("newest", [Status.PASS, Status.NEW, Status.INCONCLUSIVE, Status.REGRESSED])
def test_what_did_not_improve_is_left_alone_unless_all_are_meant(desk: Desk, newest: Status) -> None:
    measure(desk, verdict("wer", newest))
    done = accept(desk)
    assert (done.exit_code, there(desk)) == (0, [])
    assert done.stdout == "1 case not improved, left alone: --all accepts them too\nnothing was written\n"
    done = accept(desk, "--all")
    assert (done.exit_code, there(desk)) == (0, FILES)
    assert ("note: wer was REGRESSED" in done.stdout) is (newest is Status.REGRESSED)


def test_an_improvement_that_costs_something_is_refused_unless_all_are_meant(desk: Desk) -> None:
    measure(desk, BETTER, SLOWER)
    done = accept(desk)
    assert (done.exit_code, there(desk)) == (1, [])
    told = f"refused: {CASE}: better in wer but red in rtf_cpu REGRESSED: --all accepts the one with the other\n"
    assert done.stderr == told
    done = accept(desk, "--all")
    assert (done.exit_code, there(desk)) == (0, FILES)
    assert "note: rtf_cpu was REGRESSED: 20 % slower" in done.stdout


def test_drift_since_the_pinned_release_stays_visible_and_is_no_hindrance(desk: Desk) -> None:
    measure(desk, BETTER, DRIFT)
    done = accept(desk)
    assert done.exit_code == 0
    assert "note: cer was REGRESSED against the pinned release: since the pinned release" in done.stdout


def test_better_than_the_pinned_release_alone_is_no_improvement(desk: Desk) -> None:
    measure(desk, dataclasses.replace(BETTER, versus="anchor"))
    assert "1 case not improved" in accept(desk).stdout


def test_speed_of_a_busy_machine_is_not_taken(desk: Desk) -> None:
    measure(desk, BETTER, readings={"other_cores": 1.9})
    done = accept(desk)
    assert (done.exit_code, there(desk)) == (0, FILES[1:])
    assert "speed and memory stay as they were accepted before: other processes kept 1.9 of 2 cores busy" in done.stdout


def test_nor_is_there_an_improvement_of_one(desk: Desk) -> None:
    smaller = verdict("peak_rss_bytes", Status.IMPROVED, 9e7, unit="bytes", kind="memory")
    measure(desk, smaller, readings={"other_cores": 1.9})
    done = accept(desk)
    assert (done.exit_code, there(desk)) == (1, [])
    assert "better in peak_rss_bytes, but other processes kept 1.9 of 2 cores busy: run it again" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "code"), [(0, 0), (8, 1)], ids=["still better", "better than what was accepted then"]
)
def test_better_is_better_than_what_is_accepted_today(desk: Desk, wrong: int, code: int) -> None:
    measure(desk, wrong=8 - wrong)
    assert accept(desk, "--all").exit_code == 0
    before = baselines.quality_path(desk.root / "baselines", KEY).read_bytes()
    measure(desk, BETTER, wrong=wrong)
    done = accept(desk)
    assert done.exit_code == code, done.stderr
    assert (baselines.quality_path(desk.root / "baselines", KEY).read_bytes() == before) is bool(code)
    assert ("was better in wer, and is not against the baseline of today: run it again" in done.stderr) is bool(code)


def test_a_result_is_accepted_once(desk: Desk) -> None:
    measure(desk, BETTER)
    accept(desk)
    assert accept(desk).stdout == "1 case accepted already\nnothing was written\n"


def test_uncommitted_changes_are_told(desk: Desk) -> None:
    measure(desk, BETTER, commit=Commit(dirty=True))
    assert "note: it was measured on no commit with changes that were not committed" in accept(desk).stdout


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": None, "status": Status.ERROR, "error": "it hung\nat 3"}, "there is nothing to accept: it hung"),
        ({"dataset_digest": "sha256:old"}, "it was measured with dataset digest sha256:old, here it is sha256:"),
        ({"normaliser": "basic@0#0"}, "it was measured with normaliser basic@0#0, here it is basic@"),
    ],
    ids=["an error", "other data", "another normaliser"],
)  # fmt: skip
@pytest.mark.parametrize("wanted", [(), ("--all",)], ids=["improved", "all"])
def test_what_is_no_measurement_of_this(desk: Desk, wanted: Sequence[str], changes: dict[str, Any], said: str) -> None:
    measure(desk, BETTER, **changes)
    done = accept(desk, *wanted)
    assert (done.exit_code, there(desk)) == (1, [])
    assert done.stderr.startswith(f"refused: {CASE}: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout.endswith("nothing was written\n")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"wer": 0.04}, "limits are never accepted away: wer 0.05 is above the limit 0.04 of short_v1\n"),
        ({"cer": 0.9}, ""),
    ],
    ids=["beyond", "within"],
)
def test_limits_are_never_accepted_away(desk: Desk, limits: dict[str, float], said: str) -> None:
    desk.dataset("short_v1", limits=limits)
    measure(desk, BETTER, wrong=2)
    done = accept(desk, "--all")
    assert done.exit_code == (1 if said else 0), done.stdout
    assert said in done.stderr


def test_nor_are_those_of_speed(desk: Desk) -> None:
    path = desk.root / "pyproject.toml"
    path.write_text(path.read_text() + "[tool.modellab.thresholds.load_s]\nlimit = 0.1\n")
    measure(desk, BETTER)
    done = accept(desk, "--all")
    assert done.exit_code == 1
    assert "limits are never accepted away: load_s 0.5 s is above the limit 0.1 s" in done.stderr


def test_a_result_from_before_a_metric(desk: Desk) -> None:
    entry = measure(desk, BETTER)
    assert entry.result is not None
    short = [dataclasses.replace(u, counts={"wer": u.counts["wer"]}) for u in entry.result.utterances]
    old = dataclasses.replace(entry.result, utterances=tuple(short))
    later = dataclasses.replace(entry, id="0" * 32, result=old, finished_at="2999-01-01T00:00:00+00:00")
    Ledger(desk.root / "mlruns", "s1").append(later)
    assert "it was measured before there was cer, mer," in accept(desk).stderr


@pytest.mark.parametrize("damaged", [{}, [], "text", 7])
def test_a_result_whose_output_is_damaged_is_refused(desk: Desk, damaged: Any) -> None:
    """A line of the ledger that was damaged costs its own case, not the command."""
    entry = measure(desk, BETTER)
    assert entry.result is not None
    first, *rest = entry.result.utterances
    spoilt = dataclasses.replace(entry.result, utterances=(dataclasses.replace(first, output=damaged), *rest))
    later = dataclasses.replace(entry, id="0" * 32, result=spoilt, finished_at="2999-01-01T00:00:00+00:00")
    Ledger(desk.root / "mlruns", "s1").append(later)
    done = accept(desk)
    assert (done.exit_code, there(desk)) == (1, [])
    assert f"refused: {CASE}: the output of {first.id} cannot be kept (" in done.stderr


def test_a_damaged_baseline_is_no_reason_to_write_over_it(desk: Desk) -> None:
    measure(desk, BETTER)
    path = baselines.quality_path(desk.root / "baselines", KEY)
    path.parent.mkdir(parents=True)
    path.write_text("<<<<<<< HEAD")
    done = accept(desk)
    assert done.exit_code == 1
    assert "damaged, or a merge conflict?" in done.stderr
    assert path.read_text() == "<<<<<<< HEAD"


# ---------------------------------------------------------------------------- which results


def test_results_of_other_commits_only_when_asked_for(desk: Desk) -> None:
    measure(desk, BETTER, commit=Commit("a" * 40))
    told = "1 case with results of other commits or sessions only: --any-commit takes them\nnothing was written\n"
    assert accept(desk).stdout == told
    assert accept(desk, "--any-commit").stdout.startswith("accepted: ")


def test_results_of_a_session(desk: Desk) -> None:
    measure(desk, BETTER, wrong=2, session="20260101T0200-a", commit=Commit("a" * 40))
    measure(desk, BETTER, wrong=5, session="20260102T0200-b")
    accept(desk, "--session", "20260101t0200-a")
    accepted = baselines.load(desk.root / "baselines", KEY)
    assert accepted is not None
    assert sum(counts["wer"][0] > 0 for counts in accepted.counts.values()) == 2
    wrong = accept(desk, "--session", "20260103")
    assert wrong.exit_code == 2
    assert "unknown session '20260103', the newest are: 20260102T0200-b, 20260101T0200-a" in wrong.stderr


def test_only_what_was_selected_is_written_and_nothing_is_deleted(desk: Desk) -> None:
    desk.model("other")
    keys = [KEY, dataclasses.replace(KEY, model="other")]
    for key in keys:
        measure(desk, BETTER, key=key)
    accept(desk, "--model", "other")
    assert there(desk) == [name.replace("fake", "other") for name in FILES]
    accept(desk, "--model", "fake")
    assert len(there(desk)) == 4


def test_what_was_never_measured(desk: Desk) -> None:
    desk.model("other")
    measure(desk, BETTER)
    assert "1 case never measured here\n" in accept(desk, "--model", "fake", "--model", "other").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("accept", "--reason", " "), "--reason is empty"),
        (("pin", "--reason", ""), "--reason is empty"),
        (("accept", "--reason", "x"), "there are no results in"),
        (("pin", "--reason", "x"), "none of these cases has a baseline"),
        (("accept", "--reason", "x", "--model", "fakes"), "unknown model 'fakes': did you mean fake?"),
        (("pin", "--reason", "x", "--dataset", "short"), "unknown dataset 'short': did you mean short_v1?"),
        (("accept", "--reason", "x", "--model", "fake", "--device", "mps"), "no case has --model=fake --device=mps"),
    ],
)
def test_what_cannot_be_done(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = desk.type("baselines", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"modellab: {said}") or f": {said}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reason_is_asked_for(desk: Desk) -> None:
    done = desk.type("baselines", "accept")
    assert done.exit_code == 2
    assert "Missing option '--reason'" in done.stderr


def test_a_broken_model_is_told_and_costs_nothing_else(desk: Desk) -> None:
    desk.model("torn", variants=7)
    measure(desk, BETTER)
    done = desk.type("baselines", "accept", "--reason", "beam 5", "--dataset", "short_v1", "--device", "cpu")
    assert done.exit_code == 0
    assert done.stderr.startswith("broken, left out: ")
    assert done.stderr.count("\n") == 1
    assert there(desk) == FILES
