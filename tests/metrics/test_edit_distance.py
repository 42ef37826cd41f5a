"""Edit distances against jiwer's own corpus functions, kaldialign and hand-counted cases."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import jiwer
import kaldialign
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.edit_distance import Alignment, EditCounts, align, wil_rate
from modellab.types import Counts, Metric, Ratio

WORDS = st.lists(st.sampled_from(["a", "b", "cat", "c", "naïve", "हिन्दी", "42"]), max_size=12).map(" ".join)
SPOKEN = st.lists(st.sampled_from(["a", "b", "cat", "c", "naïve", "हिन्दी", "42"]), min_size=1, max_size=12).map(
    " ".join
)

METRICS: dict[str, tuple[Metric, Callable[[Alignment], Counts], Callable[[list[str], list[str]], float]]] = {
    "wer": (Metric("wer", "ratio", "lower"), Alignment.wer, jiwer.wer),
    "cer": (Metric("cer", "ratio", "lower"), Alignment.cer, jiwer.cer),
    "mer": (Metric("mer", "ratio", "lower"), Alignment.mer, jiwer.mer),
    "wil": (Metric("wil", "ratio", "lower", rate=wil_rate), Alignment.wil, jiwer.wil),
}

COUNTED = [
    # reference, hypothesis, words S D I H, characters S D I H
    ("the cat sat", "the cat sat", (0, 0, 0, 3), (0, 0, 0, 11)),
    ("the cat sat", "the cat sat down", (0, 0, 1, 3), (0, 0, 5, 11)),
    ("the cat sat", "the sat", (0, 1, 0, 2), (0, 4, 0, 7)),
    ("the cat sat", "the cut sat", (1, 0, 0, 2), (1, 0, 0, 10)),
    ("cat", "", (0, 1, 0, 0), (0, 3, 0, 0)),
    ("", "cat", (0, 0, 1, 0), (0, 0, 3, 0)),
    ("", "", (0, 0, 0, 0), (0, 0, 0, 0)),
    (" the\tcat \n", "the  cat", (0, 0, 0, 2), (0, 0, 0, 7)),
]


@pytest.mark.parametrize(("reference", "hypothesis", "words", "characters"), COUNTED)
def test_counts_by_hand(reference: str, hypothesis: str, words: tuple[int, ...], characters: tuple[int, ...]) -> None:
    alignment = align(reference, hypothesis)
    assert alignment.words == EditCounts(*words)
    assert alignment.characters == EditCounts(*characters)


@given(WORDS, WORDS)
def test_the_counts_add_up(reference: str, hypothesis: str) -> None:
    alignment = align(reference, hypothesis)
    assert alignment.words.reference_length == len(reference.split())
    assert alignment.words.hypothesis_length == len(hypothesis.split())
    assert alignment.characters.reference_length == len(reference)
    assert alignment.characters.hypothesis_length == len(hypothesis)
    assert (alignment.words.errors == 0) == (reference == hypothesis)
    assert [ours for _, ours, _ in alignment.steps if ours] == reference.split()
    assert [theirs for _, _, theirs in alignment.steps if theirs] == hypothesis.split()


@given(WORDS, WORDS)
def test_errors_are_symmetric(reference: str, hypothesis: str) -> None:
    assert align(reference, hypothesis).words.errors == align(hypothesis, reference).words.errors


@pytest.mark.parametrize("name", METRICS)
@given(pairs=st.lists(st.tuples(SPOKEN, WORDS), min_size=1, max_size=6))
def test_pooled_shares_are_jiwers_corpus_value(name: str, pairs: list[tuple[str, str]]) -> None:
    metric, share, theirs = METRICS[name]
    references, hypotheses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    pooled = metric.value(share(align(*pair)) for pair in pairs)
    assert pooled == pytest.approx(theirs(references, hypotheses), abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_pooled_shares_are_jiwers_corpus_value_on_thousands_of_pairs(name: str) -> None:
    metric, share, theirs = METRICS[name]
    pairs = random_pairs(3000)
    pooled = metric.value(share(align(*pair)) for pair in pairs)
    assert pooled == pytest.approx(theirs([pair[0] for pair in pairs], [pair[1] for pair in pairs]), abs=1e-12)


def test_errors_are_kaldis_on_thousands_of_pairs() -> None:
    for reference, hypothesis in random_pairs(3000):
        kaldi = kaldialign.edit_distance(reference.split(), hypothesis.split())
        ours = align(reference, hypothesis)
        assert ours.words.errors == kaldi["total"]
        letters = kaldialign.edit_distance(list(reference), list(hypothesis))
        assert ours.characters.errors == letters["total"]


def random_pairs(n: int) -> list[tuple[str, str]]:
    """References of 1-15 words over a small vocabulary, hypotheses with about a third of the words damaged."""
    chance = random.Random(2)
    vocabulary = ["on", "off", "turn", "the", "light", "lights", "forty", "two", "degrees", "kitchen"]

    def damage(word: str) -> list[str]:
        kind = chance.random()
        if kind < 0.12:
            return []
        if kind < 0.24:
            return [chance.choice(vocabulary)]
        return [word, chance.choice(vocabulary)] if kind < 0.34 else [word]

    references = [[chance.choice(vocabulary) for _ in range(chance.randint(1, 15))] for _ in range(n)]
    return [(" ".join(words), " ".join(part for word in words for part in damage(word))) for words in references]


# ---------------------------------------------------------------------------- empty references, pooling


def test_an_empty_reference_has_no_rate_and_its_insertions_still_count() -> None:
    silence, speech = align("", "thank you"), align("a b c d", "a b c d")
    assert silence.wer() == Ratio(2, 0)
    assert silence.cer() == Ratio(9, 0)
    assert silence.mer() == Ratio(2, 2)
    assert silence.wil() == (0, 0, 2)
    for name, pooled in (("wer", 2 / 4), ("cer", 9 / 7), ("mer", 2 / 6), ("wil", 1 - 16 / (4 * 6))):
        metric, share, _ = METRICS[name]
        assert metric.value([share(silence), share(speech)]) == pytest.approx(pooled)


@pytest.mark.parametrize("name", METRICS)
def test_nothing_against_nothing_has_no_value(name: str) -> None:
    metric, share, _ = METRICS[name]
    assert math.isnan(metric.value([share(align("", ""))]))


@pytest.mark.parametrize("name", METRICS)
def test_an_empty_hypothesis_is_all_wrong(name: str) -> None:
    metric, share, _ = METRICS[name]
    assert metric.value([share(align("a b c", ""))]) == 1.0


@given(WORDS, WORDS)
def test_mer_and_wil_stay_within_one(reference: str, hypothesis: str) -> None:
    for name in ("mer", "wil"):
        metric, share, _ = METRICS[name]
        value = metric.value([share(align(reference, hypothesis))])
        assert math.isnan(value) or 0.0 <= value <= 1.0


def test_rates_are_pooled_not_averaged() -> None:
    short, long = align("a", "b"), align("a b c d e f g h i", "a b c d e f g h i")
    assert METRICS["wer"][0].value([short.wer(), long.wer()]) == 0.1


def test_blanks_between_characters_are_no_hits() -> None:
    parted = align("你 好", "你 号")
    assert (parted.wer(), parted.cer()) == (Ratio(1, 2), Ratio(1, 3))
    assert align("你 好", "你 号", blanks=False).cer() == Ratio(1, 2)
