"""Accepted baselines that no case has any more: a renamed or removed variant, precision, model or dataset.

A case that is gone fails no test; only its baseline, left behind, tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from modellab import tasks
from modellab.errors import BaselineError
from modellab.plan.batching import unasked
from modellab.plan.matrix import RUN, TIERS, Broken, Case, Matrix
from modellab.results import baseline_file
from modellab.results.baselines import BATCH, PINNED, key_of, quality_path
from modellab.types import CaseId


@dataclass(frozen=True, slots=True)
class OrphanedBaseline:
    """A quality baseline that no case has any more."""

    key: CaseId
    path: Path


def find(root: Path, cases: Iterable[Case | Broken]) -> list[OrphanedBaseline]:
    """The orphaned baselines below `root`, sorted; nothing is said of models and datasets that cannot be read."""
    every = list(cases)
    broken = {case.name for case in every if isinstance(case, Broken)}
    keys = [case.key for case in every if isinstance(case, Case)]
    known, plain = {quality_path(root, key) for key in keys}, {unasked(key) for key in keys}
    orphans = (_orphan(path) for path in sorted(root.glob("*/*/*.json")) if path not in known)
    return [
        orphan
        for orphan in orphans
        if orphan and orphan.key.task != PINNED and broken.isdisjoint({orphan.key.model, orphan.key.dataset})
        if not (unasked(orphan.key) in plain and asked_by_a_run(orphan.path))
    ]


def _orphan(path: Path) -> OrphanedBaseline | None:
    """The file's case; None for the speed of a machine class, which goes with its quality, and for other files."""
    key = key_of(path)
    return OrphanedBaseline(key, path) if key else None


def asked_by_a_run(path: Path) -> bool:
    """Whether a baseline is of preprocessing or batches of a run, which no case of the project has to have."""
    try:
        header = (baseline_file.read(path) or {}).get("header") or {}
        return header.get("preprocessing_from") == RUN or BATCH in header
    except (BaselineError, AttributeError):
        return False


def should_have_run(orphan: OrphanedBaseline, cases: Sequence[Case], selected: AbstractSet[str]) -> bool:
    """Whether a run of the cases with these ids should have had the orphan's case.

    So it is when everything of its model, dataset and device was selected, as far as the lowest of their tiers goes;
    where nothing of that kind is left, when anything of its model or its dataset was.
    """
    key = orphan.key
    alike = [case for case in cases if _kind(case.key) == _kind(key)]
    if not alike:
        ran = [case.key for case in cases if str(case.key) in selected]
        return any(other.model == key.model or other.dataset == key.dataset for other in ran)
    lowest = min((case.tier for case in alike), key=TIERS.index)
    return all(str(case.key) in selected for case in alike if case.tier == lowest)


def _kind(key: CaseId) -> tuple[str, str, str, str]:
    return key.task, key.dataset, key.model, key.device


def missed(matrix: Matrix, selected: AbstractSet[str]) -> list[OrphanedBaseline]:
    """The orphaned baselines whose cases a run of the cases with these ids should have had."""
    if matrix.is_asked:
        return []  # its cases are beside those of the project, and say nothing of theirs
    every = [case for task in tasks.names() for case in matrix.cases(task)]
    cases = [case for case in every if isinstance(case, Case)]
    return [orphan for orphan in find(matrix.project.baselines, every) if should_have_run(orphan, cases, selected)]
