"""Times that drift and words at seams, against numpy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import long_form
from modellab.metrics.edit_distance import align
from modellab.types import Ratio, Word

WORDS = [Word(f"w{i}", i * 1.0, i + 0.5) for i in range(60)]
Segment = tuple[str, float | None, float | None]


def segments(rate: float = 1.0, later_s: float = 0.0, size: int = 5) -> list[Segment]:
    """Segments of some words each, on a clock that runs so fast and begins so much later."""
    parts = [WORDS[i : i + size] for i in range(0, len(WORDS), size)]
    return [
        (" ".join(word.text for word in part), part[0].start_s * rate + later_s, part[-1].end_s * rate + later_s)
        for part in parts
    ]


def value(ratio: Ratio) -> float:
    return ratio.top / ratio.bottom


def test_a_right_clock_has_neither_error_nor_drift() -> None:
    found = long_form.boundaries(segments(), WORDS, str)
    assert len(found) == 24
    assert (value(long_form.errors(found)), value(long_form.drift(found))) == (0, 0)


def test_a_constant_delay_is_an_error_and_no_drift() -> None:
    found = long_form.boundaries(segments(later_s=0.3), WORDS, str)
    assert value(long_form.errors(found)) == pytest.approx(0.3)
    assert value(long_form.drift(found)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("rate", [1.001, 0.999])
def test_a_clock_that_runs_fast_or_slow_drifts(rate: float) -> None:
    assert value(long_form.drift(long_form.boundaries(segments(rate), WORDS, str))) == pytest.approx(0.001)


@given(st.lists(st.tuples(st.floats(0, 3600), st.floats(-5, 5)), min_size=3, max_size=30))
def test_the_drift_is_numpys_slope(points: list[tuple[float, float]]) -> None:
    times, errors = np.array(points).T
    if np.ptp(times) < 1:
        return
    slope = np.polyfit(times - times.mean(), errors, 1)[0]
    assert value(long_form.drift(points)) == pytest.approx(abs(slope), abs=1e-6)


def test_boundaries_of_misheard_words_and_unknown_times_say_nothing() -> None:
    words = WORDS[:4]
    assert long_form.boundaries([("x1 w1", 0.0, 1.5), ("w2 w3", None, 3.5)], words, str) == [(1.5, 0.0), (3.5, 0.0)]
    assert long_form.boundaries([("", 0.0, 1.0), ("w0", 0.2, None)], words, str) == [(0.0, 0.2)]
    assert long_form.errors([]) == long_form.drift([(0.0, 1.0), (1.0, 2.0)]) == Ratio(0, 0)


REFERENCE = "a b c d e f g h i j k l"


@pytest.mark.parametrize(
    ("hypothesis", "positions", "expected"),
    [
        (REFERENCE, [6], (0, 6)),
        ("a b c d e f f g h i j k l", [6], (1, 5)),
        ("a b c d e f g h i j k k l", [6], (0, 6)),  # twice, but far from the seam
        ("a b c d e g h i j k l", [5], (1, 7)),  # lost at the seam
        (REFERENCE, [3, 9], (0, 12)),
        (REFERENCE, [], (0, 0)),
        ("", [0], (12, 12)),
    ],
)
def test_errors_near_a_seam(hypothesis: str, positions: list[int], expected: tuple[int, int]) -> None:
    assert long_form.seams(positions, align(REFERENCE, hypothesis)) == Ratio(*expected)


@given(st.lists(st.lists(st.sampled_from(["one", "two,", "Three"]), min_size=1, max_size=4), min_size=1, max_size=5))
def test_seams_are_found_again_in_the_joined_text(chunks: list[list[str]]) -> None:
    texts = [" ".join(chunk) for chunk in chunks]
    before = np.cumsum([len(chunk) for chunk in chunks])[:-1].tolist()
    assert long_form.positions(" ".join(texts), long_form.offsets(texts), str.lower) == before
