"""Speed and memory against a reference that runs beside the candidate: `--against REF`, `--against-env PATH`.

- base.py: what REF names, and what it loads for a case
- revision.py, installed.py: a revision as a folder of its own, in an environment that has what it wants
- process.py: the base's worker
- duel.py: both sides at once, in pairs, judged
"""

from modellab.against.base import Base, resolve
from modellab.against.duel import Case, Duel

__all__ = ["Base", "Case", "Duel", "resolve"]
