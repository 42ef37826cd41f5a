"""How long a run takes on many devices: the controller itself with invented workers and clocks, beside a closed form.

    python -m tools.scale_simulation

    T = load + max(audio / (N x), bytes / bandwidth, utterances c) + shard / x
    lost by a preemption = shard / (2 x) + load

`audio` and `shard` in seconds, N workers of `x` seconds of audio per second each, `c` the controller's seconds for an
utterance. Lengths are log-normal between 1 and 30 s. What is simulated beside the formula: the real order of shards,
two of them at each worker, copies near the end, and workers that come back after a preemption with their model to load.
Bandwidth is not: that is the formula's alone.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modellab.runner.distributed.controller import Answer, Controller
from modellab.runner.distributed.shards import cut

LENGTH_BYTES = 0.6 * 32_000  # of FLAC, for a second of audio
USD_PER_H = 2.5
CONTROLLER_S = 0.16e-3  # for an utterance: docs/performance/scale.md


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be computed, by what."""

    name: str
    audio_s: float
    x: float
    workers: int = 100
    load_s: float = 40.0
    shard_s: float = 600.0
    slow: float = 0.0  # share of the workers that are four times as slow
    life_s: float = math.inf  # after which, in the mean, a worker is taken away
    bandwidth: float = 1e9  # bytes a second in all


def closed_form(job: Job, utterances: int) -> float:
    """Seconds, by the formula."""
    effective = job.workers * (1 - job.slow + job.slow / 4)
    compute_s = job.audio_s / (effective * job.x)
    busy_s = max(compute_s, job.audio_s * LENGTH_BYTES / job.bandwidth, utterances * CONTROLLER_S)
    lost = job.workers * busy_s / job.life_s * (job.shard_s / (2 * job.x) + job.load_s) / job.workers
    return job.load_s + busy_s + lost + job.shard_s / job.x


def lengths(audio_s: float) -> Sequence[float]:
    """Log-normal lengths between 1 and 30 s that add up to so much."""
    draw = np.random.default_rng(18)
    count = round(audio_s / 11.0 * 1.1)
    drawn = np.clip(draw.lognormal(math.log(10.0), 0.5, count), 1.0, 30.0)
    several: list[float] = drawn[: int(np.searchsorted(np.cumsum(drawn), audio_s))].tolist()
    return several


def simulated(job: Job, lengths_s: Sequence[float]) -> tuple[float, Controller]:
    """Seconds until every utterance is there, and the controller."""
    draw = np.random.default_rng(7)
    controller = Controller(cut(lengths_s, job.shard_s), lengths_s, lambda *_: None)
    names = (f"w{number}" for number in itertools.count())
    slow = set(range(round(job.slow * job.workers)))
    pace: dict[str, float] = {}
    free_s: dict[str, float] = {}
    counter = itertools.count()
    events: list[tuple[float, int, str, str, Any]] = []

    def add(now_s: float, seat: int) -> None:
        name = next(names)
        pace[name] = (4.0 if seat in slow else 1.0) / job.x
        heapq.heappush(events, (now_s + job.load_s, next(counter), "up", name, seat))

    for seat in range(job.workers):
        add(0.0, seat)
    now_s = 0.0
    while not controller.is_complete:
        now_s, _, what, name, given = heapq.heappop(events)
        if what == "up":
            controller.up(name)
            free_s[name] = now_s
            if job.life_s < math.inf:
                heapq.heappush(events, (now_s + draw.exponential(job.life_s), next(counter), "lost", name, given))
        elif what == "lost" and name in controller.members:
            controller.lost(name, "preempted")
            add(now_s, given)
        elif what == "done" and name in controller.members:
            number, start, stop, wall_s = given
            count = stop - start
            controller.answered(name, number, Answer([""] * count, [0] * count, wall_s), now_s)
        for worker, attempt in controller.orders(now_s):
            wall_s = attempt.shard.audio_s * pace[worker]
            free_s[worker] = max(now_s, free_s[worker]) + wall_s
            told = (attempt.number, attempt.shard.start, attempt.shard.stop, wall_s)
            heapq.heappush(events, (free_s[worker], next(counter), "done", worker, told))
    return now_s, controller


def jobs(hours: float) -> Iterator[Job]:
    """Those of the sizing page."""
    audio_s = hours * 3600
    for shard_s in (60.0, 600.0, 3600.0):
        yield Job(f"shards of {shard_s:.0f} s", audio_s, 145.0, shard_s=shard_s)
    yield Job("3 % of the workers 4 x slower", audio_s, 145.0, slow=0.03)
    yield Job("each worker taken away once an hour", audio_s, 145.0, life_s=3600.0)
    yield Job("a fast model (3,300 s of audio a second)", audio_s, 3300.0)


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--hours", type=float, default=3056.0, help="of audio")
    given = asked.parse_args()
    lengths_s = lengths(given.hours * 3600)
    print(f"{sum(lengths_s) / 3600:.0f} h of audio, {len(lengths_s)} utterances, 100 workers")
    print("| | ideal s | closed form s | simulated s | efficiency | copies | GPU-h | USD | controller CPU s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for job in jobs(given.hours):
        began_s = time.process_time()
        took_s, controller = simulated(job, lengths_s)
        cpu_s = time.process_time() - began_s
        ideal_s = job.audio_s / (job.workers * job.x)
        gpu_h = job.workers * took_s / 3600
        cells = [
            job.name,
            f"{ideal_s:.0f}",
            f"{closed_form(job, len(lengths_s)):.0f}",
            f"{took_s:.0f}",
            f"{ideal_s / (took_s - job.load_s):.3f}",
            f"{controller.extra_s / controller.total_s:.2%}",
            f"{gpu_h:.1f}",
            f"{gpu_h * USD_PER_H:.0f}",
            f"{cpu_s:.0f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
