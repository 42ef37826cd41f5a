"""Kokoro: a network with its inputs really speaks, in the voice and at the speed that were asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made, sounds
from modellab.types import Audio, Setting

FOLDER = models.FOLDER / "kokoro"
OPTIONS = models.config(FOLDER).options_for("tiny")
SOUND_S = 0.06  # of each sound that tiny makes
TEXT = "Turn on the light."
adapter = adapter_code.load(FOLDER, "adapter")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the tiny checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield made.weights(FOLDER, "tiny")


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "copy")


def load(weights: Path, precision: str = "float32", **options: Any) -> Any:
    return adapter.load(Setting("kokoro", "tiny", weights, "cpu", precision, 1, {**OPTIONS, **options}))


def say(model: Any, text: str = TEXT, voice: str = "") -> Any:
    pieces: list[Audio] = list(model.speak(text, voice))
    assert {piece.rate_hz for piece in pieces} == {24_000}
    return np.concatenate([piece.samples for piece in pieces])


def test_each_sound_of_the_text_is_said_between_two_pads(tiny: Path) -> None:
    model = load(tiny)
    (sentence,) = sounds.sentences(TEXT, "en-us")
    known = [each for each in sentence if each in model.numbers]
    assert len(known) > 10
    assert len(say(model)) == pytest.approx((len(known) + 2) * SOUND_S * 24_000)
    assert np.array_equal(say(model), say(load(tiny)))


def test_sentences_come_one_by_one_and_long_ones_in_parts(tiny: Path) -> None:
    model = load(tiny)
    assert len(list(model.speak("Turn it on. Call Anna! Is it on?"))) == 3
    parts = list(model.speak("one two three " * 60))
    assert len(parts) > 1
    assert max(part.duration_s for part in parts) <= (adapter.MOST_SOUNDS + 2) * SOUND_S + 0.001


def test_a_rows_voice_and_the_speed_are_heard(tiny: Path) -> None:
    model = load(tiny)
    assert np.abs(say(model, voice="bm_tiny")).max() == pytest.approx(np.abs(say(model)).max() / 2, rel=0.01)
    assert len(say(load(tiny, speed=2.0))) == pytest.approx(len(say(model)) / 2, rel=0.01)


@pytest.mark.parametrize("language", adapter.LANGUAGES.values())
def test_espeak_speaks_each_language(language: str) -> None:
    assert sounds.sentences("radio", language)


@pytest.mark.parametrize("text", ["", " ", "...", "\u200b"])
def test_a_text_without_words_is_an_error(tiny: Path, text: str) -> None:
    with pytest.raises(ValueError, match="kokoro made no sound for"):
        say(load(tiny), text)


def test_a_seed_makes_the_voice_anew(tiny: Path) -> None:
    model = load(tiny)
    before = model.session
    model.seed(1)
    assert model.session is not before
    assert len(say(model))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"voices": "af_tiny"}, "kokoro has no option 'voices': did you mean voice"),
        ({"voice": "af_tina"}, "kokoro has no voice 'af_tina': did you mean af_tiny"),
        ({"voice": "../onnx/model"}, "kokoro has no voice '../onnx/model'"),
    ],
)
def test_what_it_does_not_know_is_named(tiny: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        load(tiny, **options)
    with pytest.raises(ValueError, match="precision 'int4' is none of this adapter's: float32, float16, int8"):
        load(tiny, "int4")


def test_a_voice_of_other_sounds_is_an_error(copy: Path) -> None:
    shutil.copy(copy / "voices" / "af_tiny.bin", copy / "voices" / "jf_tiny.bin")
    with pytest.raises(
        ValueError, match="the voice 'jf_tiny' has sounds that espeak-ng has not, expected one of a, b, e"
    ):
        load(copy, voice="jf_tiny")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("onnx/model.onnx", None, "model.onnx does not exist: float32 needs it; was the download whole?"),
        ("tokenizer.json", None, "tokenizer.json has no vocabulary of sounds under model.vocab"),
        ("tokenizer.json", b"{}", "tokenizer.json has no vocabulary of sounds under model.vocab"),
        ("tokenizer.json", b'{"model": {"vocab": ["a"]}}', "tokenizer.json has no vocabulary of sounds"),
        ("voices/af_tiny.bin", b"1234", "af_tiny.bin has 1 numbers, expected a multiple of 256: is it whole?"),
        ("voices/af_tiny.bin", b"", "af_tiny.bin has 0 numbers"),
    ],
)
def test_a_folder_that_is_not_whole_is_one_sentence(copy: Path, name: str, content: bytes | None, says: str) -> None:
    if content is None:
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(content)
    with pytest.raises(WeightsError, match=re.escape(says)):
        load(copy)


def test_another_network_is_named_by_what_it_takes(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piper = made.weights(models.FOLDER / "piper", "tiny")
    shutil.copy(piper / "tiny.onnx", copy / "onnx" / "model.onnx")
    with pytest.raises(WeightsError, match="takes input, input_lengths, scales, expected input_ids, style and speed"):
        load(copy)
