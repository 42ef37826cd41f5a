"""Signs of broken transcripts: what must ring, and what must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import transcript_sanity
from modellab.types import Ratio

LOOPS = [
    ("thank you thank you thank you thank you", "thank you"),
    ("la la la la la la", "la"),
    ("so i went to i went to i went to i went to bed", "i went to"),
    ("one " + "the end of the story is near " * 4, "the end of the story is near"),
    ("a b a b a b a b", "a b"),
]
SPEECH = [
    "",
    "no",
    "no no no",
    "no no no no no",  # five: still a person
    "thank you thank you thank you",
    "one two three four five six seven eight nine ten",
    "set the heater to forty two degrees and set the oven to forty two degrees",
    "the cat and the dog and the cat and the dog and the cat and the dog",  # three times
]


@pytest.mark.parametrize(("text", "phrase"), LOOPS)
def test_loops_are_found_with_their_phrase(text: str, phrase: str) -> None:
    assert transcript_sanity.repeated_phrase(text) == phrase
    assert transcript_sanity.has_loop(text)


@pytest.mark.parametrize("text", SPEECH)
def test_speech_is_no_loop(text: str) -> None:
    assert transcript_sanity.repeated_phrase(text) == ""
    assert not transcript_sanity.has_loop(text)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [("", "thank you", (1, 1)), ("", "", (0, 1)), ("", "...", (0, 1)), ("yes", "no", (0, 0)), ("yes", "", (0, 0))],
)
def test_words_are_made_up_where_nobody_speaks(reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert transcript_sanity.made_up(reference, hypothesis) == Ratio(*expected)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "words", "letters"),
    [
        ("", "thank you", (2, 0.5), (8, 0.5)),
        ("", "", (0, 0.5), (0, 0.5)),
        ("yes", "thank you", (0, 0.0), (0, 0.0)),
        ("yes", "", (0, 0.0), (0, 0.0)),
    ],
)
def test_how_much_is_made_up_is_counted_for_each_minute_without_speech(
    reference: str, hypothesis: str, words: tuple[int, float], letters: tuple[int, float]
) -> None:
    assert transcript_sanity.made_up_words(reference, hypothesis, 30.0) == words
    assert transcript_sanity.made_up_characters(reference, hypothesis, 30.0) == letters


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=5),
    st.lists(
        st.text("xyz", min_size=1, max_size=transcript_sanity.LONGEST_WORD),
        min_size=2,
        max_size=transcript_sanity.MAX_NGRAM,
        unique=True,
    ),
    st.integers(transcript_sanity.MIN_REPEATS, 9),
)
def test_any_phrase_said_often_enough_is_found_anywhere(before: list[str], phrase: list[str], repeats: int) -> None:
    assert transcript_sanity.repeated_phrase(" ".join([*before, *phrase * repeats, *before])) == " ".join(phrase)


@given(st.lists(st.integers(), unique=True).map(lambda numbers: " ".join(map(str, numbers))))
def test_words_that_never_come_again_are_no_phrase(text: str) -> None:
    assert transcript_sanity.repeated_phrase(text) == ""


def test_a_loop_without_spaces_shows_in_the_compression() -> None:
    loop = "ご視聴ありがとうございました" * 20
    assert transcript_sanity.repeated_phrase(loop) == ""
    assert transcript_sanity.compression_ratio(loop) > transcript_sanity.MAX_COMPRESSION
    assert transcript_sanity.has_loop(loop)


def test_short_text_has_no_compression_ratio() -> None:
    assert transcript_sanity.compression_ratio("a" * (transcript_sanity.MIN_COMPRESSED_BYTES - 1)) == 0.0
    assert (
        transcript_sanity.compression_ratio("a" * transcript_sanity.MIN_COMPRESSED_BYTES)
        > transcript_sanity.MAX_COMPRESSION
    )


def test_ordinary_prose_compresses_little() -> None:
    prose = (
        "a language model assigns a probability to every sequence of words and is trained to make the words that "
        "people really wrote likely which turns out to need a good deal of what we would call knowledge about grammar "
        "about the world and about the person who is writing long before anybody asks it a question"
    )
    assert 1.0 < transcript_sanity.compression_ratio(prose) < transcript_sanity.MAX_COMPRESSION


@pytest.mark.parametrize(
    ("reference", "hypothesis", "ratio"),
    [("a b", "a b c", (3, 2)), ("a b", "", (0, 2)), ("", "a", (1, 0)), ("", "", (0, 0))],
)
def test_length_ratio(reference: str, hypothesis: str, ratio: tuple[int, int]) -> None:
    assert transcript_sanity.length_ratio(reference, hypothesis) == ratio


def test_words_per_s() -> None:
    assert transcript_sanity.words_per_s("one two  three", 1.5) == Ratio(3, 1.5)


@pytest.mark.parametrize(
    ("text", "empty"),
    [("", True), (" \n", True), ("... ?!", True), ("a", False), ("7", False), ("\u0939\u093f", False)],
)
def test_is_empty(text: str, empty: bool) -> None:
    assert transcript_sanity.is_empty(text) is empty


PROSE = str.split(
    "in the morning the two brothers walked down to the harbour where their father had kept a small boat for as long"
    " as either of them could remember and asked the old man on the quay whether the weather would hold until evening"
)
VOWELS = "aeiou"


def spoken(count: int, letters: str = "") -> list[str]:
    """So many words of a made-up but varied text; `letters` replaces the vowels, for another script."""
    table = str.maketrans(dict(zip(VOWELS, letters, strict=True))) if letters else {}
    words = [f"{PROSE[i * 7 % len(PROSE)]}{VOWELS[i % 5]}{PROSE[i * i % len(PROSE)]}" for i in range(count)]
    return [word.translate(table) for word in words]


@pytest.mark.parametrize("count", [20, 300, 639, 1600, 4000])
@pytest.mark.parametrize("phrase", ["it should have been a dresser", "no", " ".join(PROSE[:25])])
def test_a_loop_at_the_end_rings_whatever_the_length(count: int, phrase: str) -> None:
    words = spoken(count)
    looped = " ".join([*words[: count // 2], *[phrase] * 12])
    assert transcript_sanity.has_loop(looped, " ".join(words))


@pytest.mark.parametrize("letters", ["", "अआइईउ", "აეიოუ", "ะาิีึ"])
@pytest.mark.parametrize("count", [300, 639, 4000])
def test_a_word_that_was_missed_is_no_loop_in_any_script(count: int, letters: str) -> None:
    words = spoken(count, letters)
    assert not any(
        transcript_sanity.has_loop(" ".join(words[:i] + words[i + 1 :]), " ".join(words))
        for i in range(0, count, max(97, count // 9))
    )


def test_a_text_does_not_become_denser_by_its_length_or_its_alphabet() -> None:
    words = spoken(4000)
    short, long = (transcript_sanity.compression_ratio(" ".join(words[:n])) for n in (600, 4000))
    assert long == pytest.approx(short, rel=0.15)
    other = transcript_sanity.compression_ratio(" ".join(spoken(600, "अआइईउ")))
    assert other == pytest.approx(short, rel=0.02)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "loop"),
    [
        pytest.param("no no no no no no", "no no no no no no", False, id="as it was said"),
        pytest.param("no no no no no", "no no no no no no", False, id="one more than was said"),
        pytest.param("no no no no no no", "no " * 60, True, id="far more often than was said"),
        pytest.param("no no no no no no", "yes " * 6, True, id="another phrase than was said"),
        pytest.param("so thank you thank you thank you thank you", "you thank " * 4, False, id="from another word on"),
        pytest.param("la la la la la la " + " ".join(PROSE), "thank you " * 30, True, id="a song and then a loop"),
    ],
)
def test_only_the_phrase_that_was_said_is_excused(reference: str, hypothesis: str, loop: bool) -> None:
    assert transcript_sanity.has_loop(hypothesis, reference) is loop


def test_characters_are_words_where_there_are_no_blanks() -> None:
    assert transcript_sanity.has_loop("谢谢观看" * 4, "今天天气很好")
    assert transcript_sanity.has_loop(" ".join("谢谢观看" * 4), "今天天气很好")
    assert not transcript_sanity.has_loop("今天天气很好我们一起去公园散步吧" * 2, "")
