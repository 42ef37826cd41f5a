"""Piper: a voice that was put together of recordings, and what is none."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made
from modellab.types import Audio, Setting

FOLDER = models.FOLDER / "piper"
OPTIONS = models.config(FOLDER).options_for("tiny")
TEXT = "turn on the kitchen light"


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tiny voice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield made.weights(FOLDER, "tiny")


def load(weights: Path, **options: Any) -> Any:
    setting = Setting("piper", "tiny", weights, "cpu", "float32", 1, {**OPTIONS, **options})
    return adapter_code.load(FOLDER, "adapter").load(setting)


def say(model: Any, text: str = TEXT, voice: str = "") -> Any:
    pieces: list[Audio] = list(model.speak(text, voice))
    assert {piece.rate_hz for piece in pieces} == {22_050}
    return np.concatenate([piece.samples for piece in pieces])


def test_the_same_text_gives_the_same_samples(voice: Path) -> None:
    model = load(voice)
    first = say(model)
    say(model, "call anna tonight")
    assert np.array_equal(say(model), first)
    assert np.array_equal(say(load(voice)), first)
    assert first.dtype == np.float32
    assert np.abs(first).max() == 1.0, "as loud as it can be"


def test_sentences_come_one_by_one(voice: Path) -> None:
    pieces = list(load(voice).speak("Call anna tonight. Turn on the kitchen light. The code"))
    assert len(pieces) == 3


def test_noise_is_drawn_anew_and_from_the_seed(voice: Path) -> None:
    model = load(voice, noise_scale=None, noise_w=None)
    model.seed(1)
    first, second = say(model), say(model)
    assert not np.array_equal(first, second)
    model.seed(1)
    assert np.array_equal(say(model), first)
    model.seed(2)
    assert not np.array_equal(say(model), first)


def test_length_scale_makes_it_longer(voice: Path) -> None:
    assert len(say(load(voice, length_scale=2.0))) == pytest.approx(2 * len(say(load(voice))), rel=0.01)


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\u200b"])
def test_a_text_without_words_is_an_error(voice: Path, text: str) -> None:
    with pytest.raises(ValueError, match="piper made no sound for"):
        say(load(voice), text)


@pytest.mark.parametrize(("text", "script"), [("Привет, мир!", "CYRILLIC"), ("你好", "CJK"), ("γεια", "GREEK")])
def test_another_script_is_an_error_and_not_letters_by_name(voice: Path, text: str, script: str) -> None:
    with pytest.raises(ValueError, match=f"speaks English and reads Latin letters, '{re.escape(text)}' has {script}"):
        say(load(voice), text)
    assert len(say(load(voice), f"the {text}"))


def test_what_it_does_not_know_is_named(voice: Path) -> None:
    with pytest.raises(ValueError, match="no option 'noise': did you mean noise_w"):
        load(voice, noise=0.5)
    with pytest.raises(ValueError, match="the voice tiny has no speaker 'anna': it has one speaker, without a name"):
        say(load(voice), TEXT, "anna")


def test_a_speaker_of_several_is_chosen_by_name(voice: Path, tmp_path: Path) -> None:
    shutil.copytree(voice, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "tiny.onnx.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "num_speakers": 2, "speaker_id_map": {"anna": 0, "bert": 1}}))
    model = load(tmp_path, speaker="bert")
    assert model.speaker == 1
    assert model._speaker("anna") == 0
    with pytest.raises(ValueError, match="no speaker 'ann': did you mean anna"):
        say(model, TEXT, "ann")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("no .onnx", "a Piper voice is one .onnx with its .onnx.json beside it; at"),
        ("two .onnx", "are: other.onnx, tiny.onnx"),
        ("no .json", r"tiny\.onnx\.json is not the \.json of a Piper voice"),
        ("[]", "is not the .json of a Piper voice"),
        ("{", "is not the .json of a Piper voice"),
        ('{"phoneme_type": "text"}', "has phoneme_type 'text', expected 'espeak'"),
        ('{"audio": {}, "espeak": {}, "inference": {}}', "phoneme_id_map"),
        ('{"audio": {}, "espeak": {}, "inference": {}, "phoneme_id_map": {"^": [1]}}', "phoneme_id_map with ^ _ $"),
    ],
)
def test_what_is_no_voice_is_one_sentence(voice: Path, tmp_path: Path, change: str, says: str) -> None:
    shutil.copytree(voice, tmp_path, dirs_exist_ok=True)
    match change:
        case "no .onnx":
            (tmp_path / "tiny.onnx").unlink()
        case "two .onnx":
            (tmp_path / "other.onnx").touch()
        case "no .json":
            (tmp_path / "tiny.onnx.json").unlink()
        case _:
            (tmp_path / "tiny.onnx.json").write_text(change)
    with pytest.raises(WeightsError, match=says if "\\" in says else re.escape(says)):
        load(tmp_path)
