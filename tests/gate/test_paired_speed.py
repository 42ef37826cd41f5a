"""The paired speed gate: a first look, a confirmation that stands alone, and what it can see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.gate import paired_speed
from modellab.gate.paired_speed import (
    ALPHA,
    FIRST,
    LOOK,
    SECOND,
    SHARE,
    assess,
    confirmed,
    detects,
    looks_slower,
)
from modellab.stats.trimmed_mean import trimmed
from modellab.types import Floats, Rule, Status, Verdict

RANK = [Status.IMPROVED, Status.PASS, Status.INCONCLUSIVE, Status.REGRESSED]


def pairs(count: int, change: float = 0.0, sd: float = 0.01, seed: int = 1) -> Floats:
    """Log ratios of pairs whose candidate takes `change` more, scattered symmetrically."""
    half = np.abs(np.random.default_rng(seed).normal(0, sd, count // 2))
    return np.concatenate([half, -half, np.zeros(count % 2)]) + math.log1p(change)


def verdict(first: Floats, second: Floats | None = None, **changes: Any) -> Verdict:
    given: dict[str, Any] = {"rule": Rule(), "now": 0.11, "base": 0.1, "versus": "main", **changes}
    return assess("rtf_cpu", first, second, **given)


# ---------------------------------------------------------------------------- the two stages


@pytest.mark.parametrize(
    ("change", "margin", "looks", "confirms"),
    [
        pytest.param(0.0, 0.01, False, False, id="no slower"),
        pytest.param(0.009, 0.01, False, False, id="surely slower, by less than the margin"),
        pytest.param(0.011, 0.01, True, True, id="slower than the margin"),
        pytest.param(0.04, 0.05, False, False, id="within a wider margin"),
        pytest.param(0.06, 0.05, True, True, id="beyond a wider margin"),
        pytest.param(-0.1, 0.01, False, False, id="faster"),
    ],
)
def test_slower_is_certain_and_material(change: float, margin: float, looks: bool, confirms: bool) -> None:
    assert looks_slower(pairs(FIRST, change, 0.001), margin) is looks
    assert confirmed(pairs(SECOND, change, 0.001), margin) is confirms


def test_the_confirmation_asks_for_more_than_the_look() -> None:
    ratios = pairs(SECOND, 0.012, 0.025)
    assert looks_slower(ratios)
    assert not confirmed(ratios)
    assert confirmed(ratios, alpha=0.05)


@pytest.mark.parametrize(
    ("first", "second", "status", "why"),
    [
        pytest.param(0.0, None, "PASS", "", id="as fast"),
        pytest.param(0.0, 0.2, "PASS", "", id="nobody asked for the second"),
        pytest.param(0.05, 0.05, "REGRESSED", "+5.0% slower in 17 fresh pairs, 1.0% is allowed", id="confirmed"),
        pytest.param(0.05, 0.0, "PASS", "", id="not confirmed"),
        pytest.param(0.05, -0.05, "PASS", "", id="the look was wrong"),
        pytest.param(
            0.05, None, "INCONCLUSIVE", "+5.0% slower at first look: 17 fresh pairs must confirm it", id="unconfirmed"
        ),
        pytest.param(-0.05, None, "IMPROVED", "", id="faster"),
        pytest.param(-0.004, None, "PASS", "", id="faster by less than can be seen"),
    ],
)
def test_the_second_stage_decides_alone(first: float, second: float | None, status: str, why: str) -> None:
    found = verdict(pairs(FIRST, first), None if second is None else pairs(SECOND, second))
    assert (found.status, found.why, found.red) == (status, why, status == "REGRESSED")
    assert found.change == pytest.approx(first if second is None else second, abs=1e-9)
    low, high = found.interval or (math.nan, math.nan)
    assert low < (found.change or 0) < high
    assert found.p is not None
    assert (found.p < 0.05) is ((found.change or 0) > 0.01)
    assert (found.metric, found.unit, found.kind, found.versus) == ("rtf_cpu", "s/s", "speed", "main")
    assert (found.now, found.baseline) == (0.11, 0.1)


@pytest.mark.parametrize("second", [None, 0.05])
def test_an_invalid_timing_proves_no_slowdown(second: float | None) -> None:
    busy = "other processes kept 1.5 of 2 cores busy"
    slower = verdict(pairs(FIRST, 0.05), pairs(SECOND, 0.05), invalid=busy)
    assert (slower.status, slower.red, slower.why) == (Status.INCONCLUSIVE, False, f"looks slower, but {busy}")
    assert verdict(pairs(FIRST), invalid=busy).status is Status.PASS


def test_too_few_pairs_decide_nothing() -> None:
    short = pairs(FIRST, 0.5)
    short[0] = math.nan
    few = verdict(short)
    assert (few.status, few.why) == (Status.INCONCLUSIVE, "7 pairs with a time on both sides, 8 are needed")
    assert (few.change, few.p, few.detects) == (None, None, None)
    few = verdict(pairs(FIRST, 0.5), pairs(SECOND - 2, 0.5))
    assert (few.status, few.why) == (Status.INCONCLUSIVE, "15 pairs with a time on both sides, 17 are needed")


def test_pairs_that_do_not_vary_are_judged() -> None:
    same = verdict(np.zeros(FIRST))
    assert (same.status, same.p) == (Status.PASS, 1.0)
    slower = verdict(np.full(FIRST, 0.1), np.full(SECOND, 0.1))
    assert (slower.status, slower.p) == (Status.REGRESSED, 0.0)
    assert verdict(np.full(FIRST, -0.1)).status is Status.IMPROVED


# ---------------------------------------------------------------------------- rules


def test_a_rule_sets_margin_and_alpha() -> None:
    first, second = pairs(FIRST, 0.05), pairs(SECOND, 0.05, 0.04)
    assert verdict(first, second).status is Status.REGRESSED
    assert verdict(first, second, rule=Rule(margin=0.06)).status is Status.PASS
    strict = verdict(first, second, rule=Rule(alpha=1e-5))
    assert (strict.status, strict.alpha) == (Status.INCONCLUSIVE, 1e-5)
    assert strict.why == "17 pairs cannot exclude that it is 5.0% slower (+5.0%, up to +6.5%)"


def test_a_limit_holds_whatever_the_pairs_say() -> None:
    beyond = verdict(pairs(FIRST, -0.05), rule=Rule(limit=0.1))
    assert (beyond.status, beyond.red, beyond.why) == (Status.REGRESSED, True, "0.11 is above the limit 0.1")
    assert verdict(pairs(FIRST), rule=Rule(limit=0.11)).status is Status.PASS
    few = verdict(pairs(2), rule=Rule(limit=0.1))
    assert few.red
    assert few.why == "0.11 is above the limit 0.1; 2 pairs with a time on both sides, 8 are needed"


def test_a_pass_that_could_not_have_seen_enough_is_none() -> None:
    coarse = verdict(pairs(FIRST, sd=0.1), rule=Rule(sensitivity=0.03))
    assert coarse.status is Status.INCONCLUSIVE
    assert coarse.why == "8 pairs cannot exclude that it is 3.0% slower (+0.0%, up to +6.6%)"
    assert verdict(pairs(FIRST, sd=0.01), rule=Rule(sensitivity=0.03)).status is Status.PASS


# ---------------------------------------------------------------------------- what it sees


@given(st.floats(0.001, 0.3), st.integers(8, 60))
def test_more_pairs_and_less_scatter_see_more(sd: float, count: int) -> None:
    ratios = pairs(24, 0.0, sd)
    assert 0.0099 <= detects(ratios, count + 8) <= detects(ratios, count)
    assert detects(ratios, count) <= detects(2 * ratios, count)
    assert detects(ratios + 0.3, count) == pytest.approx(detects(ratios, count), rel=1e-6)


@pytest.mark.parametrize("count", [SECOND, 30, 51])
def test_its_power_is_that_of_the_noncentral_t(count: int) -> None:
    """Where the scatter is far above the margin, the two stages see the slowdown with 80 % by scipy's figures, too."""
    ratios = pairs(24, 0.0, 0.2)
    effect, one, chance = math.log1p(detects(ratios, count)), trimmed(ratios).error * math.sqrt(24), 1.0
    for n, level in ((count // 2, LOOK), (count, SHARE * ALPHA)):
        df = n - 2 * int(0.2 * n) - 1  # of those that trimming keeps
        chance *= float(stats.nct.sf(stats.t.isf(level, df), df, effect * math.sqrt(n) / one))
    assert chance == pytest.approx(0.8, rel=1e-6)


def test_what_it_detects_it_detects() -> None:
    """Gaussian pairs of 2 %: four of five slowdowns of the size that it claims to see, within what 400 runs tell."""
    draw = np.random.default_rng(7)
    known = draw.normal(0, 0.02, 20_000)
    effect = math.log1p(detects(known))
    hits = 0
    for _ in range(400):
        first, second = draw.normal(effect, 0.02, FIRST), draw.normal(effect, 0.02, SECOND)
        hits += looks_slower(first) and confirmed(second)
    assert 0.74 <= hits / 400 <= 0.86


@pytest.mark.parametrize("spikes", [0.0, 0.1])
def test_noise_alone_is_hardly_ever_red(spikes: float) -> None:
    draw = np.random.default_rng(3)
    red = 0
    for _ in range(1000):
        ratios = draw.normal(0, 0.02, FIRST + SECOND)
        ratios += np.where(draw.random(len(ratios)) < spikes, draw.choice([-1, 1]) * draw.exponential(0.5), 0.0)
        red += looks_slower(ratios[:FIRST]) and confirmed(ratios[FIRST:])
    assert red <= 4


# ---------------------------------------------------------------------------- properties

RATIOS = st.lists(st.floats(-0.5, 0.5), min_size=FIRST, max_size=FIRST).map(np.array)
FRESH = st.lists(st.floats(-0.5, 0.5), min_size=SECOND, max_size=SECOND).map(np.array)


@given(RATIOS, FRESH, st.floats(0.001, 0.5))
def test_a_slower_candidate_never_gets_a_better_verdict(first: Floats, second: Floats, slower: float) -> None:
    """Pairs that were too coarse may become an occasion for finer ones: only INCONCLUSIVE may turn into PASS."""
    before, after = verdict(first, second), verdict(first + slower, second + slower)
    if before.status is not Status.INCONCLUSIVE:
        assert RANK.index(before.status) <= RANK.index(after.status)


@given(RATIOS, FRESH, st.permutations(range(FIRST)), st.permutations(range(SECOND)))
def test_the_order_of_the_pairs_is_of_no_consequence(
    first: Floats, second: Floats, one: list[int], two: list[int]
) -> None:
    ordered, shuffled = verdict(first, second), verdict(first[one], second[two])
    assert ordered.status is shuffled.status
    assert ordered.p == pytest.approx(shuffled.p, abs=1e-9)
    assert ordered.detects == pytest.approx(shuffled.detects, rel=1e-6)


# ---------------------------------------------------------------------------- what a busy machine lets see


@pytest.mark.parametrize(
    ("change", "sd", "status"),
    [
        pytest.param(0.0, 0.02, "PASS", id="quiet"),
        pytest.param(0.0, 0.06, "PASS", id="restless"),
        pytest.param(0.0, 0.12, "INCONCLUSIVE", id="busy"),
        pytest.param(0.02, 0.09, "INCONCLUSIVE", id="perhaps a little slower, too coarse to tell"),
        pytest.param(-0.08, 0.12, "INCONCLUSIVE", id="excluded here, too coarse for other processes"),
    ],
)
def test_a_pass_excludes_a_slowdown_of_five_percent(change: float, sd: float, status: str) -> None:
    found = verdict(pairs(FIRST, change, sd), load="other processes kept 1.9 of 2 cores busy")
    assert found.status == status
    if status == "INCONCLUSIVE":
        coarse = "8 pairs cannot exclude that it is 5.0% slower (" if change >= 0 else "sees a change of "
        assert found.why.startswith(coarse)
        assert found.why.endswith(": other processes kept 1.9 of 2 cores busy")


@pytest.mark.parametrize(("margin", "asks"), [(None, 0.05), (0.1, 0.14), (0.0, 0.04)])
def test_what_is_asked_for_lies_above_the_margin(margin: float | None, asks: float) -> None:
    assert paired_speed.asked(Rule(margin=margin)) == pytest.approx(asks)
    assert paired_speed.asked(Rule(margin=margin, sensitivity=0.2)) == 0.2


@pytest.mark.parametrize(("sd", "first", "second"), [(0.005, 8, 17), (0.02, 8, 17), (0.3, 32, 51)])
def test_the_number_of_pairs_follows_the_spread_alone(sd: float, first: int, second: int) -> None:
    for change in (-0.2, 0.0, 0.05, 0.5):
        ratios = pairs(FIRST, change, sd)
        assert (paired_speed.first_pairs(ratios, Rule()), paired_speed.second_pairs(ratios, Rule())) == (first, second)
    between = pairs(FIRST, sd=0.07)
    assert FIRST < paired_speed.first_pairs(between, Rule()) < paired_speed.MOST_FIRST
    assert SECOND < paired_speed.second_pairs(between, Rule()) < paired_speed.MOST_SECOND


def test_a_slowdown_of_five_percent_hardly_ever_passes() -> None:
    """Pairs of 7 % spread, as on a busy machine: seen, or INCONCLUSIVE, in nineteen of twenty runs."""
    draw, passed = np.random.default_rng(5), 0
    for _ in range(400):
        start = draw.normal(math.log(1.05), 0.07, FIRST)
        first = np.concatenate(
            [start, draw.normal(math.log(1.05), 0.07, paired_speed.first_pairs(start, Rule()) - FIRST)]
        )
        second = draw.normal(math.log(1.05), 0.07, paired_speed.second_pairs(first, Rule()))
        passed += verdict(first, second).status is Status.PASS
    assert passed / 400 < 0.07


def test_the_names_that_others_rely_on() -> None:
    assert (paired_speed.FIRST, paired_speed.SECOND, paired_speed.MARGIN) == (8, 17, 0.01)
