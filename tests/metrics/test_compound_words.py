"""Compound and split words: kaldialign's count of errors, and what the alignment makes of them."""

from __future__ import annotations

import random

import kaldialign
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import compound_words
from modellab.metrics.alignment_text import lines
from modellab.metrics.edit_distance import Alignment, align

WORDS = ["a", "b", "ab", "ba", "aba", "aa", "c", "abc", "é", "éa"]
WORDS += ["ice", "cream", "icecream", "can", "not", "cannot", "to", "day", "today"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14)


def align_merging(reference: str, hypothesis: str) -> Alignment:
    return align(reference, hypothesis, compounds=True)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("ice cream", "icecream", 0),
        ("icecream", "ice cream", 0),
        ("an ice cream now", "an icecream no", 1),
        ("can not", "cannot", 0),
        ("a b c", "abc", 0),
        ("abc", "a b c", 0),
        ("to day is to morrow", "today is tomorrow", 0),
        ("ice cold cream", "icecream", 3),
        ("ice cream", "ice creams", 1),
        ("x x", "xx xx", 1),
        ("", "a b", 2),
        ("ab", "", 1),
        ("", "", 0),
    ],
)
def test_how_many_errors(reference: str, hypothesis: str, errors: int) -> None:
    found = align_merging(reference, hypothesis)
    assert found.words.errors == errors
    assert found.words.reference_length == len(reference.split())


@given(TEXTS, TEXTS)
def test_the_errors_are_kaldis(reference: list[str], hypothesis: list[str]) -> None:
    theirs = kaldialign.edit_distance(reference, hypothesis, merge_compounds=True)
    found = align_merging(" ".join(reference), " ".join(hypothesis))
    assert found.words.errors == theirs["total"]
    assert [ours for what, ours, _ in found.steps if what != "I"] == reference
    assert [other for what, _, other in found.steps if what != "D"] == list(found.hypothesis)
    assert all((ours == other) == (what == "") for what, ours, other in found.steps)


def damaged(dice: random.Random, words: list[str]) -> str:
    """Words of which some are left out, and some run into the next or are cut."""
    return "".join(
        (word if dice.random() > 0.2 else f"{word[:1]} {word[1:]}") + dice.choice(("", " ", " ", " x "))
        for word in words
        if dice.random() > 0.1
    )


def test_the_errors_are_kaldis_on_thousands_of_pairs_that_are_alike() -> None:
    dice = random.Random(5)
    fewer = 0
    for _ in range(5000):
        reference = [dice.choice(WORDS) for _ in range(dice.randint(1, 20))]
        hypothesis = damaged(dice, reference).split()
        found = align_merging(" ".join(reference), " ".join(hypothesis)).words.errors
        assert found == kaldialign.edit_distance(reference, hypothesis, merge_compounds=True)["total"]
        fewer += found < align(" ".join(reference), " ".join(hypothesis)).words.errors
    assert fewer > 1000


@pytest.mark.parametrize("limits", [{"BUFFER": 1}, {"SHORT": 10}])
def test_a_long_text_is_counted_in_blocks(monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    dice = random.Random(6)
    reference = [dice.choice(WORDS) for _ in range(700)]
    hypothesis = damaged(dice, reference).split()
    whole = align_merging(" ".join(reference), " ".join(hypothesis))
    for name, value in limits.items():
        monkeypatch.setattr(compound_words, name, value)
    assert align_merging(" ".join(reference), " ".join(hypothesis)) == whole
    assert whole.words.errors == kaldialign.edit_distance(reference, hypothesis, merge_compounds=True)["total"]


def test_a_compound_counts_as_the_reference_writes_it() -> None:
    found = align_merging("an ice cream now", "an icecream no")
    assert found.hypothesis == ("an", "ice", "cream", "no")
    assert (found.words.hits, found.words.substitutions) == (3, 1)
    assert found.cer() == align("an ice cream now", "an ice cream no").cer()
    assert lines(found)[-1] == "1 substitution"


def test_nothing_is_merged_unless_asked() -> None:
    assert align("ice cream", "icecream").words.errors == 2
