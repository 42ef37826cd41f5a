"""The fast way to OpenAI's normaliser gives what the original gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import text
from modellab.text import quick
from modellab.text.library import whisper_files
from modellab.text.quick import Quick
from tools.performance import sentences
from tools.performance.text import original

TRICKY = [
    "he'd been", "he'd  been", "he'd\tbeen", "he's uh been", "he'd been's gone", "gen's been",
    "let's been", "x's got 2",
    "uh's", "a 'tis", " 'tis", "'tis", "um 'em", "a mm's b", "uh-huh", "uh'mm's x", "the boy 's been",
    "two and a half", "two and-a-half", "and a half", "half", "a hundred and a half million", "\uff48alf and a half",
    "and", "and and", "one and two", "minus and foo", "minus point minus foo", "double five", "double foo",
    "1 s 2 th", "20 st", "the 1st", "1 st.", "1960s", "one two three", "oh oh seven", "twenty ten", "a.. b", "a..5",
    "$2 and ¢7", "two dollars and seven cents", "$0.07", "5 %", "% $ .", ".5", "$", "1", "1s",
    "ones", "x1y2", "1,2,3",
    "[a]b c", "a[b]c (d", "((a)b)", "<[a]>", "([a])", "he's [x] been", "colour-2 grey", "\u0661\u0662 \u00bd \u00b2",
    "\u0130stanbul", "\u00a0x\u2003y", "", " ", "\n", "Mr. Mrs.", "st.", "a\u00adb", "e\u0301",
    "word.", "word,", "wor'd.",
]  # fmt: skip


@pytest.fixture(scope="module")
def openai() -> Callable[[str], str]:
    return original() or pytest.skip("openai-whisper is not installed: pip install 'modellab[whisper]'")


@pytest.mark.parametrize("raw", TRICKY, ids=repr)
def test_what_crosses_white_space(openai: Callable[[str], str], raw: str) -> None:
    assert text.quick_whisper_en(raw) == openai(raw) == text.whisper_en(raw)


def test_thousands_of_mixed_sentences(openai: Callable[[str], str]) -> None:
    fast = Quick(text._openai_english())
    for raw in sentences.mixed(5000, seed=3):
        assert fast(raw) == openai(raw), raw


def test_read_speech(openai: Callable[[str], str]) -> None:
    said = sentences.read_speech(300)
    assert len(set(said)) == 300
    assert [text.quick_whisper_en(each) for each in said] == [openai(each) for each in said]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("'[]()<> .,$%1230 sd")))
def test_any_text(openai: Callable[[str], str], raw: str) -> None:
    assert text.quick_whisper_en(raw) == openai(raw)


LONG = ["<", "9", "$", "one ", "(", "' ", "  ", "9,", "and a half ", "he'd  ", "one one decillion ", "half 5$ "]


@pytest.mark.parametrize("piece", LONG)
def test_what_is_absurdly_long_ends_and_no_digit_is_lost(piece: str) -> None:
    """OpenAI's own takes minutes for "<", and fails at 5,000 digits; Python's `re` would stay inside one match."""
    raw = (piece * 30_000)[:30_000]
    said = text.quick_whisper_en(raw)
    assert said.count("9") == raw.count("9")


@pytest.mark.parametrize("size", [1000, 1001, 5000])
def test_a_figure_of_thousands_of_digits_is_cut(size: int) -> None:
    pieces = text.quick_whisper_en(f"say {'9' * size} now").split()[1:-1]
    assert "".join(pieces) == "9" * size
    assert max(map(len, pieces)) == 1000


def test_a_number_that_is_too_long_beside_an_apostrophe_is_cut() -> None:
    assert text.quick_whisper_en(f"it's  {'9' * 5000}") == " ".join(["it is", *["9" * 1000] * 5])


def test_up_to_the_limit_it_is_the_originals(openai: Callable[[str], str]) -> None:
    for raw in ("9" * 1000, "one " * 1000, "<" * 500 + "a>b" + "[" * 99, "((a)" * 300, "'  " * 99 + "he'd    been"):
        assert text.quick_whisper_en(raw) == openai(raw)


def test_what_is_remembered_has_an_end(openai: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "REMEMBERED", 3)
    fast = Quick(text._openai_english())
    for raw in ["one more word in it", "two colours of five", "twenty two", "twenty three", "ninety", "a b c d e"] * 2:
        assert fast(raw) == openai(raw)
    assert len(fast.parts) < 10
    assert len(fast.phrases) < 6


def test_rules_of_another_form_are_refused() -> None:
    class Other:
        replacers = {r"\b(mr|mrs)\b": "mister"}
        ignore_patterns = r"\b(uh|um)\b"

    with pytest.raises(AssertionError, match="rules of another form"):
        quick._ruled(Other())


def test_the_profile_is_the_fast_one_under_its_old_name() -> None:
    assert text.get("whisper_en").hash == text._build(1, text.whisper_en, text._openai_english,
                                                      files=whisper_files()).hash  # fmt: skip
    assert text.get("whisper_en")("Two and a half colours") == "2.5 colors"
