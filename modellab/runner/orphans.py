"""Accepted baselines that no case has any more: a renamed or removed variant, precision, model or dataset.

A case that is gone fails nothing and is missed by nobody; its baseline is what tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from modellab import tasks
from modellab.plan.matrix import TIERS, Broken, Cell, Matrix
from modellab.results.baselines import ANCHOR, key_of, quality_path
from modellab.types import Key


@dataclass(frozen=True, slots=True)
class Stray:
    """A quality baseline without a case."""

    key: Key
    path: Path


def find(root: Path, cells: Iterable[Cell | Broken]) -> list[Stray]:
    """The strays below `root`, sorted; nothing is said of models and datasets that cannot be read."""
    every = list(cells)
    broken = {cell.name for cell in every if isinstance(cell, Broken)}
    known = {quality_path(root, cell.key) for cell in every if isinstance(cell, Cell)}
    found = (_stray(path) for path in sorted(root.glob("*/*/*.json")) if path not in known)
    return [
        stray
        for stray in found
        if stray and stray.key.task != ANCHOR and broken.isdisjoint({stray.key.model, stray.key.dataset})
    ]


def _stray(path: Path) -> Stray | None:
    """The file's cell; None for the speed of a machine class, which goes with its quality, and for other files."""
    key = key_of(path)
    return Stray(key, path) if key else None


def is_missed(stray: Stray, cells: Sequence[Cell], selected: AbstractSet[str]) -> bool:
    """Whether a run of the cases with these ids should have had the stray's case.

    So it is when everything of its model, dataset and device was selected, as far as the lowest of their tiers goes;
    where nothing of that kind is left, when anything of its model or its dataset was.
    """
    key = stray.key
    kin = [cell for cell in cells if _kind(cell.key) == _kind(key)]
    if not kin:
        ran = [cell.key for cell in cells if str(cell.key) in selected]
        return any(other.model == key.model or other.dataset == key.dataset for other in ran)
    lowest = min((cell.tier for cell in kin), key=TIERS.index)
    return all(str(cell.key) in selected for cell in kin if cell.tier == lowest)


def _kind(key: Key) -> tuple[str, str, str, str]:
    return key.task, key.dataset, key.model, key.device


def missed(matrix: Matrix, selected: AbstractSet[str]) -> list[Stray]:
    """The strays whose cases a run of the cases with these ids should have had."""
    every = [cell for task in tasks.names() for cell in matrix.cells(task)]
    cells = [cell for cell in every if isinstance(cell, Cell)]
    return [stray for stray in find(matrix.project.baselines, every) if is_missed(stray, cells, selected)]
