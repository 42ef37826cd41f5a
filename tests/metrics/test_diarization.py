"""Diarization errors against hand-counted cases, a count of frames and pyannote.metrics."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.annotations.rttm import merged
from modellab.metrics.diarization import compare, covered, scored
from modellab.types import Ratio, Region, Turn

TICKS = 16  # per second: times are multiples of 1/16 s, so that frames and floats are both exact
DURATION_S = 8.0
TICK = st.integers(0, int(DURATION_S * TICKS))
SPAN = st.tuples(TICK, TICK).filter(lambda pair: pair[0] != pair[1])
SECONDS = SPAN.map(lambda pair: (min(pair) / TICKS, max(pair) / TICKS))


def annotation(names: str) -> st.SearchStrategy[list[Turn]]:
    """Turns of up to three people, none overlapping himself."""
    turn = st.builds(lambda span, name: Turn(span[0], span[1], name), SECONDS, st.sampled_from(names))
    return st.lists(turn, max_size=7).map(merged)


REFERENCE, HYPOTHESIS = annotation("abc"), annotation("xyz")
UEM = st.lists(SECONDS, min_size=1, max_size=2)
CLIP = [(0.0, DURATION_S)]
A, B = Turn(0, 4, "a"), Turn(4, 8, "b")

COUNTED = [
    # reference, hypothesis, speech, miss, false alarm, confusion
    ([A, B], [Turn(0, 4, "x"), Turn(4, 8, "y")], 8, 0, 0, 0),
    ([A, B], [], 8, 8, 0, 0),
    ([], [Turn(0, 4, "x")], 0, 0, 4, 0),
    ([A, B], [Turn(0, 8, "x")], 8, 0, 0, 4),
    ([A, B], [Turn(0, 5, "x"), Turn(5, 8, "y")], 8, 0, 0, 1),
    ([A], [Turn(0, 4, "x"), Turn(0, 4, "y")], 4, 0, 4, 0),
    ([A, Turn(2, 6, "b")], [Turn(0, 6, "x")], 8, 2, 0, 2),
    ([A, Turn(2, 6, "b")], [Turn(0, 3, "x"), Turn(3, 6, "y")], 8, 2, 0, 0),
    ([A], [Turn(0, 3, "x"), Turn(1, 4, "x")], 4, 0, 0, 0),  # x overlaps himself and counts once
]


@pytest.mark.parametrize(("reference", "hypothesis", "speech", "miss", "false_alarm", "confusion"), COUNTED)
def test_seconds_by_hand(
    reference: list[Turn], hypothesis: list[Turn], speech: float, miss: float, false_alarm: float, confusion: float
) -> None:
    found = compare(reference, hypothesis, CLIP)
    assert (found.speech_s, found.miss_s, found.false_alarm_s, found.confusion_s) == (
        speech, miss, false_alarm, confusion,
    )  # fmt: skip
    assert found.der() == Ratio(miss + false_alarm + confusion, speech)
    assert (found.miss(), found.false_alarm(), found.confusion()) == (
        Ratio(miss, speech), Ratio(false_alarm, speech), Ratio(confusion, speech),
    )  # fmt: skip


def test_jaccard_errors_by_hand() -> None:
    found = compare([A, B], [Turn(0, 5, "x")], CLIP)
    assert found.jaccard_errors == {"a": pytest.approx(1 - 4 / 5), "b": 1.0}
    assert found.jer() == (pytest.approx(1.2), 2.0)
    assert found.speaker_count_error() == Ratio(1.0)


def test_a_collar_says_which_convention() -> None:
    assert scored(CLIP, [Turn(2, 4, "a")], 0.5, "nist") == [(0, 1.5), (2.5, 3.5), (4.5, 8)]
    assert scored(CLIP, [Turn(2, 4, "a")], 1.0, "pyannote") == scored(CLIP, [Turn(2, 4, "a")], 0.5, "nist")
    late = [Turn(0.25, 4, "x"), Turn(4, 8, "y")]
    assert compare([A, B], late, scored(CLIP, [A, B], 0.25, "nist")).der().top == 0
    assert compare([A, B], late, scored(CLIP, [A, B], 0.25, "pyannote")).miss_s == 0.125


def test_the_mapping_is_that_of_the_scored_time() -> None:
    hypothesis = [Turn(0, 6, "x"), Turn(6, 8, "y")]
    assert compare([A, B], hypothesis, CLIP).mapping == {"x": "a", "y": "b"}
    assert compare([A, B], hypothesis, [(4, 6)]).mapping == {"x": "b"}


def test_overlap_can_be_left_out() -> None:
    reference, hypothesis = [A, Turn(2, 6, "b")], [Turn(0, 2, "x"), Turn(4, 6, "y")]
    assert compare(reference, hypothesis, CLIP).miss_s == 4
    assert compare(reference, hypothesis, CLIP, skip_overlap=True).der() == Ratio(0.0, 4.0)


def test_what_lies_outside_is_not_covered() -> None:
    assert covered([(-1, 2), (7, 99)], DURATION_S) == [Region(0, 2), Region(7, 8)]
    assert covered([(8, 9)], DURATION_S) == []


@given(REFERENCE, HYPOTHESIS, UEM)
def test_seconds_are_a_count_of_frames_under_the_best_mapping(
    reference: list[Turn], hypothesis: list[Turn], uem: list[tuple[float, float]]
) -> None:
    """Every one-to-one mapping is tried, every frame counted."""
    frames = []
    for tick in range(int(DURATION_S * TICKS)):
        time_s = (tick + 0.5) / TICKS
        if any(start_s < time_s < end_s for start_s, end_s in uem):
            sides = ({t.speaker for t in turns if t.start_s < time_s < t.end_s} for turns in (reference, hypothesis))
            frames.append(tuple(sides))
    miss = sum(max(0, len(ref) - len(hyp)) for ref, hyp in frames)
    false_alarm = sum(max(0, len(hyp) - len(ref)) for ref, hyp in frames)
    mappings = (dict(zip(names, "abc", strict=True)) for names in itertools.permutations("xyz"))
    confusion = min(
        sum(min(len(ref), len(hyp)) - len(ref & {mapping[h] for h in hyp}) for ref, hyp in frames)
        for mapping in mappings
    )
    found = compare(reference, hypothesis, uem)
    seconds = (found.miss_s, found.false_alarm_s, found.confusion_s)
    assert [second * TICKS for second in seconds] == [miss, false_alarm, confusion]


@given(REFERENCE, HYPOTHESIS)
def test_names_do_not_matter(reference: list[Turn], hypothesis: list[Turn]) -> None:
    renamed = [turn._replace(speaker=f"speaker {turn.speaker}") for turn in hypothesis]
    one, other = compare(reference, hypothesis, CLIP), compare(reference, renamed, CLIP)
    assert (one.der(), one.confusion_s) == (other.der(), other.confusion_s)
    assert compare(reference, reference, CLIP).der().top == 0
    assert compare(reference, reference, CLIP).jer().top == 0


# ---------------------------------------------------------------------------- pyannote.metrics


@pytest.fixture(scope="module")
def pyannote_diarization() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        return pytest.importorskip("pyannote.metrics.diarization", reason="pip install 'modellab[pyannote]'")


def as_annotation(turns: list[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    filled = Annotation(uri="clip")
    for number, (start_s, end_s, speaker) in enumerate(turns):
        filled[Segment(start_s, end_s), number] = speaker
    return filled


def jaccard_errors(reference: list[Turn], hypothesis: list[Turn], within: list[Region]) -> set[float]:
    """The sum of JER under each mapping of the most common time: with several of them pyannote takes any."""
    alone = {name: compare([t for t in reference if t.speaker == name], [], within).speech_s for name in "abc"}
    errors: dict[float, set[float]] = {}
    for names in itertools.permutations("xyz"):
        common_s = error = 0.0
        for ref, hyp in zip("abc", names, strict=True):
            spoken = [turn for turn in reference if turn.speaker == ref]
            found = compare(spoken, [turn for turn in hypothesis if turn.speaker == hyp], within)
            common_s += found.speech_s - found.miss_s
            error += found.jer().top if alone[ref] else 0.0
        errors.setdefault(round(common_s, 6), set()).add(round(error, 6))
    return errors[max(errors)]


@settings(max_examples=30, deadline=None)
@given(REFERENCE, HYPOTHESIS, UEM, st.sampled_from([0.0, 0.5]), st.booleans())
def test_values_are_pyannotes(
    pyannote_diarization: Any,
    reference: list[Turn],
    hypothesis: list[Turn],
    uem: list[tuple[float, float]],
    collar_s: float,
    skip_overlap: bool,
) -> None:
    from pyannote.core import Segment, Timeline

    within = scored(uem, reference, collar_s, "pyannote")
    ours = compare(reference, hypothesis, within, skip_overlap=skip_overlap)
    timeline = Timeline([Segment(start_s, end_s) for start_s, end_s in uem]).support()
    sides = as_annotation(reference), as_annotation(hypothesis)
    options = {"collar": collar_s, "skip_overlap": skip_overlap}
    der, jer = (
        metric(**options)(*sides, uem=timeline, detailed=True)
        for metric in (pyannote_diarization.DiarizationErrorRate, pyannote_diarization.JaccardErrorRate)
    )
    assert (ours.speech_s, ours.miss_s, ours.false_alarm_s, ours.confusion_s) == pytest.approx(
        (der["total"], der["missed detection"], der["false alarm"], der["confusion"]), abs=1e-5
    )
    assert len(ours.jaccard_errors) == jer["speaker count"]
    if not skip_overlap:
        possible = jaccard_errors(reference, hypothesis, within)
        assert ours.jer().top == pytest.approx(min(possible), abs=1e-5)
        assert any(abs(jer["speaker error"] - error) < 1e-5 for error in possible)
