"""Synthesisers of transformers, as tiny checkpoints of the library's own classes: the path from text to sound holds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RATES_HZ = {"vits": 16_000, "speecht5": 16_000, "csm": 24_000, "dia": 44_100, "bark": 24_000}
DRAWN = ("csm", "dia", "bark")
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.models.checkpoints.voices", str(tmp_path_factory.mktemp("voices"))]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "MODELLAB_CACHE": str(tmp_path_factory.mktemp("cache"))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("kind", RATES_HZ)
def test_each_sentence_is_a_piece_of_sound(kind: str, said: dict[str, Any]) -> None:
    pieces = said[kind]["said"]
    assert len(pieces) == 2
    for length_s, mean, most, rate_hz in pieces:
        assert length_s > 0.1
        assert 0 < mean < most <= 1
        assert rate_hz == RATES_HZ[kind]


def test_the_longer_text_takes_longer(said: dict[str, Any]) -> None:
    (longer_s, *_), (shorter_s, *_) = said["vits"]["said"]
    assert longer_s > shorter_s


@pytest.mark.parametrize("kind", RATES_HZ)
def test_what_was_said_before_changes_nothing(kind: str, said: dict[str, Any]) -> None:
    """VITS draws noise, SpeechT5's dropout stays on where it hears itself, the others draw tokens: all begin anew."""
    assert said[kind]["again"] == said[kind]["said"]


def test_a_seed_draws_something_else_and_no_noise_draws_nothing(said: dict[str, Any]) -> None:
    assert said["vits"]["seeded"] != said["vits"]["said"]
    first, second = said["vits"]["without noise"]
    assert first == second != said["vits"]["said"]


@pytest.mark.parametrize("kind", DRAWN)
def test_tokens_are_drawn_by_the_seed(kind: str, said: dict[str, Any]) -> None:
    assert said[kind]["seeded"] != said[kind]["said"]


def test_options_are_heard(said: dict[str, Any]) -> None:
    normal, slower = (sum(piece[0] for piece in said["vits"][name]) for name in ("said", "slower"))
    assert 1.7 < slower / normal < 2.3
    normal, shorter = (sum(piece[0] for piece in said["speecht5"][name]) for name in ("said", "shorter"))
    assert shorter < 0.7 * normal


def test_a_rows_voice_is_heard(said: dict[str, Any]) -> None:
    first, second = said["vits"]["voices"]
    assert first != second
    for kind in ("speecht5", *DRAWN):
        assert said[kind]["other voice"] != said[kind]["said"], kind


REFUSED = {
    "vits": {
        "no letters": "ValueError: vits made no sound for '... 99': are there letters it knows in it?",
        "nothing": "ValueError: vits made no sound for ''",
        "voice": "ValueError: vits has no voice '2': expected 0 to 1",
        "only voice": "ValueError: vits has no voice 'anna': expected none, it has one voice",
        "option": "ValueError: vits has no option 'speeking_rate': did you mean speaking_rate",
        "precision": "ValueError: precision 'int8' is none of this adapter's: float32, float16, bfloat16",
    },
    "speecht5": {
        "voice": "ValueError: speecht5 has no voice 'anne': did you mean anna",
        "no voice": "ValueError: speecht5 has no voice '': known: anna, ben, long",
        "other vector": r"WeightsError: .*long\.npy has 9 numbers, expected 8: is it of another model\?",
        "no letters": "ValueError: speecht5 made no sound for '...'",
    },
    "csm": {
        "voice": "ValueError: csm has no voice '1x': expected the number of a speaker, such as 0",
        "no letters": "ValueError: csm made no sound for '...'",
        "option": "ValueError: csm has no option 'temprature': did you mean temperature",
    },
    "dia": {
        "voice": "ValueError: dia has no voice 'S2x': did you mean S2",
        "no letters": "ValueError: dia made no sound for '...'",
        "option": "ValueError: dia has no option 'temprature': did you mean temperature",
    },
    "bark": {
        "voice": "ValueError: bark has no voice 'annax': did you mean anna",
        "no letters": "ValueError: bark made no sound for '...'",
        "option": "ValueError: bark has no option 'temprature': did you mean ",
    },
}


@pytest.mark.parametrize(("kind", "what"), [(kind, what) for kind, all_of in REFUSED.items() for what in all_of])
def test_what_cannot_be_said_is_told(kind: str, what: str, said: dict[str, Any]) -> None:
    found, wanted = said[kind]["refused"][what], REFUSED[kind][what]
    assert re.match(wanted, found) or found.startswith(wanted), found


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no vocoder", r"WeightsError: .* has no folder vocoder, where SpeechT5's HiFi-GAN was expected"),
        ("no codec", r"WeightsError: .* has no folder codec, where Dia's codec \(DAC\) was expected"),
        ("half", r"WeightsError: .* lacks \d+ of the tensors that SpeechT5ForTextToSpeech needs, such as"),
        (
            "bert",
            r"WeightsError: .* is of the type 'bert', expected one of vits, speecht5, csm, dia, bark: is it a synth",
        ),
        ("empty", r"WeightsError: .*config\.json names no model_type \(FileNotFoundError"),
        ("read", r"WeightsError: the tokenizer of .* needs a package: pip install uroman"),
    ],
)
def test_a_folder_that_is_none_is_one_sentence(name: str, says: str, said: dict[str, Any]) -> None:
    assert re.match(says, said["folders"][name]), said["folders"][name]
