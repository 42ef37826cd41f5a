"""Casing and punctuation: what counts as an error, and what nobody can judge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import casing_punctuation
from modellab.types import Ratio

TEXT = "Well, Ann said: come in! It costs 3.5 euros, doesn't it?"


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        (TEXT, TEXT, (0, 10)),
        (TEXT, TEXT.lower(), (3, 10)),
        (TEXT, TEXT.upper(), (10, 10)),
        ("Ann came home", "Ann came", (0, 2)),
        ("Ann came home", "Bob came home", (0, 2)),
        ("Ann came home", "", (0, 0)),
        ("ann came home", "Ann Came Home", (0, 0)),
        ("ANN CAME HOME", "ann came home", (0, 0)),
        ("Die Straße", "die Strasse", (1, 2)),
        ("We’re here", "We're here", (0, 2)),
        ("Im Jahr 2024", "im jahr 2024", (2, 2)),
        ("你好", "你好", (0, 0)),
    ],
)
def test_casing_is_compared_on_the_words_that_both_have(
    reference: str, hypothesis: str, expected: tuple[int, int]
) -> None:
    assert casing_punctuation.compare(reference, hypothesis).case_error_rate() == Ratio(*expected)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        (TEXT, TEXT, (0, 5)),
        (TEXT, TEXT.replace(",", ""), (2, 5)),
        ("come in.", "Come in!", (1, 1)),
        ("come in.", "come in", (1, 1)),
        ("come in.", "come, in.", (1, 2)),
        ("come in", "come in.", (0, 0)),
        ("come in.", "go on!", (0, 0)),
        ("come in...", "come in…", (0, 1)),
        ("¿qué tal?", "qué tal?", (1, 2)),
        ("你好，世界。", "你好世界。", (1, 2)),
        ("क्या हुआ।", "क्या हुआ.", (0, 1)),
        ("“come in,” he said.", "come in, he said.", (0, 2)),
    ],
)
def test_punctuation_is_compared_behind_the_words_that_both_have(
    reference: str, hypothesis: str, expected: tuple[int, int]
) -> None:
    assert casing_punctuation.compare(reference, hypothesis).punctuation_error_rate() == Ratio(*expected)


@given(st.text(), st.text())
def test_rates_are_shares_whatever_the_texts(reference: str, hypothesis: str) -> None:
    found = casing_punctuation.compare(reference, hypothesis)
    for rate in (found.case_error_rate(), found.punctuation_error_rate()):
        assert 0 <= rate.top <= rate.bottom < math.inf
    assert len(found.reference.marks) == len(found.reference.words) + 1


@given(st.text())
def test_a_text_differs_in_nothing_from_itself(text: str) -> None:
    found = casing_punctuation.compare(text, text)
    assert (found.case_error_rate().top, found.punctuation_error_rate().top) == (0, 0)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("a b", "A B.", ("casing", "punctuation")),
        ("a b", "a  b ", ("spacing",)),
        ("a b", "(a) b", ("signs",)),
        ("a b", "a c", ("words",)),
        ("twenty", "20", ("words",)),
    ],
)
def test_what_changed_has_a_name(before: str, after: str, what: tuple[str, ...]) -> None:
    assert casing_punctuation.differences(before, after) == what


def test_the_sentence_counts_and_gives_an_example() -> None:
    pairs = [("a b", "A B."), ("c", "C"), ("d", "d ")]
    assert casing_punctuation.told(pairs) == "casing in 2, punctuation in 1, spacing in 1; such as “A B.” for “a b”"
    assert casing_punctuation.told([]) == ""


@pytest.mark.parametrize(
    ("letters", "shown"), [(59, "a" * 59), (60, "a" * 60), (61, "a" * 59 + "…"), (500, "a" * 59 + "…")]
)
def test_of_a_long_example_sixty_characters_are_shown(letters: int, shown: str) -> None:
    assert casing_punctuation.told([("a" * letters, "b")]) == f"words in 1; such as “b” for “{shown}”"
