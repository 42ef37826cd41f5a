"""`modellab datasets power`: how small a change parts of a dataset would see, and how much of it a change needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, datasets
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.datasets import Dataset
    from modellab.gate.sample_power import Population
    from modellab.plan.matrix import Case
    from modellab.types import Metric

PARTS = (100, 500, 2000)  # utterances
READ = (
    "wer"  # the metric that can be planned for before anything was measured: its denominator is the reference's words
)


def power(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A dataset.")],
    effect: Annotated[str, typer.Option(metavar="0.5%", help="The change to see: 0.5% is half a point of WER.")] = "",
    case: Annotated[str, typer.Option("--case", metavar="CASE", help="Whose baseline is counted with.")] = "",
) -> None:
    """Tell how small a change parts of a dataset see with 80 % power; with --effect, how many utterances that needs.

    By the gate's own arithmetic: from the accepted results of the best model on it, before there are any from
    assumptions that are told.
    """
    from modellab import units
    from modellab.cli.power import amount

    (folder,) = datasets.chosen(datasets.folders(common.project().golden), [name])
    wanted = amount("--effect", effect) if effect else None
    metric, population, source = _population(folder, case)
    common.say(f"{folder.name}: {source}")
    common.print_table(
        ("utterances", "swapped", f"sees a change of {units.heading(metric.name)} of"),
        ([_count(population, n), *_seen(population, metric, n)] for n in _parts(population)),
    )
    if wanted is not None:
        common.say(_needed(population, metric, wanted))


def told(folder: Path, what: str = "the sample", effect: str = "0.5%") -> str:
    """How small a change newly imported data would see, as a sentence; '' for a task of which nothing can be said."""
    from modellab import units

    try:
        metric, population, source = _population(folder, "")
    except ConfigError:
        return ""
    seen = population.detects(population.utterances)
    change = f"a change of {units.heading(metric.name)} of {units.detects(seen, metric.unit)}"
    sees = change if math.isfinite(seen) else "no change, however large: it is too small"
    more = f"modellab datasets power {folder.name} --effect {effect} says what that needs"
    return f"{what} sees {sees} ({source}); {more}"


def _population(folder: Path, case_id: str) -> tuple[Metric, Population, str]:
    """The metric that is planned for, what parts are drawn from, and where that is known from."""
    from modellab import datasets, tasks
    from modellab.gate import sample_power

    data = datasets.load(folder)
    project = common.project()
    metric = next(metric for metric in tasks.get(data.task).METRICS if metric.gated and metric.kind == "quality")
    for case in _cases(folder, case_id):
        accepted = _of_baseline(case, data, metric)
        if accepted:
            return metric, *accepted
    if case_id:
        raise ConfigError(f"nothing was accepted of {case_id} to count with: leave --case out, or accept a baseline")
    words, clusters = _words(data)
    if metric.name != READ or not words:
        unknown = f"nothing was accepted on {folder.name}, and of {metric.name} nothing can be assumed"
        raise ConfigError(f"{unknown}: accept a baseline first")
    population = sample_power.assumed(len(data.rows), words / len(data.rows), clusters, project.judging.alpha)
    churn = f"{100 * sample_power.ASSUMED_CHURN:g} % of the utterances change for no reason"
    return metric, population, f"assumed: {churn}, errors come in bursts; {words / len(data.rows):.1f} words on average"


def _cases(folder: Path, case_id: str) -> Iterator[Case]:
    """The cases of a dataset, or the one that was asked for."""
    from modellab.plan.matrix import Case
    from modellab.plan.selection import find_case

    matrix = common.matrix(common.project())
    if case_id:
        yield find_case(matrix, case_id)
        return
    task = next((entry[1].task for entry in matrix.datasets if isinstance(entry, tuple) and entry[0] == folder), "")
    if task:
        yield from (case for case in matrix.cases(task) if isinstance(case, Case) and case.dataset == folder)


def _of_baseline(case: Case, data: Dataset, metric: Metric) -> tuple[Population, str] | None:
    """What was accepted of a case, and in words; None where nothing was, or of other utterances."""
    from modellab import tasks, units
    from modellab.datasets.clusters import cluster
    from modellab.datasets.columns import values
    from modellab.gate import sample_power
    from modellab.gate.power import counts_of_baseline
    from modellab.plan import thresholds
    from modellab.results import baselines
    from modellab.runner.calibration import CHURN

    project = common.project()
    accepted = baselines.load(project.baselines, case.key)
    counts = counts_of_baseline(accepted, metric.name) if accepted else None
    if accepted is None or counts is None or not len(counts):
        return None
    keys = ("id", "speaker", "recording", "session")
    rows = [{key: value for key, value in zip(keys, cells, strict=True) if value} for cells in values(data.rows, *keys)]
    named = {str(row["id"]): cluster(row, data.header) for row in rows}
    rule = thresholds.rules(tasks.get(data.task), case, project)[metric.name]
    churn = accepted.noise.get(CHURN, sample_power.ASSUMED_CHURN)
    clusters = [named.get(id, "") for id in sorted(accepted.counts)]
    population = sample_power.accepted(metric, counts, clusters, churn, rule.alpha)
    if population is None:
        return None
    value = units.value(float(metric.rate(counts.sum(axis=0))), metric.unit)
    whose = "as calibrated" if CHURN in accepted.noise else "assumed"
    return population, (
        f"from the baseline of {case.key.model}:{case.key.variant} ({metric.name} {value}); {100 * churn:g} % of the "
        f"utterances change for no reason, {whose}"
    )


def _words(data: Dataset) -> tuple[int, list[str]]:
    """How many words the references have, and the cluster of each row."""
    from modellab.datasets.clusters import cluster
    from modellab.datasets.columns import values

    words, clusters = 0, []
    for text, speaker, recording in values(data.rows, "text", "speaker", "recording"):
        words += len(text.split()) if isinstance(text, str) else 0
        held = {"speaker": speaker, "recording": recording}
        clusters.append(cluster({key: value for key, value in held.items() if value}, data.header))
    return words, clusters


def _parts(population: Population) -> list[int]:
    return [*(n for n in PARTS if n < population.utterances), population.utterances]


def _count(population: Population, count: int) -> str:
    return f"{count:,}{' (all)' if count == population.utterances else ''}"


def _seen(population: Population, metric: Metric, count: int) -> list[str]:
    from modellab import units

    seen = population.detects(count)
    what = "clusters" if len(population.clusters) else "utterances"
    shown = units.detects(seen, metric.unit) if math.isfinite(seen) else "none, however large"
    return [f"{population.units(count):,} {what}", shown]


def _needed(population: Population, metric: Metric, effect: float) -> str:
    """How many utterances a change needs, in a sentence."""
    from modellab import units

    heading, change = units.heading(metric.name), units.detects(effect, metric.unit)
    if effect <= metric.margin:
        margin = units.detects(metric.margin, metric.unit)
        return f"a change of {heading} of {change} is within its margin ({margin}): no amount of data makes it red"
    count = population.needs(effect)
    if count is None:
        return f"no number of such utterances sees a change of {heading} of {change}"
    more = "" if count <= population.utterances else f", more than the {population.utterances:,} that there are"
    return f"a change of {heading} of {change} needs about {count:,} utterances{more}"
