"""`modellab forget`: take results out of the ledger, and bring them back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, consent, options
from modellab.errors import ConfigError
from modellab.units import counted

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry

SPECS = "What to forget: a case's id, MODEL[:VARIANT], @SESSION, @COMMIT: every result of it, old ones too."
SHOWN = 20  # cases that are named before anything happens


def forget(
    specs: Annotated[list[str] | None, typer.Argument(metavar="[SPEC]...", help=SPECS)] = None,
    dataset: options.DatasetNames = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; kept beside what is forgotten.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Bring back all that was forgotten.")] = False,
) -> None:
    """Take results out of the ledger: a model, a run, a dataset or a case. Reports and histories do without them.

    Says what goes before it asks. Nothing is deleted: it lies in mlruns/forgotten, and --back brings it back.
    Baselines, saved sounds and what MLflow was sent already stay. Exit status 1 if nobody agreed.
    """
    from modellab.results import forgetting
    from modellab.system import machine

    project = common.project()
    if back:
        if specs or dataset:
            raise ConfigError("--back brings back all that was forgotten, and takes no names")
        common.say(f"back in the ledger: {counted(forgetting.bring_back(project.mlruns), 'result')}")
        return
    entries = _meant(project, specs or [], dataset or [])
    _show(entries)
    if not because.strip():
        raise ConfigError("nothing was forgotten: say why with --because, which is kept beside what is forgotten")
    if not (yes or consent.agrees(f"forget {counted(len(entries), 'result')}?")):
        common.say("nothing was forgotten: --yes agrees where nobody can be asked", err=True)
        raise typer.Exit(1)
    forgetting.forget(project.mlruns, {entry.id for entry in entries}, machine.author(project.root), because.strip())
    common.say(
        f"forgotten; they lie in {project.mlruns / forgetting.FOLDER}, `modellab forget --back` brings them back"
    )


def _meant(project: Project, specs: list[str], datasets: list[str]) -> list[Entry]:
    """What the names take together, oldest first; ConfigError for a name that nothing has."""
    from modellab.plan.selection import known
    from modellab.results.select import BASELINE, LATEST, StoredResults

    if not specs and not datasets:
        raise ConfigError("what is to be forgotten? A case's id, MODEL[:VARIANT], @SESSION, or --dataset NAME")
    stored = StoredResults.read(project.root, project.mlruns, project.baselines)
    for warning in stored.warnings:
        common.say(f"warning: {warning}", err=True)
    for name in datasets:
        known("dataset", name, {entry.key.dataset for entry in stored.entries})
    for spec in specs:
        if spec.rpartition("@")[2] in {BASELINE, LATEST}:
            raise ConfigError(f"{spec!r} names no results to forget: a case's id, MODEL[:VARIANT] or @SESSION does")
    named = {entry.id: entry for spec in specs for entry in stored.every(spec)}
    pool = list(named.values()) if specs else stored.entries
    entries = [entry for entry in pool if not datasets or entry.key.dataset in datasets]
    if not entries:
        raise ConfigError("no result has all of these names: `modellab results --all` lists what there is")
    return sorted(entries, key=lambda entry: entry.finished_at)


def _show(entries: list[Entry]) -> None:
    """How many results of which cases, and of which time."""
    cases = Counter(str(entry.key) for entry in entries)
    for name, count in sorted(cases.items())[:SHOWN]:
        common.say(f"  {name}: {counted(count, 'result')}")
    if len(cases) > SHOWN:
        common.say(f"  and {counted(len(cases) - SHOWN, 'more case')}")
    days = sorted({entry.finished_at[:10] for entry in entries})
    runs = counted(len({entry.session for entry in entries}), "run")
    common.say(f"{counted(len(entries), 'result')} of {runs}, {days[0]} to {days[-1]}")
