"""A comparison as JSON: each number with its N and interval, the utterances that changed. Unknown numbers are null."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from modellab.reports.comparison.changed_utterances import Changed
from modellab.reports.comparison.compare import Found, Rankings
from modellab.reports.comparison.quality import Line
from modellab.reports.comparison.ranking import Ranking
from modellab.reports.comparison.render import lines, sentences
from modellab.reports.comparison.two_systems import Compared, SystemPair
from modellab.system import escape

FORMAT = 1


def text(comparison: Found, most: int) -> str:
    """The document; the same comparison gives the same bytes."""
    content = _rankings(comparison) if isinstance(comparison, Rankings) else _compared(comparison, most)
    return escape.document({"format": FORMAT, **content})


def _compared(compared: Compared, most: int) -> dict[str, Any]:
    return {
        "a": compared.a,
        "b": compared.b,
        "alpha": compared.alpha,
        "comparisons": compared.family,
        "verdicts": sentences.headlines(compared),
        "notes": compared.notes,
        "duels": [_system_pair(system_pair, most) for system_pair in compared.system_pairs],
    }


def _system_pair(system_pair: SystemPair, most: int) -> dict[str, Any]:
    classes = system_pair.classes
    lost, gained = lines.worst(system_pair, most)
    return {
        "task": system_pair.task,
        "a": system_pair.a,
        "b": system_pair.b,
        "entries": [
            {
                "dataset": case_pair.dataset,
                "a": case_pair.a.id,
                "b": case_pair.b.id,
                "a_session": case_pair.a.session,
                "b_session": case_pair.b.session,
            }
            for case_pair in system_pair.case_pairs
        ],
        "differs": list(sentences.differences(system_pair)),
        "quality": [_line(line) for line in system_pair.lines],
        "by_group": [_line(line) for line in system_pair.by_group],
        "speed": [asdict(speed) for speed in system_pair.speeds],
        "memory": [asdict(peak) for peak in system_pair.peaks],
        "error_classes": [
            {**_line(row.line), "words": row.words, "a_errors": row.a, "b_errors": row.b}
            for row in (classes.rows if classes else ())
        ],
        "changed": {
            "worse": sum(change.harm > 0 for change in system_pair.changed),
            "better": sum(change.harm < 0 for change in system_pair.changed),
        },
        "most_changed": [_changed(system_pair.task, change) for change in (*lost, *gained)],
        "notes": system_pair.notes,
    }


def _line(line: Line) -> dict[str, Any]:
    """A line with its metric by name."""
    numbers = {name: getattr(line, name) for name in Line.__slots__ if name != "metric"}
    metric = {"metric": line.metric.name, "unit": line.metric.unit, "better": line.metric.better}
    return {**metric, **numbers, "sign_p": line.sign_p}


def _changed(task: str, change: Changed) -> dict[str, Any]:
    spoken = change.spoken(task)
    words = (
        {"reference": spoken[0].reference, "a_said": spoken[0].hypothesis, "b_said": spoken[1].hypothesis}
        if spoken
        else {}
    )
    a, b = change.values
    return {"dataset": change.dataset, "id": change.id, "harm": change.harm, "a": a, "b": b, **words}


def _rankings(rankings: Rankings) -> dict[str, Any]:
    return {
        "specs": rankings.specs,
        "notes": rankings.notes,
        "rankings": [_ranking(ranking) for ranking in rankings.rankings],
    }


def _ranking(ranking: Ranking) -> dict[str, Any]:
    return {
        "task": ranking.task,
        "metric": ranking.metric.name,
        "unit": ranking.metric.unit,
        "datasets": ranking.datasets,
        "n": ranking.n,
        "alpha": ranking.alpha,
        "comparisons": ranking.family,
        "verdict": sentences.ranked(ranking),
        "standings": [{**asdict(standing), "rank": standing.rank} for standing in ranking.standings],
        "pairs": [{"system_a": duo.a, "system_b": duo.b, **_line(duo.line)} for duo in ranking.ranked_pairs],
        "notes": ranking.notes,
    }
