"""`modellab report`: which model to take, what changed, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab import units
from modellab.cli import common
from modellab.errors import ConfigError, ModellabError, did_you_mean

if TYPE_CHECKING:
    from modellab.datasets import Dataset
    from modellab.plan.settings import Project
    from modellab.reports.leaderboard.records import ComparableGroup, Report
    from modellab.results.entry import Entry
    from modellab.results.select import SelectedResults, StoredResults

FILE = "FILE"
STDOUT = "-"
MOST_TOLD = 3  # warnings of an MLflow store


def report(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...", help="MODEL[:VARIANT][/DEVICE[-PRECISION]][@WHEN]; none: the newest results."
        ),
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
    project = common.project()
    stored = stored_results_of(project, source, specs or [])
    selections = _selections(stored, specs or [], task, dataset)
    made = assembled(project, stored, selections, rescore=rescore, utterances=bool(html) and utterances)
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
    for warning in stored.warnings:
        _warn(warning)
    if not stored.entries and not (specs and stored.accepted):
        unread = ", beside what the warnings are about" if stored.warnings else ""
        raise ConfigError(f"there are no results in {project.mlruns / 'ledger'}{unread}: `modellab run` makes some")
    return stored


def _warn(sentence: str) -> None:
    common.say(f"warning: {common.printable(sentence)}", err=True)


def _selections(stored: StoredResults, specs: Sequence[str], task: str, dataset: str) -> list[SelectedResults]:
    from modellab import tasks
    from modellab.results.select import LATEST, SelectedResults

    doubled = [spec for spec in specs if specs.count(spec) > 1]
    if doubled:
        raise ConfigError(f"{doubled[0]!r} is named twice: there is nothing to compare")
    found = [stored.select(spec, errors=True) for spec in specs or [LATEST]]
    unknown = sorted(
        {e.key.task for selection in found for e in (*selection.entries, *selection.failed)} - set(tasks.names())
    )
    if unknown:
        _warn(f"this modellab has no task {', '.join(unknown)}: its results are left out (of a newer version?)")
    for name, wanted in (("task", task), ("dataset", dataset)):
        there = {getattr(entry.key, name) for selection in found for entry in (*selection.entries, *selection.failed)}
        if wanted and wanted not in there:
            raise ConfigError(f"there are no results of the {name} {wanted!r}: {did_you_mean(wanted, there)}")
    kept = []
    for selection in found:
        entries, failed = (
            tuple(
                each
                for each in some
                if each.key.task not in unknown and task in {"", each.key.task} and dataset in {"", each.key.dataset}
            )
            for some in (selection.entries, selection.failed)
        )
        if not (entries or failed):
            wanted = " and ".join(filter(None, (task, dataset))) or "a task that is known here"
            raise ConfigError(f"{selection.spec!r} has no results of {wanted}")
        kept.append(SelectedResults(selection.spec, entries, failed))
    return kept


def assembled(
    project: Project,
    stored: StoredResults,
    selections: Sequence[SelectedResults],
    *,
    rescore: bool = False,
    utterances: bool = False,
) -> Report:
    """The report on some results, with whatever of the project belongs to it."""
    from modellab.reports.leaderboard import assemble

    datasets, notes = _datasets(project, selections)
    if rescore:
        selections = [_rescored(selection, datasets) for selection in selections]
    shown = assemble.Shown(
        selections=selections,
        every=stored.entries,
        datasets=datasets,
        stages=_stages(project, selections),
        card=project.judging.scorecard,
        alpha=project.judging.alpha,
        utterances=utterances,
        notes=[*stored.warnings, *notes],
    )
    return assemble.assemble(shown)


def _datasets(project: Project, selections: Sequence[SelectedResults]) -> tuple[dict[str, Dataset], list[str]]:
    """The golden datasets of the results that are here, and a sentence for each that cannot be used."""
    from modellab.datasets import load

    found, notes = {}, []
    for name in sorted({entry.key.dataset for selection in selections for entry in selection.entries}):
        try:
            found[name] = load(project.golden / name)
        except ModellabError as error:
            notes.append(f"{name} is not here, so there are no references and conditions: {str(error).splitlines()[0]}")
    return found, notes


def _rescored(selection: SelectedResults, datasets: dict[str, Dataset]) -> SelectedResults:
    """The results by the normaliser that each dataset has now, where they were scored by another."""
    from modellab import text
    from modellab.rescoring.entry import rescored
    from modellab.results.select import SelectedResults

    entries = []
    for entry in selection.entries:
        data = datasets.get(entry.key.dataset)
        then = entry.result.provenance.get("normaliser", "") if entry.result else ""
        if data is None and then:
            raise ConfigError(f"{entry.key} cannot be scored anew: the dataset {entry.key.dataset} is not here")
        stale = data is not None and then not in {"", str(text.get(data.normaliser))}
        entries.append(rescored(entry, data) if data is not None and stale else entry)
    return SelectedResults(selection.spec, tuple(entries), selection.failed)


def _stages(project: Project, selections: Sequence[SelectedResults]) -> dict[tuple[str, str], str]:
    """The lifecycle stage of each variant that the report shows; of models that are gone there is none."""
    from modellab import models
    from modellab.lifecycle import stages

    folders = models.folders(project.models)
    found: dict[tuple[str, str], str] = {}
    for model, variant in sorted(
        {(entry.key.model, entry.key.variant) for selection in selections for entry in selection.entries}
    ):
        if model in folders:
            start = models.config(folders[model]).status
            found[model, variant] = stages.standing(project.baselines, model, variant, start).stage
    return found


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
    for each in made.noted:
        for note in each.notes:
            common.say(f"  {common.printable(f'{each.case} {each.status}: {note}')}")
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
