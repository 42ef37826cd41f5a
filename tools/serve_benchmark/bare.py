"""The models without a server: worker processes asked one call after the other, as the suite asks them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modellab.plan.matrix import Matrix, ModelInstance
from modellab.plan.settings import Project
from modellab.runner import evaluate
from modellab.runner.evaluate import Loaded
from modellab.runner.worker import Worker


class Bare:
    """One worker with a model; asked from the thread that made it alone."""

    def __init__(self, instance: ModelInstance, threads: int) -> None:
        self.worker = Worker(threads, **instance.place)
        self.loaded: Loaded = evaluate.load(instance, self.worker, threads)
        self.loaded.ask("start", {"task": "asr", "warm_up": True})

    def call(self, path: Path, duration_s: float) -> dict[str, Any]:
        row = {"id": "upload", "audio": str(path), "duration_s": duration_s}
        return self.loaded.ask("utterance", {"row": row}, duration_s)

    def close(self) -> None:
        self.worker.close()


class Loops(threading.Thread):
    """A bare worker in a thread that owns it: it calls in a loop while it is told to."""

    def __init__(self, instance: ModelInstance, threads: int, path: Path, duration_s: float) -> None:
        super().__init__(daemon=True)
        self.instance, self.threads = instance, threads
        self.path, self.duration_s = path, duration_s
        self.go, self.idle, self.end = threading.Event(), threading.Event(), threading.Event()
        self.walls: list[float] = []

    def run(self) -> None:
        bare = Bare(self.instance, self.threads)
        bare.call(self.path, self.duration_s)
        self.idle.set()
        while not self.end.is_set():
            if not self.go.wait(0.05):
                continue
            self.idle.clear()
            begun = time.perf_counter()
            bare.call(self.path, self.duration_s)
            self.walls.append(time.perf_counter() - begun)
            if not self.go.is_set():
                self.idle.set()
        bare.close()


@contextmanager
def loops(count: int, instance: ModelInstance, threads: int, path: Path, duration_s: float) -> Iterator[list[Loops]]:
    """So many workers, warm and idle."""
    made = [Loops(instance, threads, path, duration_s) for _ in range(count)]
    for loop in made:
        loop.start()
    for loop in made:
        loop.idle.wait(120)
    try:
        yield made
    finally:
        for loop in made:
            loop.end.set()
        for loop in made:
            loop.join(30)


def for_s(made: list[Loops], seconds: float) -> tuple[float, list[float]]:
    """Let them call for so long: calls per second, and how long each took."""
    for loop in made:
        loop.walls = []
        loop.idle.clear()
        loop.go.set()
    begun = time.perf_counter()
    time.sleep(seconds)
    for loop in made:
        loop.go.clear()
    for loop in made:
        loop.idle.wait(60)
    spent = time.perf_counter() - begun
    walls = [wall for loop in made for wall in loop.walls]
    return len(walls) / spent, walls


def first_instance(project: Project, model: str, variant: str) -> ModelInstance:
    """The first device and precision of a variant."""
    return next(
        instance
        for instance in Matrix(project).instances()
        if (instance.key.model, instance.key.variant) == (model, variant)
    )
