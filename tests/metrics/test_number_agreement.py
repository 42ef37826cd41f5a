"""Numbers that were heard, and figures that are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import number_agreement
from modellab.metrics.casing_punctuation import compare
from modellab.metrics.edit_distance import align
from modellab.types import Ratio


@pytest.mark.parametrize(
    ("reference", "hypothesis", "right", "said", "heard"),
    [
        ("room 20 at 9", "room 20 at 9", 2, 2, 2),
        ("room 20 at 9", "room 30 at 9", 1, 2, 2),
        ("room 20 at 9", "room at 9", 1, 2, 1),
        ("room 20", "room 20 7", 1, 1, 2),
        ("room 20 at 9", "room 9 at 20", 0, 2, 2),
        ("a room", "a room", 0, 0, 0),
        ("room 20", "", 0, 1, 0),
        ("flight lh400", "flight lh400", 1, 1, 1),
        ("room twenty", "room 20", 0, 0, 1),
    ],
)
def test_numbers_are_held_against_each_other_by_position(
    reference: str, hypothesis: str, right: int, said: int, heard: int
) -> None:
    assert number_agreement.scores(align(reference, hypothesis)) == {
        "number_recall": Ratio(right, said),
        "number_precision": Ratio(right, heard),
        "number_f1": Ratio(2 * right, said + heard),
    }


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("In room 20, at 9.", "in room 20 at 9", (4, 4)),
        ("In room 20.", "In room twenty.", (0, 1)),
        ("In room twenty.", "In room 20.", (0, 1)),
        ("It costs 1,000 euros.", "It costs 1000 euros.", (0, 2)),
        ("It costs $5.", "It costs 5.", (2, 2)),
        ("No number.", "No number.", (0, 0)),
    ],
)
def test_figures_agree_as_they_are_written(reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert number_agreement.figures(compare(reference, hypothesis)) == Ratio(*expected)


@given(st.lists(st.tuples(*[st.sampled_from(["w", "1", "2", "3"])] * 2), min_size=1, max_size=12))
def test_f1_is_scikit_learns_where_words_stand_in_their_places(pairs: list[tuple[str, str]]) -> None:
    """Fixed words between them hold the alignment, which is then classification word by word."""
    from sklearn.metrics import f1_score

    ours, theirs = (" ".join(f"x{'abcdefghijkl'[i]} {each[side]}" for i, each in enumerate(pairs)) for side in (0, 1))
    top, bottom = number_agreement.scores(align(ours, theirs))["number_f1"]
    left, right = zip(*pairs, strict=True)
    if bottom:
        assert top / bottom == pytest.approx(f1_score(left, right, labels=["1", "2", "3"], average="micro"))
    else:
        assert not {*left, *right} & {"1", "2", "3"}
