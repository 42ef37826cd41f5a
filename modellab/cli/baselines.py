"""`modellab baselines`: accept what was measured, pin what was released, list both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, grouped, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from modellab.acceptance.propose import Proposal
    from modellab.plan.matrix import Case, Matrix
    from modellab.plan.selection import Selection
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry
    from modellab.results.pinned import Holding
    from modellab.types import CaseId

app = typer.Typer(
    cls=grouped.WholeSummaries,
    help="Accept measured results, pin a release, list what is accepted.",
    no_args_is_help=True,
)
NEWEST = 5  # sessions named when one is unknown
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; stored in the files.")]


@app.command()
def accept(
    reason: Reason,
    model: options.ModelNames = None,
    dataset: options.DatasetNames = None,
    device: options.DeviceNames = None,
    precision: options.PrecisionNames = None,
    tier: options.TierName = "",
    improved: Annotated[
        bool, typer.Option("--improved/--all", help="Only cases with an IMPROVED metric, or every selected case.")
    ] = True,
    session: Annotated[str, typer.Option(metavar="SESSION", help="Results of this session, whatever its commit.")] = "",
    any_commit: Annotated[bool, typer.Option("--any-commit", help="Results of other commits too.")] = False,
) -> None:
    """Make measured results the baselines, without running a model again.

    Of each selected case the newest result in the ledger, of the present commit. Exit status 1 if one was refused.
    """
    from modellab.acceptance import propose
    from modellab.system.machine import today

    why = _reason(reason)
    project = common.project()
    selection = options.chosen(model, dataset, device, precision, tier)
    cases = _cases(common.matrix(project), selection, _measured_keys(project))
    entries = common.entries(project, private=True)
    meant = _meant(entries, project, session, any_commit=any_commit)
    proposals = propose.propose(project, cases, meant, everything=not improved)
    files = 0
    for proposal in proposals:
        if _is_taken(proposal, everything=not improved):
            written = propose.accept(project, proposal, why, today())
            files += len(written)
            _tell_accepted(proposal, written, project)
    refused = [proposal for proposal in proposals if proposal.refusal]
    for proposal in refused:
        common.say(f"refused: {proposal.case.key}: {proposal.refusal}", err=True)
    _tell_rest(proposals, {entry.key for entry in entries}, everything=not improved)
    if files:
        shown = _shown(project.baselines, project)
        common.say(f"{_counted(files, 'file')} written, because: {why}\nreview with `git diff {shown}/` and commit")
    else:
        common.say("nothing was written")
    if refused:
        raise typer.Exit(1)


@app.command()
def pin(
    reason: Reason,
    model: options.ModelNames = None,
    dataset: options.DatasetNames = None,
    device: options.DeviceNames = None,
    precision: options.PrecisionNames = None,
    tier: options.TierName = "",
) -> None:
    """Make the accepted results the pinned release, which every case is held against besides its baseline."""
    from modellab.results import pinned
    from modellab.system.machine import today

    why = _reason(reason)
    project = common.project()
    accepted = _accepted_keys(project)
    cases = _cases(common.matrix(project), options.chosen(model, dataset, device, precision, tier), accepted)
    written = pinned.pin(project.baselines, [case.key for case in cases], why, today())
    if not written:
        raise ConfigError("none of these cases has a baseline: `modellab run --update-baselines --reason` accepts some")
    shown = _shown(pinned.pinned_root(project.baselines), project)
    count_pinned = sum(1 for case in cases if pinned.files(project.baselines, case.key))
    common.say(f"{_counted(count_pinned, 'case')} pinned in {shown}/ ({len(written)} files), because: {why}")
    common.say(f"review with `git status {shown}/` and commit")


@app.command("list")
def every(as_json: options.AsJson = False) -> None:
    """List what is accepted of each case, since when it is pinned, and the files that no case uses."""
    from modellab.plan.matrix import Broken
    from modellab.results import pinned

    project = common.project()
    matrix = common.matrix(project)
    every_case = _cases(matrix, options.chosen(None, None, None, None, ""), _accepted_keys(project))
    keys = [case.key for case in every_case]
    holdings = list(pinned.holdings(project.baselines, keys))
    broken = {entry.name for entry in (*matrix.models, *matrix.datasets) if isinstance(entry, Broken)}
    unused = [str(_shown(path, project)) for path in pinned.unused(project.baselines, keys, broken)]
    if as_json:
        rows = [_told(holding) for holding in holdings if not holding.problem]
        damaged = [holding.problem for holding in holdings if holding.problem]
        listed = {"baselines": rows, "damaged": damaged, "unused": unused, "without": len(keys) - len(holdings)}
        common.put_json(listed)
    else:
        _tell_holdings(holdings, unused, len(keys) - len(holdings))
    if any(holding.problem for holding in holdings):
        raise typer.Exit(1)


def _told(holding: Holding) -> dict[str, Any]:
    """What a program reads of a case's baseline; `machines` are those of which speed and memory are accepted."""
    return {
        "case": str(holding.key),
        "accepted": holding.date,
        "commit": holding.commit,
        "pinned": holding.pinned_on or None,
        "machines": list(holding.machines),
        "reason": holding.reason,
    }


def _tell_holdings(holdings: Sequence[Holding], unused: Sequence[str], bare: int) -> None:
    """What is accepted as a table, and how many cases have nothing."""
    rows = [
        [
            str(holding.key),
            holding.date,
            holding.commit[:7],
            holding.pinned_on or "-",
            ", ".join(holding.machines),
            holding.reason,
        ]
        for holding in holdings
        if not holding.problem
    ]
    common.print_table(["case", "accepted", "commit", "pinned", "speed and memory on", "reason"], rows)
    for holding in holdings:
        if holding.problem:
            common.say(f"damaged: {holding.problem}", err=True)
    if bare:
        common.say(f"{_counted(bare, 'case')} of the matrix without a baseline")
    for path in unused:
        common.say(f"unused: no case has {path}")


# ---------------------------------------------------------------------------- choosing


def _reason(given: str) -> str:
    if not given.strip():
        raise ConfigError("--reason is empty, expected why the baselines change: it is stored in them")
    return given.strip()


def _measured_keys(project: Project) -> list[CaseId]:
    """The case of each result of the ledger."""
    from modellab.results import ledger

    return [entry.key for entry in ledger.read(project.mlruns)[0]]


def _accepted_keys(project: Project) -> list[CaseId]:
    """The case of each file of accepted quality."""
    from modellab.results import baselines

    return [key for path in sorted(project.baselines.glob("*/*/*.json")) if (key := baselines.key_of(path))]


def _cases(matrix: Matrix, selection: Selection, known: Iterable[CaseId]) -> list[Case]:
    """The selected cases, of the matrix and of the `known` ones those that ran elsewhere; what is broken is told."""
    from modellab.plan import elsewhere
    from modellab.plan.matrix import Broken

    there = [case for case in elsewhere.cases(matrix.project, known) if selection.takes(matrix, case)]
    if not there or not selection:
        options.check(matrix, selection)
    cases = [*selection.cases(matrix), *there]
    for sentence in dict.fromkeys(case.error for case in cases if isinstance(case, Broken)):
        common.say(f"broken, left out: {sentence}", err=True)
    return [case for case in cases if not isinstance(case, Broken)]


def _meant(entries: list[Entry], project: Project, session: str, *, any_commit: bool) -> list[Entry]:
    """Those of the session, of any commit, or of the present one; ConfigError for a session that nothing is of."""
    from modellab.system import machine

    if session:
        name = machine.slug(session)  # as its file in the ledger spells it
        of_session = [entry for entry in entries if machine.slug(entry.session) == name]
        if not of_session:
            newest = list(dict.fromkeys(entry.session for entry in reversed(entries)))[:NEWEST]
            raise ConfigError(f"unknown session {session!r}, the newest are: {', '.join(newest)}")
        return of_session
    present = machine.commit(project.root).hash
    return [entry for entry in entries if any_commit or entry.commit.hash == present]


def _is_taken(proposal: Proposal, *, everything: bool) -> bool:
    measured = proposal.entry is not None and not (proposal.refusal or proposal.done)
    return measured and (everything or bool(proposal.improved))


# ---------------------------------------------------------------------------- telling


def _tell_accepted(proposal: Proposal, written: Iterable[Path], project: Project) -> None:
    from modellab import units

    entry = proposal.entry
    assert entry is not None
    common.say(f"accepted: {proposal.case.key}, measured {entry.finished_at[:16]} at {entry.commit.short}")
    for verdict in proposal.improved:
        then, now = units.value(verdict.baseline, verdict.unit), units.value(verdict.now, verdict.unit)
        common.say(f"  {verdict.metric} {then} -> {now}")
    for note in proposal.notes:
        common.say(f"  note: {note}")
    for path in written:
        common.say(f"  {_shown(path, project)}")


def _tell_rest(proposals: Iterable[Proposal], measured: set[CaseId], *, everything: bool) -> None:
    """How many cases stay as they are, and why; `measured` are the cases that the ledger has any result of."""
    rest = [
        proposal for proposal in proposals if not proposal.refusal and not _is_taken(proposal, everything=everything)
    ]
    without = [proposal.case.key for proposal in rest if proposal.entry is None]
    elsewhere = len(measured.intersection(without))
    done = sum(proposal.done for proposal in rest)
    same = len(rest) - len(without) - done
    if same:
        common.say(f"{_counted(same, 'case')} not improved, left alone: --all accepts them too")
    if done:
        common.say(f"{_counted(done, 'case')} accepted already")
    if elsewhere:
        common.say(
            f"{_counted(elsewhere, 'case')} with results of other commits or sessions only: --any-commit takes them"
        )
    if never := len(without) - elsewhere:
        common.say(f"{_counted(never, 'case')} never measured here")


def _shown(path: Path, project: Project) -> Path:
    """A path as seen from the project, where it lies there."""
    return path.relative_to(project.root) if path.is_relative_to(project.root) else path


def _counted(number: int, what: str) -> str:
    """A number with its noun.

    >>> _counted(1, "case"), _counted(3, "case")
    ('1 case', '3 cases')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")
