"""Baselines of many utterances: git keeps sums and a hash, the rows lie outside and are found by what is in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from modellab import gate
from modellab.errors import BaselineError
from modellab.results import baseline_rows, baselines
from modellab.tasks import Task, asr
from modellab.types import QualityBaseline, ResourceBaseline, Result, Rule, Status

from ..make import KEY, asr_counts, name, result, utterance

TASK: Task = asr
COUNT = 12


@pytest.fixture(autouse=True)
def ten_are_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ten utterances are many here, and the cache is the test's own."""
    monkeypatch.setattr(baseline_rows, "MOST_IN_FILE", 10)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))


def measured(count: int = COUNT, errors: float = 1.0) -> Result:
    return result([utterance(name(i), asr_counts(errors), {"text": f"häuser {i}"}) for i in range(count)])


def accept(root: Path, count: int = COUNT) -> list[Path]:
    return baselines.save(root, TASK, [measured(count)], "a first run", "2026-03-01")


def load_both(root: Path) -> tuple[QualityBaseline, ResourceBaseline]:
    quality, resources = baselines.load(root, KEY), baselines.load_resources(root, KEY, "a-cpu-1t")
    assert quality is not None
    assert resources is not None
    return quality, resources


def remove_rows(root: Path, *, cache: bool = True) -> None:
    """Remove the rows, as in a fresh clone on another machine."""
    for place in (root / "asr" / "short_v1" / ".rows", *([root / "cache" / "baseline-rows"] if cache else [])):
        for file in place.glob("*.gz"):
            file.unlink()


def test_what_goes_in_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(tmp_path / "large")
    monkeypatch.setattr(baseline_rows, "MOST_IN_FILE", 100)
    accept(tmp_path / "small")
    assert load_both(tmp_path / "large") == load_both(tmp_path / "small")


def test_git_keeps_sums_and_a_hash(tmp_path: Path) -> None:
    quality, resources = accept(tmp_path)
    stored = json.loads(quality.read_text())
    assert stored["format"] == 2
    assert "utterances" not in stored
    assert stored["rows"]["count"] == COUNT
    assert stored["rows"]["sums"]["wer"] == [COUNT, 5.0 * COUNT]
    assert "häuser" not in quality.read_text()
    assert len(quality.read_text()) < 1_500
    assert json.loads(resources.read_text())["rows"].keys() == {"count", "sha256"}
    folder = quality.parent / ".rows"
    assert (folder / ".gitignore").read_text() == "*\n"
    packed = gzip.decompress((folder / f"{stored['rows']['sha256']}.gz").read_bytes()).decode()
    assert packed.splitlines()[0].startswith('"0000": {"output": "häuser 0", "shares": {')


def test_the_same_results_are_the_same_files(tmp_path: Path) -> None:
    contents = []
    for root in (tmp_path / "a", tmp_path / "b"):
        accept(root)
        contents.append({str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("count", [1, 10])
def test_few_utterances_stay_in_the_file(tmp_path: Path, count: int) -> None:
    quality, _ = accept(tmp_path, count)
    assert json.loads(quality.read_text())["format"] == 1
    assert not (quality.parent / ".rows").exists()


def test_another_checkout_of_the_machine_finds_the_rows(tmp_path: Path) -> None:
    accept(tmp_path)
    before = load_both(tmp_path)
    remove_rows(tmp_path, cache=False)
    assert load_both(tmp_path) == before


def test_rows_that_are_not_at_hand_are_told_and_nothing_is_compared(tmp_path: Path) -> None:
    quality, _ = accept(tmp_path)
    digest = json.loads(quality.read_text())["rows"]["sha256"]
    remove_rows(tmp_path)
    accepted, resources = load_both(tmp_path)
    assert accepted.counts == {}
    now = measured()
    verdict = gate.assess(now, accepted, TASK.METRICS[:1], {"wer": Rule(limit=0.9)})[0]
    assert (verdict.status, verdict.red) == (Status.NOT_COMPARABLE, True)
    place = f"{tmp_path}/asr/short_v1/.rows or {tmp_path}/cache/baseline-rows"
    assert verdict.why == (
        "the quality baseline is not comparable: what its baseline holds of each of its 12 utterances is not on this "
        f"machine, so no change can be told: copy {digest}.gz into {place} from where it was accepted; accept with "
        "--update-baselines --reason '...'"
    )
    beyond = gate.assess(now, accepted, TASK.METRICS[:1], {"wer": Rule(limit=0.1)})[0]
    assert (beyond.status, beyond.red) == (Status.ABOVE_LIMIT, True), "limits need no baseline"
    speed = gate.assess_resources(now, resources, {})[0]
    assert speed.status is Status.INCONCLUSIVE
    assert "of each of its 12 utterances is not on this machine" in speed.why


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b'"0000": {}\n'), gzip.compress(b"[")],
    ids=["empty", "no gzip", "no list", "no JSON"],
)
def test_damaged_rows_are_not_at_hand(tmp_path: Path, damage: bytes) -> None:
    quality, _ = accept(tmp_path)
    remove_rows(tmp_path)
    for about in (quality, baselines.resources_path(tmp_path, KEY, "a-cpu-1t")):
        digest = json.loads(about.read_text())["rows"]["sha256"]
        (quality.parent / ".rows" / f"{digest}.gz").write_bytes(damage)
    accepted, _ = load_both(tmp_path)
    assert "rows_missing" in accepted.header


def test_what_is_added_leaves_the_rows_where_they_are(tmp_path: Path) -> None:
    quality, resources = accept(tmp_path)
    before = json.loads(resources.read_text())["rows"], json.loads(quality.read_text())["rows"]
    for gone in (False, True):
        if gone:
            remove_rows(tmp_path)
        baselines.add_sessions(tmp_path, KEY, "a-cpu-1t", [{"rtf": 0.01}])
        baselines.set_noise(tmp_path, KEY, {"wer": 0.01})
        assert (json.loads(resources.read_text())["rows"], json.loads(quality.read_text())["rows"]) == before
        assert "rows_missing" not in quality.read_text() + resources.read_text()
    assert load_both(tmp_path)[0].noise == {"wer": 0.01}
    assert len(load_both(tmp_path)[1].sessions) == 2


def test_scores_are_replaced_only_where_the_rows_are(tmp_path: Path) -> None:
    quality, _ = accept(tmp_path)
    counts = {name(i): asr_counts(2.0) for i in range(COUNT)}
    baselines.replace_counts(quality, counts, normaliser="basic@2#1")
    assert json.loads(quality.read_text())["rows"]["sums"]["wer"] == [2 * COUNT, 5 * COUNT]
    remove_rows(tmp_path)
    with pytest.raises(BaselineError, match="is not on this machine, so no change can be told: copy"):
        baselines.replace_counts(quality, counts)


def test_a_copy_has_rows_of_its_own(tmp_path: Path) -> None:
    quality, _ = accept(tmp_path)
    target = baselines.quality_path(tmp_path / "anchor", KEY)
    baselines.copy(quality, target, "release", "2026-04-01")
    remove_rows(tmp_path)
    pinned = baselines.load(tmp_path / "anchor", KEY)
    assert pinned is not None
    assert len(pinned.counts) == COUNT


def test_accepting_anew_works_without_the_rows(tmp_path: Path) -> None:
    accept(tmp_path)
    baselines.set_noise(tmp_path, KEY, {"wer": 0.01})
    remove_rows(tmp_path)
    accept(tmp_path)
    accepted, _ = load_both(tmp_path)
    assert len(accepted.counts) == COUNT
    assert accepted.noise == {"wer": 0.01}, "nothing else changed"
    assert "rows_missing" not in accepted.header
