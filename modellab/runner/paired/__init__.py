"""Speed and memory against a reference that runs beside the candidate: `--against REF`, `--against-env PATH`.

- base.py: what REF names, and what it loads for a case
- revision.py, installed.py: a revision as a folder of its own, in an environment that has what it wants
- process.py: the base's worker
- duel.py, cores.py: both sides at once, in pairs, on one core
- verdicts.py: what the pairs say
"""

from modellab.runner.paired.reference import Base, resolve
from modellab.runner.paired.run import Duel
from modellab.runner.paired.verdicts import Case

__all__ = ["Base", "Case", "Duel", "resolve"]
