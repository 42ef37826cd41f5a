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
from modellab.reports.case.utterance import Booth, Player, Stage
from modellab.reports.comparison import changed_utterances
from modellab.reports.comparison.changed_utterances import Changed
from modellab.reports.comparison.compare import Found, Rankings
from modellab.reports.comparison.ranking import Ranking, Standing
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.render import lines, sentences, tables
from modellab.reports.comparison.two_systems import Compared, Duel
from modellab.reports.html import FOLDER, policy
from modellab.reports.html import page as html
from modellab.types import Utterance
from modellab.types.display import Lines

MEGABYTE = 1_000_000


@dataclass
class Shared(Booth):
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
    booth = Shared(int(sound_mb * MEGABYTE))
    shown = [(duel, each) for duel in found.duels for each in _chosen(duel, library, most)]
    made = [_scene(at, duel, each, library, booth) for at, (duel, each) in enumerate(shown, start=1)]
    return _rendered(
        title=f"{found.a} (A) against {found.b} (B)",
        verdicts=sentences.headlines(found),
        notes=found.notes,
        sections=_sections(found),
        scenes=made,
        listed=_listed(found, made),
        worded=any(kind == "words" for each in made for side in (each["a"], each["b"]) for kind, _ in side["panels"]),
        sounding=any(kind == "player" for each in made for kind, _ in each["a"]["panels"]),
        counted=tables.counted(found),
    )


def _rendered(**context: Any) -> str:
    """The page with its own style and script behind those of every page."""
    style, script = (
        "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
        for names in (("style.css", "compare.css"), ("page.js", "compare.js"))
    )
    empty = {"scenes": (), "listed": "", "worded": False, "sounding": False, "counted": ""}
    return html("compare.html.j2", **{**empty, "style": style, "script": script, "policy": policy(script), **context})


def _chosen(duel: Duel, library: Library, most: int) -> list[Changed]:
    """The utterances to show, most changed first; of a task whose output is audio those that score the same, too."""
    if not duel.lines:
        return []
    every = duel.changed
    speaks = any(True for meeting in duel.meetings for result in meeting.results for item in result.utterances
                 for _ in saved.files(item.output))  # fmt: skip
    if speaks:
        every = tuple(changed_utterances.changes(duel.meetings, duel.lines[0].metric, library, every=True))
    kept: list[Changed] = []
    for way in (1, -1, 0):  # worse, better, the same
        among = [each for each in every if (each.harm > 0) - (each.harm < 0) == way]
        kept += sorted(among, key=lambda each: -abs(each.harm))[:most]
    return sorted(kept, key=lambda each: (-abs(each.harm), each.dataset, each.id))


def _listed(found: Compared, made: Sequence[Any]) -> str:
    """What of the utterances is on the page."""
    differ = sum(len(duel.changed) for duel in found.duels)
    n = sum(
        len(result.utterances) for duel in found.duels for meeting in duel.meetings for result in meeting.results[:1]
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
    return [*([first] if len(found.duels) > 1 else []), *(_duel(duel) for duel in shown)]


def _duel(duel: Duel) -> dict[str, Any]:
    differs = "; ".join(sentences.differences(duel))
    said = [
        *([f"Differs in: {differs}"] if differs else []),
        *map(sentences.pace, duel.paces),
        *map(sentences.peak, duel.peaks),
    ]
    return {
        "title": f"{duel.task}: {sentences.pair(duel)}",
        "plot": None,
        "said": said,
        "tables": [tables.sides(duel), *tables.of_duel(duel)],
        "notes": duel.notes,
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
        end for each in found.standings for end in (each.interval or (each.value, each.value)) if math.isfinite(end)
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

    known = [each for each in found.standings if math.isfinite(each.value)]
    label = f"{found.metric.name} of {len(known)} systems with 95 % intervals"
    return {"label": label, "rows": [row(each) for each in known]}


# ---------------------------------------------------------------------------- one utterance


def _scene(number: int, duel: Duel, each: Changed, library: Library, booth: Booth) -> dict[str, Any]:
    """What the template draws of an utterance."""
    meeting = next(meeting for meeting in duel.meetings if meeting.dataset == each.dataset)
    data = utterance.data(meeting.b, library.golden)
    stage = Stage(tasks.get(duel.task), data, None, clips=number, booth=booth)
    made = [(stage.scene(number, said), said) for said in (each.a, each.b)]
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
        "a": _side("A", duel.a, made[0][0].panels, each.a),
        "b": _side("B", duel.b, made[1][0].panels, each.b),
    }


def _side(letter: str, name: str, panels: Sequence[tuple[str, Any]], said: Utterance) -> dict[str, Any]:
    if said.output is None and not said.error:
        panels = [("lines", Lines((lines.NOT_KEPT,)))]
    return {"letter": letter, "name": name, "panels": panels, "error": said.error}
