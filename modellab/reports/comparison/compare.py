"""From what was picked to what is told: two picks are a duel, one or more than two are a ranking."""

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
from modellab.results.select import Pick
from modellab.stats.multiple_testing import ALPHA


@dataclass(frozen=True, slots=True)
class Rankings:
    """A ranking for each task that all picks have."""

    specs: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    notes: tuple[str, ...] = ()


Found = Compared | Rankings


def compare(
    picks: Sequence[Pick],
    library: Library,
    noises: Noises = speed.no_noise,
    wanted: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Found:
    """What the picks have in common, compared; ConfigError with the reason where nothing may be."""
    if len(picks) == 2:
        a, b = picks
        meetings, notes = pairing.meetings(a, b)
        found = two_systems.compare(a.spec, b.spec, meetings, library, noises, wanted, alpha)
        return replace(found, notes=tuple(notes))
    return _ranked(picks, noises, wanted, alpha)


def _ranked(picks: Sequence[Pick], noises: Noises, wanted: Sequence[str], alpha: float) -> Rankings:
    each = [{entry.key.task for entry in pick.entries} for pick in picks]
    if not (shared := sorted(set.intersection(*each))):
        have = "; ".join(f"{pick.spec} has {', '.join(sorted(found))}" for pick, found in zip(picks, each, strict=True))
        raise ConfigError(f"no task has results of all: {have}")
    if wanted:
        two_systems.check_metrics(shared, wanted)
        shared = [task for task in shared if two_systems.metrics_of(task, wanted)]
    found, reasons = [], []
    for task in shared:
        try:
            found.append(ranking.rank(ranking.contestants(picks, task), task, noises, wanted, alpha))
        except ConfigError as error:
            reasons.append(f"{task}: {error}")
    if not found and len(picks) == 1:
        raise ConfigError(f"{picks[0].spec} is one system: name another one to compare it with")
    if not found:
        raise ConfigError("; ".join(reasons))
    return Rankings(tuple(pick.spec for pick in picks), tuple(found), tuple(reasons))


def rescore(picks: Sequence[Pick], library: Library) -> list[Pick]:
    """The picks, scored anew by the datasets of today where all have results; ConfigError where that cannot be."""
    shared = set.intersection(*({(entry.key.task, entry.key.dataset) for entry in pick.entries} for pick in picks))
    return [
        Pick(
            pick.spec,
            tuple(
                _anew(entry, library) if (entry.key.task, entry.key.dataset) in shared else entry
                for entry in pick.entries
            ),
        )
        for pick in picks
    ]


def _anew(entry: Entry, library: Library) -> Entry:
    data = library.data(entry.key.dataset)
    if isinstance(data, str):
        raise ConfigError(f"{entry.key} cannot be scored again: {data}")
    return rescored(entry, data)
