"""Where somebody speaks by energy alone, with tones over noise whose places are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.streaming.energy import FRAME_S, Levels, Part, Turns
from modellab.streaming.protocol import Samples

RATE_HZ = 16_000


def sound(*parts: tuple[float, float]) -> Samples:
    """Noise of (seconds, dB below full scale) one after the other."""
    drawn = np.random.default_rng(1)
    pieces = [10 ** (db / 20) * drawn.standard_normal(round(s * RATE_HZ)) for s, db in parts]
    return np.concatenate(pieces).astype(np.float32)


def speech_frames(samples: Samples, threshold: float = 0.5) -> list[bool]:
    return Levels(RATE_HZ, threshold).feed(samples)


@pytest.mark.parametrize(
    ("parts", "fraction"),
    [
        ([(1.0, -20.0)], 1.0),
        ([(1.0, -200.0)], 0.0),
        ([(1.0, -70.0)], 0.0),  # quieter than anybody speaks
        ([(0.5, -70.0), (0.5, -25.0)], 0.5),
        ([(0.5, -45.0), (0.5, -20.0)], 0.5),  # over noise
        ([(20.0, -45.0)], 0.0),
    ],
)
def test_frames_louder_than_the_noise_are_speech(parts: list[tuple[float, float]], fraction: float) -> None:
    assert np.mean(speech_frames(sound(*parts))) == pytest.approx(fraction, abs=0.02)


def test_noise_that_goes_on_is_no_speech_after_a_while() -> None:
    frames = speech_frames(sound((30.0, -30.0)))
    assert all(frames[:10])
    assert not any(frames[-250:])


def test_a_threshold_of_one_wants_more_than_a_threshold_of_nothing() -> None:
    noise_and_a_little_more = sound((1.0, -50.0), (1.0, -42.0))
    assert sum(speech_frames(noise_and_a_little_more, 0.0)) > 40
    assert sum(speech_frames(noise_and_a_little_more, 1.0)) == 0


def turns(samples: Samples, chunk: int) -> tuple[list[Part], Samples]:
    """Every part, and what `cut` leaves."""
    stream = Turns(RATE_HZ)
    parts = [part for at in range(0, len(samples), chunk) for part in stream.feed(samples[at : at + chunk])]
    return parts, stream.cut()


def test_two_turns_have_their_padding_and_their_silence() -> None:
    samples = sound((1.0, -80.0), (1.0, -20.0), (1.0, -80.0), (0.5, -20.0), (0.2, -80.0))
    parts, left = turns(samples, 1600)
    edges = [(part.kind, round(part.at_s, 2)) for part in parts if part.kind != "audio"]
    assert edges == [("start", 0.7), ("stop", 2.5), ("start", 2.7)]
    first = np.concatenate([part.samples for part in parts[: parts.index(next(p for p in parts if p.kind == "stop"))]])
    assert np.array_equal(first, samples[round(0.7 * RATE_HZ) : round(2.5 * RATE_HZ)])
    assert len(left) < FRAME_S * RATE_HZ


def test_a_click_is_no_turn_and_a_short_pause_does_not_end_one() -> None:
    parts, _ = turns(sound((0.5, -80.0), (0.04, -10.0), (0.5, -80.0)), 320)
    assert parts == []
    parts, _ = turns(sound((0.5, -20.0), (0.4, -80.0), (0.5, -20.0)), 320)
    assert [part.kind for part in parts if part.kind != "audio"] == ["start"]


@given(
    st.lists(st.tuples(st.floats(0.01, 0.9), st.sampled_from([-90.0, -55.0, -20.0])), min_size=1, max_size=6),
    st.integers(1, 5000),
)
def test_parts_do_not_depend_on_the_chunks_and_lose_nothing_of_a_turn(
    pieces: list[tuple[float, float]], chunk: int
) -> None:
    samples = sound(*pieces)
    found, whole = (_joined(*turns(samples, size)) for size in (chunk, len(samples)))
    assert [at_s for at_s, _ in found] == [at_s for at_s, _ in whole]
    for (at_s, heard), (_, other) in zip(found, whole, strict=True):
        start = round(at_s * RATE_HZ)
        assert np.array_equal(heard, other)
        assert np.array_equal(heard, samples[start : start + len(heard)])


def _joined(parts: list[Part], left: Samples) -> list[tuple[float, Samples]]:
    """Turn by turn: where it begins and its audio; that of the last with what was left."""
    found: list[tuple[float, list[Samples]]] = []
    is_open = False
    for part in parts:
        if part.kind == "start":
            found.append((part.at_s, []))
        elif part.kind == "audio":
            found[-1][1].append(part.samples)
        is_open = part.kind != "stop"
    if is_open:
        found[-1][1].append(left)
    return [(at_s, np.concatenate(heard)) for at_s, heard in found]
