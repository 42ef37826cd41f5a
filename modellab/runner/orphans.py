"""Accepted baselines that no case has any more: a renamed or removed variant, precision, model or dataset.

A case that is gone fails no test; only its baseline, left behind, tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from modellab import tasks
from modellab.plan.matrix import TIERS, Broken, Case, Matrix
from modellab.results.baselines import PINNED, key_of, quality_path
from modellab.types import CaseId


@dataclass(frozen=True, slots=True)
class OrphanedBaseline:
    """A quality baseline that no case has any more."""

    key: CaseId
    path: Path


def find(root: Path, cells: Iterable[Case | Broken]) -> list[OrphanedBaseline]:
    """The orphaned baselines below `root`, sorted; nothing is said of models and datasets that cannot be read."""
    every = list(cells)
    broken = {cell.name for cell in every if isinstance(cell, Broken)}
    known = {quality_path(root, cell.key) for cell in every if isinstance(cell, Case)}
    found = (_orphan(path) for path in sorted(root.glob("*/*/*.json")) if path not in known)
    return [
        orphan
        for orphan in found
        if orphan and orphan.key.task != PINNED and broken.isdisjoint({orphan.key.model, orphan.key.dataset})
    ]


def _orphan(path: Path) -> OrphanedBaseline | None:
    """The file's cell; None for the speed of a machine class, which goes with its quality, and for other files."""
    key = key_of(path)
    return OrphanedBaseline(key, path) if key else None


def should_have_run(orphan: OrphanedBaseline, cells: Sequence[Case], selected: AbstractSet[str]) -> bool:
    """Whether a run of the cases with these ids should have had the orphan's case.

    So it is when everything of its model, dataset and device was selected, as far as the lowest of their tiers goes;
    where nothing of that kind is left, when anything of its model or its dataset was.
    """
    key = orphan.key
    alike = [cell for cell in cells if _kind(cell.key) == _kind(key)]
    if not alike:
        ran = [cell.key for cell in cells if str(cell.key) in selected]
        return any(other.model == key.model or other.dataset == key.dataset for other in ran)
    lowest = min((cell.tier for cell in alike), key=TIERS.index)
    return all(str(cell.key) in selected for cell in alike if cell.tier == lowest)


def _kind(key: CaseId) -> tuple[str, str, str, str]:
    return key.task, key.dataset, key.model, key.device


def missed(matrix: Matrix, selected: AbstractSet[str]) -> list[OrphanedBaseline]:
    """The strays whose cases a run of the cases with these ids should have had."""
    every = [cell for task in tasks.names() for cell in matrix.cells(task)]
    cells = [cell for cell in every if isinstance(cell, Case)]
    return [stray for stray in find(matrix.project.baselines, every) if should_have_run(stray, cells, selected)]
