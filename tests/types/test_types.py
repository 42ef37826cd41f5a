"""The nouns: pooled rates, the identity of a cell, and records that nobody can change by accident."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import types
from modellab.types import (
    Audio,
    CaseId,
    Metric,
    Ratio,
    Region,
    Segment,
    Status,
    Transcript,
    Utterance,
    top_over_bottom,
    total,
)

WER = Metric("wer", unit="ratio", better="lower")
COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: Ratio(*map(float, pair)))


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        pytest.param([(1, 4)], 0.25, id="one"),
        pytest.param([(1, 1), (0, 9)], 0.1, id="pooled, not the mean of 100 % and 0 %"),
        pytest.param([(3, 2)], 1.5, id="above 1"),
        pytest.param([(0, 0), (1, 2)], 0.5, id="an empty bottom adds nothing"),
        pytest.param([(2, 0), (0, 4)], 0.5, id="insertions without reference words count"),
    ],
)
def test_a_rate_is_summed_and_then_divided(counts: list[tuple[float, float]], value: float) -> None:
    assert WER.value(counts) == value


@pytest.mark.parametrize("counts", [[], [(0.0, 0.0)], [(1.0, 0.0), (2.0, 0.0)], [(math.nan, 1.0)]])
def test_missing_is_not_zero(counts: list[tuple[float, float]]) -> None:
    assert math.isnan(WER.value(counts))


@given(st.lists(COUNTS, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_a_rate_is_exact_and_knows_no_order(counts: list[Ratio], random: Random) -> None:
    top, bottom = (sum(int(share[part]) for share in counts) for part in (0, 1))
    shuffled = list(counts)
    random.shuffle(shuffled)
    for order in (counts, shuffled):
        expected = float(Fraction(top, bottom)) if bottom else math.nan
        assert WER.value(order) == pytest.approx(expected, rel=1e-15, nan_ok=True)


@given(st.lists(COUNTS, min_size=1, max_size=20))
def test_a_table_of_sums_gives_the_rate_of_each(counts: list[Ratio]) -> None:
    rates = top_over_bottom(np.array(counts))
    assert rates.shape == (len(counts),)
    assert rates.tolist() == pytest.approx([WER.value([share]) for share in counts], nan_ok=True)


def test_an_amount_is_the_plain_sum() -> None:
    seconds = Metric("false_alarm_s", unit="s", better="lower", rate=total)
    assert seconds.value([(0.5,), (1.25,)]) == 1.75


def test_a_ratio_alone_is_a_score() -> None:
    assert WER.value([Ratio(1.0), Ratio(0.0)]) == 0.5


def test_audio_knows_its_duration() -> None:
    assert Audio(np.zeros(24_000, np.float32), 16_000).duration_s == 1.5


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param([(" turn on", 0, 1), (" the light ", 1, 2)], "turn on the light", id="stripped and joined"),
        pytest.param([("a", 0, 1), ("  ", 1, 2), ("b", 2, 3)], "a b", id="an empty one leaves no space"),
    ],
)
def test_segments_make_a_transcript(segments: list[tuple[str, float, float]], text: str) -> None:
    made = Transcript.of(segments, language="en")
    assert made.text == text
    assert made.language == "en"
    assert made.segments == tuple(Segment(*segment) for segment in segments if segment[0].strip())
    assert all(isinstance(segment.start_s, float) for segment in made.segments)


def test_times_behind_the_end_are_cut_to_it() -> None:
    """Whisper's window is 30 s long, and silence comes as a segment without text."""
    made = Transcript.of([("a", -0.1, 1.5), ("", 0.0, 30.0), ("b", 1.5, 30.0), ("c", math.nan, 2.5)], duration_s=2.0)
    assert [tuple(map(str, each)) for each in made.segments] == [
        ("a", "0.0", "1.5"), ("b", "1.5", "2.0"), ("c", "nan", "2.0")
    ]  # fmt: skip


def test_a_transcript_takes_a_generator_and_unknown_times() -> None:
    made = Transcript.of((word, math.nan, math.nan) for word in ("a", "b"))
    assert made.text == "a b"
    assert len(made.segments) == 2


def test_a_key_reads_like_the_pytest_id() -> None:
    key = CaseId("asr", "asr_smoke_v1", "whisper", "tiny.en", "cuda", "float16")
    assert str(key) == "whisper:tiny.en-asr_smoke_v1-cuda-float16"


def test_the_statuses_are_ranked_mildest_first() -> None:
    assert [str(status) for status in Status] == [
        "PASS",
        "IMPROVED",
        "NEW",
        "NOT_COMPARABLE",
        "INCONCLUSIVE",
        "BELOW_LIMIT",
        "ABOVE_LIMIT",
        "REGRESSED",
        "PARTIAL",
        "ERROR",
    ]


def test_records_are_frozen() -> None:
    records = [value for value in vars(types).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]
    assert Utterance in records
    for record in records:
        assert record.__dataclass_params__.frozen, record  # type: ignore[attr-defined]
        assert "__slots__" in vars(record), record


def test_a_region_is_a_pair_of_seconds() -> None:
    assert Region(0.5, 1.0) == (0.5, 1.0)
