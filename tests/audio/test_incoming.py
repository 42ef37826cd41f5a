"""Raw audio that comes in pieces: formats, rates, and pieces of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import audio
from modellab.audio.incoming import FORMS, Incoming, Samples
from modellab.errors import AudioError
from modellab.types import Audio


def tone(rate_hz: int, duration_s: float = 1.0) -> Samples:
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def feed_in_pieces(stream: Incoming, data: bytes, size: int) -> Samples:
    pieces = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return np.concatenate([*pieces, stream.flush()])


@given(st.binary(max_size=200), st.integers(1, 50), st.sampled_from(["pcm16", "pcmu", "pcma"]))
def test_any_bytes_in_any_pieces_are_the_same_samples(data: bytes, size: int, form: str) -> None:
    rate_hz = 16_000
    whole = feed_in_pieces(Incoming(form, rate_hz, rate_hz), data, max(1, len(data)))
    assert np.array_equal(feed_in_pieces(Incoming(form, rate_hz, rate_hz), data, size), whole)
    assert len(whole) == len(data) // FORMS[form][1]
    assert np.all(np.abs(whole) <= 1)


def test_sixteen_bits_are_exact_and_float32_is_as_it_came() -> None:
    numbers = np.array([0, 1, -1, 32767, -32768], "<i2")
    assert np.array_equal(Incoming("pcm16", 1, 1).feed(numbers.tobytes()) * 32768, numbers)
    samples = np.array([0.0, 0.25, -1.0], "<f4")
    assert np.array_equal(Incoming("float32", 1, 1).feed(samples.tobytes()), samples)


@pytest.mark.parametrize(("form", "byte", "value"), [("pcmu", 0xFF, 0.0), ("pcmu", 0x80, 0.98), ("pcma", 0xAA, 0.98)])
def test_g711_is_what_itu_says(form: str, byte: int, value: float) -> None:
    assert Incoming(form, 8_000, 8_000).feed(bytes([byte]))[0] == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
def test_pieces_resampled_are_the_whole_resampled(rate_hz: int) -> None:
    data = (tone(rate_hz) * 32767).astype("<i2").tobytes()
    found = feed_in_pieces(Incoming("pcm16", rate_hz, 16_000), data, 999)
    whole = audio.resample(Audio(tone(rate_hz), rate_hz), 16_000).samples
    assert len(found) == pytest.approx(len(whole), abs=2)
    assert np.max(np.abs(found[: len(whole)] - whole[: len(found)])) < 0.001


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_what_is_no_float32_is_told(value: float) -> None:
    with pytest.raises(AudioError, match="no float32 in"):
        Incoming("float32", 16_000, 16_000).feed(np.array([0.0, value], "<f4").tobytes())
