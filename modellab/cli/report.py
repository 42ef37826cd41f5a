"""`modellab report`: which model to take, what changed, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab import units
from modellab.cli import common, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.reports.leaderboard.records import ComparableGroup, Report
    from modellab.results.entry import Entry
    from modellab.results.select import StoredResults

FILE = "FILE"
STDOUT = "-"
MOST_TOLD = 3  # warnings of an MLflow store


def report(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SPEC]...", help=options.SPEC_HELP),
    ] = None,
    source: Annotated[str, typer.Option("--from", metavar="URI", help="Take results from this MLflow store too.")] = "",
    task: Annotated[str, typer.Option(metavar="TASK", help="Only this task.")] = "",
    dataset: Annotated[str, typer.Option(metavar="NAME", help="Only this dataset.")] = "",
    html: Annotated[Path | None, typer.Option(metavar=FILE, help="One HTML file with everything in it.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE|-", help="Markdown for a pull request.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE|-", help="A row for each number, as CSV.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE|-", help="The same as JSON.")] = None,
    parquet: Annotated[Path | None, typer.Option(metavar=FILE, help="The same as Parquet.")] = None,
    figure: Annotated[Path | None, typer.Option(metavar="FILE.svg|.png", help="The figure of one task.")] = None,
    comment: Annotated[bool, typer.Option("--comment", help="Write or renew the comment of the pull request.")] = False,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Score stored outputs anew by each dataset's present normaliser.")
    ] = False,
    utterances: Annotated[bool, typer.Option(help="Every utterance in the HTML file, folded.")] = True,
) -> None:
    """Which model to take, what changed, how sure that is.

    Each SPEC names stored results: whisper:lab@main, @HEAD~1, a session. Several are held against the first.
    """
    _check_extras(html=html, figure=figure, parquet=parquet)
    from modellab.reports.leaderboard.stored import assembled, selections

    project = common.project()
    stored = stored_results_of(project, source, specs or [])
    chosen = selections(stored, specs or [], task, dataset, _warn)
    made = assembled(project, stored, chosen, rescore=rescore, utterances=bool(html) and utterances)
    files = {"html": html, "markdown": markdown, "csv": csv, "json": json, "parquet": parquet}
    wanted = {kind: path for kind, path in files.items() if path is not None}
    if figure:
        _draw(made, figure)
    for kind, path in wanted.items():
        _write(made, kind, path)
    if comment:
        _comment(made)
    if not (wanted or figure or comment):
        _print(made)


def _check_extras(**files: Path | None) -> None:
    """ExtraError for a file that cannot be written here, before anything is computed for it."""
    from modellab.system import extras

    for option, path in files.items():
        if path is not None:
            extras.need("parquet" if option == "parquet" else "reports", f"`modellab report --{option}`")


def stored_results_of(project: Project, source: str = "", specs: Sequence[str] = ()) -> StoredResults:
    """Every stored result, also those of an MLflow store; ConfigError where there is none.

    What is accepted needs no ledger, but one of `specs` to name it.
    """
    from modellab.results.select import StoredResults

    more: Sequence[Entry] = ()
    if source:
        from modellab.tracking import fetch

        told: list[str] = []
        more = fetch.entries(source, warn=told.append)
        for warning in [
            *told[:MOST_TOLD],
            *([f"{len(told) - MOST_TOLD} more of these"] if len(told) > MOST_TOLD else []),
        ]:
            _warn(warning)
    stored = StoredResults.read(project.root, project.mlruns, project.baselines, more)
    for warning in (*stored.warnings, *stored.damaged):
        _warn(warning)
    if not stored.entries and not (specs and stored.accepted):
        unread = ", beside what the warnings are about" if stored.warnings else ""
        raise ConfigError(f"there are no results in {project.mlruns / 'ledger'}{unread}: `modellab run` makes some")
    return stored


def _warn(sentence: str) -> None:
    common.say(f"warning: {common.printable(sentence)}", err=True)


# ---------------------------------------------------------------------------- where it goes


def _write(made: Report, kind: str, path: Path) -> None:
    """One rendering into its file, or to standard output for `-`; ConfigError where it cannot be written."""
    data = _rendered(made, kind)
    if str(path) == STDOUT and isinstance(data, str):
        common.put(data)
        return
    if str(path) == STDOUT:
        raise ConfigError(f"--{kind} needs a file: it is not text")
    common.write(path, data)
    common.say(f"{kind}: {path}", err=True)


def _rendered(made: Report, kind: str) -> str | bytes:
    from modellab.reports.leaderboard import export, markdown
    from modellab.reports.leaderboard.html import render_html

    if kind == "html":
        return render_html(made)
    if kind == "markdown":
        return markdown.render_markdown(made)
    if kind == "csv":
        return export.render_csv(made)
    return export.render_json(made) if kind == "json" else export.render_parquet(made)


def _draw(made: Report, path: Path) -> None:
    from modellab.reports.leaderboard import figures

    tasks = [group.task for group in made.groups]
    if len(tasks) > 1:
        raise ConfigError(f"--figure draws one task, and there are {len(tasks)}: --task {tasks[0]}, for example")
    with common.writing(path):
        figures.draw(made.groups[0], path)
    common.say(f"figure: {path}", err=True)


def _comment(made: Report) -> None:
    from modellab.reports.leaderboard import markdown, pull_request

    common.say(f"comment: {pull_request.post(markdown.render_markdown(made))}", err=True)


def _print(made: Report) -> None:
    from modellab.reports.leaderboard import prose, tables

    common.say(f"{made.title} · {' · '.join(f'{name}: {value}' for name, value in made.facts)}")
    common.say(made.headline.text)
    headings, rows = tables.findings(made)
    if rows:
        common.say("\nwhat changed, worst first")
        common.print_table(headings, rows)
    if made.noted:
        common.say(f"\n{prose.NOTED}")
    for noted in made.noted:
        for note in noted.notes:
            common.say(f"  {common.printable(f'{noted.case} {noted.status}: {note}')}")
    for group in made.groups:
        _print_group(group)
    common.say("\nhow a score is made")
    for line in [*prose.formula(made), *made.notes]:
        common.say(f"  {common.printable(line)}")


def _print_group(group: ComparableGroup) -> None:
    from modellab.reports.leaderboard import prose, tables

    common.say(f"\n{group.task} · {units.heading(group.metric)}, {group.better} is better · N {group.utterances}")
    common.print_table(*tables.scores(group))
    common.print_table(*tables.measured(group))
    for sentence in prose.advice(group):
        common.say(f"  {common.printable(sentence)}")
    for line in prose.weights(group):
        common.say(f"  note: {line}")
    for _, why in group.left_out:
        common.say(f"  not compared: {common.printable(why)}")
