"""The reference workload: the same work each time, and medians of it."""

from __future__ import annotations

import pytest

from modellab import reference
from modellab.reference import Reference


def test_the_work_is_the_same_each_time() -> None:
    assert reference.arithmetic() == reference.arithmetic()
    assert reference.walk() == reference.walk() == reference.WALK_BYTES / 4


def test_the_readings_are_medians_since_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([9.0, 9.0, 1.0, 10.0, 5.0, 30.0, 2.0, 20.0])
    monkeypatch.setattr(reference, "_thread_s", lambda part: next(seconds))
    workload = Reference()
    assert workload.readings() == {}
    workload.start()
    for _ in range(3):
        workload.run()
    expected = {"reference_version": 1, "reference_arithmetic_s": 2.0, "reference_walk_s": 20.0}
    assert workload.readings() == expected
