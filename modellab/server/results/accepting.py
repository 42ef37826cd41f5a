"""What a reader's process says of accepting a run: what would change in `baselines/`, as a diff; and the change."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab import units
from modellab.acceptance import propose
from modellab.acceptance.propose import Proposal
from modellab.errors import ModellabError
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.results import baselines, ledger
from modellab.results.entry import Entry
from modellab.server.errors import ApiError
from modellab.server.results import difference
from modellab.server.results.tables import ENTRIES
from modellab.server.results.whole import opened, project
from modellab.system import leftovers
from modellab.system.machine import today

Json = dict[str, Any]
Order = Mapping[str, Any]
VERSION_DIGITS = 16


def accept(root: Path, order: Order) -> Json:
    """Make a session's results the baselines, those that improved or all; a dry run only says what would change.

    ApiError 404 for a session that nothing is of, 412 where the files are not of the version that is expected.
    """
    here = project(root)
    matrix = Matrix(here)
    entries = _entries(here, order)
    by_key = {entry.key: matrix.find(str(entry.key)) for entry in entries}
    cases = [case for case in by_key.values() if isinstance(case, Case)]
    proposals = propose.propose(here, cases, entries, everything=order["everything"])
    taken = [proposal for proposal in proposals if _is_taken(proposal, everything=order["everything"])]
    version = _version(here, taken)
    if order["expected"] not in ("", version):
        message = "the baselines have changed since you looked: look at the difference again"
        raise ApiError(412, "changed", message, headers={"ETag": f'"{version}"'})
    reason = order["because"] + (f" (accepted by {order['by']})" if order["by"] else "")
    files = _draft(here, taken, reason)
    is_written = bool(files) and not order["dry_run"]
    for proposal in taken if is_written else ():
        propose.accept(here, proposal, reason, today())
    outcomes = [_outcome(proposal, everything=order["everything"]) for proposal in proposals]
    gone = [{"case": str(key), "state": "refused", "why": GONE} for key, case in by_key.items() if case not in cases]
    return {"cases": outcomes + gone, "files": files, "version": version, "is_written": is_written}


GONE = "the project has no case of this name"


def _entries(here: Project, order: Order) -> list[Entry]:
    """The session's entries, with all that was said: nothing of it is shown."""
    same = (ENTRIES.c.project == order["owner"], ENTRIES.c.session == order["session"])
    places = sa.select(ENTRIES.c.path, ENTRIES.c.offset, ENTRIES.c.length).where(*same)
    with opened(order["url"]) as engine, engine.connect() as connection:
        rows = list(connection.execute(places))
    if not rows:
        raise ApiError(404, "not_found", f"there is no run {order['session'][:60]!r} here", "session")
    try:
        return [ledger.read_at(Path(row.path), row.offset, row.length, here.mlruns, private=True) for row in rows]
    except (OSError, ModellabError, *ledger.TOO_DEEP) as error:
        why = "the ledger has changed since it was indexed: ask again in a moment"
        raise ApiError(409, "moved", why) from error


def _is_taken(proposal: Proposal, *, everything: bool) -> bool:
    is_measured = proposal.entry is not None and not (proposal.refusal or proposal.done)
    return is_measured and (everything or bool(proposal.improved))


def _outcome(proposal: Proposal, *, everything: bool) -> Json:
    """A case, what becomes of it, and why."""
    state, why = "accepted", ""
    if proposal.refusal:
        state, why = "refused", proposal.refusal.splitlines()[0]
    elif proposal.done:
        state, why = "done", "this very result is the baseline already"
    elif not _is_taken(proposal, everything=everything):
        state, why = "left", "no metric is better than accepted"
    better = [
        f"{units.heading(change.metric)} {units.value(change.baseline, change.unit)}"
        f" -> {units.value(change.now, change.unit)}"
        for change in proposal.improved
    ]
    return {
        "case": str(proposal.case.key), "state": state, "why": why, "improved": better,
        "notes": list(proposal.notes) if state == "accepted" else [],
    }  # fmt: skip


# ---------------------------------------------------------------------------- files


def _files(here: Project, proposal: Proposal) -> list[Path]:
    """The files that hold what is accepted of a case."""
    path = baselines.quality_path(here.baselines, proposal.case.key)
    return sorted(path.parent.glob(f"{path.name.removesuffix('.json')}.*")) if path.parent.is_dir() else []


def _version(here: Project, taken: Sequence[Proposal]) -> str:
    """What tells these files and these results from others."""
    sums = hashlib.sha256()
    for proposal in taken:
        assert proposal.entry is not None
        sums.update(proposal.entry.id.encode())
        for path in _files(here, proposal):
            sums.update(path.name.encode() + b"\0" + path.read_bytes())
    return sums.hexdigest()[:VERSION_DIGITS]


def _draft(here: Project, taken: Sequence[Proposal], reason: str) -> list[Json]:
    """The difference that accepting makes to each file, found out on copies of them."""
    with leftovers.folder("accept") as folder:
        copy = replace(here, baselines=folder)
        written: list[Path] = []
        for proposal in taken:
            for path in _files(here, proposal):
                place = copy.baselines / path.relative_to(here.baselines)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
            written += propose.accept(copy, proposal, reason, today())
        return [
            difference.of(here.root, here.baselines / path.relative_to(folder), path.read_text(encoding="utf-8"))
            for path in dict.fromkeys(written)
        ]
