"""The reference workload: the same work each time, medians of it, and whether it grew slower meanwhile."""

from __future__ import annotations

import itertools
import time
import tracemalloc

import numpy as np
import pytest

from modellab.runner.meters import reference_workload
from modellab.runner.meters.reference_workload import Reference


def test_the_work_is_the_same_each_time() -> None:
    assert reference_workload.arithmetic() == reference_workload.arithmetic()
    assert reference_workload.walk() == reference_workload.walk() == reference_workload.WALK_BYTES / 4


def test_the_products_are_products() -> None:
    matrix = reference_workload._inputs()[0]
    expected = np.linalg.matrix_power(matrix.astype(float), reference_workload.PRODUCTS + 1)[0, 0]
    count = 0
    for step in range(reference_workload.STEPS):
        count = (count * 31 + step) % 65_521
    assert reference_workload.arithmetic() - count == pytest.approx(float(expected), abs=1e-4 * count)


def test_no_array_is_made_while_it_is_timed() -> None:
    reference_workload.arithmetic()
    tracemalloc.start()
    reference_workload.arithmetic()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < reference_workload.SIZE * reference_workload.SIZE, "a quarter of one product"


def test_each_part_is_timed_by_the_clock_of_the_thread() -> None:
    began_s = time.thread_time()
    arithmetic_s, walk_s = reference_workload.measured()
    assert arithmetic_s > 0
    assert walk_s > 0
    assert arithmetic_s + walk_s < time.thread_time() - began_s, "the first goes are not in it"


def test_the_readings_are_medians_since_the_start() -> None:
    left = iter([(9.0, 9.0), (1.0, 10.0), (5.0, 30.0), (2.0, 20.0)])
    reference_workload.arithmetic()  # the process has run it before
    workload = Reference(lambda: next(left))
    assert workload.readings() == {}
    workload.run()
    workload.start()
    for _ in range(3):
        workload.run()
    expected = {"reference_version": 2, "reference_arithmetic_s": 2.0, "reference_walk_s": 20.0}
    assert workload.readings() == expected
    assert next(left, None) is None


@pytest.mark.parametrize(
    ("calls", "known", "runs"),
    [(40, 40, 40), (79, 79, 79), (80, 80, 40), (400, 400, 40), (419, 419, 42), (400, 0, 400)],
)
def test_a_long_dataset_has_some_forty_runs_evenly_spread(calls: int, known: int, runs: int) -> None:
    workload, after = Reference(lambda: (1.0, 1.0)), []
    workload.start(known)
    for call in range(calls):
        before = len(workload.walk_s)
        workload.follow()
        after += [call] * (len(workload.walk_s) - before)
    assert len(after) == runs
    assert len({second - first for first, second in itertools.pairwise(after)}) == 1


def test_its_memory_is_there_before_a_peak_is_measured() -> None:
    runs = []

    def times() -> tuple[float, float]:
        runs.append(True)
        return reference_workload.measured()

    reference_workload._inputs.cache_clear()
    Reference(times).start()
    assert reference_workload._inputs.cache_info().currsize == 1
    Reference(times).start()
    assert runs == [True], "once for each process"


@pytest.mark.parametrize(
    ("arithmetic", "walk", "drift"),
    [
        pytest.param([1.0] * 16, [1.0] * 16, 0.0, id="steady"),
        pytest.param([1.0] * 16, [1.0] * 8 + [1.5] * 8, 0.5, id="the memory slowed down"),
        pytest.param([2.0] * 8 + [2.4] * 8, [1.0] * 8 + [1.1] * 8, 0.2, id="the part that slowed down most"),
        pytest.param([2.0] * 8 + [1.0] * 8, [1.0] * 8 + [0.8] * 8, -0.2, id="it grew faster"),
        pytest.param([1.0] * 8 + [9.0] + [1.1] * 8, [1.0] * 17, 0.1, id="the middle of seventeen is in neither half"),
        pytest.param([1.0] * 9 + [9.0] + [1.0] * 6, [1.0] * 16, 0.0, id="a hiccup"),
        pytest.param([1.0] * 7 + [9.0] * 8, [1.0] * 15, None, id="too short to tell"),
    ],
)
def test_drift_is_told_from_half_to_half(arithmetic: list[float], walk: list[float], drift: float | None) -> None:
    left = zip(arithmetic, walk, strict=True)
    workload = Reference(lambda: next(left))
    for _ in walk:
        workload.run()
    assert workload.readings().get("reference_drift") == (None if drift is None else pytest.approx(drift))
