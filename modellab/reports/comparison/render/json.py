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


def text(found: Found, most: int) -> str:
    """The document; the same comparison gives the same bytes."""
    content = _rankings(found) if isinstance(found, Rankings) else _compared(found, most)
    return escape.document({"format": FORMAT, **content})


def _compared(found: Compared, most: int) -> dict[str, Any]:
    return {
        "a": found.a,
        "b": found.b,
        "alpha": found.alpha,
        "comparisons": found.family,
        "verdicts": sentences.headlines(found),
        "notes": found.notes,
        "duels": [_system_pair(system_pair, most) for system_pair in found.system_pairs],
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
        "speed": [asdict(each) for each in system_pair.speeds],
        "memory": [asdict(peak) for peak in system_pair.peaks],
        "error_classes": [
            {**_line(each.line), "words": each.words, "a_errors": each.a, "b_errors": each.b}
            for each in (classes.rows if classes else ())
        ],
        "changed": {
            "worse": sum(each.harm > 0 for each in system_pair.changed),
            "better": sum(each.harm < 0 for each in system_pair.changed),
        },
        "most_changed": [_changed(system_pair.task, each) for each in (*lost, *gained)],
        "notes": system_pair.notes,
    }


def _line(line: Line) -> dict[str, Any]:
    """A line with its metric by name."""
    numbers = {name: getattr(line, name) for name in Line.__slots__ if name != "metric"}
    metric = {"metric": line.metric.name, "unit": line.metric.unit, "better": line.metric.better}
    return {**metric, **numbers, "sign_p": line.sign_p}


def _changed(task: str, each: Changed) -> dict[str, Any]:
    found = each.spoken(task)
    said = (
        {"reference": found[0].reference, "a_said": found[0].hypothesis, "b_said": found[1].hypothesis} if found else {}
    )
    a, b = each.values
    return {"dataset": each.dataset, "id": each.id, "harm": each.harm, "a": a, "b": b, **said}


def _rankings(found: Rankings) -> dict[str, Any]:
    return {"specs": found.specs, "notes": found.notes, "rankings": [_ranking(each) for each in found.rankings]}


def _ranking(found: Ranking) -> dict[str, Any]:
    return {
        "task": found.task,
        "metric": found.metric.name,
        "unit": found.metric.unit,
        "datasets": found.datasets,
        "n": found.n,
        "alpha": found.alpha,
        "comparisons": found.family,
        "verdict": sentences.ranked(found),
        "standings": [{**asdict(standing), "rank": standing.rank} for standing in found.standings],
        "pairs": [{"system_a": duo.a, "system_b": duo.b, **_line(duo.line)} for duo in found.ranked_pairs],
        "notes": found.notes,
    }
