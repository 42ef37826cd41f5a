"""Each condition does what its name says, the same each time, and a bad name is told."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from modellab.audio.conditions import KINDS, PEAK, RATE_HZ, Condition, Samples, change, parse
from modellab.errors import ConfigError
from modellab.types import Audio

NAMES = ["clean", "noise:10", "reverb:0.5", "telephone", "mp3:16", "speed:1.25", "clipping:20"]
ENGINE = pytest.mark.engine  # what torch-audiomentations does: seconds of import


def speech(duration_s: float = 2.0) -> Samples:
    """Noise in syllables: broad in frequency, with gaps."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(1).standard_normal(len(time_s))
    return np.asarray(0.1 * noise * (np.sin(2 * np.pi * 3 * time_s) > 0), np.float32)


CLIP = Audio(speech(), RATE_HZ)


def altered(name: str, seed: int = 1) -> Samples:
    return change(CLIP, parse(name), seed).samples


def power_db(samples: Samples, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    at_hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return float(10 * np.log10(spectrum[(at_hz >= low_hz) & (at_hz < high_hz)].sum()))


@pytest.mark.parametrize("name", [pytest.param(n, marks=ENGINE if n[0] in "nt" else ()) for n in NAMES])
def test_the_same_seed_gives_the_same_sound_and_none_is_too_loud(name: str) -> None:
    first = altered(name)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= PEAK
    np.testing.assert_array_equal(first, altered(name))


def test_every_kind_is_among_them() -> None:
    assert {parse(name).kind for name in NAMES} == KINDS.keys()
    assert [str(parse(name)) for name in NAMES] == NAMES


@pytest.mark.engine
@pytest.mark.parametrize("snr_db", [20.0, 5.0, 0.0])
def test_noise_is_at_its_level_and_falls_with_frequency(snr_db: float) -> None:
    heard = altered(f"noise:{snr_db:g}")
    gain = min(1.0, float(heard @ CLIP.samples / (CLIP.samples @ CLIP.samples)))
    noise = heard - gain * CLIP.samples
    found_db = 10 * math.log10(float(np.mean((gain * CLIP.samples) ** 2) / np.mean(noise**2)))
    assert found_db == pytest.approx(snr_db, abs=0.3)
    octaves = [power_db(noise, low_hz, 2 * low_hz) for low_hz in (250, 500, 1000, 2000)]
    assert all(abs(one - other) < 1.5 for one, other in pairwise(octaves)), "pink: the same power in each octave"


@pytest.mark.engine
def test_other_seeds_give_other_noise() -> None:
    assert not np.array_equal(altered("noise:10", 1), altered("noise:10", 2))


@pytest.mark.engine
def test_the_telephone_passes_its_band_alone() -> None:
    heard = altered("telephone")
    assert len(heard) == len(CLIP.samples)
    lost_db = {
        band: power_db(CLIP.samples, *band) - power_db(heard, *band) for band in ((500, 3000), (20, 150), (4200, 8000))
    }
    assert lost_db[500, 3000] < 1.5
    assert lost_db[20, 150] > 10
    assert lost_db[4200, 8000] > 20


def test_a_room_goes_on_sounding_for_its_time() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[0] = 1.0
    heard = change(Audio(click, RATE_HZ), parse("reverb:0.5"), 1).samples.astype(float)
    left = np.cumsum(heard[:0:-1] ** 2)[::-1]  # Schroeder's backward integration, without the direct sound
    decay_db = 10 * np.log10(left / left[0])
    fall_s = (np.argmax(decay_db < -25) - np.argmax(decay_db < -5)) / RATE_HZ  # T20, as ISO 3382 has it
    assert 3 * fall_s == pytest.approx(0.5, rel=0.1)
    assert np.sum(altered("reverb:0.5").astype(float) ** 2) == pytest.approx(
        np.sum(CLIP.samples.astype(float) ** 2), rel=1e-3
    )


def test_faster_is_shorter_and_higher() -> None:
    tone = Audio(np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32) / 2, RATE_HZ)
    heard = change(tone, parse("speed:1.25"), 1).samples
    assert len(heard) == pytest.approx(RATE_HZ / 1.25, abs=2)
    assert np.abs(np.fft.rfft(heard)).argmax() * RATE_HZ / len(heard) == pytest.approx(1250, abs=3)


def test_so_many_samples_are_clipped() -> None:
    heard = altered("clipping:20")
    assert np.mean(np.abs(heard) >= np.abs(heard).max() * 0.9999) == pytest.approx(0.2, abs=0.01)


def test_a_codec_at_a_lower_rate_changes_more() -> None:
    def error(name: str) -> float:
        coded = altered(name)
        shift = int(np.argmax(np.correlate(coded[:20000], CLIP.samples[:12000])))
        size = min(len(coded) - shift, len(CLIP.samples))
        return float(np.mean((coded[shift : shift + size] - CLIP.samples[:size]) ** 2))

    assert error("mp3:8") > error("mp3:32") > error("mp3:128")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("noice:10", "no kind 'noice': did you mean noise"),
        ("", "no kind ''"),
        ("noise", "expected noise:LEVEL with a level of -20 to 60 dB"),
        ("noise:loud", "expected noise:LEVEL"),
        ("reverb:9", "expected reverb:LEVEL with a level of 0.05 to 5 s"),
        ("speed:nan", "expected speed:LEVEL with a level of 0.5 to 2 times"),
        ("telephone:8", "telephone has no level"),
    ],
)
def test_odd_names_are_told(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(name)


def test_a_level_is_part_of_the_name() -> None:
    assert str(Condition("speed", 1.25)) == "speed:1.25"
