"""One case over its sessions: which results belong together, in which order, and what they are held against."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.gate.timing_validity import invalid
from modellab.reports.history.series import History, Run, Series
from modellab.reports.history.series import read as read_series
from modellab.results.baselines import quality_path, save
from modellab.results.entry import Entry
from modellab.results.pinned import pin, pinned_root
from modellab.stats.change_points import FEWEST
from modellab.system.machine import Commit
from modellab.tasks import Task, asr
from modellab.types import CaseId, Status, Verdict

from ...make import KEY, PROVENANCE, READINGS, asr_counts, name, result, utterance, verdict

TASK: Task = asr
START = datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.UTC)
NOWHERE = Path("no such folder")


def entry(day: int, wer: float = 0.2, *verdicts: Verdict, **changes: Any) -> Entry:
    """The result of a night; `readings`, `machine` and `provenance` are its result's, the rest the entry's."""
    readings = {**READINGS, **changes.pop("readings", {})}
    provenance = {**PROVENANCE, **changes.pop("provenance", {})}
    said = [utterance(name(0), asr_counts(5 * wer))]
    of = result(said, readings=readings, provenance=provenance, machine=changes.pop("machine", "a-cpu-1t"))
    at = (START + datetime.timedelta(days=day)).isoformat()
    fields = {"result": of, "values": {"wer": wer, "cer": wer / 2, "words_per_s": 3.0}, "finished_at": at,
              "commit": Commit(f"{day:040x}"), "verdicts": verdicts, **changes}  # fmt: skip
    return Entry(KEY, fields.pop("status", Status.PASS), f"s{day}", **fields)


def failed(day: int) -> Entry:
    return replace(entry(day), result=None, values={}, status=Status.ERROR, error="it hung")


def read(entries: list[Entry], baselines: Path = NOWHERE, **options: Any) -> History:
    return read_series(KEY, entries, baselines, **options)


def series(found: History, metric: str) -> Series:
    return next(each for each in found.series if each.metric == metric)


def test_the_runs_are_in_the_order_of_time() -> None:
    found = read([entry(2, 0.3), entry(0, 0.1), entry(1, 0.2)])
    assert [run.commit.hash[-1] for run in found.runs] == ["0", "1", "2"]
    assert series(found, "wer").values == (0.1, 0.2, 0.3)


def test_the_judged_metrics_come_first_quality_then_speed_then_memory() -> None:
    assert [each.metric for each in read([entry(0)]).series] == ["wer", "cer", "rtf", "rtf_cpu", "peak_rss_bytes"]


@pytest.mark.parametrize(
    ("metric", "unit", "kind", "better", "value"),
    [
        ("wer", "ratio", "quality", "lower", 0.2),
        ("words_per_s", "words/s", "sanity", "lower", 3.0),
        ("rtf_cpu", "s/s", "speed", "lower", 0.04),
        ("latency_p50_s", "s", "speed", "lower", 0.1),
        ("load_peak_rss_bytes", "bytes", "memory", "lower", 90e6),
        ("other_cores", "1", "speed", "lower", 0.0),
    ],
)
def test_any_metric_by_its_name(metric: str, unit: str, kind: str, better: str, value: float) -> None:
    (only,) = read([entry(0)], metric=metric).series
    assert (only.metric, only.unit, only.kind, only.better, only.values) == (metric, unit, kind, better, (value,))


def test_a_metric_that_there_is_none_of() -> None:
    with pytest.raises(ConfigError, match="has no values of 'were': did you mean wer"):
        read([entry(0)], metric="were")


@pytest.mark.parametrize("entries", [[], [failed(0)]])
def test_a_case_without_results(entries: list[Entry]) -> None:
    with pytest.raises(ConfigError, match="the ledger has no result of fake:one-short_v1-cpu-float32: `modellab run"):
        read(entries)


def test_other_cases_are_other_cases() -> None:
    other = replace(entry(1), key=CaseId("asr", "short_v1", "fake", "one", "cpu", "int8"))
    assert len(read([entry(0), other]).runs) == 1


def test_results_on_other_data_are_left_out() -> None:
    old = [entry(day, provenance={"dataset_digest": "sha256:old"}) for day in range(2)]
    found = read([*old, entry(2, provenance={"normaliser": "basic@0"}), entry(3)])
    assert len(found.runs) == 1
    assert "left out: 3 results on other data (another dataset digest, normaliser or preprocessing)" in found.notes


def test_quality_is_of_all_machines_speed_of_the_newest_results_class() -> None:
    found = read([entry(0, 0.1), entry(1, 0.2, machine="b-cpu-1t"), entry(2, 0.3)])
    assert series(found, "wer").points == (0, 1, 2)
    assert series(found, "rtf").points == series(found, "peak_rss_bytes").points == (0, 2)
    assert found.machine == "a-cpu-1t"
    assert "speed and memory are those of a-cpu-1t; there are results of b-cpu-1t too" in found.notes


def test_a_run_that_failed_has_a_row_and_no_values() -> None:
    found = read([entry(0), failed(1), entry(2)])
    assert [run.status for run in found.runs] == [Status.PASS, Status.ERROR, Status.PASS]
    assert series(found, "wer").points == (0, 2)
    assert "without values: 1 run that ended in an ERROR" in found.notes


def test_speed_of_a_busy_machine_is_not_searched() -> None:
    busy = {"other_cores": 1.9, "rtf": 0.2}
    found = read([entry(day, readings=busy if day > 11 else {}) for day in range(16)])
    rtf = series(found, "rtf")
    assert (rtf.values[12], rtf.points, rtf.steps) == (0.2, tuple(range(12)), ())
    assert series(found, "wer").points == series(found, "peak_rss_bytes").points == tuple(range(16))
    assert found.runs[12].doubt == "other processes kept 1.9 of 2 cores busy"
    assert any(note.startswith("speed in doubt and not searched for change points: 4 results") for note in found.notes)


@pytest.mark.parametrize("lacking", ["cores", "other_cores"])
def test_a_result_of_old_that_did_not_count_cores_is_a_point(lacking: str) -> None:
    found = read([entry(day, readings={lacking: math.nan} if day else {}) for day in range(3)])
    assert series(found, "rtf").points == (0, 1, 2)
    of = entry(0).result
    assert of is not None
    del (without := dict(of.readings))[lacking]
    assert not invalid(replace(of, readings=without))


def test_the_last_results_only() -> None:
    found = read([entry(day, day / 100) for day in range(5)], last=2)
    assert series(found, "wer").values == (0.03, 0.04)


def test_several_sessions_at_one_commit_are_several_points() -> None:
    assert len(read([entry(day, commit=Commit("a" * 40)) for day in range(3)]).runs) == 3


def test_verdicts_are_those_against_the_baseline() -> None:
    since_release = verdict("wer", Status.REGRESSED, versus="anchor")
    (run,) = read([entry(0, 0.2, verdict("wer", Status.IMPROVED), since_release)]).runs
    assert run.verdicts == {"wer": Status.IMPROVED}


# ---------------------------------------------------------------------------- steps


def test_a_step_lies_between_two_runs() -> None:
    nights = [entry(day, 0.2 if day < 8 else 0.3) for day in range(14)]
    found = read([*nights[:8], failed(7), *nights[8:]])
    wer = series(found, "wer")
    (step,) = wer.steps
    before, after = found.around(wer, step)
    assert (before.commit.hash[-1], after.commit.hash[-1]) == ("7", "8")
    assert (step.before, step.after, wer.worse(step)) == (0.2, 0.3, True)
    assert wer.points[step.index] == 9, "the failed run has no point"


def test_for_what_should_be_high_up_is_better() -> None:
    rate = Series("success_rate", "ratio", "quality", "higher", ())
    (step,) = series(read([entry(day, 0.2 if day < 8 else 0.3) for day in range(14)]), "wer").steps
    assert not rate.worse(step)


def test_too_few_points_are_told() -> None:
    (note,) = read([entry(day) for day in range(FEWEST - 1)], metric="wer").notes
    assert note == f"change points need {FEWEST} values: wer has {FEWEST - 1}"
    assert read([entry(day) for day in range(FEWEST)], metric="wer").notes == ()


def test_a_penalty_of_ones_own() -> None:
    entries = [entry(day, 0.2 + 0.001 * (day % 3) + 0.002 * (day > 8)) for day in range(18)]
    assert series(read(entries, penalty=0.3), "wer").steps
    assert series(read(entries, penalty=100.0), "wer").steps == ()


# ---------------------------------------------------------------------------- what it is held against


def accept(root: Path, wer: float = 0.2, **changes: Any) -> None:
    of = entry(0, wer, **changes).result
    assert of is not None
    save(root, TASK, [of], "why", "2026-03-01")


def test_the_baseline_and_the_pinned_release(tmp_path: Path) -> None:
    accept(tmp_path, 0.4, readings={"rtf": 0.07})
    pin(tmp_path, [KEY], "release", "2026-03-02")
    accept(tmp_path, 0.2)
    found = read([entry(0)], tmp_path)
    wer, rtf = series(found, "wer"), series(found, "rtf")
    assert (wer.accepted, wer.pinned) == (pytest.approx(0.2), pytest.approx(0.4))
    assert (rtf.accepted, rtf.pinned) == (0.05, 0.07)


@pytest.mark.parametrize("changes", [{"provenance": {"dataset_digest": "old"}}, {"provenance": {"normaliser": "old"}}])
def test_a_baseline_of_other_data_is_no_level(tmp_path: Path, changes: dict[str, Any]) -> None:
    accept(tmp_path, **changes)
    assert all(math.isnan(each.accepted) for each in read([entry(0)], tmp_path).series)


def test_another_machines_speed_is_no_level(tmp_path: Path) -> None:
    accept(tmp_path, machine="b-cpu-1t")
    found = read([entry(0)], tmp_path)
    assert math.isnan(series(found, "rtf").accepted)
    assert series(found, "wer").accepted == pytest.approx(0.2)


def test_a_damaged_baseline_is_told_and_costs_its_line_only(tmp_path: Path) -> None:
    accept(tmp_path)
    pin(tmp_path, [KEY], "release", "2026-03-02")
    quality_path(tmp_path, KEY).write_text("<<<<<<<")
    found = read([entry(0)], tmp_path, metric="wer")
    assert math.isnan(found.series[0].accepted)
    assert found.series[0].pinned == pytest.approx(0.2)
    assert any("merge conflict" in note for note in found.notes)
    assert pinned_root(tmp_path).is_dir()


def test_a_series_that_never_moves_is_constant() -> None:
    found = read([entry(0), failed(1), entry(2)])
    assert series(found, "wer").constant
    assert not series(read([entry(0), entry(1, 0.3)]), "wer").constant


def test_a_run_knows_its_weights_and_libraries() -> None:
    (run,) = read([entry(0, weights="sha256:w", versions={"torch": "2.9"})]).runs
    assert isinstance(run, Run)
    assert run.facts == {"weights": "sha256:w", "torch": "2.9"}


def test_a_metric_that_nothing_was_compared_of_has_no_verdict() -> None:
    (run,) = read([entry(0, 0.2, verdict("wer", Status.IMPROVED, change=-0.1), verdict("number_f1"))]).runs
    assert run.verdicts == {"wer": Status.IMPROVED}
