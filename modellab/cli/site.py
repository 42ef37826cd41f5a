"""`modellab site`: a folder of all reports for a web server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from modellab.results.entry import Entry

TITLE = "Speech models: every report"


def site(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where it is, or is to be made.")],
    session: Annotated[
        list[str] | None, typer.Option(metavar="SESSION", help="This session, or several; else the newest.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every session in the ledger.")] = False,
    title: Annotated[str, typer.Option(help="Above the list.")] = TITLE,
) -> None:
    """Add the report of a session to a folder of all reports, latest on top, with a badge.

    What the folder has already stays: fetch the published one, add to it, publish it again.
    """
    from modellab.cli import report
    from modellab.reports.leaderboard import html, site
    from modellab.reports.leaderboard.stored import assembled
    from modellab.results.select import SelectedResults
    from modellab.system import extras

    extras.need("reports", "`modellab site`")
    project = common.project()
    stored = report.stored_results_of(project)
    sessions: dict[str, dict[str, Entry]] = {}
    for entry in stored.entries:  # of a case that ran twice the last
        sessions.setdefault(entry.session, {})[f"{entry.key.task} {entry.key}"] = entry
    names = list(sessions) if every else _known(session or [next(reversed(sessions))], list(sessions))
    reports = {}
    for name in names:
        cases = [entry for _, entry in sorted(sessions[name].items())]
        measured, failed = (tuple(e for e in cases if bool(e.result) is there) for there in (True, False))
        made = assembled(project, stored, [SelectedResults(f"@{name}", measured, failed)], utterances=True)
        reports[name] = html.render_html(made)
    index = site.add(folder, reports, [site.Session.of([*sessions[name].values()]) for name in names], title)
    common.say(f"{len(reports)} report{'s' * (len(reports) != 1)} added: {index}")


def _known(wanted: list[str], there: list[str]) -> list[str]:
    for name in wanted:
        if name not in there:
            raise ConfigError(f"the ledger has no session {name!r}: {did_you_mean(name, there[-5:])}")
    return wanted
