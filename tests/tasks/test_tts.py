"""The speech synthesis task: prompts in, speech in one piece, what the judge heard, counts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio
from modellab.audio.saved import SavedAudio
from modellab.errors import DatasetError
from modellab.metrics import speech_quality
from modellab.tasks import tts
from modellab.types import Audio, Transcript

TEXT = "Set the oven to forty two degrees!"
HEADER = {"normaliser": "whisper_en", "judge": "whisper:lab"}
ROW: dict[str, Any] = {"id": "01", "text": TEXT}
METRIC = {metric.name: metric for metric in tts.METRICS}
RATE_HZ = 22_050


def tone(duration_s: float = 2.0, pitch_hz: float = 200.0) -> Audio:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return Audio((0.3 * np.sin(2 * math.pi * pitch_hz * time_s)).astype(np.float32), RATE_HZ)


class Judge:
    """Hears what it is told to, and remembers what it was played."""

    def __init__(self, heard: str = "set the oven to 42 degrees") -> None:
        self.heard = heard
        self.played: list[Audio] = []

    def transcribe(self, audio: Audio) -> Transcript:
        self.played.append(audio)
        return Transcript(self.heard)


def examined_output(speech: Audio, judge: Judge, folder: Path, **row: Any) -> dict[str, Any]:
    """What comes of a model's speech on its way to `score`."""
    studio = SavedAudio()
    studio.keep(str(folder))
    output = studio.stored(tts.encode(tts.Made(speech)), "01")
    return json.loads(json.dumps(tts.examine(judge, {**ROW, **row}, output)))  # type: ignore[no-any-return]


def values(output: dict[str, Any] | None, text: str = TEXT) -> dict[str, float]:
    counts = tts.score(tts.read({**ROW, "text": text}, HEADER), output)
    return {name: METRIC[name].value([share]) for name, share in counts.items()}


# ---------------------------------------------------------------------------- read


def test_a_row_becomes_a_case() -> None:
    sample = tts.read({**ROW, "condition": "numbers"}, HEADER)
    assert (sample.text, sample.reference, sample.condition) == (TEXT, "set the oven to 42 degrees", "numbers")
    assert tts.prepare({**ROW, "voice": "anna"}) == tts.Prompt(TEXT, "anna")


@pytest.mark.parametrize(
    ("row", "header", "says"),
    [
        ({"text": ""}, {}, "'01' has no prompt: expected `text` with the words to say, got ''"),
        ({"text": " \n"}, {}, "has no prompt"),
        ({"text": "... ?!"}, {}, "has a prompt with no words: whisper_en leaves nothing of '... ?!'"),
        ({}, {"judge": ""}, "names no `judge`: expected MODEL:VARIANT of an ASR model"),
        ({"estimates": ["moss"]}, {}, "unknown estimate 'moss': did you mean mos?"),
        ({"estimates": "mos"}, {}, "expected `estimates` as a list, got 'mos'"),
        ({"estimates": ["speaker"]}, {}, "'speaker' needs `reference_audio`"),
    ],
)
def test_bad_prompts_name_the_case(row: dict[str, Any], header: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        tts.read({**ROW, **row}, {**HEADER, **header})
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- run and encode


def test_a_voice_is_passed_on_only_where_the_row_has_one() -> None:
    calls: list[tuple[str, ...]] = []

    class Model:
        def speak(self, *given: str) -> Audio:
            calls.append(given)
            return tone()

    tts.run(Model(), tts.Prompt("a"))
    tts.run(Model(), tts.Prompt("a", "anna"))
    assert calls == [("a",), ("a", "anna")]


def test_speech_in_pieces_is_joined_and_its_first_samples_are_timed() -> None:
    parts = [Audio(np.zeros(0, np.float32), RATE_HZ), tone(0.5), tone(0.2, 300)]
    handed: list[float] = []

    class Model:
        def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
            for part in parts:
                handed.append(time.perf_counter())
                yield part

    start_s = time.perf_counter()
    output = tts.run(Model(), tts.Prompt("a"))
    assert output.first_audio_s is not None
    assert handed[1] - start_s - 1e-3 <= output.first_audio_s <= time.perf_counter() - start_s  # not the empty piece
    encoded = tts.encode(output)
    assert encoded["duration_s"] == pytest.approx(0.7)
    assert np.array_equal(encoded["audio"].samples, np.concatenate([part.samples for part in parts]))


def test_speech_in_one_piece_has_no_first_audio() -> None:
    class Model:
        def speak(self, text: str, voice: str = "") -> Audio:
            return tone()

    assert tts.encode(tts.run(Model(), tts.Prompt("a")))["first_audio_s"] is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "speak() gave None, expected Audio or an iterator of Audio: does speak() end without a return?"),
        (np.zeros(3), "speak() gave a ndarray (array([0., 0., 0.])), expected Audio"),
        ("speech.wav", "speak() gave a str ('speech.wav'), expected Audio"),
        ([], "speak() gave nothing at all, expected at least one piece"),
        ([tone(), None], "speak() gave None, expected Audio"),
        (Audio(np.zeros((9, 2), np.float32), 1000), "samples as float32 of shape (9, 2), expected float32 in [-1, 1]"),
        (Audio(np.zeros(9, np.int16), 1000), "samples as int16 of shape (9,), expected float32"),
        ([tone(), Audio(np.zeros(9, np.float32), 16_000)], "pieces at 16000 and 22050 Hz, expected one sample rate"),
    ],
)
def test_anything_but_audio_says_what_came(given: Any, says: str) -> None:
    class Model:
        def speak(self, text: str, voice: str = "") -> Any:
            return given

    with pytest.raises(TypeError) as caught:
        tts.encode(tts.run(Model(), tts.Prompt("a")))
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- examine and score


def test_the_judge_hears_the_file_at_16_khz_and_its_words_are_counted(tmp_path: Path) -> None:
    judge = Judge("set the oven to 42 decrees")
    output = examined_output(tone(), judge, tmp_path)
    assert [(sound.rate_hz, sound.duration_s) for sound in judge.played] == [(16_000, 2.0)]
    assert audio.read(Path(output["audio"]["audio"])).duration_s == output["duration_s"] == 2.0
    found = values(output)
    assert (found["wer"], found["success_rate"], found["length_ratio"]) == (1 / 6, 1.0, 1.0)
    assert found["words_per_s"] == pytest.approx(3.0, rel=0.02)
    assert tts.remember(output) == "set the oven to 42 decrees"


def test_silence_is_not_played_to_the_judge(tmp_path: Path) -> None:
    judge = Judge("thank you for watching")
    for n in (0, RATE_HZ):
        found = values(examined_output(Audio(np.zeros(n, np.float32), RATE_HZ), judge, tmp_path))
        assert (found["wer"], found["silent_rate"], found["too_short_rate"], found["success_rate"]) == (1, 1, 1, 1)
    assert judge.played == []


def test_a_model_that_raised_said_nothing() -> None:
    found = values(None)
    assert (found["wer"], found["silent_rate"], found["too_short_rate"], found["success_rate"]) == (1, 1, 1, 0)
    assert tts.remember(None) is None


def test_score_gives_exactly_the_metrics(tmp_path: Path) -> None:
    for output in (None, examined_output(tone(), Judge(), tmp_path)):
        assert set(values(output)) == set(METRIC) - {"second_wer", "agreed_error_rate"}  # of a second judge


@pytest.mark.parametrize(
    ("speech", "beyond"),
    [
        (tone(2.0), set()),
        (tone(0.3), {"too_short_rate", "words_per_s"}),
        (tone(15.0), {"too_long_rate"}),
        (
            Audio(np.full(2 * RATE_HZ, math.nan, np.float32), RATE_HZ),
            {"bad_sample_rate", "silent_rate", "too_short_rate"},
        ),
        (Audio(tone().samples + np.float32(0.2), RATE_HZ), {"dc_offset"}),
        (Audio(np.clip(tone().samples * 9, -1, 1), RATE_HZ), {"clipped_rate"}),
    ],
)
def test_broken_speech_is_beyond_its_limits(speech: Audio, beyond: set[str], tmp_path: Path) -> None:
    found = values(examined_output(speech, Judge(), tmp_path))
    upper = {name: limit for name, limit in tts.LIMITS.items() if METRIC[name].better == "lower"}
    assert {name for name, limit in upper.items() if found[name] > limit} == beyond


def test_a_model_that_repeats_itself_is_too_long_in_words(tmp_path: Path) -> None:
    assert values(examined_output(tone(), Judge("set the oven to 42 degrees " * 2), tmp_path))["length_ratio"] == 2.0


# ---------------------------------------------------------------------------- against a reference, and estimates


def test_a_reference_gives_a_distance(tmp_path: Path) -> None:
    audio.write(tmp_path / "ref.flac", tone())
    near, far = (
        examined_output(speech, Judge(), tmp_path, reference_audio=tmp_path / "ref.flac")
        for speech in (tone(), tone(2, 900))
    )
    assert near["mcd_db"] < 0.5 < far["mcd_db"]
    assert values(near)["mcd_db"] == near["mcd_db"]
    assert math.isnan(values(examined_output(tone(), Judge(), tmp_path))["mcd_db"])


def test_estimates_are_made_where_a_row_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_quality, "opinion", lambda audio: {"mos": 3.5, "mos_signal": 4.0, "mos_background": 3.0})
    monkeypatch.setattr(speech_quality, "similarity", lambda ours, theirs: 0.8)
    monkeypatch.setattr(speech_quality, "missing", lambda library: "")
    audio.write(tmp_path / "ref.flac", tone())
    row = {"reference_audio": tmp_path / "ref.flac"}
    asked = values(examined_output(tone(), Judge(), tmp_path, **row, estimates=["mos", "speaker"]))
    assert (asked["mos"], asked["mos_signal"], asked["mos_background"], asked["similarity"]) == (3.5, 4.0, 3.0, 0.8)
    assert math.isnan(values(examined_output(tone(), Judge(), tmp_path, **row))["mos"])


@pytest.mark.slow
def test_a_higher_longer_or_quieter_voice_moves_its_own_number_and_no_other(tmp_path: Path) -> None:
    """A fault of pitch alone, of length, of loudness: nothing but what measures it moves."""
    audio.write(tmp_path / "ref.flac", tone())
    row = {"reference_audio": tmp_path / "ref.flac", "estimates": ["pitch"]}
    quieter = Audio(tone().samples * np.float32(0.5), RATE_HZ)
    plain, high, long, quiet = (
        values(examined_output(speech, Judge(), tmp_path, **row))
        for speech in (tone(), tone(pitch_hz=212.0), tone(2.2), quieter)
    )
    assert plain["pitch_hz"] == pytest.approx(200, rel=0.01)
    assert plain["pitch_distance_semitones"] == pytest.approx(0, abs=0.1)
    assert plain["duration_error"] == 0
    assert high["pitch_distance_semitones"] == pytest.approx(12 * math.log2(1.06), abs=0.1)
    assert long["duration_error"] == pytest.approx(0.1, abs=0.02)
    names = ("pitch_distance_semitones", "duration_error", "wer", "too_long_rate", "silent_rate")
    assert {name for name in names if abs(high[name] - plain[name]) > 0.05} == {"pitch_distance_semitones"}
    assert {name for name in names if abs(long[name] - plain[name]) > 0.05} == {"duration_error"}
    assert {name for name, value in plain.items() if abs(quiet[name] - value) > 0.01} == {"loudness_lufs"}


def test_naturalness_is_estimated_where_a_row_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert math.isnan(values(examined_output(tone(), Judge(), tmp_path))["naturalness"])
    lacking = examined_output(tone(), Judge(), tmp_path, estimates=["naturalness"])
    if speech_quality.missing("distillmos"):
        assert tts.show(tts.read(ROW, HEADER), lacking)[-1] == (
            "not measured: distillmos is not installed (pip install --no-deps distillmos xls-r-sqa)"
        )
    monkeypatch.setattr(speech_quality, "naturalness", lambda audio: 3.5)
    assert values(examined_output(tone(), Judge(), tmp_path, estimates=["naturalness"]))["naturalness"] == 3.5


def test_what_is_not_installed_is_missing_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_quality, "find_spec", lambda name: None)
    output = examined_output(tone(), Judge(), tmp_path, estimates=["mos"])
    found = values(output)
    assert math.isnan(found["mos"])
    assert math.isnan(found["loudness_lufs"])
    assert tts.show(tts.read(ROW, HEADER), output)[-2:] == [
        "not measured: pyloudnorm is not installed (pip install 'modellab[speech-quality]')",
        "not measured: speechmos is not installed (pip install 'modellab[speech-quality]')",
    ]


# ---------------------------------------------------------------------------- show


def test_show_names_errors_the_file_and_its_faults(tmp_path: Path) -> None:
    output = {
        **examined_output(Audio(tone().samples + np.float32(0.2), RATE_HZ), Judge("set the oven"), tmp_path),
        "loudness_lufs": None,
    }
    lines = tts.show(tts.read(ROW, HEADER), output)
    assert lines[0].startswith("ref  set the oven to 42 degrees")
    assert lines[-3:] == [
        f"audio  {tmp_path / '01.flac'}",
        "       2.00 s, -10.7 dBFS",
        "faults dc offset 0.2",
    ]
    assert tts.show(tts.read(ROW, HEADER), None)[-1] == "(the model raised: no speech)"


def test_the_metrics_have_limits_that_exist() -> None:
    assert tts.METRICS[0].name == "wer"
    assert set(tts.LIMITS) <= set(METRIC)
    assert set(tts.MEANS) <= {metric.name for metric in tts.METRICS if not metric.gated}
