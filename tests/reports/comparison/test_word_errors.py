"""What kind of word was got wrong: tables of references, and the sums that must hold for any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import tasks, text
from modellab.reports.comparison import word_errors
from modellab.reports.comparison.word_errors import FUNCTION_WORDS, Spoken
from modellab.types import Utterance

from ... import make

BASIC = text.get("basic")
TEXTS = st.text(alphabet="ab7 the", max_size=30)


def spoken(written: str, heard: str, language: str = "en", normaliser: str = "basic") -> Spoken:
    normalise = text.get(normaliser)
    return Spoken(normalise(written), normalise(heard), written, normalise, language)


def counted(written: str, heard: str, language: str = "en") -> word_errors.Tally:
    of = spoken(written, heard, language)
    return word_errors.tally(of.steps(), of, word_errors.names_in(of) or frozenset())


def test_the_list_is_the_published_one() -> None:
    """174 entries, of which some come in pieces once a normaliser has taken the apostrophe away."""
    assert len(word_errors._STOPS.split()) == len(set(word_errors._STOPS.split())) == 174
    assert {"the", "of", "and", "couldn't", "very", "themselves", "dont"} <= FUNCTION_WORDS
    assert not {"us", "will", "can", "may", "well", "one"} & FUNCTION_WORDS


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Then we met Anna in Paris.", {"anna", "paris"}),
        ("Anna came. Peter went to Mary.", {"mary"}),  # what begins a sentence may be any word
        ("Yes, I'm here and I know Ann.", {"ann"}),
        ("He said “Stop” to O'Neil there.", {"stop", "oneil"}),
        ("no capitals at all", None),
        ("ALL CAPITALS SAY NOTHING", None),
        ("Every Word Is A Title", None),
        ("1234 !", None),
    ],
)
def test_names_are_words_with_a_capital(written: str, expected: set[str] | None) -> None:
    assert word_errors.names_in(spoken(written, "")) == expected


def test_capitals_mean_something_else_in_other_languages() -> None:
    assert word_errors.names_in(spoken("Der Hund sieht das Haus von Anna.", "", "de")) is None


@pytest.mark.parametrize(
    ("written", "heard", "errors"),
    [
        ("call Anna at seven", "call hannah at eleven", {"names": 1, "numbers": 1}),
        ("we call Anna at 7", "we call Anna 7", {"function words": 1}),
        ("play music", "play some music in 3 rooms", {"function words": 2, "numbers": 1, "other words": 1}),
        ("don't stop", "do stop", {"function words": 1}),
        ("turn on the light", "turn on the light", {}),
    ],
)
def test_errors_by_class(written: str, heard: str, errors: dict[str, int]) -> None:
    assert {name: count for name, count in counted(written, heard).errors.items() if count} == errors


def test_a_language_without_lists_has_numbers_by_digits_alone() -> None:
    found = counted("sieben Hunde und 3 Katzen", "neun Hunde oder 4 Katzen", "de")
    assert found.errors == {"numbers": 1, "names": 0, "function words": 0, "other words": 2}


@pytest.mark.parametrize(
    ("written", "heard", "hallucinated", "dropped"),
    [
        ("stop", "stop", 0, 0),
        ("stop now", "stop thanks for watching now", 1, 0),
        ("stop now", "stop thanks for now", 0, 0),
        ("please stop all of the music", "please music", 0, 1),
        ("one two three four five six seven", "one five seven", 0, 1),
        ("", "hello", 1, 0),
        ("", "", 0, 0),
    ],
)
def test_stretches(written: str, heard: str, hallucinated: int, dropped: int) -> None:
    found = counted(written, heard)
    assert (found.hallucinated, found.dropped) == (hallucinated, dropped)


@given(TEXTS, TEXTS)
def test_every_error_and_every_word_is_of_one_class(written: str, heard: str) -> None:
    of = spoken(written, heard)
    found = word_errors.tally(of.steps(), of, frozenset({"a"}))
    assert sum(found.errors.values()) == sum(found.kinds.values())
    assert sum(found.words.values()) == len(of.reference.split())


# ---------------------------------------------------------------------------- where the words are


@pytest.mark.parametrize(
    ("task", "row", "output", "heard"),
    [
        ("asr", {"text": "Hello you", "audio": "a.wav"}, {"text": "hello, ewe"}, "hello ewe"),
        ("tts", {"text": "Hello you"}, {"heard": "hello, ewe"}, "hello ewe"),
    ],
)
def test_the_words_of_a_task(task: str, row: dict[str, Any], output: Any, heard: str) -> None:
    options = {"normaliser": "basic", "language": "en", "judge": "a:b"}
    case = tasks.get(task).read({"id": "1", "duration_s": 1.0, **row}, options)
    found = word_errors.spoken(tasks.get(task), case, make.utterance("1", {}, output), "en")
    assert found is not None
    assert (found.reference, found.hypothesis, found.english) == ("hello you", heard, True)


def test_what_raised_said_nothing_and_what_was_not_kept_is_unknown() -> None:
    case = tasks.get("asr").read(
        {"id": "1", "audio": "a.wav", "duration_s": 1.0, "text": "yes"}, {"normaliser": "basic"}
    )
    raised = Utterance("1", {}, None, 0.1, 0.1, 1.0, error="it raised")
    found = word_errors.spoken(tasks.get("asr"), case, raised, "en")
    assert found is not None
    assert found.hypothesis == ""
    assert word_errors.spoken(tasks.get("asr"), case, Utterance("1", {}, None, 0.1, 0.1, 1.0), "en") is None
    assert word_errors.spoken(tasks.get("vad"), case, raised, "en") is None
