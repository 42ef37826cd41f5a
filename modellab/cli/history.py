"""`modellab history CASE`: one case over all sessions, where its level moved, and a chart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, options

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.reports.history.series import History
    from modellab.results.entry import Entry
    from modellab.types import CaseId


def history(
    case: options.CaseName,
    metric: Annotated[str, typer.Option(metavar="METRIC", help="Only this metric, reported ones too.")] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.svg|.png", help="The chart's file; else in mlruns/history/.")
    ] = None,
    last: Annotated[int, typer.Option(min=0, metavar="N", help="Only the newest N results; 0 takes all.")] = 0,
    since: options.Since = "",
    as_json: options.AsJson = False,
    penalty: Annotated[
        float | None,
        typer.Option(callback=common.number, help="What a change point costs; less finds more. 2.5 if not given."),
    ] = None,
) -> None:
    """Show where a case changed, over all its sessions.

    The source is the ledger. A change point lies between two results; the commits of both are named. With --json
    a chart is drawn only where --output names its file.
    """
    from modellab.reports.history import chart, series, told
    from modellab.results import ledger
    from modellab.results.since import moment
    from modellab.stats.change_points import PENALTY
    from modellab.system import extras

    extras.need("reports", "`modellab history`")
    project = common.project()
    entries, warnings = ledger.read(project.mlruns)
    for warning in warnings:
        common.say(f"warning: {common.printable(warning)}", err=True)
    key = _key(project, entries, case)
    if since:
        entries = [entry for entry in entries if entry.finished_at >= moment(since)]
    file = output or project.mlruns / "history" / f"{str(key).replace(':', '-')}.svg"
    chart.check(file)
    cost = PENALTY if penalty is None else penalty
    case_history = series.read(key, entries, project.baselines, metric, last, cost)
    if as_json:
        common.put_json(told.told(case_history))
    else:
        _print(case_history)
    if as_json and not output:
        return
    with common.writing(file):
        chart.draw(case_history, file)
    common.say(f"chart: {file}", err=as_json)


def _key(project: Project, entries: list[Entry], case: str) -> CaseId:
    """The case of this id: one that was measured, whether the matrix still has it or not; else one of the matrix."""
    from modellab.plan.selection import find_case

    return next((entry.key for entry in entries if str(entry.key) == case), None) or (
        find_case(common.matrix(project), case).key
    )


def _print(case_history: History) -> None:
    from modellab.reports.history import text

    common.print_table(*text.table(case_history))
    change_points = list(text.sentences(case_history))
    common.say("\nchange points:" if change_points else "\nno change point")
    for sentence in change_points:
        common.say(f"  {common.printable(sentence)}")
    if events := list(text.happened(case_history)):
        common.say("\nbaselines, stages and upgrades:")
    for event in events:
        common.say(f"  {common.printable(event)}")
    for note in case_history.notes:
        common.say(f"note: {common.printable(note)}")
