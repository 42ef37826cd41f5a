"""Samples in another scale than floats have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab import audio
from modellab.errors import AudioError

RATE_HZ = 16_000


def write_tone(path: Path, peak: float) -> Path:
    wave = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    soundfile.write(path, peak * wave / wave.max(), RATE_HZ, subtype="FLOAT")
    return path


@pytest.mark.parametrize("peak", [32_000.0, 1e30])
def test_whole_numbers_as_floats_are_one_sentence(tmp_path: Path, peak: float) -> None:
    path = write_tone(tmp_path / "a.wav", peak)
    with pytest.raises(AudioError) as caught:
        audio.read(path)
    said = f"{path} has samples up to {peak:g}: expected [-1, 1]: were whole numbers written as floats?"
    assert str(caught.value) == said


def test_what_is_a_little_beyond_full_scale_is_read_as_it_is(tmp_path: Path) -> None:
    assert np.abs(audio.read(write_tone(tmp_path / "a.wav", 3.0)).samples).max() == pytest.approx(3.0)
