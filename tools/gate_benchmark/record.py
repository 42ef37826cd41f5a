"""Record traces on this machine: `python -m tools.gate_benchmark --record FILE --sessions 100`.

A session times two workloads, each under the two names A and B, and a reference, by wall clock and CPU time of the
process: first one arm after another, as most tools do, then in turn in random order, as modellab does. Sessions are a
few seconds apart. Several runs may write to one file: it grows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tools.gate_benchmark.figures import Floats
from tools.gate_benchmark.timings import PAIRS
from tools.gate_benchmark.traces import ARMS, COLUMNS, Traces, load, save

IN_A_ROW = 15  # calls of an arm
PAUSE_S = (1.0, 6.0)
LAYERS, PASSES, STEPS = 18, 4, 120_000


@dataclass
class Work:
    """The three workloads; `size` scales them (1.0: 20 to 60 ms a call)."""

    size: float = 1.0
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def __post_init__(self) -> None:
        draw = self.generator.standard_normal
        self.audio = draw(max(1024, int(160_000 * self.size)), dtype=np.float32)
        self.mel = np.abs(draw((80, 257), dtype=np.float32))
        self.weight = draw((384, 384), dtype=np.float32)
        self.state = draw((max(2, int(300 * self.size)), 384), dtype=np.float32)
        self.large = draw(max(64, int(4_000_000 * self.size)), dtype=np.float32)
        self.window = np.hanning(512).astype(np.float32)

    def compute(self) -> float:
        """A spectrogram and some layers."""
        frames = np.lib.stride_tricks.sliding_window_view(self.audio, 512)[::160] * self.window
        power = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32) ** 2
        mel = np.log(self.mel @ power.T + 60.0)
        return float(mel.mean()) + self._layers(LAYERS)

    def memory(self) -> float:
        """Passes over arrays larger than the caches."""
        total = 0.0
        for _ in range(PASSES):
            scaled = self.large * np.float32(1.0001)
            scaled += np.float32(0.5)
            total += float(scaled[::-1].copy()[0])
        return total

    def reference(self) -> float:
        """Some layers, and a loop of the interpreter."""
        return self._layers(LAYERS // 2) + sum(number * number % 7 for number in range(int(STEPS * self.size)))

    def _layers(self, count: int) -> float:
        state = self.state
        for _ in range(count):
            state = np.tanh(state @ self.weight * np.float32(0.05))
        return float(state.mean())


def record(path: Path, sessions: int, work: Work | None = None, pause_s: tuple[float, float] = PAUSE_S) -> None:
    """Append sessions to the file."""
    work = work or Work()
    generator = np.random.default_rng()
    for call in (work.compute, work.memory, work.reference) * 2:
        call()  # warm-up
    for number in range(sessions):
        session = one(work, generator)
        save(path, joined(load(path), session) if path.exists() else session)
        print(f"session {number + 1} of {sessions}, load {session.load[0]:.1f}", flush=True)
        time.sleep(float(generator.uniform(*pause_s)))


def one(work: Work, generator: np.random.Generator) -> Traces:
    """One session."""
    calls = {column: getattr(work, column.partition("_")[0]) for column in COLUMNS}
    runs = np.array([[timed(calls[arm]) for _ in range(IN_A_ROW)] for arm in ARMS])
    turns = np.empty((PAIRS, len(COLUMNS), 2))
    for turn in turns:
        for column in generator.permutation(len(COLUMNS)):
            turn[column] = timed(calls[COLUMNS[column]])
    return Traces(turns[None], runs[None], np.array([os.getloadavg()[0]]))


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def joined(one: Traces, other: Traces) -> Traces:
    """The sessions of both."""
    both: list[tuple[Floats, Floats]] = [
        (getattr(one, name), getattr(other, name)) for name in ("turns", "runs", "load")
    ]
    return Traces(*(np.concatenate(pair) for pair in both))
