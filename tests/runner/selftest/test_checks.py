"""What is known beside what was measured: the logic alone, on numbers."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.runner.selftest import checks
from modellab.runner.selftest.checks import check, sentence, worst

BUSY = "other processes kept 1.8 of 2 cores busy"


@pytest.mark.parametrize(
    ("unit", "known", "measured", "state"),
    [
        pytest.param("s", 0.1, 0.1019, "ok", id="within 2 %"),
        pytest.param("s", 0.1, 0.1021, "failed", id="beyond 2 %"),
        pytest.param("s", 0.1, 0.0979, "failed", id="too little is wrong as well"),
        pytest.param("s", 0.0, 0.0009, "ok", id="a millisecond is allowed to nothing"),
        pytest.param("s", 0.0, 0.0011, "failed", id="more is not"),
        pytest.param("bytes", 64e6, 65.9e6, "ok", id="within 2 MB"),
        pytest.param("bytes", 64e6, 66.1e6, "failed", id="beyond 2 MB"),
        pytest.param("bytes", 1e9, 1.0099e9, "ok", id="1 % of much"),
        pytest.param("bytes", 64e6, 64e6 / 1024, "failed", id="another unit"),
    ],
)
def test_a_meter_is_held_to_its_tolerance(unit: Any, known: float, measured: float, state: str) -> None:
    found = check("work", "meter", unit, [(known, measured)])
    assert found.state == state
    assert found.off == pytest.approx(abs(measured - known))


def test_one_trial_that_was_disturbed_decides_nothing() -> None:
    pairs = [(0.1, 0.1001), (0.1, 0.25), (0.1, 0.1002)]
    assert check("work", "wall", "s", pairs).state == "ok"
    assert check("work", "wall", "s", [*pairs, (0.1, 0.3), (0.1, 0.2)]).state == "failed"


def test_distances_do_not_cancel_each_other() -> None:
    """The medians agree, and no trial does."""
    found = check("work", "wall", "s", [(0.1, 0.12), (0.2, 0.12), (0.12, 0.2)])
    assert found.known == found.measured
    assert found.state == "failed"


def test_a_busy_machine_excuses_a_clock_and_no_memory() -> None:
    clock = check("work", "wall", "s", [(0.1, 0.2)], BUSY)
    assert (clock.state, clock.why) == ("undecided", BUSY)
    assert check("work", "wall", "s", [(0.1, 0.1)], BUSY).state == "ok"
    assert check("work", "peak", "bytes", [(64e6, 1e6)], BUSY).state == "failed"


def test_one_failure_fails_the_machine_and_is_named() -> None:
    good = check("computing", "cpu", "s", [(0.1, 0.1)])
    unclear = check("waiting", "wall", "s", [(0.1, 0.2)], BUSY)
    bad = check("memory of a child process", "peak", "bytes", [(64e6, 0.0)])
    assert [worst(each) for each in ([good], [good, unclear], [unclear, bad, good])] == ["ok", "undecided", "failed"]
    assert sentence([good, unclear]) == ""
    assert sentence([good, bad]) == "memory of a child process, peak: 0.00 MB instead of 64.00 MB"
    assert sentence([bad, bad, bad]).endswith(", and 2 more")


def test_the_tolerance_is_the_larger_of_the_two() -> None:
    assert checks.tolerance("s", 1.0) == 0.02
    assert checks.tolerance("bytes", 1e6) == 2e6
