"""VAD seconds against hand-counted cases, a brute-force frame count and pyannote.metrics."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.vad import Detection, compare, edges, intersect, merge, subtract, total_s
from modellab.types import Metric, Ratio, Region, total

TICKS = 64  # per second: times are multiples of 1/64 s, so that frames and floats are both exact
DURATION_S = 4.0
TIME = st.integers(-8, int(DURATION_S * TICKS) + 8).map(lambda tick: tick / TICKS)
REGIONS = st.lists(st.tuples(TIME, TIME).map(lambda pair: (min(pair), max(pair))), max_size=6)

COUNTED = [
    # reference, hypothesis, hit, false alarm, miss; the clip is 4 s long
    ([(1, 3)], [(1, 3)], 2, 0, 0),
    ([(1, 3)], [(0, 4)], 2, 2, 0),
    ([(1, 3)], [], 0, 0, 2),
    ([], [(1, 3)], 0, 2, 0),
    ([], [], 0, 0, 0),
    ([(1, 3)], [(0, 1), (3, 4)], 0, 2, 2),
    ([(0, 1), (2, 3)], [(0.5, 2.5)], 1, 1, 1),
    ([(1, 2), (1.5, 3)], [(2.5, 2.75), (2.5, 9)], 0.5, 1, 1.5),
    ([(3, 3)], [(-1, 1)], 0, 1, 0),
]


@pytest.mark.parametrize(("reference", "hypothesis", "hit", "false_alarm", "miss"), COUNTED)
def test_seconds_by_hand(
    reference: list[tuple[float, float]],
    hypothesis: list[tuple[float, float]],
    hit: float,
    false_alarm: float,
    miss: float,
) -> None:
    detection = compare(reference, hypothesis, DURATION_S)
    assert (detection.hit_s, detection.false_alarm_s, detection.miss_s) == (hit, false_alarm, miss)
    assert detection.precision() == Ratio(hit, hit + false_alarm)
    assert detection.recall() == Ratio(hit, hit + miss)
    assert detection.f1() == Ratio(2 * hit, 2 * hit + false_alarm + miss)
    assert detection.false_alarm() == (false_alarm,)
    assert detection.miss() == (miss,)


def framewise(regions: Sequence[tuple[float, float]]) -> np.ndarray:
    """Which 1/64 s frames of the clip are inside any region."""
    frames = np.zeros(int(DURATION_S * TICKS), bool)
    for start_s, end_s in regions:
        frames[max(0, int(start_s * TICKS)) : max(0, int(end_s * TICKS))] = True
    return frames


@given(REGIONS, REGIONS, st.sampled_from([0.0, 1 / 64, 0.25]))
def test_seconds_are_a_frame_count(
    reference: list[tuple[float, float]], hypothesis: list[tuple[float, float]], collar_s: float
) -> None:
    speech, found = framewise(reference), framewise(hypothesis)
    scored = np.ones_like(speech)
    if collar_s:
        inside = merge((max(0.0, start_s), min(DURATION_S, end_s)) for start_s, end_s in reference)
        scored = ~framewise([(edge - collar_s, edge + collar_s) for region in inside for edge in region])

    detection = compare(reference, hypothesis, DURATION_S, collar_s)

    assert detection.hit_s * TICKS == np.sum(speech & found & scored)
    assert detection.false_alarm_s * TICKS == np.sum(~speech & found & scored)
    assert detection.miss_s * TICKS == np.sum(speech & ~found & scored)


@given(REGIONS, REGIONS)
def test_swapping_sides_swaps_misses_and_false_alarms(
    reference: list[tuple[float, float]], hypothesis: list[tuple[float, float]]
) -> None:
    one, other = compare(reference, hypothesis, DURATION_S), compare(hypothesis, reference, DURATION_S)
    assert other == Detection(one.hit_s, one.misses, one.false_alarms)


@given(REGIONS, REGIONS)
def test_interval_algebra(left: list[tuple[float, float]], right: list[tuple[float, float]]) -> None:
    a, b = merge(left), merge(right)
    assert intersect(a, b) == intersect(b, a)
    assert merge([*intersect(a, b), *subtract(a, b)]) == a
    assert intersect(subtract(a, b), b) == []
    assert total_s(a) + total_s(b) == total_s(merge([*a, *b])) + total_s(intersect(a, b))
    for regions in (a, intersect(a, b), subtract(a, b)):
        assert all(start_s < end_s for start_s, end_s in regions)
        assert regions == sorted(regions)


def test_a_wider_collar_never_finds_more_errors() -> None:
    reference, hypothesis = [(1.0, 2.0)], [(0.9, 1.9), (2.05, 2.2)]
    errors = [
        detection.false_alarm_s + detection.miss_s
        for detection in (compare(reference, hypothesis, DURATION_S, collar_s) for collar_s in (0.0, 0.1, 0.25))
    ]
    assert errors == [pytest.approx(0.35), pytest.approx(0.1), 0.0]


# ---------------------------------------------------------------------------- edges


def test_each_edge_is_held_against_the_nearest_of_its_kind() -> None:
    found = edges([(0.5, 1), (2, 3)], [(0.25, 1.125), (1.75, 2.5), (2.75, 3.25)], DURATION_S)
    assert found.onset_error() == Ratio(0.5, 2)
    assert found.offset_error() == Ratio(0.375, 2)
    assert found.miss_rate() == Ratio(0, 4)


def test_sentences_joined_over_a_pause_miss_two_edges() -> None:
    joined = edges([(0, 1), (3, 4)], [(0, 4)], DURATION_S)
    assert (joined.onsets_s, joined.offsets_s, joined.missed) == ((0,), (0,), 2)
    assert edges([(0, 1)], [], DURATION_S).miss_rate() == Ratio(2, 2)
    assert edges([], [(0, 1)], DURATION_S).miss_rate() == Ratio(0, 0)


@given(REGIONS, REGIONS)
def test_edges_stay_within_reach_and_each_is_counted_once(
    reference: list[tuple[float, float]], hypothesis: list[tuple[float, float]]
) -> None:
    found = edges(reference, hypothesis, DURATION_S)
    inside = intersect(merge(reference), [Region(0, DURATION_S)])
    assert found.miss_rate().bottom == 2 * len(inside)
    assert all(distance_s <= 0.5 for distance_s in (*found.onsets_s, *found.offsets_s))
    assert edges(reference, reference, DURATION_S).onsets_s == (0,) * len(inside)


# ---------------------------------------------------------------------------- pooling


F1 = Metric("f1", "ratio", "higher")


def test_rates_pool_over_clips_and_silence_can_only_add_false_alarms() -> None:
    speech, silence = compare([(0, 2)], [(0, 2)], 4.0), compare([], [(0, 1)], 4.0)
    assert silence.recall() == Ratio(0, 0)
    assert F1.value([speech.f1(), silence.f1()]) == 4 / 5
    assert F1.value([speech.precision(), silence.precision()]) == 2 / 3
    assert F1.value([speech.recall(), silence.recall()]) == 1.0
    seconds = Metric("false_alarm_s", "s", "lower", rate=total)
    assert seconds.value([speech.false_alarm(), silence.false_alarm()]) == 1.0


def test_rejected_silence_has_no_rate() -> None:
    quiet = compare([], [], 4.0)
    assert [quiet.precision(), quiet.recall(), quiet.f1()] == [Ratio(0, 0)] * 3
    assert np.isnan(F1.value([quiet.f1()]))


# ---------------------------------------------------------------------------- pyannote.metrics


def random_regions(chance: random.Random) -> list[tuple[float, float]]:
    edges = sorted(chance.uniform(0, 20) for _ in range(2 * chance.randint(0, 6)))
    return [(start_s, end_s) for start_s, end_s in zip(edges[::2], edges[1::2], strict=True) if end_s - start_s > 0.01]


@pytest.mark.parametrize("collar_s", [0.0, 0.25])
def test_pooled_values_are_pyannotes(collar_s: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        core = pytest.importorskip("pyannote.core", reason="pip install 'modellab[pyannote]'")
        theirs = pytest.importorskip("pyannote.metrics.detection", reason="pip install 'modellab[pyannote]'")
    options = {"collar": 2 * collar_s}  # theirs is the total width
    precision, recall = theirs.DetectionPrecision(**options), theirs.DetectionRecall(**options)
    f1, error = theirs.DetectionPrecisionRecallFMeasure(**options), theirs.DetectionErrorRate(**options)
    chance = random.Random(3)
    ours: list[Detection] = []
    for clip in range(150):
        reference, hypothesis = random_regions(chance), random_regions(chance)
        ours.append(compare(reference, hypothesis, 20.0, collar_s))
        sides = [core.Annotation(uri=str(clip)), core.Annotation(uri=str(clip))]
        for side, regions in zip(sides, (reference, hypothesis), strict=True):
            for number, (start_s, end_s) in enumerate(regions):
                side[core.Segment(start_s, end_s), number] = "speech"
        for metric in (precision, recall, f1, error):
            metric(*sides, uem=core.Timeline([core.Segment(0, 20)]))

    assert F1.value(d.precision() for d in ours) == pytest.approx(abs(precision), abs=1e-9)
    assert F1.value(d.recall() for d in ours) == pytest.approx(abs(recall), abs=1e-9)
    assert F1.value(d.f1() for d in ours) == pytest.approx(abs(f1), abs=1e-9)
    speech_s = sum(d.recall().bottom for d in ours)
    errors_s = sum(d.false_alarm_s + d.miss_s for d in ours)
    assert errors_s / speech_s == pytest.approx(abs(error), abs=1e-9)


def test_regions_carry_names() -> None:
    assert compare([(1, 2)], [], 4.0).misses == (Region(start_s=1, end_s=2),)
