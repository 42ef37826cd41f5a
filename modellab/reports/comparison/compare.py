"""From selected results to what is told: two selections are compared, one or more than two are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modellab.errors import ConfigError
from modellab.reports.comparison import pairing, ranking, speed, two_systems
from modellab.reports.comparison.ranking import Ranking
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.speed import Noises
from modellab.reports.comparison.two_systems import Compared
from modellab.rescoring.entry import rescored
from modellab.results.entry import Entry
from modellab.results.select import SelectedResults
from modellab.stats.multiple_testing import ALPHA


@dataclass(frozen=True, slots=True)
class Rankings:
    """A ranking for each task that all selections have."""

    specs: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    notes: tuple[str, ...] = ()


Found = Compared | Rankings


def compare(
    selections: Sequence[SelectedResults],
    library: Library,
    noises: Noises = speed.no_noise,
    wanted: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Found:
    """What the selections have in common, compared; ConfigError with the reason where nothing may be."""
    if len(selections) == 2:
        a, b = selections
        case_pairs, notes = pairing.case_pairs(a, b)
        compared = two_systems.compare(a.spec, b.spec, case_pairs, library, noises, wanted, alpha)
        return replace(compared, notes=tuple(notes))
    return _ranked(selections, noises, wanted, alpha)


def _ranked(selections: Sequence[SelectedResults], noises: Noises, wanted: Sequence[str], alpha: float) -> Rankings:
    own_tasks = [{entry.key.task for entry in selection.entries} for selection in selections]
    if not (shared := sorted(set.intersection(*own_tasks))):
        have = "; ".join(
            f"{selection.spec} has {', '.join(sorted(tasks))}"
            for selection, tasks in zip(selections, own_tasks, strict=True)
        )
        raise ConfigError(f"no task has results of all: {have}")
    if wanted:
        two_systems.check_metrics(shared, wanted)
        shared = [task for task in shared if two_systems.metrics_of(task, wanted)]
    rankings, reasons = [], []
    for task in shared:
        try:
            rankings.append(ranking.rank(ranking.ranked_systems(selections, task), task, noises, wanted, alpha))
        except ConfigError as error:
            reasons.append(f"{task}: {error}")
    if not rankings and len(selections) == 1:
        raise ConfigError(f"{selections[0].spec} is one system: name another one to compare it with")
    if not rankings:
        raise ConfigError("; ".join(reasons))
    return Rankings(tuple(selection.spec for selection in selections), tuple(rankings), tuple(reasons))


def rescore(selections: Sequence[SelectedResults], library: Library) -> list[SelectedResults]:
    """The selections, scored anew by the datasets of today where all have results; ConfigError where that cannot be."""
    shared = set.intersection(
        *({(entry.key.task, entry.key.dataset) for entry in selection.entries} for selection in selections)
    )
    return [
        SelectedResults(
            selection.spec,
            tuple(
                _anew(entry, library) if (entry.key.task, entry.key.dataset) in shared else entry
                for entry in selection.entries
            ),
        )
        for selection in selections
    ]


def _anew(entry: Entry, library: Library) -> Entry:
    data = library.data(entry.key.dataset)
    if isinstance(data, str):
        raise ConfigError(f"{entry.key} cannot be scored again: {data}")
    return rescored(entry, data)
