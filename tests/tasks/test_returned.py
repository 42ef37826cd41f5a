"""What adapters return: a wrong type anywhere in it is a sentence that names the field."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from modellab.streaming.feed import checked
from modellab.streaming.protocol import Event
from modellab.tasks import _dialogue, alignment, asr, diarization, meeting, tts, vad
from modellab.tasks.tts import Made
from modellab.types import Audio, Confidence, Reply, Segment, SpokenTurn, Transcript, Turn, Word

SOUND = np.zeros(160, np.float32)


def transcript(**fields: Any) -> Transcript:
    return Transcript(**{"text": "a b", **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": b"a"}, "text is a bytes"),
        ({"language": ["en"]}, "language is a list"),
        ({"language": []}, "language is a list"),
        ({"segments": "ab"}, "segments is a str"),
        ({"segments": 3}, "segments is a int"),
        ({"segments": ((0.0, 1.0),)}, r"segments\[0\] is a tuple"),
        ({"segments": (Segment("a", 0.0, 1.0), None)}, r"segments\[1\] is None"),
        ({"segments": ((None, 0.0, 1.0),)}, r"segments\[0\].text is None"),
        ({"segments": (("a", "0", 1.0),)}, r"segments\[0\].start_s is a str"),
        ({"segments": (("a", 0.0, None),)}, r"segments\[0\].end_s is None"),
        ({"segments": (("a", 0.0, True),)}, r"segments\[0\].end_s is a bool"),
        ({"segments": (("a", 0.0, [1.0]),)}, r"segments\[0\].end_s is a list"),
        ({"confidences": 0.5}, "confidences is a float"),
        ({"confidences": (0.5,)}, r"confidences\[0\] is a float"),
        ({"confidences": ((1, 0.5),)}, r"confidences\[0\].word is a int"),
        ({"confidences": (Confidence("a", math.nan),)}, "the confidence of 'a' is nan"),
        ({"confidences": (Confidence("a", True),)}, "the confidence of 'a' is True"),
        ({"confidences": (("a", "1"),)}, "the confidence of 'a' is '1'"),
    ],
)
def test_a_wrong_field_of_a_transcript_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        asr.encode(transcript(**fields))


def test_numbers_of_other_libraries_are_numbers() -> None:
    given = transcript(
        segments=[("a", np.float32(0.5), np.int64(1))], confidences=[("a", np.float16(0.5))], language=None
    )
    told = asr.encode(given)
    assert told == {"text": "a b", "language": "", "segments": [["a", 0.5, 1.0]], "confidences": [["a", 0.5]]}


@pytest.mark.parametrize(
    ("encode", "output", "said"),
    [
        (diarization.encode, [Turn("0", 1.0, "A")], r"expected \[start_s, end_s, speaker\]"),  # type: ignore[arg-type]
        (meeting.encode, [SpokenTurn(True, 1.0, "A", "a")], r"expected \[start_s, end_s, speaker, words\]"),
        (vad.encode, [("0.5", 1.0)], r"expected \[start_s, end_s\]"),
        (alignment.encode, ([Word("a", "0", 1.0)], True), r"expected \[word, start_s, end_s\]"),  # type: ignore[arg-type]
        (vad.encode, b"ab", "expected a list of Region"),
        (tts.encode, Made(Audio([0.0], 16_000)), "samples as a list"),  # type: ignore[arg-type]
        (tts.encode, Made(Audio(SOUND, 0)), "at 0 Hz"),
        (tts.encode, Made(Audio(SOUND, 24_000.0)), "at 24000.0 Hz"),  # type: ignore[arg-type]
        (tts.encode, Made([Audio(SOUND, -1)]), "at -1 Hz"),
    ],
)
def test_other_tasks_take_numbers_for_numbers(encode: Any, output: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        encode(output)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": 3}, "text int"),
        ({"complete": "yes"}, "complete is a str"),
        ({"first_token_s": "0.1"}, "first_token_s of say.. is a str"),
        ({"first_token_s": -0.1}, "first_token_s of say.. is -0.1"),
        ({"first_audio_s": math.inf}, "first_audio_s of say.. is inf"),
        ({"audio": Audio(SOUND.astype(np.int16), 16_000)}, "say.. gave samples as int16"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_field_of_a_reply_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        _dialogue.as_json(Reply(**fields), "say()")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("final", "a", "1"), "audio_s is a str"),  # type: ignore[arg-type]
        (Event("final", "a", waited_s=math.nan), "waited_s is nan"),
        (Event("final", "a", waited_s=-1.0), "waited_s is -1"),
    ],
)
def test_a_wrong_time_of_an_event_is_named(event: Event, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        checked(event)
