"""What a verdict on 10,000 utterances costs: seconds and peak memory, in a fresh process of its own.

python -m tools.gate_benchmark.analysis prints them as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time

from modellab.stats.permutation import PERMUTATIONS
from tools.gate_benchmark import quality
from tools.gate_benchmark.figures import generator
from tools.gate_benchmark.words import model

UTTERANCES = 10_000


def measure() -> dict[str, float]:
    """Run this module in a process of its own."""
    command = [sys.executable, "-m", "tools.gate_benchmark.analysis"]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def main() -> None:
    """The slowest of three verdicts, after a first one that imports; every transcript of 10,000 changed."""
    errors = model().draw(generator("analysis"), 1, UTTERANCES, 1.0)
    row = (errors.words[0], errors.before[0], errors.after[0])
    quality.judged(*row)
    seconds = []
    for _ in range(3):
        started = time.process_time()
        quality.judged(*row)
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    figures = {"utterances": UTTERANCES, "permutations": PERMUTATIONS, "seconds": max(seconds), "peak_mb": peak / 1e6}
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
