"""Speed and memory against a reference that runs beside the candidate: `--against REF`, `--against-env PATH`.

- reference.py: what REF names, and what it loads for a case
- worktree.py, requirements.py: a revision as a folder of its own, in an environment that has what it wants
- process.py: the base's worker
- run.py, interleave.py, cpu_affinity.py: both sides at once, in pairs, on one core
- readings.py, verdicts.py: what was measured, and what it says

Start reading at `run.py`.
"""

from modellab.runner.paired.readings import PairedCase, PairedReadings
from modellab.runner.paired.reference import Reference, resolve
from modellab.runner.paired.run import PairedRun

__all__ = ["PairedCase", "PairedReadings", "PairedRun", "Reference", "resolve"]
