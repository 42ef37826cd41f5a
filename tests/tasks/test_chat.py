"""The chat task from manifest row to counts, with a scripted model and a scripted judge."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.audio.saved import SavedAudio
from modellab.errors import DatasetError
from modellab.tasks import chat
from modellab.types import Audio, Ratio, Reply, Transcript

OPTIONS = {"normaliser": "whisper_en", "judge": "whisper:lab", "settings": {}}
SCRIPT = [
    {"text": "What is two plus two?", "expect": {"keywords": ["Four"], "regex": r"\b(four|4)\b"}},
    {"text": "Is it?", "expect": {"modality": ["text"]}},
    {"text": "What is two plus two?"},
]
METRIC = {metric.name: metric for metric in chat.METRICS}


def tone(duration_s: float = 1.0) -> Audio:
    times_s = np.arange(round(16_000 * duration_s)) / 16_000
    return Audio((0.1 * np.sin(2 * math.pi * 440 * times_s)).astype(np.float32), 16_000)


class Scripted:
    """Answers in turn what it is told to; a dialogue that goes on beyond it is an IndexError."""

    def __init__(self, *answers: Reply) -> None:
        self.answers = answers
        self.asked: list[str | Audio] = []

    def converse(self) -> Scripted:
        self.asked = []
        return self

    def say(self, said: str | Audio) -> Reply:
        self.asked.append(said)
        return self.answers[len(self.asked) - 1]


class Judge:
    def __init__(self, hears: str) -> None:
        self.hears = hears

    def transcribe(self, audio: Audio) -> Transcript:
        assert audio.rate_hz == 16_000
        return Transcript(self.hears)


def sample(*script: dict[str, Any], **settings: Any) -> chat.Sample:
    return chat.read({"id": "a", "script": list(script or SCRIPT)}, {**OPTIONS, "settings": settings})


def examined_output(tmp_path: Path, *answers: Reply, hears: str = "it is four") -> dict[str, Any]:
    """The examined output of a dialogue in which these answers were given."""
    studio = SavedAudio()
    studio.keep(str(tmp_path))
    given = chat.prepare({"id": "a", "script": SCRIPT[: len(answers)]})
    output = studio.stored(chat.encode(chat.run(Scripted(*answers), given)), "a")
    assert json.loads(json.dumps(output)) == output
    return chat.examine(Judge(hears), {}, output)


def values(counts: dict[str, Any], *names: str) -> list[float]:
    return [METRIC[name].value([counts[name]]) for name in names]


# ---------------------------------------------------------------------------- rows


def test_a_row_becomes_a_case() -> None:
    first, second, third = sample(modality=["text", "audio"]).lines
    assert (first.keywords, first.regex, first.modality) == (("4",), r"\b(four|4)\b", {"text", "audio"})
    assert (second.modality, third.keywords) == ({"text"}, ())
    assert sample().duration_s == 0.0


def test_the_line_may_be_a_recording(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((8_000, 2)), 8_000)
    row = {"id": "a", "script": [{"audio": tmp_path / "a.wav", "duration_s": 1.0}, {"text": "hello"}]}
    said, text = chat.prepare(row)
    assert isinstance(said, Audio)
    assert (said.rate_hz, said.samples.shape, text) == (16_000, (16_000,), "hello")
    assert chat.read(row, OPTIONS).duration_s == 1.0


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "expected `script` as a list of what the user says, got None"),
        ([], "got []"),
        ([{"text": " "}], "a line of the script has a `text` or an `audio`"),
        ([{"text": "a", "audio": "b.flac"}], "a line of the script has a `text` or an `audio`"),
        ([{"text": "a", "expected": {}}], "a line of the script has 'expected': did you mean expect?"),
        ([{"text": "a", "expect": ["b"]}], "expected `expect` as keywords, regex, modality, got ['b']"),
        ([{"text": "a", "expect": {"keyword": ["b"]}}], "`expect` has 'keyword': did you mean keywords?"),
        ([{"text": "a", "expect": {"keywords": "b"}}], "expected `keywords` as a list of words, got 'b'"),
        ([{"text": "a", "expect": {"keywords": ["!"]}}], "expected `keywords` as a list of words, got ['!']"),
        ([{"text": "a", "expect": {"regex": "("}}], "regex '(' is none: missing )"),
        ([{"text": "a", "expect": {"modality": "text"}}], "expected `modality` as a list out of text, audio"),
        ([{"text": "a", "expect": {"modality": ["video"]}}], "expected `modality` as a list out of text, audio"),
    ],
)
def test_a_script_that_is_none_says_why(script: object, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        chat.read({"id": "a", "script": script}, OPTIONS)
    assert says in str(caught.value)


def test_spoken_answers_need_a_judge() -> None:
    with pytest.raises(DatasetError, match="the header names no `judge`"):
        chat.read({"id": "a", "script": SCRIPT}, {**OPTIONS, "judge": "", "settings": {"modality": ["audio"]}})
    assert chat.read({"id": "a", "script": SCRIPT}, {**OPTIONS, "judge": ""})


# ---------------------------------------------------------------------------- what the model said


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (None, "say() returned None, expected a Reply: does say() end without a return?"),
        ("four", "say() returned a str ('four'), expected a Reply"),
        (Reply(audio=np.zeros(3)), "say() returned a Reply with text str, audio ndarray"),  # type: ignore[arg-type]
    ],
)
def test_anything_else_says_what_came(reply: Any, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        chat.encode([reply])
    assert says in str(caught.value)


def test_a_dialogue_that_is_as_expected(tmp_path: Path) -> None:
    four = Reply("It is four.", tone(), 0.1, 0.3)
    output = examined_output(tmp_path, four, Reply("Yes."), four)
    assert output["duration_s"] == 2.0
    counts = chat.score(sample(), output)
    assert set(counts) == set(METRIC)
    assert counts["met_rate"] == Ratio(2.0, 2)
    assert counts["spoken_wer"] == Ratio(0, 6)
    assert counts["stable_rate"] == Ratio(1.0, 1)
    rates = ("answered_rate", "modality_rate", "complete_rate", "success_rate", "silent_rate", "too_short_rate")
    assert values(counts, *rates) == [1, 1, 1, 1, 0, 0]
    assert values(counts, "first_token_s", "first_audio_s") == [pytest.approx(0.1), pytest.approx(0.3)]
    assert chat.remember(output) == ["It is four.", "Yes.", "It is four."]


def test_what_is_wrong_is_counted_and_shown(tmp_path: Path) -> None:
    output = examined_output(
        tmp_path, Reply("Five.", tone(), complete=False), Reply("Yes.", tone()), Reply(), hears="no yes"
    )
    counts = chat.score(sample(), output)
    assert counts["met_rate"] == Ratio(0.0, 2)
    assert counts["spoken_wer"] == Ratio(3, 2)  # "no yes" for "five": 2 errors, for "yes": 1
    assert counts["stable_rate"] == Ratio(0.0, 1)
    assert values(counts, "answered_rate", "modality_rate", "complete_rate") == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    shown = "\n".join(chat.show(sample(), output))
    for line in (
        "keyword '4': not met",
        "regex '\\\\b(four|4)\\\\b': not met",
        "heard  no yes",
        "stopped at its limit rather than by itself",
        "answered in audio and text, expected text",
        "answered in nothing, expected an answer",
        "1 asked again and answered differently",
    ):
        assert line in shown


def test_where_a_model_gives_no_words_those_that_were_heard_count(tmp_path: Path) -> None:
    counts = chat.score(sample(), examined_output(tmp_path, *[Reply(audio=tone())] * 3))
    assert counts["met_rate"] == Ratio(2.0, 2)
    assert counts["stable_rate"] == Ratio(1.0, 1)
    assert counts["spoken_wer"] == Ratio(0, 0)


def test_silence_is_no_answer_and_is_not_played_to_the_judge(tmp_path: Path) -> None:
    silence = Audio(np.zeros(16_000, np.float32), 16_000)
    output = examined_output(tmp_path, *[Reply(audio=silence)] * 3)
    assert [reply["heard"] for reply in output["replies"]] == [""] * 3
    assert values(chat.score(sample(), output), "answered_rate", "silent_rate", "met_rate") == [0, 1, 0]


def test_text_alone_has_no_audio_to_be_ill(tmp_path: Path) -> None:
    output = examined_output(tmp_path, *[Reply("It is four")] * 3)
    assert "duration_s" not in output
    counts = chat.score(sample(), output)
    assert all(values(counts, name)[0] == 0.0 for name in chat.LIMITS if METRIC[name].better == "lower")


def test_a_keyword_is_a_whole_word(tmp_path: Path) -> None:
    (line,) = script = [{"text": "a", "expect": {"keywords": ["cat", "big dog"]}}]
    for answer, met in (("A cat and a big dog.", 2), ("Concatenate a dog, big", 0), ("cat", 1)):
        output = chat.encode([Reply(answer)])
        assert chat.score(sample(line), output)["met_rate"] == Ratio(met, 2), script


def test_a_model_that_raised_answered_nothing() -> None:
    counts = chat.score(sample(), None)
    names = ("met_rate", "stable_rate", "success_rate", "answered_rate", "modality_rate", "complete_rate")
    assert values(counts, *names) == [0] * 6
    assert chat.show(sample(), None)[-1] == "(the model raised: no answers)"
    assert chat.remember(None) is None


def test_limits_are_on_metrics_that_exist() -> None:
    assert set(chat.LIMITS) <= set(METRIC)
