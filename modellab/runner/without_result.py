"""Cases that left no result: an ERROR each in the ledger, so that no report reads greener than the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from modellab import tasks
from modellab.errors import MOST_CHARACTERS, shortened
from modellab.plan.availability import why_not
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.results import entry, withheld
from modellab.results import ledger as ledgers
from modellab.results.baselines import quality_path
from modellab.results.entry import Entry
from modellab.results.headline import NOT_RUN
from modellab.results.ledger import Ledger
from modellab.runner.options import RunOptions
from modellab.runner.orphans import OrphanedBaseline
from modellab.system import escape, machine
from modellab.system.masking import masked
from modellab.types import CaseId, Status


def why_skipped(matrix: Matrix, case: Case, options: RunOptions) -> str:
    """Why a case is not measured in this run; '' if it is."""
    if options.in_process and case.header.privacy != "none":
        return f"--in-process shows what a model prints, and {case.key.dataset} is private: leave it out"
    if options.speed_only and not quality_path(matrix.project.baselines, case.key).is_file():
        return f"no accepted quality that --speed-only could add speed to: {case.key} is accepted without it"
    return ""


def keep_error(matrix: Matrix, ledger: Ledger, case: Case | Broken | None, text: str) -> str:
    """The error of a case as it is kept, and kept in the ledger where it is known what case it is."""
    error = masked(shortened(text.strip(), MOST_CHARACTERS))
    if case is not None:
        key = _unread(matrix, case) if isinstance(case, Broken) else case.key
        private = isinstance(case, Case) and case.header.privacy != "none"
        append_error(matrix, ledger, key, error, case.tier, settings={"privacy": "hashes"} if private else {})
        error = withheld.message(error) if private else error
    return error


def append_error(
    matrix: Matrix,
    ledger: Ledger,
    key: CaseId,
    error: str,
    tier: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """One line of the ledger."""
    commit = machine.commit(matrix.project.root)
    ledger.append(
        Entry(key, Status.ERROR, ledger.session, error=masked(error), commit=commit, tier=tier, settings=settings)
    )


def keep_not_run(matrix: Matrix, ledger: Ledger, names: Collection[str], why: str, *, download: bool = False) -> None:
    """An ERROR in the ledger for each case that could have run and has no result yet: a report shall miss none."""
    if not names:
        return
    known = {kept.key for kept in ledgers.read(matrix.project.mlruns)[0]}
    for case in _cases(matrix, names):
        if case.key not in known and not why_not(case, download=download):
            keep_error(matrix, ledger, case, f"{NOT_RUN}: {why}")


def keep_gone(matrix: Matrix, ledger: Ledger, gone: Iterable[OrphanedBaseline]) -> None:
    """An ERROR in the ledger for each accepted baseline whose case is gone, until its model or dataset runs without."""
    for orphan in gone:
        key = entry.unread(orphan.key.task, model=orphan.key.model, dataset=orphan.key.dataset)
        append_error(
            matrix, ledger, key, f"{orphan.key} has an accepted baseline and no case any more: renamed, removed?"
        )


def _cases(matrix: Matrix, names: Collection[str]) -> Iterable[Case]:
    planned = (matrix.find(name) for name in names)
    return (case for case in planned if isinstance(case, Case))


def _unread(matrix: Matrix, folder: Broken) -> CaseId:
    """The key of a folder that cannot be read; of a task that it names, where it can be told."""
    task = (folder.tasks or tasks.names())[0]
    name = escape.visible(folder.name)
    return entry.unread(task, model=name) if folder in matrix.models else entry.unread(task, dataset=name)
