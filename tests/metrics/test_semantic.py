"""Errors that change the meaning, with judges whose answers are known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import semantic
from modellab.metrics.edit_distance import align
from modellab.types import Ratio

WORDS = st.lists(st.sampled_from("abcd"), max_size=10).map(" ".join)
FILLERS = {"um", "the", "please"}


def without_fillers(one: str, other: str) -> bool:
    """A judge that minds no filler."""
    left, right = ([word for word in text.split() if word not in FILLERS] for text in (one, other))
    return left == right


def test_an_error_that_changes_nothing_moves_the_wer_alone() -> None:
    plain, filled, wrong = (
        align("turn on the light", heard)
        for heard in ("turn on the light", "um turn on light please", "um turn off the light")
    )
    assert [semantic.wer(each, without_fillers) for each in (plain, filled, wrong)] == [(0, 4), (0, 4), (1, 4)]
    assert [each.wer() for each in (plain, filled, wrong)] == [(0, 4), (3, 4), (2, 4)]


def test_each_place_is_seen_in_its_sentence_with_all_else_right() -> None:
    found = list(semantic.places(align("a b c d e", "x b c y z e")))
    assert found == [
        semantic.Place("a", "x", 1, "x b c d e"),
        semantic.Place("d", "y z", 2, "a b c y z e"),
    ]


def test_words_behind_a_first_place_are_the_hypothesis_there() -> None:
    found = list(semantic.places(align("a b c d e", "a b x d")))
    assert found == [semantic.Place("c", "x", 1, "a b x d e"), semantic.Place("e", "", 1, "a b c d")]


def test_where_nobody_speaks_all_words_count() -> None:
    assert semantic.wer(align("", "thank you"), lambda *_: True) == Ratio(2, 0)


@given(WORDS, WORDS)
def test_it_lies_between_nothing_and_the_wer(reference: str, hypothesis: str) -> None:
    alignment = align(reference, hypothesis)
    assert semantic.wer(alignment, lambda *_: False) == alignment.wer()
    assert semantic.wer(alignment, without_fillers).top <= alignment.wer().top
    if reference:
        assert semantic.wer(alignment, lambda *_: True).top == 0


@given(WORDS, WORDS)
def test_the_places_together_make_the_hypothesis(reference: str, hypothesis: str) -> None:
    alignment = align(reference, hypothesis)
    found = list(semantic.places(alignment))
    assert sum(place.errors for place in found) == alignment.wer().top
    if len(found) == 1:
        assert found[0].sentence == " ".join(hypothesis.split())
