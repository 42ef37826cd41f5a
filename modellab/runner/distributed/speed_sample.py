"""Speed beside a distributed pass: a fixed sample of the utterances, timed on this machine with nothing else on it.

The same utterances each time, so that their times can be held against accepted ones. While workers compute shards on
this machine, of this run or of another, nothing is timed.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from modellab.datasets import Dataset
from modellab.errors import BusyError, ModelError
from modellab.plan.matrix import Case
from modellab.results.baselines import TIMED
from modellab.runner.distributed.shard_worker import machine_turns
from modellab.runner.evaluate import Loaded, times, warm_up
from modellab.runner.latencies import latencies
from modellab.runner.result import load_readings
from modellab.tasks import Task
from modellab.types import Result, Row, Utterance
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
    """The result of a distributed pass with the times of the sample. BusyError where this machine is not free.

    Only what is timed keeps workers from this machine, and of a long dataset nothing but the sample is held.
    """
    count = len(result.utterances)
    sample = {place: result.utterances[place] for place in sorted(chosen(count))}
    with alone():
        first_s = warm_up(task, data, loaded)
        loaded.seed(0)
        again = {place: _retimed(utterance, data.rows[place], loaded) for place, utterance in sample.items()}
        meters = loaded.ask("finish", {"device": case.key.device})
    utterances = Utterances(again.get(place, utterance) for place, utterance in enumerate(result.utterances))
    spoken = [utterance for utterance in again.values() if not utterance.error] or result.utterances
    here = {**load_readings(loaded.facts), "first_call_s": first_s, **meters, **latencies(spoken)}
    told = f"sample of {len(again)}" if len(again) < count else "all, alone"
    provenance = {**result.provenance, TIMED: told}
    return replace(result, utterances=utterances, readings={**result.readings, **here}, provenance=provenance)


def _retimed(utterance: Utterance, row: Row, loaded: Loaded) -> Utterance:
    """The utterance with the times of a call; without where the model raised, then or now."""
    if utterance.error:
        return utterance
    try:
        wall_s, cpu_s, gpu_s = times(loaded.call(row))
    except ModelError:
        return utterance
    return replace(utterance, wall_s=wall_s, cpu_s=cpu_s, gpu_s=gpu_s)
