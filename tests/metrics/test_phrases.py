"""Phrases that matter and words of another language: against scikit-learn, jiwer and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import phrases
from modellab.metrics.edit_distance import align
from modellab.types import Ratio

KNOWN = ["anna", "bob", "carl", "dora"]
TEXTS = st.lists(st.sampled_from([*KNOWN, "the", "of"]), max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_recall_precision_and_f1_are_scikit_learns_micro_averages(pairs: list[tuple[list[str], list[str]]]) -> None:
    """Of words that come once at most: there it is multi-label classification."""
    from sklearn.metrics import precision_recall_fscore_support

    pairs = [(list(dict.fromkeys(ours)), list(dict.fromkeys(theirs))) for ours, theirs in pairs]
    lists = [(name,) for name in KNOWN]
    counts = [phrases.scores("keyword", lists, align(" ".join(ours), " ".join(theirs))) for ours, theirs in pairs]
    labels = [[[name in text for name in KNOWN] for text in side] for side in zip(*pairs, strict=True)]
    expected = precision_recall_fscore_support(*labels, average="micro", zero_division=0.0)[:3]
    for name, value in zip(("precision", "recall", "f1"), expected, strict=True):
        top, bottom = (sum(each[f"keyword_{name}"][i] for each in counts) for i in (0, 1))
        if bottom:
            assert top / bottom == pytest.approx(value)
        else:
            assert value == 0


@pytest.mark.parametrize(
    ("reference", "hypothesis", "wanted", "recall", "precision"),
    [
        ("anna met anna", "anna met her", ["anna"], (1, 2), (1, 1)),
        ("anna met her", "anna met anna", ["anna"], (1, 1), (1, 2)),
        ("we met anna", "we met anna bob", ["anna", "bob"], (1, 1), (1, 2)),
        ("in new york", "in york", ["new york", "york"], (1, 2), (1, 1)),
        ("in new york", "in york new", ["new york"], (0, 1), (0, 0)),
        ("new new york", "new york", ["new york"], (1, 1), (1, 1)),
        ("we met", "we met", ["anna"], (0, 0), (0, 0)),
        ("we met anna", "", ["anna"], (0, 1), (0, 0)),
    ],
)
def test_by_hand(
    reference: str, hypothesis: str, wanted: list[str], recall: tuple[int, int], precision: tuple[int, int]
) -> None:
    found = phrases.scores("entity", [tuple(each.split()) for each in wanted], align(reference, hypothesis))
    assert (found["entity_recall"], found["entity_precision"]) == (recall, precision)
    assert found["entity_f1"] == Ratio(2 * recall[0], recall[1] + precision[1])


@pytest.mark.parametrize(
    ("hypothesis", "errors"),
    [
        ("hast du das file gedownloadet", 0),
        ("hast du das file geload et", 2),  # the example of the published code: S, and I behind the last word
        ("habt ihr das file gedownloadet", 0),
        ("hast du das gedownloadet", 1),
        ("hast du das grosse file gedownloadet", 1),  # it stands before a word of interest
        ("hast du denn das file gedownloadet", 0),
        ("", 2),
    ],
)
def test_the_point_of_interest_error_rate_by_hand(hypothesis: str, errors: int) -> None:
    reference = "hast du das file gedownloadet"
    assert phrases.point_errors([("file",), ("gedownloadet",)], align(reference, hypothesis)) == Ratio(errors, 2)


@given(TEXTS.filter(bool), TEXTS)
def test_over_all_words_it_is_the_word_error_rate(reference: list[str], hypothesis: list[str]) -> None:
    alignment = align(" ".join(reference), " ".join(hypothesis))
    assert phrases.point_errors([(word,) for word in set(reference)], alignment) == alignment.wer()
