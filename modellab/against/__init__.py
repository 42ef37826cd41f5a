"""Speed and memory against a reference that runs beside the candidate: `--against REF`, `--against-env PATH`.

- base.py: what REF names, and what it loads for a case
- revision.py, installed.py: a revision as a folder of its own, in an environment that has what it wants
- process.py: the base's worker
- duel.py, cores.py: both sides at once, in pairs, on one core
- verdicts.py: what the pairs say
"""

from modellab.against.base import Base, resolve
from modellab.against.duel import Duel
from modellab.against.verdicts import Case

__all__ = ["Base", "Case", "Duel", "resolve"]
