"""Rates by group: what is too few, the worst, the gap with an interval for all pairs, tests with Holm's correction."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.stats import groups
from modellab.stats.groups import Groups
from modellab.types import Floats, Metric

WER = Metric("wer", unit="ratio", better="lower")
F1 = Metric("f1", unit="ratio", better="higher")


def random_utterances(
    rates: dict[str, float], *, speakers: int = 8, each: int = 10, seed: int = 0
) -> tuple[Floats, list[str], list[str]]:
    """Utterances of ten words by so many speakers of each group, who differ by a fifth of their rate."""
    draw = np.random.default_rng(seed)
    counts, clusters, labels = [], [], []
    for name, rate in rates.items():
        for speaker in range(speakers):
            own = rate * draw.uniform(0.8, 1.2)
            counts += [(float(draw.binomial(10, own)), 10.0) for _ in range(each)]
            clusters += [f"{name}{speaker}"] * each
            labels += [name] * each
    return np.array(counts), clusters, labels


def test_the_worst_group_and_the_gap_are_told() -> None:
    found = groups.compare(WER, *random_utterances({"f": 0.1, "m": 0.3, "x": 0.12}))
    assert found.worst is not None
    assert [each.name for each in found.told] == ["m", "x", "f"]
    assert found.gap.value == pytest.approx(found.told[0].estimate.value - found.told[-1].estimate.value)
    assert found.apart
    assert 0 < found.gap.low < found.gap.value < found.gap.high
    apart = {each.name: each.apart for each in found.rates}
    assert apart["m"]
    assert all(each.p is not None and each.p <= 1 for each in found.rates)
    assert (found.worst.utterances, found.worst.units) == (80, 8)
    assert found.worst.above > 0 > found.told[-1].above


def test_where_more_is_better_the_lowest_group_is_the_worst() -> None:
    found = groups.compare(F1, *random_utterances({"f": 0.5, "m": 0.8}))
    assert found.worst is not None
    assert found.worst.name == "f"
    assert found.gap.value > 0
    assert found.apart


def test_of_a_percentile_the_gap_is_told_without_an_interval_and_a_test() -> None:
    longest = Metric("longest_s", unit="s", better="lower", rate=lambda sums: np.asarray(sums).argmax(axis=-1) / 10)
    _, clusters, labels = random_utterances({"f": 0.1, "m": 0.3})
    counts = np.array([np.arange(20) == (3 if label == "f" else 7) for label in labels], dtype=float)
    found = groups.compare(longest, counts, clusters, labels)
    assert found.gap.value == pytest.approx(0.4)
    assert found.gap.interval is None
    assert [each.p for each in found.rates] == [None, None]
    assert not found.apart


@pytest.mark.parametrize(("speakers", "each", "few"), [(8, 2, True), (4, 10, True), (5, 4, False), (8, 10, False)])
def test_few_utterances_or_speakers_have_no_number(speakers: int, each: int, few: bool) -> None:
    counts, clusters, labels = random_utterances({"f": 0.1, "m": 0.3}, speakers=speakers, each=each)
    found = groups.compare(WER, counts, clusters, labels)
    assert [math.isnan(rate.estimate.value) for rate in found.rates] == [few] * 2
    assert [(rate.utterances, rate.units) for rate in found.few] == [(speakers * each, speakers)] * (2 * few)
    assert math.isnan(found.gap.value) == few
    assert all((rate.p is None) == few for rate in found.rates)


def test_without_named_speakers_each_utterance_is_a_unit() -> None:
    counts, _, labels = random_utterances({"f": 0.1, "m": 0.3}, speakers=1, each=20)
    found = groups.compare(WER, counts, [""] * len(counts), labels)
    assert [(rate.utterances, rate.units) for rate in found.told] == [(20, 20), (20, 20)]


def test_who_is_of_no_group_takes_no_part() -> None:
    counts, clusters, labels = random_utterances({"f": 0.1, "m": 0.3, "": 0.8})
    found = groups.compare(WER, counts, clusters, labels)
    without = groups.compare(WER, counts[:160], clusters[:160], labels[:160])
    assert found == without
    assert groups.compare(WER, counts, clusters, [""] * len(counts)).rates == ()


def test_one_group_alone_has_no_gap_and_no_test() -> None:
    found = groups.compare(WER, *random_utterances({"f": 0.1}))
    assert (found.rates[0].p, found.rates[0].is_told) == (None, True)
    assert math.isnan(found.gap.value)


def test_speakers_in_both_groups_are_left_out_of_both_at_once() -> None:
    """The same speakers near and far: what a speaker is like is no spread of the difference."""
    near, clusters, _ = random_utterances({"near": 0.2}, speakers=12, each=10)
    far = near + np.array([1.0, 0.0])
    counts, labels = np.concatenate([near, far]), ["near"] * len(near) + ["far"] * len(far)
    paired = groups.compare(WER, counts, clusters * 2, labels)
    apart = groups.compare(WER, counts, [*clusters, *(f"other {name}" for name in clusters)], labels)
    assert paired.gap.value == pytest.approx(0.1)
    assert paired.gap.high - paired.gap.low < 1e-9 < apart.gap.high - apart.gap.low


def test_the_interval_of_the_gap_is_wider_for_more_pairs() -> None:
    counts, clusters, labels = random_utterances({"f": 0.1, "m": 0.3, "x": 0.2, "y": 0.2})
    four = groups.compare(WER, counts, clusters, labels)
    two = groups.compare(WER, counts[:160], clusters[:160], labels[:160])
    assert two.gap.value == four.gap.value
    assert two.gap.high - two.gap.low < four.gap.high - four.gap.low


def test_equal_groups_are_rarely_told_apart() -> None:
    """At most 5 % of families of six: of 60 draws with fixed seeds at most 6."""
    found = [groups.compare(WER, *random_utterances(dict.fromkeys("abcdef", 0.2), seed=seed)) for seed in range(60)]
    assert sum(each.apart for each in found) <= 6
    assert sum(any(rate.apart for rate in each.rates) for each in found) <= 6


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from("abc"), st.sampled_from(["", "f", "m", "x"])),
        max_size=120,
    )
)
def test_whatever_the_groups_numbers_are_consistent(rows: list[tuple[int, int, str, str]]) -> None:
    counts = np.array([(float(top), float(bottom)) for top, bottom, _, _ in rows]).reshape(-1, 2)
    clusters, labels = [f"{row[3]}{row[2]}{i % 7}" for i, row in enumerate(rows)], [row[3] for row in rows]
    found: Groups = groups.compare(WER, counts, clusters, labels)
    assert [each.name for each in found.rates] == sorted({label for label in labels if label})
    assert sum(each.utterances for each in found.rates) == sum(map(bool, labels))
    for one, other in combinations(found.told, 2):
        assert one.estimate.value >= other.estimate.value
        assert found.gap.value >= one.estimate.value - other.estimate.value - 1e-12
