"""Results are found by what a person calls them, and those that must not be compared are named."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab import tasks
from modellab.errors import BaselineError, ConfigError
from modellab.plan.settings import Project
from modellab.results import baselines, baselines_as_entries
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.results.select import SelectedResults, StoredResults, unfair
from modellab.system.machine import Commit
from modellab.tasks import Recalled, asr, diarization, lid, robustness, translation
from modellab.types import Status

from .. import make


def entry(day: int, model: str = "fake", **changes: Any) -> Entry:
    """A result of `model` on a day, in session `2026030{day}T...` at commit 000...{day}."""
    key = replace(make.KEY, model=model, **changes.pop("key", {}))
    provenance = {**make.PROVENANCE, **changes.pop("provenance", {})}
    said = [make.utterance(id, make.asr_counts(1)) for id in changes.pop("ids", ["0000", "0001"])]
    fields: dict[str, Any] = {"result": make.result(said, key=key, provenance=provenance), **changes}
    moment = f"2026-03-0{day}T02:00:00.000000+00:00"
    commit = Commit(f"{day:x}" * 40)
    return Entry(key, Status.PASS, f"2026030{day}T020000-ab", commit=commit, finished_at=moment, **fields)


def stored(*entries: Entry, root: Path = Path("nowhere")) -> StoredResults:
    return StoredResults(root, root / "baselines", entries)


OLD = entry(1, versions={"ctranslate2": "4.4.0"})
INT8 = entry(1, key={"precision": "int8"}, versions={"ctranslate2": "4.4.0"})
NEW = entry(2, versions={"ctranslate2": "4.5.1"})
OTHER = entry(2, "other", key={"variant": "two"})
EVERY = stored(OLD, INT8, NEW, OTHER)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("latest", [NEW, INT8, OTHER]),
        ("fake", [NEW, INT8]),
        ("fake:one", [NEW, INT8]),
        ("fake/cpu", [NEW, INT8]),
        ("fake/cpu-int8", [INT8]),
        ("/cpu-int8", [INT8]),
        ("@20260301", [OLD, INT8]),
        ("@20260301T020000-AB", [OLD, INT8]),
        ("fake@1111", [OLD, INT8]),
        ("2222222", [NEW, OTHER]),
        ("fake/cpu-float32@1111", [OLD]),
        ("@ctranslate2=4.4", [OLD, INT8]),
        ("fake@ctranslate2=4.5.1", [NEW]),
        (str(NEW.key), [NEW]),
        (f"{INT8.key}", [INT8]),
        (f"{NEW.key}@1111", [OLD]),
    ],
)
def test_a_spec_takes_the_newest_of_each_case(spec: str, expected: list[Entry]) -> None:
    assert list(EVERY.select(spec).entries) == expected


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("fke", "no results of 'fke': did you mean fake"),
        ("fake:two", "nothing fits 'fake:two': did you mean fake:one? known: fake:one, other:two"),
        ("fake:one/cuda", "nothing fits 'fake:one/cuda': there are fake:one/cpu-float32, fake:one/cpu-int8"),
        ("/cuda", "nothing fits '/cuda': there are fake:one, other:two"),
        ("other@1111", "nothing fits 'other@1111': there are fake:one"),
        ("", "'' names no results: expected"),
        ("@@", "no session, commit"),
        ("@main", "'main' is no session, commit, `baseline` or `latest`; the newest sessions: 20260301T020000-ab"),
        ("@--all", "'--all' is no session"),
        ("@111", "'111' is no session"),
        ("@torch=2", "no results of torch=2"),
    ],
)
def test_a_spec_that_takes_nothing_says_what_there_is(spec: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        EVERY.select(spec)
    assert said in str(raised.value)


def test_an_empty_shelf_says_what_fills_it() -> None:
    with pytest.raises(ConfigError, match=r"^nothing fits '@latest': there are no results yet, `modellab run`"):
        stored().select("@latest")


def test_what_ended_in_an_error_is_passed_over() -> None:
    failed = replace(entry(3), result=None, status=Status.ERROR, error="it hung")
    assert stored(OLD, failed).select("fake") == SelectedResults("fake", (OLD,), (failed,))
    again = replace(entry(4), id="again")
    assert stored(OLD, failed, again).select("fake").failed == (), "it runs again"


def test_a_case_without_any_result_is_only_for_a_report() -> None:
    failed = replace(entry(3), result=None, status=Status.ERROR, error="it hung")
    assert stored(failed).select("@latest", errors=True) == SelectedResults("@latest", (), (failed,))
    with pytest.raises(ConfigError, match="no run of 'fake' has a result, the newest ended with: it hung"):
        stored(failed).select("fake")


def test_a_revision_is_what_git_says(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "-b", "trunk"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    hash = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    here = replace(NEW, commit=Commit(hash))
    found = stored(OLD, here, root=tmp_path)
    assert found.select("trunk") == replace(found.select("@HEAD"), spec="trunk")
    assert list(found.select("@trunk").entries) == [here]
    with pytest.raises(ConfigError, match=r"no results of trunk \([0-9a-f]{7}\)"):
        stored(OLD, root=tmp_path).select("fake@trunk")


def test_the_ledger_and_what_comes_from_elsewhere_make_one_shelf(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "golden", tmp_path / "baselines", tmp_path / "mlruns")
    ledger = Ledger(project.mlruns, OLD.session)
    ledger.append(OLD)
    with ledger.path.open("ab") as file:
        file.write(b'{"format": 1, "id"')
    found = StoredResults.read(project.root, project.mlruns, project.baselines, [NEW, OLD])
    assert [each.id for each in found.entries] == [OLD.id, NEW.id]
    assert "was cut off" in found.warnings[0]


def test_what_is_accepted_is_found_entry_like_a_result(tmp_path: Path) -> None:
    said = [make.utterance("0000", make.asr_counts(1), {"text": "a b"})]
    measured = make.result(said, machine="a-cpu-1t")
    baselines.save(tmp_path / "baselines", asr, [measured], "first", "2026-03-01")
    (found_entry,) = stored(root=tmp_path).select("@baseline").entries
    assert (found_entry.key, found_entry.commit.hash, found_entry.finished_at[:10]) == (
        make.KEY,
        "c0ffee",
        "2026-03-01",
    )
    assert found_entry.values["wer"] == 0.2
    assert found_entry.result is not None
    assert found_entry.result.utterances[0].output == {"text": "a b", "language": "", "segments": []}
    assert (found_entry.result.utterances[0].wall_s, found_entry.result.machine) == (0.1, "a-cpu-1t")
    assert not found_entry.versions, "what is no version is not taken for one"
    assert unfair(found_entry, replace(entry(1), result=measured)) == ""


def test_a_damaged_baseline_hides_no_other(tmp_path: Path) -> None:
    for model in ("fake", "other"):
        measured = make.result([make.utterance("0000", make.asr_counts(1))], key=replace(make.KEY, model=model))
        baselines.save(tmp_path / "baselines", asr, [measured], "first", "2026-03-01")
    path = baselines.quality_path(tmp_path / "baselines", make.KEY)
    path.write_text("{")
    there = stored(entry(1), root=tmp_path)
    assert [str(found.key.model) for found in there.select("@baseline").entries] == ["other"]
    assert there.select("fake").entries, "what was measured is there"
    (told,) = there.damaged
    assert told.startswith(f"{path} is not a baseline")
    with pytest.raises(BaselineError, match="is not a baseline"):
        list(baselines_as_entries.entries(tmp_path / "baselines"))


def test_only_the_same_key_is_found_entry_from_the_baselines(tmp_path: Path) -> None:
    assert list(baselines_as_entries.entries(tmp_path)) == []
    other = tmp_path / "notes" / "of" / "a-b.cpu-int8.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    assert list(baselines_as_entries.entries(tmp_path)) == [], "a task that nobody knows"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"ids": ["0001", "0002"]}, ""),
        ({"ids": ["9"]}, "share no utterance"),
        ({"key": {"task": "vad"}}, "is of the task asr"),
        ({"provenance": {"normaliser": "none@1#1"}}, "differ in the normaliser (basic@1#0, none@1#1): --rescore"),
        ({"provenance": {"dataset_digest": "sha256:x"}}, "differ in the content of short_v1 (sha256:d, sha256:x)"),
        ({"result": None}, "ended in an ERROR"),
    ],
)
def test_what_must_not_be_compared_is_named(changes: dict[str, Any], said: str) -> None:
    found = unfair(entry(1), entry(2, **changes))
    assert (said in found) if said else found == ""


@pytest.mark.parametrize(
    ("task", "output"),
    [
        (asr, {"text": "a b", "language": "en", "segments": [["a b", 0.0, 1.0]]}),
        (robustness, {"text": "a b", "language": "", "segments": [], "duration_s": 2.0}),
        (translation, {"text": "Guten Tag"}),
        (lid, {"language": "de"}),
        (diarization, {"turns": [[0.0, 1.0, "A"]]}),
        *((task, None) for task in (asr, robustness, translation, lid, diarization)),
    ],
)
def test_a_recalled_output_is_remembered_alike(task: Recalled, output: Any) -> None:
    assert task.remember(task.recall(task.remember(output))) == task.remember(output)


def test_every_task_that_recalls_says_so() -> None:
    recalling = {name for name in tasks.names() if isinstance(tasks.get(name), Recalled)}
    assert recalling >= {"asr", "robustness", "translation", "lid", "diarization"}
