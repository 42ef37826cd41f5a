"""Speed beside a distributed pass: a fixed sample of the utterances, timed on this machine with nothing else on it.

The same utterances each time, so that their times can be held against accepted ones. While workers compute shards on
this machine, of this run or of another, nothing is timed.
"""

from __future__ import annotations

import fcntl
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from modellab.datasets import Dataset
from modellab.errors import BusyError
from modellab.plan.matrix import Case
from modellab.results.baselines import TIMED
from modellab.runner.distributed.shard_worker import machine_turns
from modellab.runner.evaluate import Loaded, again, warm_up
from modellab.runner.result import load_readings
from modellab.tasks import Task
from modellab.types import Result, Utterance
from modellab.types.utterances import Utterances

SAMPLE = 100  # utterances
SEED = 18
WAIT_S = 10.0  # for workers that are about to end


def chosen(count: int) -> frozenset[int]:
    """The places of the sample among so many utterances: all of them where they are few.

    >>> len(chosen(100_000)), sorted(chosen(2))
    (100, [0, 1])
    """
    return frozenset(random.Random(SEED).sample(range(count), min(SAMPLE, count)))  # noqa: S311 - no secret


@contextmanager
def alone() -> Iterator[None]:
    """This machine without any worker that computes shards. BusyError where there is one for longer."""
    path = machine_turns().path
    assert path is not None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end_s = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > end_s:
                    raise BusyError(
                        "workers compute shards on this machine, which would slow down each other"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


def timed(task: Task, case: Case, data: Dataset, loaded: Loaded, result: Result) -> Result:
    """The result of a distributed pass with the times of the sample. BusyError where this machine is not free."""
    with alone():
        first_s = warm_up(task, data, loaded)
        places = chosen(len(result.utterances))
        marked = replace(result, utterances=Utterances(_marked(result.utterances, places)))
        timed_result = again(case, data, loaded, task, marked)
    readings = {**load_readings(loaded.facts), "first_call_s": first_s, **timed_result.readings}
    told = f"sample of {len(places)}" if len(places) < len(result.utterances) else "all, alone"
    return replace(timed_result, readings=readings, provenance={**timed_result.provenance, TIMED: told})


def _marked(utterances: Sequence[Utterance], places: frozenset[int]) -> Iterator[Utterance]:
    """Those of the sample have a clock, which the next pass sets."""
    for place, utterance in enumerate(utterances):
        yield replace(utterance, wall_s=0.0 if place in places and not utterance.error else math.nan)
