"""`modellab rescore`: stored results and baselines counted anew, nothing lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modellab import text
from modellab.rescoring import stored
from modellab.rescoring.entry import rescored
from modellab.results import baselines, ledger
from modellab.results.entry import Entry
from modellab.results.rescored import origin, standing
from modellab.tasks import asr
from modellab.types import CaseId, Status

from ..make import no_number
from .conftest import Desk
from .finished import CASE, KEY, SLOWER, measure

NONE, BASIC = str(text.get("none")), str(text.get("basic"))


def entries(desk: Desk) -> list[Entry]:
    found, warnings = ledger.read(desk.root / "mlruns")
    assert warnings == []
    return found


def lines(desk: Desk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (desk.root / "mlruns" / "ledger").glob("*.jsonl")}


def another_normaliser(desk: Desk, normaliser: str = "whisper_en") -> None:
    """The dataset names another one from now on: its digest stays."""
    desk.dataset("short_v1", normaliser=normaliser)


def test_a_changed_profile_gives_new_lines_and_leaves_the_old(desk: Desk) -> None:
    before = measure(desk, SLOWER, finished_at="2026-11-20T02:00:00.000000+00:00")
    old = lines(desk)
    another_normaliser(desk)
    done = desk.type("rescore")
    assert done.exit_code == 1, "its speed is red as it was"
    assert f"{CASE}  2026-11-20 02:00  8" in done.stdout
    assert f"{BASIC} -> {text.get('whisper_en')}" in done.stdout
    assert "1 new results in session " in done.stdout
    assert {file: line for file, line in lines(desk).items() if file in old} == old
    first, second = entries(desk)
    assert repr(first) == repr(replace(before, result=first.result))  # some values are none, and NaN equals nothing
    assert origin(second) == before.id
    assert second.session not in {"s1", ""}
    assert second.result is not None
    assert second.result.provenance["normaliser"] == str(text.get("whisper_en"))
    assert SLOWER.metric in {verdict.metric for verdict in second.verdicts}


def test_the_second_time_nothing_is_written(desk: Desk) -> None:
    measure(desk)
    another_normaliser(desk)
    desk.type("rescore")
    old = lines(desk)
    done = desk.type("rescore")
    assert done.stdout == "1 as they were: nothing that counts has changed\nnothing was written\n"
    assert lines(desk) == old


def test_there_and_back_again(desk: Desk) -> None:
    """The newest line of a result is under the normaliser that its dataset names, however often that changed."""
    measure(desk)
    for normaliser in ("none", "whisper_en", "none", "basic"):
        another_normaliser(desk, normaliser)
        assert "1 new results" in desk.type("rescore").stdout
    found = entries(desk)
    names = [entry.result.provenance["normaliser"].partition("@")[0] for entry in found if entry.result]
    assert names == ["basic", "none", "whisper_en", "none", "basic"]
    assert {origin(entry) for entry in found[1:]} == {found[0].id}
    assert standing(found) == [found[-1]]
    assert found[-1].values == found[0].values


def test_what_is_as_it_was_is_left_alone(desk: Desk) -> None:
    measure(desk)
    done = desk.type("rescore", "--all")
    assert done.stdout == "1 as they were: nothing that counts has changed\nnothing was written\n"
    assert len(entries(desk)) == 1


def test_sessions_cases_and_all(desk: Desk) -> None:
    for session in ("s1", "s2", "t1"):
        measure(desk, session=session, wrong=2)
    measure(desk, session="s3", key=CaseId("asr", "short_v1", "gone", "one", "cpu", "float32"))
    another_normaliser(desk)
    for arguments, number in ((("s",), 3), (("t1", CASE), 1), ((CASE,), 1), ((CASE, "--all"), 3), ((), 2)):
        shown = desk.type("rescore", *arguments, "--normaliser", "none").stdout
        assert shown.count(f"-> {NONE}") == number, arguments
    done = desk.type("rescore", "--all")
    assert "4 new results" in done.stdout
    assert len(entries(desk)) == 8
    gone = next(line for line in done.stdout.splitlines() if line.startswith("gone"))
    assert gone.split()[-1] == "NEW", "the matrix has no such case, so nothing judges it"


def test_quality_is_judged_anew(desk: Desk) -> None:
    desk.accept(CASE)
    measure(desk, wrong=8)
    another_normaliser(desk)
    assert desk.type("rescore").exit_code == 1
    assert entries(desk)[-1].status is Status.NOT_COMPARABLE, "the baseline is of the old normaliser"
    done = desk.type("rescore", "--baselines", "--reason", "whisper_en from now on")
    assert done.exit_code == 0, done.stderr
    measure(desk, wrong=8, session="s2", normaliser=BASIC)
    desk.type("rescore", "s2")
    rescored = next(
        entry
        for entry in entries(desk)
        if entry.session not in {"s1", "s2"} and entry.status is not Status.NOT_COMPARABLE
    )
    wer = next(verdict for verdict in rescored.verdicts if verdict.metric == "wer")
    assert wer.baseline == 0.0
    assert wer.change is not None
    assert wer.change > 0.1


def test_only_what_is_red_now_ends_with_status_1(desk: Desk) -> None:
    """An old result of the case that is red is history, and one that is only shown is not judged."""
    desk.accept(CASE)
    measure(desk, wrong=8, session="s1")
    measure(desk, wrong=0, session="s2", finished_at="2027-01-01T00:00:00.000000+00:00")
    another_normaliser(desk)
    assert desk.type("rescore", "--baselines", "--reason", "whisper_en from now on").exit_code == 0
    assert desk.type("rescore", "s1", "--normaliser", "none").exit_code == 0
    done = desk.type("rescore", "--all")
    assert [entry.red for entry in entries(desk) if origin(entry)] == [True, False], done.stdout
    assert done.exit_code == 0
    another_normaliser(desk, "basic")
    assert desk.type("rescore", "--baselines", "--reason", "back").exit_code == 0
    assert desk.type("rescore", "s1").exit_code == 1


def test_another_profile_is_shown_and_kept_only_when_asked(desk: Desk) -> None:
    measure(desk)
    done = desk.type("rescore", "--normaliser", "none")
    assert "only shown, because a dataset names another normaliser" in done.stdout
    assert len(entries(desk)) == 1
    assert "1 new results" in desk.type("rescore", "--normaliser", "none", "--keep").stdout
    assert len(entries(desk)) == 2


def test_a_changed_dataset_is_refused_with_the_way_out(desk: Desk) -> None:
    measure(desk, dataset_digest="sha256:before")
    done = desk.type("rescore")
    assert done.exit_code == 1
    assert "refused: s1: " in done.stderr
    assert "or `modellab rescore --references` if only reference texts were corrected and the audio" in done.stderr
    assert done.stdout == "nothing was written\n"


def test_the_merging_of_compounds_is_a_change_of_scoring_alone(desk: Desk) -> None:
    measure(desk)
    desk.dataset("short_v1", settings={"compounds": "merge"})
    done = desk.type("rescore")
    assert done.exit_code == 0, done.stderr
    assert "1 new results" in done.stdout
    assert not desk.type("rescore", "--all").stderr


def test_profiles_and_who_changes_places(desk: Desk) -> None:
    measure(desk, wrong=1)
    other = replace(KEY, model="other")
    desk.model("other")
    measure(desk, key=other, wrong=0)
    done = desk.type("rescore", "--profiles")
    assert done.exit_code == 0, done.stderr
    table = done.stdout.splitlines()
    assert table[0].split() == ["case", "N", "its", "own", *text.names()]
    assert [line.split()[0] for line in table[1:3]] == [CASE, str(other)]
    assert table[-1] == "no two models of a dataset change places"


# ---------------------------------------------------------------------------- baselines


def test_a_baseline_gets_new_shares_and_keeps_the_rest(desk: Desk) -> None:
    desk.accept(CASE)
    path = baselines.quality_path(desk.root / "baselines", KEY)
    before = json.loads(path.read_text())
    another_normaliser(desk, "none")
    done = desk.type("rescore", "--baselines", "--reason", "as written")
    assert done.exit_code == 0, done.stderr
    after = json.loads(path.read_text())
    assert (after["header"]["normaliser"], after["header"]["normaliser_before"]) == (NONE, BASIC)
    assert after["header"]["reason"] == "as written"
    assert {id: each["output"] for id, each in after["utterances"].items()} == {
        id: each["output"] for id, each in before["utterances"].items()
    }
    resource_baselines = [each for each in path.parent.glob("*.json") if each != path]
    assert [json.loads(each.read_text())["header"]["normaliser"] for each in resource_baselines] == [NONE]
    assert [json.loads(each.read_text())["header"]["reason"] for each in resource_baselines] == ["the first"]
    assert "0 files written, 1 baselines have today's" in desk.type("rescore", "--baselines", "--reason", "x").stdout


def test_a_damaged_baseline_costs_itself_alone(desk: Desk) -> None:
    desk.accept(CASE)
    path = baselines.quality_path(desk.root / "baselines", KEY)
    broken = path.with_name("fake-another.cpu-float32.json")
    broken.write_text(path.read_text()[:200])
    another_normaliser(desk, "none")
    done = desk.type("rescore", "--baselines", "--reason", "as written")
    assert done.exit_code == 1
    assert done.stderr.count("refused: ") == 1
    assert "fake-another.cpu-float32.json is not a baseline" in " ".join(done.stderr.split())
    assert json.loads(path.read_text())["header"]["normaliser"] == NONE
    assert "2 files written" in done.stdout


def test_a_baseline_gets_a_metric_that_came_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = baselines.quality_path(desk.root / "baselines", KEY)
    with monkeypatch.context() as before:
        before.setattr(asr, "METRICS", tuple(metric for metric in asr.METRICS if metric.name != "cer"))
        desk.accept(CASE)
        old = json.loads(path.read_text())
    done = desk.type("rescore", "--baselines", "--reason", "characters too")
    assert done.exit_code == 0, done.stderr
    new = json.loads(path.read_text())
    assert new["header"]["reason"] == "characters too"
    added = {id: each["shares"].pop("cer") for id, each in new["utterances"].items()}
    assert new["utterances"] == old["utterances"], "what was there stays"
    assert all(len(cer) == 2 and cer[1] > 0 for cer in added.values())
    assert "0 files written, 1 baselines have today's" in desk.type("rescore", "--baselines", "--reason", "x").stdout


@pytest.mark.slow
def test_the_baselines_of_this_project_are_what_scoring_gives_today() -> None:
    """Every stored share, from the stored outputs: a faster normaliser or alignment must not move one."""
    from modellab import datasets, tasks
    from modellab.results import baselines_as_entries

    root, found = Path(__file__).parents[2], 0
    for entry in baselines_as_entries.entries(root / "baselines"):
        if not isinstance(tasks.get(entry.key.task), tasks.Recalled) or entry.key.task == "diarization":
            continue
        after = rescored(entry, datasets.load(root / "golden" / entry.key.dataset))
        assert entry.result is not None
        assert after.result is not None
        for before, now in zip(entry.result.utterances, after.result.utterances, strict=True):
            for metric, share in before.counts.items():
                assert now.counts[metric] == pytest.approx(share, abs=1e-6), (entry.key, now.id, metric)
                found += 1
    assert found > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--normaliser", "basc"), "unknown normaliser 'basc': did you mean basic?"),
        (("s9",), "no case and no session is called 's9', the newest are: s1"),
        (("--baselines",), "--baselines needs --reason TEXT"),
        (("--baselines", "--reason", "x", "--normaliser", "none"), "--baselines takes each dataset's own normaliser"),
        (("--baselines", "--reason", "x", "nothing"), "no baseline is of nothing: `modellab baselines list` shows"),
    ],
)
def test_wrong_names(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    measure(desk)
    done = desk.type("rescore", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"modellab: {said}")
    assert done.stderr.count("\n") == 1


def test_an_empty_ledger_says_so(desk: Desk) -> None:
    assert "there are no results in" in desk.type("rescore").stderr


def test_a_count_that_is_no_number_is_a_refusal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(desk)
    another_normaliser(desk)
    monkeypatch.setattr(asr, "score", no_number(asr.score))
    done = desk.type("rescore")
    assert done.exit_code == 1
    assert "ValueError: wer is [nan, 5.0]: no change of it could be judged" in " ".join(done.stderr.split())
    assert done.stdout == "nothing was written\n"


def test_whatever_one_result_raises_is_its_refusal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(desk)
    another_normaliser(desk)

    def raises(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no words")

    for name in ("judged", "rescored"):
        monkeypatch.setattr(stored, name, raises)
        done = desk.type("rescore")
        assert done.exit_code == 1
        assert "refused: s1: ZeroDivisionError: no words" in done.stderr
        assert "nothing was written" in done.stdout
