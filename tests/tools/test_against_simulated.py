"""The simulation of paired runs: what it draws, and that it tells a slower candidate from an unchanged one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modellab.types import Status
from tools.against_simulated import pairs, seen_by_fewest, status


def test_pairs_lie_around_the_slowdown() -> None:
    drawn = pairs(np.random.default_rng(1), 0.05, 0.02, 4000)
    assert drawn.shape == (4000,)
    assert float(np.median(drawn)) == pytest.approx(math.log(1.05), abs=0.002)
    assert np.mean(np.abs(drawn - math.log(1.05)) > 0.1) == pytest.approx(0.035, abs=0.015), "the hiccups"


def test_a_much_slower_one_is_red_and_an_unchanged_one_is_not() -> None:
    draw = np.random.default_rng(2)
    assert {status(draw, 0.2, 0.02) for _ in range(20)} == {Status.REGRESSED}
    assert Status.REGRESSED not in {status(draw, 0.0, 0.02) for _ in range(20)}
    assert seen_by_fewest(draw, 0.2, 0.02)
