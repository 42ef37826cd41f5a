"""The tiny checkpoints of a run's cases, made together before the first case that needs one.

Each is made in a process of its own where it is needed, and most of that is the import of the same libraries.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modellab.models import made, weights
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case


class Checkpoints:
    """Those of the cases of a run that can run here."""

    def __init__(self, cases: Iterable[object] = ()) -> None:
        self._cases: list[Case] | None = [case for case in cases if isinstance(case, Case) and _name(case)]

    def before(self, case: Case) -> None:
        """Make all that are not here, where this case needs one; only once."""
        if self._cases is None or not _name(case):
            return
        able = [planned for planned in self._cases if not why_not(planned)]
        self._cases = None
        made.together(list(dict.fromkeys((planned.folder, _name(planned)) for planned in able)))


def _name(case: Case) -> str:
    """The name of the checkpoint that is made for a case in this Python; '' where none is."""
    scheme, name = weights.split(case.source.name)
    return name if scheme == "made" and case.model.environment != "own" and _has_recipe(case.folder) else ""


def _has_recipe(folder: Path) -> bool:
    return (folder / made.RECIPE).is_file()
