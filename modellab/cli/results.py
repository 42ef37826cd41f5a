"""`modellab results`: what is stored, a line for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry
    from modellab.results.select import StoredResults

COLUMNS = ("case", "status", "metric", "value", "N", "RTF", "finished", "commit", "session")
UTC_MINUTES = 16  # characters of a moment that are shown


def results(
    specs: Annotated[list[str] | None, typer.Argument(metavar="[SPEC]...", help=options.SPEC_HELP)] = None,
    since: options.Since = "",
    every: Annotated[bool, typer.Option("--all", help="Every result, and not only the newest of each case.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with all that is known.")] = False,
) -> None:
    """List stored results, a line for each case: id, verdict, value, when, at which commit.

    Nothing is run. Piped, a line is never broken.
    """
    project = common.project()
    entries = _selected(_stored(project, since), specs or ["latest"], every=every)
    if as_json:
        common.put_json({"results": [_told(entry) for entry in entries]})
    else:
        common.print_table(COLUMNS, (_row(entry) for entry in entries))


def _stored(project: Project, since: str) -> StoredResults:
    """The ledger from a moment on; ConfigError where it has nothing."""
    import dataclasses

    from modellab.results.select import StoredResults
    from modellab.results.since import moment

    stored = StoredResults.read(project.root, project.mlruns, project.baselines)
    for warning in stored.warnings:
        common.say(f"warning: {common.printable(warning)}", err=True)
    if not stored.entries:
        raise ConfigError(f"there are no results in {project.mlruns / 'ledger'}: `modellab run` makes some")
    if not since:
        return stored
    start = moment(since)
    later = tuple(entry for entry in stored.entries if entry.finished_at >= start)
    if not later:
        newest = stored.entries[-1].finished_at[:UTC_MINUTES]
        raise ConfigError(f"there are no results since {start[:UTC_MINUTES]} UTC: the newest is of {newest}")
    return dataclasses.replace(stored, entries=later)


def _selected(stored: StoredResults, specs: list[str], *, every: bool) -> list[Entry]:
    """What the specs take, by case and then by time, each once."""
    taken: dict[str, Entry] = {}
    for spec in specs:
        selected = stored.select(spec, errors=True)
        newest = (*selected.entries, *selected.failed, *selected.not_run)
        keys = {entry.key for entry in newest}
        older = [entry for entry in stored.entries if entry.key in keys] if every else []
        taken |= {entry.id: entry for entry in (*older, *newest)}
    return sorted(taken.values(), key=lambda entry: (entry.key.task, str(entry.key), entry.finished_at))


def _primary(entry: Entry) -> tuple[str, float | None]:
    """The first metric of the case's task, and its value where there is one."""
    from modellab import tasks

    if entry.key.task not in tasks.names():
        return "", None
    metric = tasks.get(entry.key.task).METRICS[0].name
    return metric, entry.values.get(metric)


def _row(entry: Entry) -> list[str]:
    from modellab import units
    from modellab.tasks import get

    metric, value = _primary(entry)
    metrics = get(entry.key.task).METRICS if metric else ()
    unit = next((task_metric.unit for task_metric in metrics if task_metric.name == metric), "1")
    rtf = entry.result.readings.get("rtf") if entry.result else None
    return [
        str(entry.key),
        entry.told_status,
        metric,
        units.MISSING if value is None else units.value(value, unit),
        str(len(entry.result.utterances)) if entry.result else units.MISSING,
        units.MISSING if rtf is None else units.value(rtf, "s/s"),
        entry.finished_at[:UTC_MINUTES].replace("T", " "),
        entry.commit.short,
        entry.session,
    ]


def _told(entry: Entry) -> dict[str, Any]:
    """What a program reads of a result."""
    metric, value = _primary(entry)
    key = entry.key
    return {
        "case": str(key),
        "task": key.task,
        "model": key.model,
        "variant": key.variant,
        "dataset": key.dataset,
        "device": key.device,
        "precision": key.precision,
        "status": entry.told_status,
        "metric": metric,
        "value": value,
        "values": dict(entry.values),
        "utterances": len(entry.result.utterances) if entry.result else None,
        "error": (entry.error.splitlines() or [""])[0],
        "tier": entry.tier,
        "session": entry.session,
        "commit": entry.commit.hash,
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        "id": entry.id,
    }
