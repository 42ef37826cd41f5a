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


def page(found: Found, library: Library, most: int, sound_mb: float) -> str:
    """The page with at most `most` utterances each way of each pair, and so many megabytes of sound."""
    if isinstance(found, Rankings):
        return _rendered(
            title=f"Ranking: {', '.join(found.specs)}",
            verdicts=[f"{each.task}: {sentences.ranked(each)}" for each in found.rankings],
            notes=found.notes,
            sections=[_ranking(each) for each in found.rankings],
        )
    player_maker = Shared(int(sound_mb * MEGABYTE))
    shown = [(system_pair, each) for system_pair in found.system_pairs for each in _chosen(system_pair, library, most)]
    made = [
        _view(at, system_pair, each, library, player_maker) for at, (system_pair, each) in enumerate(shown, start=1)
    ]
    return _rendered(
        title=f"{found.a} (A) against {found.b} (B)",
        verdicts=sentences.headlines(found),
        notes=found.notes,
        sections=_sections(found),
        views=made,
        listed=_listed(found, made),
        worded=any(kind == "words" for each in made for side in (each["a"], each["b"]) for kind, _ in side["blocks"]),
        sounding=any(kind == "player" for each in made for kind, _ in each["a"]["blocks"]),
        counted=tables.counted(found),
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
        among = [each for each in every if (each.harm > 0) - (each.harm < 0) == way]
        kept += sorted(among, key=lambda each: -abs(each.harm))[:most]
    return sorted(kept, key=lambda each: (-abs(each.harm), each.dataset, each.id))


def _listed(found: Compared, made: Sequence[Any]) -> str:
    """What of the utterances is on the page."""
    differ = sum(len(system_pair.changed) for system_pair in found.system_pairs)
    n = sum(
        len(result.utterances)
        for system_pair in found.system_pairs
        for case_pair in system_pair.case_pairs
        for result in case_pair.results[:1]
    )
    return f"{len(made)} utterances, most changed first; {differ} of {n} score differently in A and B."


# ---------------------------------------------------------------------------- the tables


def _sections(found: Compared) -> list[dict[str, Any]]:
    shown, left = sentences.detailed(found)
    first = {
        "title": "Overview",
        "plot": None,
        "said": [],
        "tables": [tables.overview(found)],
        "notes": [left] if left else [],
    }
    return [*([first] if len(found.system_pairs) > 1 else []), *(_system_pair(system_pair) for system_pair in shown)]


def _system_pair(system_pair: SystemPair) -> dict[str, Any]:
    differs = "; ".join(sentences.differences(system_pair))
    said = [
        *([f"Differs in: {differs}"] if differs else []),
        *map(sentences.timing, system_pair.speeds),
        *map(sentences.peak, system_pair.peaks),
    ]
    return {
        "title": f"{system_pair.task}: {sentences.pair(system_pair)}",
        "plot": None,
        "said": said,
        "tables": [tables.sides(system_pair), *tables.of_system_pair(system_pair)],
        "notes": system_pair.notes,
    }


def _ranking(found: Ranking) -> dict[str, Any]:
    return {
        "title": f"{found.task}: {sentences.shown(found.metric)}",
        "plot": _plot(found),
        "said": [],
        "tables": list(tables.of_ranking(found)),
        "notes": found.notes,
    }


def _plot(found: Ranking) -> dict[str, Any]:
    """Each value as a dot on its interval, in percent of the width between the lowest and the highest end."""
    ends = [
        end
        for standing in found.standings
        for end in (standing.interval or (standing.value, standing.value))
        if math.isfinite(end)
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)

    def at(value: float) -> float:
        return 2 + 96 * (value - low) / ((high - low) or 1.0)

    def row(each: Standing) -> dict[str, Any]:
        unit = found.metric.unit
        span = each.interval
        return {
            "name": each.name,
            "text": f"{units.value(each.value, unit)} {sentences.span(span, unit)}",
            "at": at(each.value),
            "low": at(span[0]) if span else None,
            "high": at(span[1]) if span else None,
        }

    known = [standing for standing in found.standings if math.isfinite(standing.value)]
    label = f"{found.metric.name} of {len(known)} systems with 95 % intervals"
    return {"label": label, "rows": [row(each) for each in known]}


# ---------------------------------------------------------------------------- one utterance


def _view(
    number: int, system_pair: SystemPair, each: Changed, library: Library, player_maker: PlayerMaker
) -> dict[str, Any]:
    """What the template draws of an utterance."""
    case_pair = next(case_pair for case_pair in system_pair.case_pairs if case_pair.dataset == each.dataset)
    data = utterance.data(case_pair.b, library.golden)
    view_maker = ViewMaker(tasks.get(system_pair.task), data, None, clips=number, player_maker=player_maker)
    made = [(view_maker.view(number, said), said) for said in (each.a, each.b)]
    a, b = (units.value(value, each.metric.unit) for value in each.values)
    told = "B worse" if each.harm > 0 else "B better" if each.harm < 0 else "same score"
    return {
        "number": number,
        "id": each.id,
        "dataset": each.dataset,
        "swap": int(hashlib.sha256(f"{each.dataset}/{each.id}".encode()).hexdigest(), 16) % 2,
        "told": told,
        "was": f"{each.metric.name} {a} -> {b}",
        "players": made[0][0].players,
        "a": _side("A", system_pair.a, made[0][0].blocks, each.a),
        "b": _side("B", system_pair.b, made[1][0].blocks, each.b),
    }


def _side(letter: str, name: str, blocks: Sequence[tuple[str, Any]], said: Utterance) -> dict[str, Any]:
    if said.output is None and not said.error:
        blocks = [("lines", Lines((lines.NOT_KEPT,)))]
    return {"letter": letter, "name": name, "blocks": blocks, "error": said.error}
