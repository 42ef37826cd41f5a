"""The length that was decoded takes the place of the manifest's, in scoring, in rescoring and on pages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from modellab.datasets import decoded_length
from modellab.errors import DatasetError
from modellab.tasks import asr, vad
from modellab.types import Ratio

from ..make import utterance

ROW: dict[str, Any] = {"id": "a", "audio": Path("a.wav"), "duration_s": 10.0}
VAD = {**ROW, "speech": [[1.0, 3.0]]}


@pytest.mark.parametrize(
    ("row", "given_s", "length_s"),
    [
        (ROW, 4.0, 4.0),
        (ROW, 10.015, 10.0),  # rounding is no other length
        (ROW, None, 10.0),
        (ROW, math.nan, 10.0),
        (ROW, 0.0, 10.0),
        ({**ROW, "duration_s": 2.0}, 4.0, 4.0),
        ({"id": "text alone"}, 4.0, None),
        ({"id": "a dialogue", "script": [{"audio": "b.wav", "duration_s": 1.0}]}, 4.0, None),
    ],
)
def test_a_row_gets_the_decoded_length(row: dict[str, Any], given_s: float | None, length_s: float | None) -> None:
    assert decoded_length.decoded(row, given_s).get("duration_s") == length_s


def test_a_right_length_leaves_the_row_alone() -> None:
    assert decoded_length.decoded(ROW, 10.0) is ROW


def test_speech_is_scored_over_what_was_decoded() -> None:
    found = {"regions": [[0.0, 9.0]]}
    short = vad.score(decoded_length.sample(vad, VAD, {}, 4.0, found), found)
    assert short["false_alarm_s"] == vad.score(vad.read({**VAD, "duration_s": 4.0}, {}), found)["false_alarm_s"]
    assert short["false_alarm_s"] != vad.score(vad.read(VAD, {}), found)["false_alarm_s"]


def test_silence_is_counted_over_what_was_decoded() -> None:
    found = {"regions": [[0.0, 1.0]]}
    sample = decoded_length.sample(vad, {**ROW, "speech": []}, {}, 4.0, found)
    assert vad.score(sample, found)["hallucination_rate"] == Ratio(1.0, 4.0)


def test_words_are_counted_over_what_was_decoded() -> None:
    row = {**ROW, "text": "one two"}
    said = {"text": "one two", "language": "en", "segments": []}
    options = {"normaliser": "basic", "language": "en"}
    assert asr.score(decoded_length.sample(asr, row, options, 4.0, said), said)["words_per_s"] == Ratio(2, 4.0)


def test_a_reference_behind_the_end_of_the_file_leaves_the_manifests_length_and_is_told() -> None:
    said = [utterance("a", {}, duration_s=2.0)]
    assert decoded_length.sample(vad, VAD, {}, 2.0, {"regions": []}).duration_s == 10.0
    (told,) = decoded_length.doubts(vad, [VAD], {}, said)
    assert told == (
        "1 of 1 lengths in its manifest are not the files': a lasts 2.00 s, not 10.00 s; RTF and scores count what was"
        " decoded, but for 1 whose reference goes on after the file's end (a)"
    )
    with pytest.raises(DatasetError, match="without a list"):
        decoded_length.sample(Unreadable(), VAD, {}, 2.0, None)


class Unreadable:
    """A task that can read no row."""

    def read(self, row: Any, options: Any) -> Any:
        raise DatasetError("without a list")


def test_what_a_model_made_is_no_length_of_the_clip() -> None:
    made = {"duration_s": 3.0, "text": ""}
    assert decoded_length.sample(vad, VAD, {}, 4.0, made).duration_s == 10.0
    assert decoded_length.doubts(vad, [VAD], {}, [utterance("a", {}, duration_s=3.0, output=made)]) == []


def test_a_stored_utterance_is_read_with_the_length_it_had() -> None:
    assert decoded_length.stored(vad, VAD, {}, utterance("a", {}, duration_s=4.0)).duration_s == 4.0
    assert decoded_length.stored(vad, VAD, {}, utterance("a", {}, duration_s=4.0, error="it raised")).duration_s == 10.0
    assert decoded_length.row_of(VAD, utterance("a", {}, duration_s=4.0))["duration_s"] == 4.0
    assert decoded_length.row_of(VAD, utterance("a", {}, duration_s=4.0, output={"duration_s": 4.0})) is VAD
