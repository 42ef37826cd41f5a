"""Peak memory of fresh processes that do the same work: a child of numpy, its weights and its scratch space.

Recorded with `--record-peaks FILE`; a sample is shipped, so that two runs of the benchmark give the same figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tools.gate_benchmark.figures import Floats

SHIPPED = Path(__file__).parent / "data" / "peaks.json"
SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
CHILD = """
import resource
import numpy as np
generator = np.random.default_rng()  # other numbers each time, as other processes have other addresses
weights = [generator.standard_normal((1024, 1024), dtype=np.float32) for _ in range(96)]
state = generator.standard_normal((1500, 1024), dtype=np.float32)
for weight in weights:
    state = np.tanh(state @ weight * 0.03)
audio = generator.standard_normal(480_000, dtype=np.float32)
frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
spectrum = np.abs(np.fft.rfft(frames, axis=1)) ** 2
words = {str(number) * 3: number for number in range(int(generator.integers(90_000, 91_000)))}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def record(path: Path, processes: int) -> None:
    """Run the child again and again and store its peaks."""
    command = [sys.executable, "-c", CHILD]
    environment = {**os.environ, **SINGLE}
    peaks = [
        int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(processes)
    ]
    text = json.dumps({"what": "peak resident size of fresh numpy processes, bytes", "peaks_bytes": peaks})
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path = SHIPPED) -> Floats:
    """The peaks in bytes, shape (processes,)."""
    return np.array(json.loads(path.read_text(encoding="utf-8"))["peaks_bytes"], dtype=float)
