"""Both sides of a pair on one core: real processes, their threads included."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.runner.evaluate import Loaded
from modellab.runner.paired.cpu_affinity import shared
from modellab.runner.paired.interleave import anywhere
from modellab.runner.paired.process import Named
from modellab.runner.worker import InProcess, Worker

from ... import tiny

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process be placed")
ALL = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]
THREADED = """
import threading, time

def load(setting):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return setting
"""


def loaded(handle: Any) -> Loaded:
    return Loaded(handle, ("fake", "one", "cpu", "float32"), {}, lambda audio_s: 60.0)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Loaded, Loaded]]:
    """A worker as the candidate's, and one as the base's; each runs a thread of its own."""
    folder = tiny.write_adapter(tmp_path / "threaded", THREADED)
    both = Worker(1), Named(Worker(1), "HEAD~1")
    try:
        for handle in both:
            handle.ask("load", tiny.order(folder), 60)
        yield loaded(both[0]), loaded(both[1])
    finally:
        for handle in both:
            handle.close()


def cores_of(worker: Any) -> list[set[int]]:
    """Where each thread of the process may run."""
    handle: Any = worker.handle if isinstance(worker, Named) else worker
    process = handle.process
    return [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{process.pid}/task").iterdir()]


@pytest.mark.skipif(len(ALL) < 2, reason="one core: there is nothing to choose")
def test_both_sides_share_a_core_with_all_their_threads_and_are_let_go(sides: tuple[Loaded, Loaded]) -> None:
    with shared(sides, threads=1, device="cpu") as place:
        for number in range(len(ALL) + 1):
            place(number)
            for side in sides:
                assert len(cores_of(side.handle)) >= 2
                assert all(cores == {ALL[number % len(ALL)]} for cores in cores_of(side.handle))
    for side in sides:
        assert all(cores == set(ALL) for cores in cores_of(side.handle))


@pytest.mark.skipif(len(ALL) < 2, reason="one core: there is nothing to choose")
def test_they_are_let_go_after_an_error_too(sides: tuple[Loaded, Loaded]) -> None:
    def fail() -> None:
        with shared(sides, threads=1, device="cpu") as place:
            place(0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert all(cores == set(ALL) for side in sides for cores in cores_of(side.handle))


@pytest.mark.parametrize(
    ("threads", "device"), [(len(ALL), "cpu"), (len(ALL) + 7, "cpu"), (1, "cuda")], ids=["all", "more", "cuda"]
)
def test_there_is_nothing_to_place(sides: tuple[Loaded, Loaded], threads: int, device: str) -> None:
    with shared(sides, threads, device) as place:
        assert place is anywhere


def test_a_process_that_is_gone_is_no_error(sides: tuple[Loaded, Loaded]) -> None:
    assert isinstance(sides[0].handle, Worker)
    with shared(sides, threads=1, device="cpu") as place:
        sides[0].handle.kill()
        place(0)


def test_without_a_process_of_its_own_pytest_stays_where_it_is() -> None:
    handle = InProcess(1)
    with shared((loaded(handle), loaded(handle)), threads=1, device="cpu") as place:
        place(0)
        assert os.sched_getaffinity(0) == set(ALL)
