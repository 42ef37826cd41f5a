from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.diarization import compare
from modellab.metrics.diarization_errors import error_segments
from modellab.types import Turn

TENTHS = st.integers(0, 60)
TURNS = st.lists(
    st.tuples(TENTHS, st.integers(1, 30), st.sampled_from("abc")).map(
        lambda given: Turn(given[0] / 8, (given[0] + given[1]) / 8, given[2])
    ),
    max_size=8,
)
UEM = st.lists(st.tuples(TENTHS, st.integers(1, 40)).map(lambda g: (g[0] / 8, (g[0] + g[1]) / 8)), max_size=3)


@given(TURNS, TURNS, UEM, st.booleans())
def test_the_pieces_of_a_kind_add_up_to_its_seconds(reference, hypothesis, uem, skip) -> None:
    counted = compare(reference, hypothesis, uem, skip_overlap=skip)
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for segment in error_segments(reference, hypothesis, counted.mapping, uem, skip_overlap=skip):
        assert segment.start_s < segment.end_s
        seconds[segment.side, segment.kind] += segment.end_s - segment.start_s
    assert seconds["ref", "miss"] == pytest.approx(counted.miss_s)
    assert seconds["hyp", "false alarm"] == pytest.approx(counted.false_alarm_s)
    assert seconds["ref", "confusion"] == pytest.approx(counted.confusion_s)
    assert seconds["hyp", "confusion"] == pytest.approx(counted.confusion_s)
    reference_s = sum(seconds["ref", kind] for kind in ("hit", "miss", "confusion"))
    assert reference_s == pytest.approx(counted.speech_s)


def test_a_speaker_is_cut_where_the_kind_changes_and_nowhere_else() -> None:
    reference = [Turn(0, 4, "anna"), Turn(4, 6, "anna"), Turn(6, 8, "ben")]
    hypothesis = [Turn(1, 7, "x"), Turn(7, 9, "y"), Turn(9.5, 10, "z")]
    found = error_segments(reference, hypothesis, {"x": "anna", "y": "ben"}, [(0, 9)])
    assert [tuple(segment) for segment in found] == [
        ("ref", "anna", 0, 1, "miss"),
        ("ref", "anna", 1, 6, "hit"),
        ("ref", "ben", 6, 7, "confusion"),
        ("ref", "ben", 7, 8, "hit"),
        ("hyp", "anna", 1, 6, "hit"),
        ("hyp", "anna", 6, 7, "confusion"),
        ("hyp", "ben", 7, 8, "hit"),
        ("hyp", "ben", 8, 9, "false alarm"),
        ("hyp", "z?", 9.5, 10, "unscored"),
    ]


def test_nobody_on_either_side_is_no_piece() -> None:
    assert error_segments([], [], {}, [(0, 3)]) == []
