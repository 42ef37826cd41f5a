"""Numbers with their units, as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import tasks, units
from modellab.types import readings


@pytest.mark.parametrize(
    ("number", "unit", "shown", "difference"),
    [
        (0.0, "ratio", "0.00 %", "+0.00 %"),
        (0.031, "ratio", "3.10 %", "+3.10 %"),
        (-0.0211, "ratio", "-2.11 %", "-2.11 %"),
        (1.5, "ratio", "150.00 %", "+150.00 %"),
        (0.02412, "s/s", "0.0241", "+0.0241"),
        (12.345, "s", "12.3 s", "+12.3 s"),
        (2.5, "words/s", "2.5 words/s", "+2.5 words/s"),
        (190840832.0, "bytes", "182.0 MiB", "+182.0 MiB"),
        (0.98765, "1", "0.9877", "+0.9877"),
        (3.0, "a unit of tomorrow", "3", "+3"),
        (None, "ratio", "-", "-"),
        (math.nan, "s", "-", "-"),
    ],
)
def test_a_value_and_a_change(number: float | None, unit: str, shown: str, difference: str) -> None:
    assert units.value(number, unit) == shown
    assert units.change(number, unit) == difference


@pytest.mark.parametrize(
    ("ends", "unit", "shown"),
    [
        ((0.006, 0.039), "ratio", "[+0.60 %, +3.90 %]"),
        ((-0.5, 0.5), "s", "[-0.5 s, +0.5 s]"),
        ((0.0, 0.0), "ratio", "[+0.00 %, +0.00 %]"),
        (None, "ratio", ""),
    ],
)
def test_an_interval(ends: tuple[float, float] | None, unit: str, shown: str) -> None:
    assert units.interval(ends, unit) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0.2034, "+20.3 %"), (-0.004, "-0.4 %"), (0.0, "+0.0 %"), (None, "-"), (math.nan, "-")]
)
def test_a_relative_change(number: float | None, shown: str) -> None:
    assert units.relative(number) == shown


def test_every_unit_in_use_has_a_form() -> None:
    in_use = {metric.unit for name in tasks.names() for metric in tasks.get(name).METRICS}
    assert in_use | {each.unit for each in readings.READINGS.values()} <= units._FORMS.keys()


@given(st.floats(-1e9, 1e9), st.sampled_from(["ratio", "s", "s/s", "bytes", "words/s", "1"]))
def test_a_change_always_has_its_sign(number: float, unit: str) -> None:
    shown = units.change(number, unit)
    assert shown[0] == ("-" if math.copysign(1, number) < 0 and abs(number) >= units.NOTHING else "+")
