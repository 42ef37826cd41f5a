"""What a reader's process says of all results together: what to take, and what changed, as `modellab report` does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modellab.reports.comparison import pairing
from modellab.reports.comparison.compare import compare as compare_all
from modellab.reports.comparison.references import Calibrations, Library
from modellab.reports.comparison.render.json import text as as_json
from modellab.reports.leaderboard import export, prose
from modellab.reports.leaderboard.records import ComparableGroup, Finding, Report
from modellab.reports.leaderboard.stored import assembled, selections
from modellab.results import serialization
from modellab.server.errors import ApiError
from modellab.server.results import some
from modellab.server.results.whole import opened, project

Json = dict[str, Any]
Order = Mapping[str, Any]
CHANGED = 20  # utterances of a comparison, each way


def report(root: Path, order: Order) -> Json:
    """Headline, findings, and for each task the scores and the advice."""
    asked = project(root)
    with opened(order["url"]) as engine:
        only, whens = {"task": order["task"], "dataset": order["dataset"]}, _whens(order["specs"])
        stored = some.stored(engine, asked, order["owner"], whens=whens, **only)
    if not stored.entries:
        raise ApiError(404, "no_results", "there are no results of that: `modellab run` makes some")
    warnings: list[str] = []
    chosen = selections(stored, order["specs"], order["task"], order["dataset"], warnings.append)
    made = assembled(asked, stored, chosen)
    return {
        "title": made.title,
        "headline": made.headline.text,
        "considered": len(stored.entries),
        "findings": [_finding(finding) for finding in made.findings],
        "tasks": [_group(group) for group in made.groups],
        "rows": export.rows(made) if order.get("rows") else None,
        "how": prose.formula(made),
        "notes": [text.replace(f"{root}/", "") for text in (*warnings, *_notes(made))],
    }


def compare(root: Path, order: Order) -> Json:
    """Stored results held against each other, as `modellab compare --json` gives them."""
    asked, library = project(root), Library(project(root).golden)
    with opened(order["url"]) as engine:
        only, whens = {"task": order["task"], "dataset": order["dataset"]}, _whens(order["specs"])
        stored = some.stored(engine, asked, order["owner"], whens=whens, **only)
    chosen = [pairing.chosen(stored.select(spec), order["task"], order["dataset"]) for spec in order["specs"]]
    comparison = compare_all(chosen, library, Calibrations(asked.baselines))
    encoded: Json = json.loads(as_json(comparison, CHANGED))
    return {"comparison": encoded}


def _whens(specs: list[str]) -> list[str]:
    """What stands after the @ of selectors, and words that stand alone."""
    return [when for spec in specs for when in ([spec.partition("@")[2]] if "@" in spec else [spec])]


def _notes(made: Report) -> list[str]:
    return [*made.notes, *(f"{noted.case} {noted.status}: {note}" for noted in made.noted for note in noted.notes)]


def _finding(finding: Finding) -> Json:
    who, verdict = finding.who, finding.verdict
    return {
        "task": who.task,
        "system": who.name,
        "model": who.model,
        "variant": who.variant,
        "dataset": finding.dataset,
        "status": str(verdict.status),
        "red": verdict.red,
        "metric": verdict.metric,
        "why": verdict.why,
        "verdict": serialization.encode_verdict(replace(verdict, breaks=(), broken=0, basis=None)),
        "session": finding.origin.session,
        "commit": finding.origin.commit,
        "machine": finding.origin.machine,
        "utterances": finding.n,
        "versus": finding.versus,
    }


def _group(group: ComparableGroup) -> Json:
    advice = group.advice
    return {
        "task": group.task,
        "metric": group.metric,
        "unit": group.unit,
        "better": group.better,
        "datasets": list(group.datasets),
        "utterances": group.utterances,
        "recommended": advice.choice.name if advice.choice else None,
        "best": advice.best.name if advice.best else None,
        "tied": [who.name for who in advice.tied],
        "sentences": prose.advice(group),
        "scores": [
            {
                "system": score.who.name,
                "points": serialization.encode_number(score.points.value),
                "interval": None if score.points.interval is None else [*score.points.interval],
                "grade": score.grade,
                "why": score.why,
                "stage": score.stage,
                "compared": score.compared,
            }
            for score in group.scores
        ],
        "front": [point.who.name for point in group.front if point.front],
        "left_out": [{"system": who, "why": why} for who, why in group.left_out],
    }
