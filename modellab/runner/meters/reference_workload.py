"""A fixed workload beside the model's calls: how fast this machine is just now.

A shared machine changes its speed by a quarter within minutes, and no load shows: the cause is another guest of the
same host. Two parts of about 1 ms follow each utterance outside the timed passage: arithmetic that fits the core's own
cache, and a walk through 16 MB, which feels a neighbour on the shared cache. A first go, which is not timed, fills the
caches: a whole walk, but a tenth of the arithmetic, as the timed part then takes no longer than after all of it. They
correct nothing (engines lean on the two in different shares); they tell whether the machine can be blamed for a slower
clock. VERSION names the workload: times of different versions are not compared.

The products go into memory that is kept: a fresh array of theirs is larger than malloc's threshold for mmap, which
moves with what the process freed before, so page faults made the same work slower in some processes than in others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

VERSION = 2
SIZE, PRODUCTS = 192, 6
STEPS = 8_000
FIRST_PRODUCTS, FIRST_STEPS = 1, 800  # of the go that is not timed
WALK_BYTES = 16 * 2**20
ENOUGH = 40  # runs, evenly spread over the calls of a long dataset: more of them tell nothing more
FEWEST = 16  # runs without which no drift is told: medians of eight


class Reference:
    """Collects the parts' times; `start` forgets them, `readings` gives their medians.

    `times` gives the seconds of both parts: the workload's own where none is given.
    """

    def __init__(self, times: Callable[[], tuple[float, float]] | None = None) -> None:
        self.times = times or measured
        self.arithmetic_s: list[float] = []
        self.walk_s: list[float] = []
        self.calls, self.every = 0, 1

    def start(self, calls: int = 0) -> None:
        """Forget all times; `calls` is how many are to come, if that is known.

        The first time run once, so that the memory is there before a peak is measured.
        """
        if not _inputs.cache_info().currsize:
            self.run()
        self.arithmetic_s.clear()
        self.walk_s.clear()
        self.calls, self.every = 0, max(1, calls // ENOUGH)

    def follow(self) -> None:
        """Run after a call of the model, or leave it out where there are many."""
        if self.calls % self.every == 0:
            self.run()
        self.calls += 1

    def run(self) -> None:
        """Time each part once."""
        arithmetic_s, walk_s = self.times()
        self.arithmetic_s.append(arithmetic_s)
        self.walk_s.append(walk_s)

    def readings(self) -> dict[str, float]:
        """Medians of this thread's CPU time in s; empty where nothing ran."""
        if not self.walk_s:
            return {}
        return {
            "reference_version": VERSION,
            "reference_arithmetic_s": float(np.median(self.arithmetic_s)),
            "reference_walk_s": float(np.median(self.walk_s)),
            **({"reference_drift": self._drift()} if len(self.walk_s) >= FEWEST else {}),
        }

    def _drift(self) -> float:
        """By which fraction the part that slowed most took longer in the second half of the runs than in the first.

        Medians of each half; the run in the middle of an odd number is in neither.
        """
        half = len(self.walk_s) // 2
        halves = [(times[:half], times[-half:]) for times in (self.arithmetic_s, self.walk_s)]
        return max(float(np.median(second) / np.median(first)) - 1 for first, second in halves)


def measured() -> tuple[float, float]:
    """Seconds of this thread's CPU time that each part takes, after a first go that fills the caches again."""
    arithmetic(FIRST_PRODUCTS, FIRST_STEPS)
    arithmetic_s = _thread_s(arithmetic)
    walk()
    return arithmetic_s, _thread_s(walk)


def arithmetic(products: int = PRODUCTS, steps: int = STEPS) -> float:
    """Matrix products and a Python loop; the result only keeps them from being left out."""
    matrix, product, other, _ = _inputs()
    np.copyto(product, matrix)
    for _ in range(products):
        np.matmul(matrix, product, out=other)
        product, other = other, product
    count = 0
    for step in range(steps):
        count = (count * 31 + step) % 65_521
    return float(product[0, 0]) + count


def walk() -> float:
    """Read 16 MB once."""
    return float(_inputs()[3].sum())


def _thread_s(part: Callable[[], float]) -> float:
    start = time.thread_time()
    part()
    return time.thread_time() - start


@cache
def _inputs() -> tuple[Any, Any, Any, Any]:
    """The matrix, room for two products, and what is walked through."""
    generator = np.random.default_rng(1)
    orthogonal, _ = np.linalg.qr(generator.standard_normal((SIZE, SIZE)))  # products neither grow nor vanish
    matrix = orthogonal.astype(np.float32)
    return matrix, np.empty_like(matrix), np.empty_like(matrix), np.ones(WALK_BYTES // 4, np.float32)
