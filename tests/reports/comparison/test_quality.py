"""One metric side by side: against scipy, and what the words may say of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from modellab.errors import ConfigError
from modellab.metrics.edit_distance import wil_rate
from modellab.reports.comparison import quality
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.quality import POOLED, Line, Rows
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.two_systems import Compared, compare
from modellab.stats.permutation import PERMUTATIONS
from modellab.types import Metric

from .systems import WER, case_pair, churned, entry, said

F1 = Metric("f1", unit="ratio", better="higher")
WIL = Metric("wil", unit="ratio", better="lower", rate=wil_rate)


def compared(*case_pairs: CasePair, **changes: Any) -> Compared:
    return compare("A", "B", case_pairs, Library(Path("nowhere")), **changes)


def line(a: list[float], b: list[float], **changes: Any) -> Line:
    found = compared(case_pair(a, b), wanted=["wer"], **changes)
    return found.system_pairs[0].lines[0]


@pytest.mark.parametrize("n", [9, 12, 60])
def test_p_is_that_of_scipy(n: int) -> None:
    a, b = churned(3, n, worse=0.1)
    reference = stats.permutation_test(
        (np.subtract(b, a),), lambda x, axis: x.sum(axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=9_999, alternative="two-sided", rng=np.random.default_rng(1),
    )  # fmt: skip
    assert line(a, b).p == pytest.approx(reference.pvalue, abs=0.02)


def test_wins_losses_and_the_sign_test() -> None:
    found = line([3, 2, 2, 0, 1, 5], [1, 2, 3, 0, 0, 4])
    assert (found.wins, found.ties, found.losses) == (3, 2, 1)
    assert found.sign_p == pytest.approx(stats.binomtest(3, 4).pvalue)


@pytest.mark.parametrize(
    ("metric", "before", "after", "expected"),
    [
        (WER, [(1, 4), (1, 4)], [(0, 4), (2, 4)], (1, 0, 1)),
        (
            WER,
            [(0, 0), (2, 0), (0, 9)],
            [(2, 0), (0, 0), (0, 9)],
            (1, 1, 1),
        ),  # words where there are none
        (F1, [(1, 2), (1, 2)], [(2, 2), (1, 2)], (1, 1, 0)),
        (WIL, [(3, 4, 4), (4, 4, 4)], [(4, 4, 4), (4, 4, 5)], (1, 0, 1)),
    ],
    ids=["lower", "no rate", "higher", "three counts"],
)
def test_who_wins_an_utterance(metric: Metric, before: Any, after: Any, expected: tuple[int, int, int]) -> None:
    rows = Rows(np.array(before, dtype=float), np.array(after, dtype=float), ("",) * len(before))
    draft = quality.draft(metric, "d", rows)
    assert draft is not None
    assert (draft.line.wins, draft.line.ties, draft.line.losses) == expected


def test_a_clear_difference_is_told_both_ways() -> None:
    a, b = churned(1, 200, worse=0.5)
    worse, better = line(a, b), line(b, a)
    assert worse.told == "A"
    assert better.told == "B"
    assert worse.change == pytest.approx(-better.change)
    assert worse.interval is not None
    assert worse.interval[0] > 0


def test_what_is_the_same_is_no_difference_and_says_what_would_have_been_seen() -> None:
    same = [1.0, 0.0] * 50
    found = line(same, same)
    assert (found.told, found.change, found.p, found.adjusted) == ("", 0.0, 1.0, None)
    assert 0 < found.detects < 0.2


def test_too_few_changes_for_a_test_do_not_count() -> None:
    a = [1.0] * 40
    b = [0.0] * 3 + a[3:]
    found = compared(case_pair(a, b), wanted=["wer"])
    assert found.system_pairs[0].lines[0].adjusted is None
    assert found.family == 1  # the clock


def test_detects_is_told_so_often() -> None:
    """A difference as large as `detects` is told in about four of five cases."""
    clean = [0.0, 1.0, 0.0, 0.0] * 75
    size = line(clean, clean).detects
    damaged = round(size * 10 * len(clean))  # words of 3,000
    generator = np.random.default_rng(5)
    told = 0
    for _ in range(40):
        b = np.array(clean)
        np.add.at(b, generator.integers(0, len(b), damaged), 1)
        told += line(clean, b.tolist()).told == "A"
    assert told >= 26


@pytest.mark.parametrize("clustered", [False, True])
def test_a_family_of_many_needs_a_finer_p(clustered: bool) -> None:
    """With 9,999 swappings p could not fall under 0.0002: of 100 comparisons none would be told."""
    clusters = tuple(f"s{i % 40}" if clustered else "" for i in range(120))
    strong, weak = (quality.draft(WER, "d", drawn(worse, clusters)) for worse in (0.8, 0.0))
    assert strong is not None
    assert weak is not None
    assert strong.line.p < 2 / (PERMUTATIONS + 1), "every swapping of whole words is counted"
    assert quality.finer([strong], 0.01)[0].line.p == strong.line.p
    assert quality.finer([strong, *[weak] * 99], 0.01)[0].line.p * 100 < 0.01


@pytest.mark.parametrize("clustered", [False, True])
def test_of_seconds_more_swappings_are_drawn(clustered: bool) -> None:
    late = Metric("late_s", unit="s", better="lower")
    rows = drawn(0.8, tuple(f"s{i % 40}" if clustered else "" for i in range(120)))
    shift = np.random.default_rng(1).random(rows.after.shape) * [1.0, 0.0]
    strong = quality.draft(late, "d", replace(rows, after=rows.after + shift))
    assert strong is not None
    floor = pytest.approx(2 / (PERMUTATIONS + 1))
    assert strong.line.p == floor
    assert quality.finer([strong], 0.01)[0].line.p == floor
    many = [strong] * 2 + [replace(strong, line=replace(strong.line, p=0.5))] * 98
    assert quality.finer(many, 0.01)[0].line.p * 100 < 0.01


def drawn(worse: float, clusters: tuple[str, ...]) -> Rows:
    """The counts of two systems, B with so many more errors in each utterance."""
    a, b = (np.array([(count, 10.0) for count in side]) for side in churned(1, len(clusters), worse))
    return Rows(a, b, clusters)


# ---------------------------------------------------------------------------- several datasets


def test_datasets_of_one_normaliser_are_pooled() -> None:
    a, b = [1.0] * 10, [0.0] * 10
    found = compared(case_pair(a, b), case_pair(b, b, key={"dataset": "long_v1"}), wanted=["wer"])
    assert [(each.dataset, each.a, each.b, each.n) for each in found.system_pairs[0].lines] == [
        (POOLED, 0.05, 0.0, 20), ("short_v1", 0.1, 0.0, 10), ("long_v1", 0.0, 0.0, 10),
    ]  # fmt: skip
    assert [each.dataset for each in found.system_pairs[0].primary] == [POOLED]


def test_datasets_of_two_normalisers_are_not() -> None:
    other = case_pair([1.0], [0.0], key={"dataset": "long_v1"}, provenance={"normaliser": "none@1#2"})
    found = compared(case_pair([1.0], [0.0]), other, wanted=["wer"])
    assert [each.dataset for each in found.system_pairs[0].lines] == ["short_v1", "long_v1"]
    assert any("not pooled" in note for note in found.system_pairs[0].notes)


def test_only_the_shared_utterances_count_and_the_others_are_named() -> None:
    a, b = entry(said([1.0, 1.0, 1.0])), entry(said([0.0, 0.0, 0.0, 0.0, 0.0])[1:], "two")
    found = compared(CasePair(a, b), wanted=["wer"])
    assert found.system_pairs[0].lines[0].n == 2
    assert found.system_pairs[0].notes[0] == "short_v1: 2 utterances are compared; 1 of A and 2 of B have no partner"


def test_a_metric_that_no_task_has_is_named() -> None:
    with pytest.raises(ConfigError, match=r"asr has no metric 'were': did you mean wer\?"):
        compared(case_pair([1.0], [0.0]), wanted=["were"])


def test_nan_is_no_value() -> None:
    rows = Rows(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]), ("",))
    assert quality.draft(WER, "d", rows) is None
    assert math.isnan(quality.value(WER, {}))


# ---------------------------------------------------------------------------- false alarms


def test_equal_systems_are_rarely_told_apart() -> None:
    """Of 150 pairs of equal systems with churn at most 2 % may be told apart, all metrics and speed counted."""
    alarms = 0
    for seed in range(150):
        a, b = churned(seed, 60)
        pair = compared(case_pair(a, b)).system_pairs[0]
        alarms += any(line.told for line in pair.lines) or any(speed.told for speed in pair.speeds)
    assert alarms <= 3
