"""A number and its interval."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.reports.leaderboard import estimates
from modellab.results.entry import now
from modellab.stats import intervals
from modellab.types import Metric, top_over_bottom

from .makers import entry, some

WER = Metric("wer", unit="ratio", better="lower")
RECALL = Metric("recall", unit="ratio", better="higher")


def test_equal_bottoms_give_students_t_of_the_mean() -> None:
    errors = [0, 1, 0, 2, 1, 0, 3, 0, 0, 1]
    found = intervals.rate(WER, [(float(each), 10.0) for each in errors])
    low, high = stats.t.interval(0.95, 9, np.mean(errors) / 10, stats.sem(errors) / 10)
    assert (found.value, found.n) == (0.08, 10)
    assert found.interval == pytest.approx((max(0.0, low), high))


def test_a_cluster_errs_together() -> None:
    shares = [(float(i < 10), 10.0) for i in range(40)]
    alone = intervals.rate(WER, shares)
    together = intervals.rate(WER, shares, [f"speaker {i // 10}" for i in range(40)])
    assert together.n == alone.n == 40
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_no_error_among_400_words_is_no_proof_of_none() -> None:
    found = intervals.rate(WER, [(0.0, 10.0)] * 40)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(-math.log(0.025) / 400)
    other = intervals.rate(RECALL, [(10.0, 10.0)] * 40)
    assert (other.high, other.low) == (1.0, pytest.approx(1 + math.log(0.025) / 400))


def test_ends_stay_where_the_rate_can_be() -> None:
    assert intervals.rate(WER, [(1.0, 10.0), *[(0.0, 10.0)] * 5]).low == 0.0
    assert intervals.rate(RECALL, [(9.0, 10.0), *[(10.0, 10.0)] * 5]).high == 1.0
    assert intervals.rate(WER, [(30.0, 10.0), (5.0, 10.0)]).high > 1.0  # a word error rate has no upper end


@pytest.mark.parametrize("shares", [[], [(1.0, 10.0)]])
def test_one_utterance_has_no_interval(shares: list[tuple[float, ...]]) -> None:
    found = intervals.rate(WER, shares)
    assert found.interval is None
    assert (found.n, found.known) == (len(shares), bool(shares))


def test_percentiles_are_drawn_again() -> None:
    def median(sums: np.ndarray) -> np.ndarray:
        below = np.cumsum(sums, axis=-1)
        return np.asarray((below < below[..., -1:] / 2).sum(axis=-1), dtype=float)

    metric = Metric("median_s", unit="s", better="lower", rate=median)
    shares = [tuple(float(i == each % 20) for i in range(20)) for each in range(60)]
    found = intervals.rate(metric, shares)
    assert found == intervals.rate(metric, shares)
    assert found.low <= found.value <= found.high
    assert found.low < found.high


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=2, max_size=30), st.randoms())
def test_the_value_lies_inside_and_the_order_is_nothing(pairs: list[tuple[int, int]], chance: object) -> None:
    shares = [(float(a), float(b)) for a, b in pairs]
    found = intervals.rate(WER, shares)
    chance.shuffle(shares)  # type: ignore[attr-defined]
    again = intervals.rate(WER, shares)
    assert found.value == pytest.approx(float(top_over_bottom(np.array(shares).sum(axis=0))))
    assert found.low <= found.value + 1e-12
    assert found.high >= found.value - 1e-12
    assert (again.low, again.high) == pytest.approx((found.low, found.high))


# ---------------------------------------------------------------------------- speed and memory


def test_one_session_has_the_interval_of_its_utterances() -> None:
    found = estimates.speed([[entry(rtf=0.05)]])
    assert (found.of, found.n) == ("utterances", 40)
    assert found.low < found.value < found.high


def test_sessions_of_the_same_code_say_how_far_another_would_be() -> None:
    sessions = [entry(session=f"s{i}", rtf=rtf) for i, rtf in enumerate((0.04, 0.06, 0.05))]
    found = estimates.speed([sessions])
    half = stats.t.ppf(0.975, 2) * np.std(np.log([0.04, 0.06, 0.05]), ddof=1)
    assert (found.of, found.n) == ("sessions", 3)
    assert math.log(found.high / found.value) == pytest.approx(half)
    assert estimates.memory([sessions]).n == 3


def test_a_busy_session_says_nothing_of_speed() -> None:
    busy = [entry(session=f"s{i}", readings={"other_cores": 1.9}) for i in range(2)]
    assert estimates.speed([[*busy, entry()]]).of == "utterances"


def test_repeats_are_of_the_same_thing() -> None:
    own = entry(session="now")
    other = [
        entry(session="same"),
        entry(session="machine", machine="b-cpu-1t"),
        entry(session="data", provenance={"dataset_digest": "sha256:other"}),
        entry(session="weights", provenance={"weights": "sha256:other"}),
        entry(session="version", versions={"engine": "2"}),
        entry(session="options", settings={"beam_size": 5}),
        entry("b", session="model"),
    ]
    assert [each.session for each in estimates.repeats(own, [*other, own])] == ["same", "now"]


def test_what_was_scored_anew_is_no_other_session() -> None:
    own, other = entry(session="now"), entry(session="other")
    copies = [
        replace(entry(session="again", provenance={"rescored_from": each.id}), finished_at=now())
        for each in (own, other)
    ]
    assert [each.session for each in estimates.repeats(own, [own, other, *copies])] == ["again", "now"]
    assert [each.session for each in estimates.repeats(copies[0], [own, other, *copies])] == ["again", "again"]


def test_what_is_accepted_has_a_reading_and_no_interval() -> None:
    accepted = entry(rtf=0.05)
    assert accepted.result is not None
    bare = tuple(replace(each, duration_s=math.nan) for each in accepted.result.utterances)
    found = estimates.speed([[replace(accepted, result=replace(accepted.result, utterances=bare))]])
    assert (found.value, found.interval, found.n) == (0.05, None, 40)


def test_peak_memory_of_one_session_has_no_interval() -> None:
    found = estimates.memory([[entry(errors=some(3), readings={"peak_rss_bytes": 3e8})]])
    assert (found.value, found.interval, found.n, found.of) == (3e8, None, 1, "sessions")
