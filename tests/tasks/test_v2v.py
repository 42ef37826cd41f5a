"""The v2v task from manifest row to counts, with a scripted model and a scripted judge."""

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
from modellab.metrics import speech_quality
from modellab.tasks import v2v
from modellab.types import Audio, Ratio, Reply, Transcript

OPTIONS = {"normaliser": "whisper_en", "judge": "whisper:lab", "language": "en", "settings": {}}
ROW = {"id": "a", "audio": "a.wav", "duration_s": 1.0, "reference": "turn on the light", "text": "Say it."}
METRIC = {metric.name: metric for metric in v2v.METRICS}


def tone(duration_s: float = 1.0) -> Audio:
    times_s = np.arange(round(24_000 * duration_s)) / 24_000
    return Audio((0.1 * np.sin(2 * math.pi * 440 * times_s)).astype(np.float32), 24_000)


class Judge:
    def __init__(self, hears: str) -> None:
        self.hears = hears

    def transcribe(self, audio: Audio) -> Transcript:
        assert audio.rate_hz == 16_000
        return Transcript(self.hears)


def sample(**changes: Any) -> v2v.Sample:
    return v2v.read({**ROW, **changes}, OPTIONS)


def examined_output(folder: Path, reply: Reply, hears: str = "", **row: Any) -> dict[str, Any]:
    """The examined output of a model that gave this reply."""
    studio = SavedAudio()
    studio.keep(str(folder))
    output = studio.stored(v2v.encode(reply), "a")
    assert json.loads(json.dumps(output)) == output
    return v2v.examine(Judge(hears), {**ROW, **row}, output)


# ---------------------------------------------------------------------------- rows


def test_a_row_becomes_a_case() -> None:
    assert sample().references == ("turn on the light",)
    assert (sample().duration_s, sample().tokeniser, sample().spoken) == (1.0, "13a", "Say it.")
    assert sample(reference=["Turn on!", "Switch on!"]).references == ("turn on", "switch on")
    assert v2v.read({key: value for key, value in ROW.items() if key != "reference"}, OPTIONS).references == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reference": 7}, "expected `reference` as a text or a list of texts, got 7"),
        ({"reference": ["a", " "]}, "has a reference with no words: whisper_en leaves nothing of ' '"),
        ({"target_language": "klingonese"}, "klingonese"),
        ({"estimates": ["mos"]}, "expected `estimates` as a list of speaker, got ['mos']"),
    ],
)
def test_a_row_that_is_no_case_says_why(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        sample(**changes)
    assert "'a'" in str(caught.value)
    assert says in str(caught.value)


def test_a_judge_is_needed() -> None:
    with pytest.raises(DatasetError, match="the header names no `judge`"):
        v2v.read(ROW, {**OPTIONS, "judge": ""})


def test_the_model_is_given_16_khz_and_the_language_that_is_wanted(tmp_path: Path) -> None:
    class Echo:
        def respond(self, audio: Audio, language: str) -> Reply:
            return Reply(f"{audio.language} to {language}", audio)

    soundfile.write(tmp_path / "a.wav", np.zeros((8_000, 2)), 8_000)
    row = {**ROW, "audio": tmp_path / "a.wav", "language": "fr", "settings": {"target_language": "de"}}
    reply = v2v.run(Echo(), v2v.prepare(row))
    assert reply.text == "fr to de"
    assert reply.audio is not None
    assert (reply.audio.rate_hz, reply.audio.samples.shape) == (16_000, (16_000,))
    assert v2v.run(Echo(), v2v.prepare({**row, "target_language": "es"})).text == "fr to es"
    assert v2v.run(Echo(), v2v.prepare({**ROW, "audio": tmp_path / "a.wav"})).text == " to "


# ---------------------------------------------------------------------------- what was said


@pytest.mark.parametrize("reply", [None, "turn on", Audio(np.zeros(3, np.float32), 16_000)])
def test_anything_else_says_what_came(reply: Any) -> None:
    with pytest.raises(TypeError, match=r"respond\(\) returned .*, expected a Reply"):
        v2v.encode(reply)


def test_speech_that_is_as_wanted(tmp_path: Path) -> None:
    output = examined_output(tmp_path, Reply("", tone(), math.nan, 0.4), "Turn on the light.")
    assert output["duration_s"] == 1.0
    counts = v2v.score(sample(), output)
    assert set(counts) == set(METRIC)
    assert counts["wer"] == Ratio(0, 4)
    values = {name: METRIC[name].value([share]) for name, share in counts.items()}
    assert [values[name] for name in ("chrf", "bleu", "spoken_rate", "complete_rate", "success_rate")] == [1] * 5
    assert values["first_audio_s"] == 0.4
    assert math.isnan(values["first_token_s"])
    assert math.isnan(values["similarity"])
    assert v2v.remember(output) == "Turn on the light."


def test_the_closest_reference_counts(tmp_path: Path) -> None:
    output = examined_output(tmp_path, Reply("", tone(), complete=False), "switch on the lamp")
    counts = v2v.score(sample(reference=["turn on the light", "switch on the light"]), output)
    assert counts["wer"] == Ratio(1, 4)
    assert counts["complete_rate"] == Ratio(0.0)
    shown = v2v.show(sample(), output)
    assert shown[0] == "given  Say it."
    assert "heard  switch on the lamp" in shown


def test_without_a_reference_the_models_own_words_count(tmp_path: Path) -> None:
    free = v2v.read({key: value for key, value in ROW.items() if key != "reference"}, OPTIONS)
    assert v2v.score(free, examined_output(tmp_path, Reply("Good night.", tone()), "good day"))["wer"] == Ratio(1, 2)
    output = examined_output(tmp_path, Reply("", tone()), "good day")
    counts = v2v.score(free, output)
    assert counts["wer"] == Ratio(0, 0)
    assert {name: len(share) for name, share in counts.items()} == {
        name: len(share) for name, share in v2v.score(sample(), output).items()
    }
    assert math.isnan(METRIC["bleu"].value([counts["bleu"]]))
    assert "(no reference, and the model gave no words of its own)" in v2v.show(free, output)


@pytest.mark.parametrize("sound", [None, Audio(np.zeros(24_000, np.float32), 24_000)])
def test_no_speech_is_all_words_missed(tmp_path: Path, sound: Audio | None) -> None:
    output = examined_output(tmp_path, Reply("Turn on the light.", sound), "what a judge makes up")
    counts = v2v.score(sample(), output)
    assert counts["wer"] == Ratio(4, 4)
    assert counts["spoken_rate"] == Ratio(0.0)
    assert counts["success_rate"] == Ratio(1.0)


def test_the_voice_is_compared_with_the_reference_or_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[float] = []

    def similarity(wanted: Audio, ours: Audio) -> float:
        lengths.append(round(wanted.duration_s, 2))
        return 0.75

    monkeypatch.setattr(speech_quality, "similarity", similarity)
    for name, duration_s in (("input.wav", 0.5), ("voice.wav", 0.25)):
        soundfile.write(tmp_path / name, np.ones(round(16_000 * duration_s)) / 9, 16_000)
    row = {"audio": tmp_path / "input.wav", "estimates": ["speaker"]}
    output = examined_output(tmp_path, Reply("", tone()), "turn on", **row)
    examined_output(tmp_path, Reply("", tone()), "turn on", **row, reference_audio=tmp_path / "voice.wav")
    assert lengths == [0.5, 0.25]
    assert v2v.score(sample(), output)["similarity"] == Ratio(0.75)
    assert "similarity 0.75" in v2v.show(sample(), output)


def test_a_model_that_raised_said_nothing() -> None:
    counts = v2v.score(sample(), None)
    assert (counts["wer"], counts["success_rate"], counts["spoken_rate"]) == (Ratio(4, 4), Ratio(0.0), Ratio(0.0))
    assert METRIC["chrf"].value([counts["chrf"]]) == 0.0
    assert v2v.show(sample(), None)[-1] == "(the model raised: no speech)"
    assert v2v.remember(None) is None


def test_limits_are_on_metrics_that_exist() -> None:
    assert set(v2v.LIMITS) <= set(METRIC)
