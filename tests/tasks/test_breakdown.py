"""What broke in a transcript, through the asr task: what a row asks about, and what of an output answers it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modellab.errors import DatasetError
from modellab.tasks import asr
from modellab.types import Ratio, Transcript

from .test_asr import HEADER, METRIC, ROW, output_of, sample


def sample_with(text: str, **lists: object) -> asr.Sample:
    return asr.read({**ROW, "text": text, **lists}, HEADER)


def test_a_row_asks_for_phrases_which_go_through_the_normaliser() -> None:
    wanted = sample_with("Call Dr. Anna at twenty-one!", keywords=["ANNA", "twenty-one", "Bob"], code_switched=["call"])
    counts = asr.score(wanted, output_of("call doctor anna at 21 bob"))
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
        sample_with("Call Anna.", **lists)


def test_words_of_another_language_may_stand_in_any_of_several_references() -> None:
    wanted = sample_with("Das Treffen ist aus.", references=["Das Meeting ist aus."], code_switched=["Meeting"])
    assert asr.score(wanted, output_of("das meeting ist aus"))["pier"] == Ratio(0, 1)
    assert asr.score(wanted, output_of("das treffen ist aus"))["pier"] == Ratio(0, 0)


def test_a_session_asks_for_what_its_chunks_ask_for() -> None:
    header = {**HEADER, "settings": {"reference": "session"}}
    parts = [
        asr.read({**ROW, "text": text, "session": "a", "chunk": i, "keywords": [word]}, header)
        for i, (text, word) in enumerate([("call anna", "anna"), ("call bob", "bob")])
    ]
    whole, output = asr.of_session(parts, [output_of("call anna"), output_of("call")])
    assert asr.score(whole, output)["keyword_recall"] == Ratio(1, 2)


def test_of_nothing_there_is_no_rate_and_no_division() -> None:
    for text, heard in [("", "thank you"), ("a b", ""), ("Room 20.", "room twenty")]:
        for name, counts in asr.score(sample(text), output_of(heard)).items():
            if METRIC[name].optional:
                assert METRIC[name].value([counts]) >= 0 or counts == Ratio(0, 0), name


# ---------------------------------------------------------------------------- confidences


def output_with_confidences(*words: tuple[str, float]) -> dict[str, Any]:
    return asr.encode(Transcript.of([(" ".join(word for word, _ in words), 0.0, 1.0)], confidences=words))


def test_confidences_are_counted_where_a_model_gives_them() -> None:
    assert "confidences" not in output_of("go home")
    assert (
        not {"ece", "confidence_auroc", "wer_at_80_coverage"}
        & asr.score(sample("go home"), output_of("go home")).keys()
    )
    counts = asr.score(sample("Go home."), output_with_confidences(("Go", 0.9), ("hoom.", 0.2)))
    values = {name: METRIC[name].value([counts[name]]) for name in ("ece", "confidence_auroc", "wer_at_80_coverage")}
    assert values == pytest.approx({"ece": 0.15, "confidence_auroc": 1.0, "wer_at_80_coverage": 0.6 / 1.6})


@pytest.mark.parametrize("probability", [1.5, -0.1, math.nan])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(TypeError, match=r"the confidence of 'go' is .*, expected a probability from 0 to 1"):
        output_with_confidences(("go", probability))


def test_the_confidences_of_parts_are_put_together() -> None:
    joined = asr.joined(
        [
            (0.0, output_with_confidences(("go", 0.9))),
            (2.0, output_of("now")),
            (4.0, output_with_confidences(("home", 0.2))),
        ]
    )
    assert joined["confidences"] == [["go", 0.9], ["home", 0.2]]
    assert "confidences" not in asr.joined([(0.0, output_of("go"))])


# ---------------------------------------------------------------------------- long recordings


def test_times_are_held_against_those_of_the_row() -> None:
    row = {**ROW, "text": "Go home now.", "words": [["go", 0.0, 0.5], ["home", 0.5, 1.0], ["now", 1.5, 2.0]]}
    output = asr.encode(Transcript.of([("Go home.", 0.25, 1.0), ("Now!", 1.5, 2.25)]))
    counts = asr.score(asr.read(row, HEADER), output)
    assert METRIC["timestamp_error_s"].value([counts["timestamp_error_s"]]) == pytest.approx(0.5 / 4)
    assert METRIC["timestamp_drift"].value([counts["timestamp_drift"]]) >= 0
    assert "timestamp_error_s" not in asr.score(asr.read(row, HEADER), None)
    assert "timestamp_error_s" not in asr.score(sample("Go home now."), output)


def test_times_outside_of_the_audio_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"case '007': `words` holds \['go', 0.0, 9.0\], expected \[word, start_s"):
        asr.read({**ROW, "words": [["go", 0.0, 9.0]]}, HEADER)


def test_parts_and_chunks_have_seams() -> None:
    joined = asr.joined([(0.0, output_of("turn on the")), (2.0, output_of("")), (4.0, output_of("the light"))])
    counts = asr.score(sample("turn on the light"), joined)
    assert (joined["seams"], counts["seam_error_rate"]) == ([12], Ratio(1, 4))
    assert "seams" not in asr.joined([(0.0, output_of("turn on"))])
    header = {**HEADER, "settings": {"reference": "session"}}
    parts = [
        asr.read({**ROW, "text": text, "session": "a", "chunk": i}, header)
        for i, text in enumerate(["turn on", "the light", "now"])
    ]
    whole, output = asr.of_session(parts, [output_of("turn on on"), output_of("the light"), None])
    assert output["seams"] == [11]
    assert asr.score(whole, output)["seam_error_rate"] == Ratio(2, 5)
    assert asr.of_session(parts, [None] * 3)[1] is None


def test_a_loop_is_counted_in_words() -> None:
    looping = asr.score(sample("turn on the light"), output_of("turn on the light light light light light light"))
    assert looping["loop_words"] == Ratio(6, 9)
    assert asr.score(sample("turn on"), output_of("turn on"))["loop_words"] == Ratio(0, 2)
