"""From stored results to a report: what selectors take, with whatever of the project belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from modellab import models, tasks, text
from modellab.datasets import Dataset, load
from modellab.errors import ConfigError, ModellabError, did_you_mean
from modellab.lifecycle import stages
from modellab.plan.settings import Project
from modellab.reports.leaderboard import assemble
from modellab.reports.leaderboard.records import Report
from modellab.rescoring.entry import rescored
from modellab.results.select import LATEST, SelectedResults, StoredResults

Warn = Callable[[str], None]


def selections(
    stored: StoredResults, specs: Sequence[str], task: str = "", dataset: str = "", warn: Warn = lambda _: None
) -> list[SelectedResults]:
    """What a report's selectors take, of one task and dataset if they are given; ConfigError where that is nothing."""
    doubled = [spec for spec in specs if specs.count(spec) > 1]
    if doubled:
        raise ConfigError(f"{doubled[0]!r} is named twice: there is nothing to compare")
    chosen = [stored.select(spec, errors=True) for spec in specs or [LATEST]]
    unknown = sorted(
        {e.key.task for selection in chosen for e in (*selection.entries, *selection.failed)} - set(tasks.names())
    )
    if unknown:
        warn(f"this modellab has no task {', '.join(unknown)}: its results are left out (of a newer version?)")
    for name, wanted in (("task", task), ("dataset", dataset)):
        there = {getattr(entry.key, name) for selection in chosen for entry in (*selection.entries, *selection.failed)}
        if wanted and wanted not in there:
            raise ConfigError(f"there are no results of the {name} {wanted!r}: {did_you_mean(wanted, there)}")
    kept = []
    for selection in chosen:
        entries, failed, not_run = (
            tuple(
                entry
                for entry in some
                if entry.key.task not in unknown and task in {"", entry.key.task} and dataset in {"", entry.key.dataset}
            )
            for some in (selection.entries, selection.failed, selection.not_run)
        )
        if not (entries or failed):
            wanted = " and ".join(filter(None, (task, dataset))) or "a task that is known here"
            raise ConfigError(f"{selection.spec!r} has no results of {wanted}")
        kept.append(SelectedResults(selection.spec, entries, failed, not_run))
    return kept


def assembled(
    project: Project,
    stored: StoredResults,
    chosen: Sequence[SelectedResults],
    *,
    rescore: bool = False,
    utterances: bool = False,
) -> Report:
    """The report on some results, with whatever of the project belongs to it."""
    datasets, notes = _datasets(project, chosen)
    if rescore:
        chosen = [_rescored(selection, datasets) for selection in chosen]
    shown = assemble.Shown(
        selections=chosen,
        every=stored.entries,
        datasets=datasets,
        stages=_stages(project, chosen),
        card=project.judging.scorecard,
        alpha=project.judging.alpha,
        utterances=utterances,
        notes=[*stored.warnings, *stored.damaged, *notes],
    )
    return assemble.assemble(shown)


def _datasets(project: Project, chosen: Sequence[SelectedResults]) -> tuple[dict[str, Dataset], list[str]]:
    """The golden datasets of the results that are here, and a sentence for each that cannot be used."""
    by_name, notes = {}, []
    for name in sorted({entry.key.dataset for selection in chosen for entry in selection.entries}):
        try:
            by_name[name] = load(project.golden / name)
        except ModellabError as error:
            notes.append(f"{name} is not here, so there are no references and conditions: {str(error).splitlines()[0]}")
    return by_name, notes


def _rescored(selection: SelectedResults, datasets: dict[str, Dataset]) -> SelectedResults:
    """The results by the normaliser that each dataset has now, where they were scored by another."""
    entries = []
    for entry in selection.entries:
        data = datasets.get(entry.key.dataset)
        then = entry.result.provenance.get("normaliser", "") if entry.result else ""
        if data is None and then:
            raise ConfigError(f"{entry.key} cannot be scored anew: the dataset {entry.key.dataset} is not here")
        stale = data is not None and then not in {"", str(text.get(data.normaliser))}
        entries.append(rescored(entry, data) if data is not None and stale else entry)
    return replace(selection, entries=tuple(entries))


def _stages(project: Project, chosen: Sequence[SelectedResults]) -> dict[tuple[str, str], str]:
    """The lifecycle stage of each variant of the report, as people read it; of models that are gone there is none."""
    folders = models.folders(project.models)
    by_variant: dict[tuple[str, str], str] = {}
    for model, variant in sorted(
        {(entry.key.model, entry.key.variant) for selection in chosen for entry in selection.entries}
    ):
        if model in folders:
            start = models.config(folders[model]).status
            by_variant[model, variant] = stages.standing(project.baselines, model, variant, start).shown
    return by_variant
