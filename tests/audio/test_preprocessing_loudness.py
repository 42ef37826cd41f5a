"""Loudness after ITU-R BS.1770, against the standard, EBU Tech 3341 and pyloudnorm; and what brings audio to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modellab.audio.preprocessing.loudness import integrated_lufs, k_weighting
from modellab.types import Audio

from .tones import HZ, one, sound

# ITU-R BS.1770-4, tables 1 and 2: the coefficients at 48 kHz
SHELF = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
PASS = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]


def test_the_weighting_is_the_standards() -> None:
    assert k_weighting(48_000) == pytest.approx(np.array([SHELF, PASS]), abs=1e-9)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("amplitude", "lufs"), [(1.0, -3.01), (0.1, -23.01), (0.01, -43.01)])
def test_a_sine_of_997_hz(rate_hz: int, amplitude: float, lufs: float) -> None:
    """BS.1770: full scale in one channel is -3.01 LKFS."""
    found = integrated_lufs(sound((5.0, amplitude), hz=997, rate_hz=rate_hz))
    assert found == pytest.approx(lufs, abs=0.1 if rate_hz > 8_000 else 0.2)


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [  # EBU Tech 3341, cases 1 to 3, in one channel, which is 3.01 LU below two
        ([(20.0, -23.0)], -26.0),
        ([(20.0, -33.0)], -36.0),
        ([(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)], -26.0),  # the relative gate
        ([(10.0, -72.0), (10.0, -36.0), (60.0, -23.0), (10.0, -36.0), (10.0, -72.0)], -26.0),  # and the absolute one
    ],
)
def test_gating(parts: list[tuple[float, float]], lufs: float) -> None:
    given = sound(*((seconds, 10 ** (dbfs / 20)) for seconds, dbfs in parts), hz=1_000, rate_hz=8_000)
    assert integrated_lufs(given) == pytest.approx(lufs, abs=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_as_loud_as_pyloudnorm_says(seed: int) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    rng = np.random.default_rng(seed)
    swell = np.repeat(rng.uniform(0.001, 0.3, 40), HZ // 4)
    given = Audio((swell * rng.normal(0, 0.3, len(swell))).astype(np.float32), HZ)
    meter = pyloudnorm.Meter(HZ, filter_class="DeMan")
    assert integrated_lufs(given) == pytest.approx(meter.integrated_loudness(given.samples.astype(float)), abs=0.1)


def test_nothing_is_as_loud_as_silence() -> None:
    assert integrated_lufs(Audio(np.zeros(HZ, np.float32), HZ)) == -math.inf
    assert integrated_lufs(Audio(np.zeros(0, np.float32), HZ)) == -math.inf
    assert integrated_lufs(Audio(np.full(10, 0.5, np.float32), 3_000)) > -70  # shorter than a block, below the shelf


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0])
def test_normalize_loudness_reaches_its_target(target: float) -> None:
    made = one(f"normalize_loudness(target_lufs={target})", sound((3.0, 0.01), hz=997))
    assert integrated_lufs(made) == pytest.approx(target, abs=0.01)


def test_normalize_loudness_never_clips() -> None:
    given = sound((3.0, 0.001), hz=997)
    given.samples[HZ] = 0.5  # a click
    made = one("normalize_loudness(target_lufs=-10,peak_dbfs=-3)", given)
    assert np.abs(made.samples).max() == pytest.approx(10 ** (-3 / 20), abs=1e-4)
    assert integrated_lufs(made) < -20
