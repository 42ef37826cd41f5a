"""One self-contained page: the tables, then the utterances that differ, A and B beside each other, to read and to hear.

The recording that both were given comes once. In the blind mode the sides lose their names and stand in an order that
follows from the utterance's name alone, so that everybody judges the same page.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab import tasks, units
from modellab.audio import saved
from modellab.reports.case import utterance
from modellab.reports.case.utterance import Player, PlayerMaker, ViewMaker
from modellab.reports.comparison import changed_utterances
from modellab.reports.comparison.changed_utterances import Changed
from modellab.reports.comparison.compare import Found, Rankings
from modellab.reports.comparison.ranking import Ranking, Standing
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.render import lines, sentences, tables
from modellab.reports.comparison.two_systems import Compared, SystemPair
from modellab.reports.html import FOLDER, policy
from modellab.reports.html import page as html
from modellab.types import Utterance
from modellab.types.display import Lines

MEGABYTE = 1_000_000


@dataclass
class Shared(PlayerMaker):
    """Players of which each sound is made once, however many sides ask for it."""

    made: dict[tuple[Path, str], Player] = field(default_factory=dict)

    def player(self, path: Path, name: str) -> Player:
        """A player; one without sound says why."""
        if (path, name) not in self.made:
            self.made[path, name] = super().player(path, name)
        return self.made[path, name]


def page(comparison: Found, library: Library, most: int, sound_mb: float) -> str:
    """The page with at most `most` utterances each way of each pair, and so many megabytes of sound."""
    if isinstance(comparison, Rankings):
        return _rendered(
            title=f"Ranking: {', '.join(comparison.specs)}",
            verdicts=[f"{ranking.task}: {sentences.ranked(ranking)}" for ranking in comparison.rankings],
            notes=comparison.notes,
            sections=[_ranking(ranking) for ranking in comparison.rankings],
        )
    player_maker = Shared(int(sound_mb * MEGABYTE))
    shown = [
        (system_pair, change)
        for system_pair in comparison.system_pairs
        for change in _chosen(system_pair, library, most)
    ]
    made = [
        _view(at, system_pair, change, library, player_maker) for at, (system_pair, change) in enumerate(shown, start=1)
    ]
    return _rendered(
        title=f"{comparison.a} (A) against {comparison.b} (B)",
        verdicts=sentences.headlines(comparison),
        notes=comparison.notes,
        sections=_sections(comparison),
        views=made,
        listed=_listed(comparison, made),
        worded=any(kind == "words" for view in made for side in (view["a"], view["b"]) for kind, _ in side["blocks"]),
        sounding=any(kind == "player" for view in made for kind, _ in view["a"]["blocks"]),
        counted=tables.counted(comparison),
    )


def _rendered(**context: Any) -> str:
    """The page with its own style and script after those of every page."""
    style, script = (
        "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
        for names in (("style.css", "compare.css"), ("page.js", "compare.js"))
    )
    empty = {"views": (), "listed": "", "worded": False, "sounding": False, "counted": ""}
    return html("compare.html.j2", **{**empty, "style": style, "script": script, "policy": policy(script), **context})


def _chosen(system_pair: SystemPair, library: Library, most: int) -> list[Changed]:
    """The utterances to show, most changed first; of a task whose output is audio those that score the same, too."""
    if not system_pair.lines:
        return []
    every = system_pair.changed
    results = (result for case_pair in system_pair.case_pairs for result in case_pair.results)
    speaks = any(True for result in results for item in result.utterances for _ in saved.files(item.output))
    if speaks:
        every = tuple(
            changed_utterances.changes(system_pair.case_pairs, system_pair.lines[0].metric, library, every=True)
        )
    kept: list[Changed] = []
    for way in (1, -1, 0):  # worse, better, the same
        among = [change for change in every if (change.harm > 0) - (change.harm < 0) == way]
        kept += sorted(among, key=lambda change: -abs(change.harm))[:most]
    return sorted(kept, key=lambda change: (-abs(change.harm), change.dataset, change.id))


def _listed(compared: Compared, made: Sequence[Any]) -> str:
    """What of the utterances is on the page."""
    differ = sum(len(system_pair.changed) for system_pair in compared.system_pairs)
    n = sum(
        len(result.utterances)
        for system_pair in compared.system_pairs
        for case_pair in system_pair.case_pairs
        for result in case_pair.results[:1]
    )
    return f"{len(made)} utterances, most changed first; {differ} of {n} score differently in A and B."


# ---------------------------------------------------------------------------- the tables


def _sections(compared: Compared) -> list[dict[str, Any]]:
    shown, left = sentences.detailed(compared)
    first = {
        "title": "Overview",
        "plot": None,
        "facts": [],
        "tables": [tables.overview(compared)],
        "notes": [left] if left else [],
    }
    return [*([first] if len(compared.system_pairs) > 1 else []), *(_system_pair(system_pair) for system_pair in shown)]


def _system_pair(system_pair: SystemPair) -> dict[str, Any]:
    differs = "; ".join(sentences.differences(system_pair))
    facts = [
        *([f"Differs in: {differs}"] if differs else []),
        *map(sentences.timing, system_pair.speeds),
        *map(sentences.peak, system_pair.peaks),
    ]
    return {
        "title": f"{system_pair.task}: {sentences.pair(system_pair)}",
        "plot": None,
        "facts": facts,
        "tables": [tables.sides(system_pair), *tables.of_system_pair(system_pair)],
        "notes": system_pair.notes,
    }


def _ranking(ranking: Ranking) -> dict[str, Any]:
    return {
        "title": f"{ranking.task}: {sentences.shown(ranking.metric)}",
        "plot": _plot(ranking),
        "facts": [],
        "tables": list(tables.of_ranking(ranking)),
        "notes": ranking.notes,
    }


def _plot(ranking: Ranking) -> dict[str, Any]:
    """Each value as a dot on its interval, in percent of the width between the lowest and the highest end."""
    ends = [
        end
        for standing in ranking.standings
        for end in (standing.interval or (standing.value, standing.value))
        if math.isfinite(end)
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)

    def at(value: float) -> float:
        return 2 + 96 * (value - low) / ((high - low) or 1.0)

    def row(standing: Standing) -> dict[str, Any]:
        unit = ranking.metric.unit
        span = standing.interval
        return {
            "name": standing.name,
            "text": f"{units.value(standing.value, unit)} {sentences.span(span, unit)}",
            "at": at(standing.value),
            "low": at(span[0]) if span else None,
            "high": at(span[1]) if span else None,
        }

    known = [standing for standing in ranking.standings if math.isfinite(standing.value)]
    label = f"{ranking.metric.name} of {len(known)} systems with 95 % intervals"
    return {"label": label, "rows": [row(standing) for standing in known]}


# ---------------------------------------------------------------------------- one utterance


def _view(
    number: int, system_pair: SystemPair, change: Changed, library: Library, player_maker: PlayerMaker
) -> dict[str, Any]:
    """What the template draws of an utterance."""
    case_pair = next(case_pair for case_pair in system_pair.case_pairs if case_pair.dataset == change.dataset)
    data = utterance.data(case_pair.b, library.golden)
    view_maker = ViewMaker(tasks.get(system_pair.task), data, None, clips=number, player_maker=player_maker)
    made = [(view_maker.view(number, side), side) for side in (change.a, change.b)]
    a, b = (units.value(value, change.metric.unit) for value in change.values)
    told = "B worse" if change.harm > 0 else "B better" if change.harm < 0 else "same score"
    return {
        "number": number,
        "id": change.id,
        "dataset": change.dataset,
        "swap": int(hashlib.sha256(f"{change.dataset}/{change.id}".encode()).hexdigest(), 16) % 2,
        "told": told,
        "was": f"{change.metric.name} {a} -> {b}",
        "players": made[0][0].players,
        "a": _side("A", system_pair.a, made[0][0].blocks, change.a),
        "b": _side("B", system_pair.b, made[1][0].blocks, change.b),
    }


def _side(letter: str, name: str, blocks: Sequence[tuple[str, Any]], side: Utterance) -> dict[str, Any]:
    if side.output is None and not side.error:
        blocks = [("lines", Lines((lines.NOT_KEPT,)))]
    return {"letter": letter, "name": name, "blocks": blocks, "error": side.error}
