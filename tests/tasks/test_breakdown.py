"""What broke in a transcript, through the asr task: what a row asks about, and what of an output answers it."""

from __future__ import annotations

import pytest

from modellab.errors import DatasetError
from modellab.tasks import asr
from modellab.types import Ratio

from .test_asr import HEADER, METRIC, ROW, said, sample


def listed(text: str, **lists: object) -> asr.Sample:
    return asr.read({**ROW, "text": text, **lists}, HEADER)


def test_a_row_asks_for_phrases_which_go_through_the_normaliser() -> None:
    wanted = listed("Call Dr. Anna at twenty-one!", keywords=["ANNA", "twenty-one", "Bob"], code_switched=["call"])
    counts = asr.score(wanted, said("call doctor anna at 21 bob"))
    assert (counts["keyword_recall"], counts["keyword_precision"]) == (Ratio(2, 2), Ratio(2, 3))
    assert counts["pier"] == Ratio(0, 1)
    assert "entity_recall" not in counts


@pytest.mark.parametrize(
    ("lists", "says"),
    [
        ({"keywords": "anna"}, r"keywords is a str \('anna'\), expected a list of words or phrases"),
        ({"entities": [1]}, r"entities is a list \(\[1\]\), expected a list of words or phrases"),
        ({"entities": ["(noise)"]}, r"entities has '\(noise\)', of which whisper_en leaves nothing"),
        ({"code_switched": ["meeting"]}, r"code_switched has 'meeting', which its text does not say"),
    ],
)
def test_lists_that_are_none_name_the_case(lists: dict[str, object], says: str) -> None:
    with pytest.raises(DatasetError, match=rf"case '007': {says}"):
        listed("Call Anna.", **lists)


def test_words_of_another_language_may_stand_in_any_of_several_references() -> None:
    wanted = listed("Das Treffen ist aus.", references=["Das Meeting ist aus."], code_switched=["Meeting"])
    assert asr.score(wanted, said("das meeting ist aus"))["pier"] == Ratio(0, 1)
    assert asr.score(wanted, said("das treffen ist aus"))["pier"] == Ratio(0, 0)


def test_a_session_asks_for_what_its_chunks_ask_for() -> None:
    header = {**HEADER, "settings": {"reference": "session"}}
    parts = [
        asr.read({**ROW, "text": text, "session": "a", "chunk": i, "keywords": [word]}, header)
        for i, (text, word) in enumerate([("call anna", "anna"), ("call bob", "bob")])
    ]
    whole, output = asr.of_session(parts, [said("call anna"), said("call")])
    assert asr.score(whole, output)["keyword_recall"] == Ratio(1, 2)


def test_of_nothing_there_is_no_rate_and_no_division() -> None:
    for text, heard in [("", "thank you"), ("a b", ""), ("Room 20.", "room twenty")]:
        for name, counts in asr.score(sample(text), said(heard)).items():
            if METRIC[name].optional:
                assert METRIC[name].value([counts]) >= 0 or counts == Ratio(0, 0), name
