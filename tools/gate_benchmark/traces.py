"""Real timings: sessions in which the same work was timed as "A" and as "B", one after the other and in turn.

The shipped file: 113 sessions on a virtual machine with two cores, load 4 to 12 from unrelated jobs, two workloads
(compute: spectrogram and matrix products; memory: passes over 16 MB arrays) and a reference, one thread, two clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.gate_benchmark.figures import Floats

SHIPPED = Path(__file__).parent / "data" / "traces_2core_oversubscribed.npz"
CLOCKS = ("wall", "cpu")
WORKLOADS = ("compute", "memory")
ARMS = tuple(f"{work}_{side}" for work in WORKLOADS for side in "ab")
COLUMNS = (*ARMS, "reference")


@dataclass(frozen=True, slots=True)
class Traces:
    """Seconds. `turns` (sessions, turns, 5 columns, 2 clocks): one call of each column per turn, in random order.

    `runs` (sessions, 4 arms, calls, 2 clocks): the calls of an arm one after another, arm by arm. `load` (sessions,).
    """

    turns: Floats
    runs: Floats
    load: Floats

    def pairs(self, work: str, clock: str) -> tuple[Floats, Floats]:
        """A's and B's times turn by turn, each (sessions, turns)."""
        at, tick = COLUMNS.index(f"{work}_a"), CLOCKS.index(clock)
        return self.turns[:, :, at, tick], self.turns[:, :, at + 1, tick]

    def reference(self, clock: str) -> Floats:
        """The reference workload's times turn by turn, (sessions, turns)."""
        return self.turns[:, :, -1, CLOCKS.index(clock)]

    def sequential(self, work: str, clock: str) -> tuple[Floats, Floats]:
        """A's calls and, right after them, B's; each (sessions, calls)."""
        at, tick = ARMS.index(f"{work}_a"), CLOCKS.index(clock)
        return self.runs[:, at, :, tick], self.runs[:, at + 1, :, tick]


def load(path: Path = SHIPPED) -> Traces:
    """Read what `save` or `--record` wrote."""
    with np.load(path) as stored:
        return Traces(*(stored[name].astype(float) for name in ("turns", "runs", "load")))


def save(path: Path, traces: Traces) -> None:
    """Write single-precision arrays, compressed."""
    arrays = {name: getattr(traces, name).astype(np.float32) for name in ("turns", "runs", "load")}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
