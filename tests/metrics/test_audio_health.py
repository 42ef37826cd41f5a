"""What can be wrong with made speech, told from its samples."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modellab.metrics import audio_health
from modellab.types import Audio, Ratio

RATE_HZ = 1000  # so that a frame is 20 samples
LIMIT = {metric.name: audio_health.HEALTH_LIMITS[metric.name] for metric in audio_health.HEALTH_METRICS}


def tone(duration_s: float, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * math.pi * 100 * np.arange(round(duration_s * RATE_HZ)) / RATE_HZ + 0.3)


def health_of(*parts: object) -> dict[str, float]:
    samples = np.concatenate([np.atleast_1d(np.asarray(part, np.float32)) for part in parts])
    return audio_health.health(Audio(samples, RATE_HZ))


def metrics_beyond_limits(found: dict[str, float] | None) -> set[str]:
    """The metrics beyond their limits."""
    values = {m.name: m.value([audio_health.health_counts(found)[m.name]]) for m in audio_health.HEALTH_METRICS}
    return {name for name, value in values.items() if value > LIMIT[name]}


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([tone(1)], set()),
        ([np.zeros(100), tone(0.5), np.zeros(300), tone(0.5), np.zeros(5000)], set()),  # pauses like these are speech
        ([tone(0.5), math.nan, math.inf, tone(0.5)], {"bad_sample_rate"}),
        ([np.clip(tone(1, 3.0), -1, 1)], {"clipped_rate"}),
        ([tone(1, 0.9999)], set()),  # touches full scale
        ([tone(1) + 0.05], {"dc_offset"}),
        ([np.zeros(1000)], {"silent_rate"}),
        ([tone(1, 0.001)], {"silent_rate"}),  # -63 dBFS
        ([np.zeros(0)], {"silent_rate"}),
        ([tone(0.5), np.zeros(1600), tone(0.5)], {"long_pause_rate"}),
        ([tone(0.5), tone(1.6, 0.003), tone(0.5)], {"long_pause_rate"}),  # 44 dB below the speech
    ],
)
def test_each_fault_and_no_other_is_found(parts: list[object], wrong: set[str]) -> None:
    assert metrics_beyond_limits(health_of(*parts)) == wrong


def test_what_is_found_by_hand() -> None:
    found = health_of(np.zeros(100), np.full(200, 0.5), np.zeros(60), np.full(40, -0.25), np.zeros(30))
    assert found == pytest.approx(
        {
            "samples": 430,
            "bad": 0,
            "clipped": 0,
            "dc": (100 - 10) / 430,
            "power": (50 + 2.5) / 430,
            "peak": 0.5,
            "lead_s": 0.1,
            "tail_s": 0.03,
            "pause_s": 0.06,
            "span_s": 0.3,
            "loud_s": 0.24,
        }
    )


@pytest.mark.parametrize("samples", [0, 1, 19, 20, 21, 1000])
def test_a_silent_sound_is_all_lead(samples: int) -> None:
    found = health_of(np.zeros(samples))
    expected = {"lead_s": samples / RATE_HZ, "tail_s": 0, "pause_s": 0, "span_s": 0, "loud_s": 0, "dc": 0, "power": 0}
    assert {name: found[name] for name in expected} == expected
    assert (found["samples"], found["peak"]) == (samples, 0)


@pytest.mark.parametrize(
    ("amplitude", "silent"), [(0.00101, False), (0.00099, True)], ids=["above -60 dBFS", "below -60 dBFS"]
)
def test_silence_is_below_a_floor(amplitude: float, silent: bool) -> None:
    assert audio_health.is_silent(health_of(np.full(200, amplitude))) is silent


@pytest.mark.parametrize(("soft", "tail_s"), [(0.0051, 0.0), (0.0049, 0.1)], ids=["39.8 dB below", "40.2 dB below"])
def test_beside_the_loudest_frame_40_db_less_is_silence(soft: float, tail_s: float) -> None:
    assert health_of(np.full(100, 0.5), np.full(100, soft))["tail_s"] == pytest.approx(tail_s)


@given(arrays.arrays(np.float32, st.integers(0, 200), elements=st.floats(width=32)))
def test_whatever_comes_gives_finite_numbers_that_fit_together(samples: np.ndarray) -> None:
    found = audio_health.health(Audio(samples.clip(-1e15, 1e15), RATE_HZ))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    edges_s = found["lead_s"] + found["span_s"] + found["tail_s"]
    assert edges_s == pytest.approx(len(samples) / RATE_HZ)
    assert found["loud_s"] <= found["span_s"] + 1e-9
    assert found["pause_s"] <= found["span_s"] + 1e-9
    assert found["bad"] + found["clipped"] <= found["samples"]


@pytest.mark.parametrize(
    ("samples", "n"),
    [([1, 1, 1], 3), ([1, 1, 0, 1, 1], 0), ([1, 1, -1, -1], 0), ([-1] * 4 + [1] * 3, 7), ([0.9] * 9, 0), ([], 0)],
)
def test_clipping_is_a_run_at_full_scale(samples: list[float], n: int) -> None:
    assert audio_health.clipped(np.array(samples, float)) == n


def test_sixteen_bits_clip_as_well() -> None:
    assert audio_health.clipped(np.array([32767, 32767, 32767]) / 32768) == 3


def test_a_model_that_raised_said_nothing() -> None:
    assert metrics_beyond_limits(None) == {"silent_rate"}
    assert audio_health.length_counts("hello", None)["too_short_rate"] == Ratio(1.0)
    counts = audio_health.health_counts(None)
    assert counts.keys() == {metric.name for metric in audio_health.HEALTH_METRICS}
    assert {name for name, (_, bottom) in counts.items() if bottom} == {"silent_rate", "long_pause_rate"}


@pytest.mark.parametrize(
    ("text", "span_s", "short", "long"),
    [
        ("turn on the kitchen light", 1.6, 0, 0),  # 21 letters at their usual speed
        ("turn on the kitchen light", 0.5, 1, 0),
        ("turn on the kitchen light", 7.4, 0, 0),
        ("turn on the kitchen light", 7.6, 0, 1),
        ("no", 1.5, 0, 0),
        ("no", 1.7, 0, 1),
        ("1984", 1.2, 0, 0),
        ("打开厨房的灯", 1.4, 0, 0),
        ("打开厨房的灯", 0.4, 1, 0),
    ],
)
def test_a_length_fits_the_text_or_not(text: str, span_s: float, short: int, long: int) -> None:
    counts = audio_health.length_counts(text, health_of(np.zeros(500), tone(span_s), np.zeros(500)))
    assert counts == {"too_short_rate": Ratio(short), "too_long_rate": Ratio(long)}


def test_a_text_without_words_has_no_length() -> None:
    assert set(audio_health.length_counts("...", health_of(tone(1))).values()) == {Ratio(0.0, 0.0)}


def test_levels_are_pooled_by_energy() -> None:
    loud, soft = health_of(np.ones(100)), health_of(np.full(300, 0.1))
    sums = np.array([[found["power"] * found["samples"], found["samples"]] for found in (loud, soft)]).sum(axis=0)
    assert float(audio_health.level(sums)) == pytest.approx(10 * math.log10((100 + 3) / 400))
    assert audio_health.dbfs(health_of(tone(1, 1.0))["power"]) == pytest.approx(-3.01, abs=0.01)
    assert float(audio_health.level(np.array([0.0, 5.0]))) == audio_health.dbfs(0.0) == audio_health.LOWEST_DBFS


def test_faults_are_named_for_a_person() -> None:
    assert audio_health.faults("turn on the light", health_of(tone(1.2))) == []
    assert audio_health.faults("turn on the light", health_of(np.zeros(500))) == ["silent", "too short"]
    assert audio_health.faults("turn on the light", health_of(tone(6) + 0.1)) == ["dc offset 0.1", "too long"]


def test_every_limit_has_its_metric() -> None:
    for metrics, limits in (
        (audio_health.HEALTH_METRICS, audio_health.HEALTH_LIMITS),
        (audio_health.LENGTH_METRICS, audio_health.LENGTH_LIMITS),
    ):
        assert {metric.name for metric in metrics if metric.kind == "sanity"} == limits.keys()
