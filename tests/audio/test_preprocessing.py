"""What every step of preprocessing does and none may do, and what each does to known sounds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab import audio
from modellab.audio.preprocessing import every, parse
from modellab.errors import AudioError
from modellab.types import Audio

from .tones import HZ, noise, one, rms, sound

BUILT_IN = ("denoise", "highpass", "normalize_loudness", "resample", "trim_silence", "vad_chunks")
KEEP_LENGTH = ("denoise", "highpass", "normalize_loudness", "resample(rate_hz=8000)")
each_step = pytest.mark.parametrize("text", [*BUILT_IN, "resample(rate_hz=8000)"])


def test_the_steps_that_come_with_modellab() -> None:
    assert tuple(every()) == BUILT_IN
    for module in every().values():
        assert module.__doc__
        assert isinstance(module.VERSION, int)


# ------------------------------------------------------------------------ what holds of every step


@each_step
@pytest.mark.parametrize("count", [1, 2, 3, 17, 159, 160, 321, 4_000])
def test_short_audio_goes_through(text: str, count: int) -> None:
    samples = np.full(count, 0.25, np.float32)
    for piece in parse(text).apply(Audio(samples, HZ, "de")):
        assert piece.audio.rate_hz == HZ
        assert piece.audio.language == "de"
        assert piece.audio.samples.dtype == np.float32
        assert 0 < len(piece.audio.samples) <= count
        assert np.isfinite(piece.audio.samples).all()


@each_step
def test_audio_without_samples_stays_so(text: str) -> None:
    assert len(one(text, Audio(np.zeros(0, np.float32), HZ)).samples) == 0


@each_step
def test_silence_stays_silent(text: str) -> None:
    given = Audio(np.zeros(2 * HZ, np.float32), HZ)
    for piece in parse(text).apply(given):
        assert not piece.audio.samples.any()


def test_nobody_is_asked_about_silence() -> None:
    assert parse("vad_chunks").apply(Audio(np.zeros(2 * HZ, np.float32), HZ)) == ()


@each_step
def test_several_channels_are_refused(text: str) -> None:
    with pytest.raises(AudioError, match=r"shape \(100, 2\): expected one channel"):
        parse(text).apply(Audio(np.zeros((100, 2), np.float32), HZ))


@each_step
def test_a_stereo_file_is_mixed_before(text: str, tmp_path: Path) -> None:
    left = sound((1.0, 0.2)).samples
    soundfile.write(tmp_path / "two.wav", np.stack([left, np.zeros_like(left)], axis=1), HZ, subtype="FLOAT")
    for piece in parse(text).apply(audio.read(tmp_path / "two.wav", HZ)):
        assert piece.audio.samples.ndim == 1


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([*BUILT_IN, "resample(rate_hz=8000)"]),
    st.integers(1, 9_000),
    st.sampled_from([8_000, HZ, 48_000]),
    st.floats(1e-6, 1.0),
    st.integers(0, 2**16),
)
def test_nothing_gets_lost_or_infinite(text: str, count: int, rate_hz: int, sd: float, seed: int) -> None:
    samples = np.clip(np.random.default_rng(seed).normal(0, sd, count), -1, 1).astype(np.float32)
    before = samples.copy()
    first, second = (parse(text).apply(Audio(samples, rate_hz)) for _ in range(2))
    assert (samples == before).all()  # nothing is changed in place
    ends = 0.0
    for made, again in zip(first, second, strict=True):
        assert made.start_s == again.start_s
        assert (made.audio.samples == again.audio.samples).all()  # the same twice
        assert made.audio.rate_hz == rate_hz
        assert np.isfinite(made.audio.samples).all()
        assert made.start_s >= ends - 1e-9
        ends = made.start_s + made.audio.duration_s
    assert ends <= count / rate_hz + 1e-9
    if text in KEEP_LENGTH:
        assert [len(piece.audio.samples) for piece in first] == [count]


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [("normalize_loudness", 1e-5), ("trim_silence", 0.0), ("resample(rate_hz=8000)", 0.02), ("highpass", 0.02)],
)
def test_twice_is_once(text: str, tolerance: float) -> None:
    """Of a sound that is far from what a filter takes away."""
    given = sound((0.7, 0.0), (1.5, 0.2), (0.5, 0.0), hz=1_000)
    once = one(text, given)
    twice = one(text, once)
    assert len(twice.samples) == len(once.samples)
    assert rms(twice.samples - once.samples) <= tolerance * rms(once)


# ------------------------------------------------------------------------ highpass


@pytest.mark.parametrize(("hz", "keeps_db"), [(20, -90), (40, -45), (80, -6.0), (160, -0.1), (1_000, 0.0)])
def test_highpass_takes_what_is_below(hz: float, keeps_db: float) -> None:
    given = sound((4.0, 0.5), hz=hz)
    middle = slice(HZ, 3 * HZ)
    found = 20 * math.log10(rms(one("highpass(cutoff_hz=80,order=4)", given).samples[middle]) / rms(given))
    if keeps_db < -20:
        assert found < keeps_db
    else:
        assert found == pytest.approx(keeps_db, abs=0.15)


def test_highpass_takes_an_offset_and_shifts_nothing() -> None:
    given = sound((1.0, 0.0), (1.0, 0.3), (1.0, 0.0), hz=1_000)
    made = one("highpass", Audio(given.samples + np.float32(0.1), HZ))
    inner = slice(HZ // 2, 5 * HZ // 2)
    assert np.abs(made.samples - given.samples)[inner].max() < 0.01


def test_highpass_needs_a_frequency_that_the_audio_has() -> None:
    with pytest.raises(AudioError, match=r"highpass\(cutoff_hz=8000\): expected a frequency below 8000 Hz"):
        parse("highpass(cutoff_hz=8000)").apply(sound((1.0, 0.1)))


# ------------------------------------------------------------------------ resample, denoise


def test_resample_takes_what_its_rate_cannot_hold() -> None:
    low, high = sound((2.0, 0.2), hz=1_000), sound((2.0, 0.2), hz=6_000)
    made = one("resample(rate_hz=8000)", Audio(low.samples + high.samples, HZ))
    middle = slice(HZ // 2, 3 * HZ // 2)
    assert rms(made.samples[middle] - low.samples[middle]) < 0.01 * rms(low)


@pytest.mark.parametrize("reduction_db", [6.0, 12.0, 20.0])
def test_denoise_lowers_a_steady_noise_by_so_much(reduction_db: float) -> None:
    given = noise(4.0, 0.01)
    found = 20 * math.log10(rms(one(f"denoise(reduction_db={reduction_db})", given)) / rms(given))
    assert -reduction_db - 0.1 <= found <= -0.6 * reduction_db


def test_denoise_keeps_speech_and_raises_its_distance_from_the_noise() -> None:
    speech = sound((0.5, 0.0), (0.6, 0.2), (0.6, 0.0), (0.6, 0.2), (0.7, 0.0))
    made = one("denoise", Audio(speech.samples + noise(3.0, 0.01).samples, HZ)).samples
    loud = np.abs(speech.samples) > 0
    pause, voice = slice(1_000, 7_000), slice(round(0.6 * HZ), round(1.0 * HZ))
    assert 20 * math.log10(rms(made[voice]) / rms(speech.samples[voice])) == pytest.approx(0, abs=0.7)
    assert rms(made[pause]) < 0.4 * 0.01
    assert rms(made[loud] - speech.samples[loud]) < 0.02


def test_denoise_by_nothing_changes_nothing() -> None:
    given = noise(1.0, 0.1)
    assert one("denoise(reduction_db=0)", given).samples == pytest.approx(given.samples, abs=1e-6)


# ------------------------------------------------------------------------ trim_silence


@pytest.mark.parametrize(
    ("parts", "margin_s", "start_s", "end_s"),
    [
        ([(1.0, 0.0), (1.0, 0.2), (1.0, 0.0)], 0.1, 0.89, 2.1),
        ([(1.0, 0.0), (1.0, 0.2), (1.0, 0.0)], 0.0, 0.99, 2.0),
        ([(0.05, 0.0), (1.0, 0.2)], 0.1, 0.0, 1.05),  # no more than there is
        ([(1.0, 0.001), (1.0, 0.2), (1.0, 0.001)], 0.1, 0.89, 2.1),  # 46 dB below
        ([(1.0, 0.01), (1.0, 0.2), (1.0, 0.01)], 0.1, 0.0, 3.0),  # 26 dB below is sound
        ([(0.5, 0.0), (0.2, 0.2), (2.0, 0.0), (0.2, 0.2), (0.5, 0.0)], 0.1, 0.39, 3.0),  # the pause in it stays
    ],
)
def test_trim_silence(parts: list[tuple[float, float]], margin_s: float, start_s: float, end_s: float) -> None:
    (piece,) = parse(f"trim_silence(margin_s={margin_s})").apply(sound(*parts))
    assert piece.start_s == pytest.approx(start_s, abs=0.011)
    assert piece.start_s + piece.audio.duration_s == pytest.approx(end_s, abs=0.021)
