"""How much of N workers' time is spent on utterances, with a model that sleeps 20 ms: so that N fits on few cores.

    python -m tools.scale_efficiency --workers 1 2 4 8 --utterances 1600 [--executor queue]

Efficiency is utterances x 20 ms / (N x wall), from the moment at which all workers are there to the last answer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from modellab import datasets, tasks
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.runner.distributed import choice, parts, quality_pass
from modellab.runner.distributed.controller import Attempt
from modellab.runner.distributed.executor import Event, Executor, Plan, Up
from modellab.runner.distributed.quality_pass import PassOptions
from tools import scale_project

SLEEP_S, AUDIO_S = 0.02, 0.5


class Together:
    """An executor whose workers are only told of when all of them are there."""

    def __init__(self, inner: Executor, count: int) -> None:
        self.inner, self.count = inner, count
        self.ups: list[Event] = []
        self.began_s = self.ended_s = 0.0

    def start(self, plan: Plan) -> None:
        """As the inner one."""
        self.inner.start(plan)

    def submit(self, worker: str, attempt: Attempt) -> None:
        """As the inner one."""
        self.inner.submit(worker, attempt)

    def events(self, timeout_s: float) -> Iterator[Event]:
        """As the inner one, with all first signs of life at once."""
        for event in self.inner.events(timeout_s):
            if isinstance(event, Up) and len(self.ups) < self.count:
                self.ups.append(event)
                if len(self.ups) == self.count:
                    self.began_s = time.monotonic()
                    yield from self.ups
            else:
                yield event
                self.ended_s = time.monotonic()

    def stop(self) -> None:
        """As the inner one."""
        self.inner.stop()


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    asked.add_argument("--utterances", type=int, default=1600)
    asked.add_argument("--executor", choices=["local", "queue", "ray"], default="local")
    asked.add_argument("--shards", type=int, default=20, help="for each worker")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-efficiency-") as folder:
        root = scale_project.write(Path(folder), given.utterances, SLEEP_S, AUDIO_S)
        (root / "queue").mkdir()
        for count in given.workers:
            name = {"local": f"local:{count}", "queue": f"queue:{root / 'queue'}", "ray": "ray:new"}[given.executor]
            with pullers(root, count if given.executor == "queue" else 0):
                print(one(root, name, count, given.shards), flush=True)


def one(root: Path, name: str, count: int, shards: int) -> str:
    """One pass by so many workers, as a line."""
    matrix = Matrix(Project.at(root))
    case = matrix.find(scale_project.CASE)
    assert isinstance(case, Case)
    data, task = datasets.load(case.dataset), tasks.get("asr")
    executor = Together(choice.executor(name, count if name == "ray:new" else None), count)
    kept = parts.Parts(root / "ledger" / f"{count}.parts" / "case.jsonl", quality_pass.identity(case, data, 1))
    options = PassOptions(str(root), str(count), 1, False, len(data.rows) * AUDIO_S / (count * shards))
    controller = psutil.Process()
    before = controller.cpu_times()
    quality_pass.run(task, case, data, executor, kept, options, lambda _: None, lambda: False)
    wall_s = executor.ended_s - executor.began_s
    after = controller.cpu_times()
    executor.stop()
    kept.close()
    cpu_s = after.user + after.system - before.user - before.system
    efficiency = len(data.rows) * SLEEP_S / (count * wall_s)
    cpu_ms = 1000 * cpu_s / len(data.rows)
    return (
        f"{name:10} {count:3} workers: {wall_s:6.2f} s, efficiency {efficiency:.3f},"
        f" controller {cpu_ms:.3f} ms CPU each"
    )


@contextmanager
def pullers(root: Path, count: int) -> Iterator[None]:
    """So many workers on the shared folder."""
    command = [sys.executable, "-m", "modellab", "worker", "--queue", "queue"]
    workers = [subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    main()
