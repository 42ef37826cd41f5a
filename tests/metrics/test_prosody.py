"""Pitch and duration, on sounds whose pitch is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from modellab import audio, datasets
from modellab.metrics import prosody, speech_quality
from modellab.types import Audio, Ratio

GOLDEN = Path(__file__).parents[2] / "golden" / "asr_smoke_v1"
RATE_HZ = 16_000


def buzz(hertz: float, sway_semitones: float = 0.0, duration_s: float = 1.0) -> Audio:
    """A voice-like tone with ten harmonics, whose pitch sways as a sine, twice a second."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch = hertz * 2 ** (sway_semitones * np.sin(2 * math.pi * 2 * time_s) / 12)
    phase = 2 * math.pi * np.cumsum(pitch) / RATE_HZ
    waves = np.sum([np.sin(k * phase) / k for k in range(1, 11)], axis=0)
    return Audio((0.05 * waves).astype(np.float32), RATE_HZ)


@pytest.mark.parametrize("hertz", [100.0, 220.0])
def test_the_pitch_of_a_tone_is_its_frequency(hertz: float) -> None:
    found = prosody.pitch(buzz(hertz))
    assert found is not None
    assert found["pitch_hz"] == pytest.approx(hertz, rel=0.01)
    assert found["pitch_sd_semitones"] < 0.2
    assert found["voiced"] > 0.8


def test_the_spread_is_that_of_the_sway() -> None:
    found = prosody.pitch(buzz(150.0, sway_semitones=3.0, duration_s=2.0))
    assert found is not None
    assert found["pitch_sd_semitones"] == pytest.approx(3 / math.sqrt(2), abs=0.4)


def test_another_voice_is_as_far_away_as_its_pitch() -> None:
    ours, theirs = buzz(212.0, duration_s=0.5), buzz(200.0, duration_s=0.5)
    assert prosody.compared(ours, theirs)["pitch_distance_semitones"] == pytest.approx(12 * math.log2(1.06), abs=0.1)
    assert prosody.compared(ours).keys() == {"pitch_hz", "pitch_sd_semitones", "voiced"}
    assert prosody.compared(Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ), theirs) == {}


def test_what_has_no_voice_has_no_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)
    assert prosody.pitch(Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ)) is None
    assert prosody.pitch(Audio(hiss[:100], RATE_HZ)) is None
    with pytest.raises(ValueError, match="expected audio at 16000 Hz, got 8000 Hz"):
        prosody.pitch(Audio(hiss, 8_000))
    monkeypatch.setattr(speech_quality, "find_spec", lambda _: None)
    assert prosody.pitch(buzz(100.0)) is None


def test_a_fault_of_pitch_moves_neither_duration_nor_the_other_way_round() -> None:
    speech = audio.read(datasets.load(GOLDEN).rows[0]["audio"], RATE_HZ)
    high = audio.resample(Audio(speech.samples, round(RATE_HZ * 1.06)), RATE_HZ)  # a semitone up, and 6 % shorter
    plain, raised = prosody.pitch(speech), prosody.pitch(high)
    assert plain is not None
    assert raised is not None
    assert prosody.pitch_distance(plain, raised) == pytest.approx(1.0, abs=0.3)
    assert abs(plain["pitch_sd_semitones"] - raised["pitch_sd_semitones"]) < 0.4
    assert prosody.pitch_distance(plain, plain) == 0


def test_durations_pool_as_seconds() -> None:
    assert prosody.duration_error(2.0, 2.5) == Ratio(0.5, 2.5)
    assert prosody.duration_error(2.0, 0.0) == Ratio(0.0, 0.0)
