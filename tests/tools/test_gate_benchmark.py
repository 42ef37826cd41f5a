"""The gate benchmark: its figures against references, its contestants against the real functions, its layout."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from modellab.gate import paired_speed
from modellab.types import Rule, Status
from tools.gate_benchmark import (
    analysis,
    benchmark,
    contest,
    figures,
    memory,
    noise,
    ours,
    page,
    peaks,
    peers,
    quality,
    record,
    release,
    timings,
    traces,
    words,
)

GENERATOR = np.random.default_rng
PUBLISHED = Path(__file__).parents[2] / "docs" / "performance"
SMALL = words.Model(20.0, 190.0, 0.18, 0.26, 0.07, 1.5, 0.08)

# ---------------------------------------------------------------------------- rates and effects


@pytest.mark.parametrize(("hits", "trials"), [(0, 100), (3, 100), (100, 100)])
def test_bounds_are_scipys(hits: int, trials: int) -> None:
    expected = stats.binomtest(hits, trials).proportion_ci(method="exact")
    assert figures.clopper_pearson(hits, trials) == pytest.approx((expected.low, expected.high))


def test_the_smallest_effect_is_where_power_reaches_four_fifths() -> None:
    def power(effect: float) -> float:
        return float(stats.norm.cdf((math.log1p(effect) - 0.05) / 0.01))

    exact = math.expm1(0.05 + 0.01 * stats.norm.ppf(0.8))
    assert figures.smallest(power, steps=12) == pytest.approx(exact, rel=1e-3)
    assert figures.smallest(lambda effect: 0.5) == math.inf


def test_a_threshold_lets_no_more_than_its_share_pass() -> None:
    scores = np.array([0.0] * 97 + [1.0] * 3)
    assert (scores > figures.threshold(scores)).mean() <= 0.01


def test_random_numbers_depend_on_their_names_alone() -> None:
    one, again, other = (figures.generator("a", number).random() for number in (1, 1, 2))
    assert one == again != other


# ---------------------------------------------------------------------------- timings


def test_a_session_has_one_level_and_calls_of_their_own() -> None:
    quiet = noise.Noise(session=0.1, drift=0.0, drift_s=60, call=0.0, hiccups=0.0, hiccup=0.0)
    times = noise.same(quiet, GENERATOR(0), 500, 3)
    assert np.ptp(times, axis=1).max() < 1e-12
    assert np.log(times[:, 0]).std() == pytest.approx(0.1, rel=0.1)
    hiccups = noise.same(replace(quiet, session=0.0, hiccups=0.25, hiccup=0.5), GENERATOR(0), 4000, 1)
    assert (hiccups > 1).mean() == pytest.approx(0.25, abs=0.03)


def test_drift_is_remembered_for_a_while() -> None:
    drifting = noise.Noise(session=0.0, drift=0.1, drift_s=2.0, call=0.0, hiccups=0.0, hiccup=0.0)
    logs = np.log(noise.calls(drifting, GENERATOR(1), 8000, np.full(3, 2.0)))
    assert np.corrcoef(logs[:, 0], logs[:, 1])[0, 1] == pytest.approx(math.exp(-1), abs=0.03)
    assert np.corrcoef(logs[:, 0], logs[:, 2])[0, 1] == pytest.approx(math.exp(-2), abs=0.03)


def toy() -> timings.Recorded:
    """Five and twenty sessions whose times say which session, turn and side they are of."""
    session, turn, column = np.arange(1.0, 26)[:, None, None], np.arange(24)[:, None], np.arange(5)
    turns = np.stack([session * 100 + turn + column / 10] * 2, axis=-1)
    runs = np.stack([session * 100 + np.arange(4)[:, None] / 10 + np.zeros(15)] * 2, axis=-1)
    return timings.Recorded("toy", "toy", traces.Traces(turns, runs, np.zeros(25)), "compute", "cpu")


def test_recorded_pairs_are_of_one_turn_each_turn_once() -> None:
    calls = toy().pairs(GENERATOR(0), 50, 24)
    assert np.allclose(np.abs(calls.after - calls.before), 0.1)
    assert all(len(set(np.floor(row))) == 24 for row in calls.before)
    assert 0.3 < (calls.after > calls.before).mean() < 0.7
    assert toy().pairs(GENERATOR(0), 2, 30).after.shape == (2, 30)


def test_recorded_history_comes_before_the_session() -> None:
    calls = toy().referenced(GENERATOR(0), 40, 24)
    levels = np.exp(calls.history[:, :, 1])
    assert calls.history.shape == (40, 1 + timings.HISTORY, 2)
    assert (np.diff(levels, axis=1) > 0).all()
    assert (levels[:, -1] < calls.before.min(axis=1)).all()


@pytest.mark.parametrize("design", ["stored", "blocks", "rounds", "pairs", "referenced"])
def test_every_design_has_calls_of_both_sides(design: str) -> None:
    for data in (timings.Simulated("gha", "", noise.NOISE["gha"]), toy()):
        calls: timings.Calls = getattr(data, design)(GENERATOR(0), 3, 12)
        assert calls.before.shape == calls.after.shape == (3, 12)
        assert np.allclose(calls.slowed(0.5).after, 1.5 * calls.after)
        assert (calls.slowed(0.5).before == calls.before).all()


def test_the_shipped_traces_are_whole() -> None:
    shipped = traces.load()
    assert shipped.turns.shape == (113, 24, 5, 2)
    assert shipped.runs.shape == (113, 4, 15, 2)
    assert shipped.turns.min() > 0 < shipped.runs.min()


def test_recording_appends_sessions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = record.Work(size=0.001)
    for _ in range(2):
        record.record(tmp_path / "mine.npz", 1, work, pause_s=(0.0, 0.0))
    recorded = traces.load(tmp_path / "mine.npz")
    assert recorded.turns.shape == (2, timings.PAIRS, 5, 2)
    assert recorded.turns[..., 0].min() > 0
    assert capsys.readouterr().out.count("session 1 of 1") == 2


# ---------------------------------------------------------------------------- who decides about speed


def calls_of(before: list[float], after: list[float]) -> timings.Calls:
    return timings.Calls(np.array([before]), np.array([after]))


@pytest.mark.parametrize(("ratio", "red"), [(1.049, False), (1.051, True), (0.5, False)])
def test_a_stored_limit_is_a_limit(ratio: float, red: bool) -> None:
    before = [1.0, 2.0, 3.0]
    assert peers.fixed("median", 5)(calls_of(before, [ratio * each for each in before])).tolist() == [red]


def test_asv_wants_its_factor_and_its_test() -> None:
    steady = [1 + number / 1000 for number in range(12)]
    for ratio, red in ((1.05, False), (1.2, True)):
        assert peers.asv(calls_of(steady, [ratio * each for each in steady])).tolist() == [red]
    noisy = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert not peers.asv(calls_of(noisy, [1.2 * each for each in noisy])).any()


def test_the_u_test_is_scipys_row_by_row() -> None:
    calls = timings.Simulated("gha", "", noise.NOISE["gha"]).blocks(GENERATOR(3), 40, 12).slowed(0.02)
    expected = [
        stats.mannwhitneyu(a, b, alternative="two-sided").pvalue < 0.05 and b.mean() > a.mean()
        for a, b in zip(calls.before, calls.after, strict=True)
    ]
    assert peers.u_test(calls).tolist() == expected
    assert 0 < sum(expected) < 40


@pytest.mark.parametrize("effect", [0.0, 0.03, 0.06])
def test_the_duet_says_what_the_gate_says(effect: float) -> None:
    calls = timings.Simulated("mixed", "", noise.NOISE["mixed"]).pairs(GENERATOR(4), 60, timings.PAIRS).slowed(effect)
    ratios = ours.log_ratios(calls)
    verdicts = [
        paired_speed.assess("rtf_cpu", row[: paired_speed.FIRST], row[paired_speed.FIRST :], Rule(), 1.0, 1.0, "main")
        for row in ratios
    ]
    assert ours.confirmed(calls).tolist() == [verdict.status is Status.REGRESSED for verdict in verdicts]


def test_a_clean_duet_costs_a_first_look_and_a_slow_one_all() -> None:
    ratio = 1 + np.linspace(-0.001, 0.001, timings.PAIRS)
    calls = timings.Calls(np.ones((1, timings.PAIRS)), ratio[None])
    assert ours.clean_calls(calls) == 2 * paired_speed.FIRST
    assert ours.clean_calls(calls.slowed(0.2)) == 2 * timings.PAIRS
    assert ours.tuned_calls(calls.slowed(0.2), 0.1) == 2 * timings.PAIRS


def test_the_stored_mode_divides_the_machine_out() -> None:
    history = np.tile(np.linspace(-0.002, 0.002, 1 + timings.HISTORY)[:, None], 2)[None]
    steady = np.ones((1, 2 * timings.TURNS))
    assert not ours.stored(timings.Calls(steady, steady, history)).any()
    assert ours.stored(timings.Calls(steady, 1.3 * steady, history)).all()
    assert not ours.stored(timings.Calls(1.3 * steady, 1.3 * steady, history)).any()
    half = np.where(np.arange(2 * timings.TURNS) < timings.TURNS, 1.3, 1.0)[None]
    assert not ours.stored(timings.Calls(steady, half, history)).any(), "the confirmation disagrees"


def test_every_gate_has_a_name_and_a_design_of_its_own() -> None:
    gates = benchmark.gates()
    assert len({gate.name for gate in gates}) == len(gates) == 12
    assert {gate.design for gate in gates} <= set(dir(timings.Data))


# ---------------------------------------------------------------------------- memory


def test_memory_is_judged_twice() -> None:
    mib = 2.0**20
    history = np.full((1, 8), 500 * mib) + np.arange(8) * mib / 100
    accepted = np.array([500 * mib])
    assert memory.modellab(accepted, history, np.array([[510.0, 510.0]]) * mib).all()
    assert not memory.modellab(accepted, history, np.array([[510.0, 500.0]]) * mib).any()


def test_shipped_peaks_differ_little() -> None:
    spread = memory.spread(peaks.load())
    assert spread["processes"] >= 40
    assert spread["sd_share"] < 0.005


# ---------------------------------------------------------------------------- layout


def test_a_target_is_reached_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = {"kind": "modellab", "mde80_at_1pct": 0.02, "mde80": 0.02, "calls_clean": 16.0, "calls_flagged": 50}
    clean = {"false_alarm": 0.0, "suite30_red": 0.0}
    gates = {
        "modellab_duet": gate | clean,
        "fixed": {"kind": "stored", "mde80_at_1pct": None, "calls_clean": 12.0},
        "u": {"kind": "unpaired", "mde80_at_1pct": 0.03, "calls_clean": 24.0},
        "dear": {"kind": "unpaired", "mde80_at_1pct": 0.01, "calls_clean": 48.0},
        "modellab_stored": gate | {"kind": "modellab stored", "false_alarm": 0.02},
    }
    rows = {row["name"]: row for row in release.checks({"speed": {"gha": gates}})}
    assert rows["slowdown seen as shipped, gha"]["reached"]
    assert not rows["false alarms per case, stored: the most of 1"]["reached"]
    assert release.finer({"gha": gates}, "stored") == {"gha": pytest.approx(150)}
    assert release.finer({"gha": gates}, "unpaired") == {"gha": pytest.approx(1.5)}
    assert "| >= 2 | 1.5 | **no** |" in page.release(list(rows.values()))


@pytest.mark.slow
def test_a_run_writes_the_same_page_figures_and_pictures_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = contest.Effort(clean=20, slowed=10, steps=1, most=1, effects=figures.SHOWN)
    effort = replace(benchmark.QUICK, speed=tiny, quality=quality.Effort(10, 5, 1, ((100, 1.0),)))
    effort = replace(effort, clustered_runs=1, memory_runs=10, hit_runs=3)
    monkeypatch.setattr(benchmark, "data_sets", lambda files: (timings.Simulated("gha", "x", noise.NOISE["gha"]),))
    cost = {"utterances": 10, "permutations": 9, "seconds": 0.1, "peak_mb": 80.0}
    monkeypatch.setattr(analysis, "measure", lambda: cost)
    written = []
    for name in ("one", "two"):
        benchmark.run(benchmark.Plan(quick=True, effort=effort), tmp_path / name)
        written.append(json.loads((tmp_path / name / "gate.json").read_text("utf-8")) | {"took_s": 0})
        assert {path.name for path in (tmp_path / name).glob("*.svg")} == {"effects.svg", "power_gha.svg"}
    assert written[0] == written[1]
    assert written[0]["speed"]["gha"]["modellab_duet"].keys() >= {"false_alarm", "suite30_red", "mde80_at_1pct"}
    assert written[0]["quality"]["N=100,churn=100%"]["modellab"].keys() >= {"false_alarm", "mde80"}
    assert "Figures to reach" in capsys.readouterr().out


def test_the_published_page_tells_the_published_figures() -> None:
    published = json.loads((PUBLISHED / "gate.json").read_text("utf-8"))
    assert page.write(published) == (PUBLISHED / "gate.md").read_text("utf-8")
    assert not published["quick"]
    assert all((PUBLISHED / picture).stat().st_size < 100_000 for picture in ("effects.svg", "power_gha.svg"))
