"""`modellab page CASE`: one result of a case as an HTML file with everything in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry

NEWEST = 5  # sessions named when the one asked for has no result of the case


def page(
    case: options.CaseName,
    session: Annotated[
        str, typer.Option(metavar="SESSION", help="Of this session, or of one that begins so; else the newest.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="The page's file; else in mlruns/pages/.")
    ] = None,
    clips: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many utterances, worst first, come with their sound.")
    ] = 20,
) -> None:
    """Write a case's page: verdicts, times, and every utterance with its errors, worst first.

    One file that needs nothing else: differences word by word or as timelines, players, spectrograms.
    """
    from modellab.audio.saved import file_name
    from modellab.reports.case import page
    from modellab.results import baselines, ledger
    from modellab.system import extras

    extras.need("reports", "`modellab page`")
    project = common.project()
    entries, warnings = ledger.read(project.mlruns)
    for warning in warnings:
        common.say(f"warning: {common.printable(warning)}", err=True)
    entry = entry_of(project, entries, case, session)
    file = output or project.mlruns / "pages" / f"{file_name(str(entry.key))}.html"
    text = page.render(entry, project.golden, baselines.load(project.baselines, entry.key), clips)
    common.write(file, text)
    common.say(f"page: {file} ({entry.told_status}, session {entry.session}, {file.stat().st_size / 1e6:.1f} MB)")


def entry_of(project: Project, entries: list[Entry], case: str, session: str) -> Entry:
    """The newest entry of the case in that session; ConfigError where there is none."""
    from modellab.plan.selection import find_case

    own = [entry for entry in entries if str(entry.key) == case]
    of_session = [entry for entry in own if entry.session.lower().startswith(session.lower())]
    if of_session:
        return of_session[-1]
    if own:
        there = ", ".join(dict.fromkeys(entry.session for entry in own[-NEWEST:]))
        raise ConfigError(f"no session {session!r} has a result of {case}; the newest that have: {there}")
    key = find_case(common.matrix(project), case).key  # or a ConfigError with names that are close
    chosen = f"--model {key.model}:{key.variant} --dataset {key.dataset}"
    raise ConfigError(f"{case} has no result yet: `modellab run {chosen}` makes one")
