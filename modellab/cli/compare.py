"""`modellab compare A B`: two systems on the same utterances; with three or more, all of them in order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.reports.comparison.compare import Found
    from modellab.reports.comparison.render.tables import Table
    from modellab.reports.comparison.two_systems import SystemPair
    from modellab.results.select import SelectedResults

Specs = Annotated[
    list[str],
    typer.Argument(metavar="A B [C ...]", help="A case's id, or [MODEL[:VARIANT]][/DEVICE[-PRECISION]][@WHEN]."),
]
SHOWN, ON_PAGE = 5, 50  # changed utterances each way


Alpha = Annotated[
    float, typer.Option(min=1e-6, max=0.5, callback=common.number, help="The chance of any false difference.")
]
Megabytes = Annotated[
    float, typer.Option(min=0, callback=common.number, help="Megabytes of sound in the page; 0 for none.")
]


def compare(
    specs: Specs,
    task: Annotated[str, typer.Option(metavar="TASK", help="Only this task.")] = "",
    dataset: Annotated[str, typer.Option(metavar="DATASET", help="Only this dataset.")] = "",
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC", help="These metrics, the first for the verdict; may be repeated."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page to listen side by side.")] = None,
    json: Annotated[str, typer.Option(metavar="FILE|-", help="Write everything as JSON; - prints it alone.")] = "",
    markdown: Annotated[str, typer.Option(metavar="FILE|-", help="Write it as Markdown; - prints it alone.")] = "",
    worst: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Changed utterances shown each way: 5, on the page 50.")
    ] = None,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Score both sides alike from their stored outputs.")
    ] = False,
    alpha: Alpha = 0.01,
    sound_mb: Megabytes = 15.0,
) -> None:
    """Compare stored results: the same utterances in A and in B, or many systems in order.

    A and B are models, variants, commits, sessions or versions: `whisper:lab faster_whisper:lab/cpu-int8`,
    `@baseline @latest`, `whisper@main whisper@HEAD`. Nothing is run.
    """
    from modellab.errors import ConfigError
    from modellab.reports.comparison.compare import compare as compare_all
    from modellab.reports.comparison.compare import rescore as rescore_all
    from modellab.reports.comparison.references import Calibrations, Library
    from modellab.system import extras

    if json == markdown == "-":
        raise ConfigError("--json - and --markdown - cannot both be printed: give one of them a file")
    if html:
        extras.need("reports", "`modellab compare --html`")
    project = common.project()
    library = Library(project.golden)
    selections = _selections(project, specs, task, dataset)
    if rescore:
        selections = rescore_all(selections, library)
    comparison = compare_all(selections, library, Calibrations(project.baselines), metric or (), alpha)
    _write(comparison, json, markdown, worst)
    if "-" not in (json, markdown):
        _print(comparison, SHOWN if worst is None else worst)
    if html:
        from modellab.reports.comparison.render.html import page

        text = page(comparison, library, ON_PAGE if worst is None else worst, sound_mb)
        common.write(html, text)
        common.say(f"page: {html}", err=True)


def _selections(project: Project, specs: list[str], task: str, dataset: str) -> list[SelectedResults]:
    """What the specs take, of one task and dataset if they are given."""
    from modellab.reports.comparison import pairing
    from modellab.results.select import StoredResults

    stored = StoredResults.read(project.root, project.mlruns, project.baselines)
    for warning in (*stored.warnings, *stored.damaged):
        common.say(f"warning: {common.printable(warning)}", err=True)
    return [pairing.chosen(stored.select(spec), task, dataset) for spec in specs]


def _write(comparison: Found, json: str, markdown: str, worst: int | None) -> None:
    """The files that were asked for; "-" is standard output."""
    from modellab.reports.comparison.render.json import text as as_json
    from modellab.reports.comparison.render.markdown import text as as_markdown

    most = SHOWN if worst is None else worst
    for place, form in ((json, as_json), (markdown, as_markdown)):
        if place == "-":
            common.put(form(comparison, most))
        elif place:
            common.write(Path(place), form(comparison, most))


def _print(comparison: Found, most: int) -> None:
    from modellab.reports.comparison.compare import Rankings
    from modellab.reports.comparison.render import sentences, tables

    if isinstance(comparison, Rankings):
        for ranking in comparison.rankings:
            common.say(f"{ranking.task}: {sentences.ranked(ranking)}\n")
            _print_tables(tables.of_ranking(ranking))
        _print_notes(comparison.notes)
        return
    for line in sentences.headlines(comparison):
        common.say(line)
    common.say()
    shown, left = sentences.detailed(comparison)
    if len(comparison.system_pairs) > 1:
        _print_tables([tables.overview(comparison)])
    for system_pair in shown:
        _print_system_pair(system_pair, most, several=len(comparison.system_pairs) > 1)
    common.say(tables.counted(comparison))
    _print_notes([*([left] if left else []), *comparison.notes])


def _print_system_pair(system_pair: SystemPair, most: int, *, several: bool) -> None:
    from modellab.reports.comparison.render import lines, sentences, tables

    if several:
        common.say(f"{system_pair.task}: {sentences.pair(system_pair)}\n")
    _print_tables([tables.sides(system_pair)])
    if differs := "; ".join(sentences.differences(system_pair)):
        common.say(f"differs in: {common.printable(differs)}\n")
    _print_tables(tables.of_system_pair(system_pair))
    if shown := list(lines.of_system_pair(system_pair, most)):
        common.say("\n".join([*map(common.printable, shown), ""]))
    _print_notes(system_pair.notes)


def _print_tables(tables: Iterable[Table]) -> None:
    for table in tables:
        common.say(table.title)
        common.print_table(table.columns, table.rows)
        _print_notes(table.notes)
        common.say()


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        common.say(f"note: {common.printable(note)}")
