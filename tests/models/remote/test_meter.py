"""What asking a server took and cost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.models.remote.meter import Meter, cost_usd, server_s
from modellab.models.servers import Price


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"openai-processing-ms": "250"}, 0.25),
        ({"x-process-time": "0.5"}, 0.5),
        ({"x-compute-time": "1.25"}, 1.25),
        ({"server-timing": "total;dur=310.5"}, 0.3105),
        ({"server-timing": 'cache;desc="dur=9999", db;dur=20, total;dur=310'}, 0.31),
        ({"openai-processing-ms": "fast"}, math.nan),
        ({"openai-processing-ms": "-3"}, math.nan),
        ({"openai-processing-ms": "inf"}, math.nan),
        ({"server-timing": "miss"}, math.nan),
        ({}, math.nan),
    ],
)
def test_what_a_server_tells_of_its_time(headers: dict[str, str], seconds: float) -> None:
    assert server_s(headers) == pytest.approx(seconds, nan_ok=True)


@pytest.mark.parametrize(
    ("price", "audio_s", "characters", "cost"),
    [
        (Price(usd_per_audio_min=0.006), 60, 0, 0.006),
        (Price(usd_per_audio_min=0.6, billed_step_s=1), 1.2, 0, 0.02),
        (Price(usd_per_audio_min=0.6, billed_step_s=1), 3.0, 0, 0.03),
        (Price(usd_per_audio_min=0.6, billed_least_s=10), 3.0, 0, 0.1),
        (Price(usd_per_audio_min=0.6, billed_step_s=15, billed_least_s=10), 16, 0, 0.3),
        (Price(usd_per_million_characters=15), 0, 2000, 0.03),
        (Price(usd_per_audio_min=0.6, billed_least_s=10), 0, 10, 0.0),
        (Price(), 60, 60, 0.0),
    ],
)
def test_what_it_costs(price: Price, audio_s: float, characters: int, cost: float) -> None:
    assert cost_usd(price, audio_s, characters) == pytest.approx(cost)


@given(st.floats(0.01, 36_000), st.floats(0, 60), st.floats(0, 60))
def test_rounding_up_never_makes_it_cheaper(audio_s: float, step_s: float, least_s: float) -> None:
    plain = cost_usd(Price(usd_per_audio_min=1), audio_s)
    billed = cost_usd(Price(usd_per_audio_min=1, billed_step_s=step_s, billed_least_s=least_s), audio_s)
    assert billed >= plain - 1e-6
    assert billed <= (max(audio_s, least_s) + step_s) / 60 + 1e-6


def test_the_readings_of_a_meter() -> None:
    meter = Meter(Price(usd_per_audio_min=0.6))
    for wall_s, told in ((0.5, "400"), (0.2, "150"), (0.9, "100")):
        meter.answered(wall_s, {"openai-processing-ms": told})
        meter.billed(30)
    meter.lost(1.5)
    assert meter.readings() == {
        "retries": 1.0,
        "server_p50_s": 0.15,
        "network_p50_s": pytest.approx(0.1),
        "cost_usd": pytest.approx(0.9),
        "cost_usd_per_audio_h": pytest.approx(36),
    }
    assert meter.taken() == 1.5
    meter.start()
    assert meter.readings() == {"retries": 0.0, "cost_usd": 0.0}


def test_one_answer_without_its_time_leaves_all_untold() -> None:
    meter = Meter()
    meter.answered(0.5, {"openai-processing-ms": "400"})
    meter.answered(0.5, {})
    assert meter.readings() == {"retries": 0.0}


def test_a_server_whose_clock_is_longer_than_ours() -> None:
    meter = Meter()
    meter.answered(0.1, {"openai-processing-ms": "400"})
    assert meter.readings()["network_p50_s"] == 0.0
