"""One loaded model at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from modellab.errors import LoadError
from modellab.runner.pool import Pool

from ..make import KEY, case


class FakeHandle:
    """Writes down what becomes of it."""

    def __init__(self, events: list[str], number: int, error: BaseException | None = None) -> None:
        self.events, self.number, self.error = events, number, error
        events.append(f"start {number}")

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
        self.events.append(f"{verb} {order['variant']} {order['precision']} in {self.number}")
        if self.error:
            raise self.error
        return {"load_s": 0.1}

    def close(self) -> None:
        self.events.append(f"close {self.number}")


class Start:
    """Starts handles and numbers them."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.events: list[str] = []
        self.error = error
        self.started = 0
        self.threads: list[int] = []

    def __call__(self, threads: int) -> FakeHandle:
        self.started += 1
        self.threads.append(threads)
        return FakeHandle(self.events, self.started, self.error)


def test_a_model_is_loaded_once_for_all_its_datasets() -> None:
    start = Start()
    pool = Pool(start, threads=3)
    first = pool.get(case())
    assert pool.get(case(key=replace(KEY, dataset="other_v1"))) is first
    assert start.events == ["start 1", "load one float32 in 1"]
    assert start.threads == [3]
    assert first.facts == {"load_s": 0.1}


def test_a_judge_has_a_process_of_its_own_and_stays() -> None:
    start = Start()
    pool = Pool(start, threads=1)
    judge = case(key=replace(KEY, variant="two"), variants={"two": {"weights": "package"}})
    first = pool.get(replace(case(), judge=judge))
    assert first.judge is not None
    assert first.judge.engine == judge.engine
    pool.get(replace(case(key=replace(KEY, precision="int8")), judge=judge))
    assert pool.get(case(key=replace(KEY, precision="int8"))).judge is None
    pool.close()
    began = ["start 1", "load one float32 in 1", "start 2", "load two float32 in 2"]
    assert start.events == [*began, "close 1", "start 3", "load one int8 in 3", "close 3", "close 2"]


def test_the_model_before_is_closed_before_the_next_is_started() -> None:
    start = Start()
    pool = Pool(start, threads=1)
    pool.get(case())
    pool.get(case(key=replace(KEY, precision="int8")))
    assert start.events[2:] == ["close 1", "start 2", "load one int8 in 2"]


def test_after_a_loss_the_next_case_gets_a_fresh_one() -> None:
    start = Start()
    pool = Pool(start, threads=1)
    pool.get(case())
    pool.close()
    pool.close()
    pool.get(case())
    assert start.events == ["start 1", "load one float32 in 1", "close 1", "start 2", "load one float32 in 2"]


@pytest.mark.parametrize("error", [LoadError("no"), KeyboardInterrupt()])
def test_what_cannot_be_loaded_is_closed(error: BaseException) -> None:
    start = Start(error)
    pool = Pool(start, threads=1)
    with pytest.raises(type(error)):
        pool.get(case())
    assert start.events == ["start 1", "load one float32 in 1", "close 1"]
    assert pool.loaded is None
