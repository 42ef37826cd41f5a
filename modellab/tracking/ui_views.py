"""The views of an experiment that everyone gets: MLflow keeps them as experiment tags. Pure data.

MLflow's own list of runs shows no metric; `overview` is the table one wants: the verdict, then the metrics of each
dataset, its speed beside its quality, narrow enough that two of them are seen at 1280 pixels with MLflow's assistant
open. `trend` draws a line per model over the commits. The tags' format is MLflow's own and not documented; an MLflow
that does not understand it shows its usual list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

LENGTH = 4800  # MLflow takes 5000 characters of an experiment's tag
NAME, DATE = "attributes.`Run Name`", "runDateAndNestInfo"
OVERVIEW, TREND = "mlflow.sharedViewState.overview", "mlflow.sharedViewState.trend"
NOTE = "[Overview]({overview}) · [Trend]({trend}): one run per model, device, precision and session"


def tags(
    experiment_id: str, columns: Iterable[str], sections: Iterable[str], existing: Mapping[str, str]
) -> dict[str, str]:
    """The experiment tags to set so that the views show these metrics and those they show already.

    `columns` are metric keys for the overview in their order, new ones after those it has; `sections` the metric
    names whose charts the trend shows first.
    """
    metrics = _by_dataset(dict.fromkeys([*_known(existing.get(OVERVIEW, ""), "selectedColumns"), *columns]))
    names = list(dict.fromkeys([*_known(existing.get(TREND, ""), "compareRunSections"), *sections]))
    while len(_overview(metrics)) > LENGTH:
        metrics.pop()
    while len(_trend(names)) > LENGTH:
        names.pop()
    wanted = {
        OVERVIEW: _overview(metrics),
        TREND: _trend(names),
        "mlflow.note.content": existing.get("mlflow.note.content") or NOTE.format(**links(experiment_id)),
        "mlflow.experimentKind": existing.get("mlflow.experimentKind") or "custom_model_development",
    }
    return {name: text for name, text in wanted.items() if existing.get(name) != text}


def links(experiment_id: str) -> dict[str, str]:
    """What to put after the address of MLflow's pages to see the views."""
    runs = f"#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey="
    return {"overview": f"{runs}overview", "trend": f"{runs}trend&compareRunsMode=CHART"}


def _known(view: str, part: str) -> list[str]:
    """The metric columns or chart sections of a stored view; none if it is not one."""
    try:
        items = json.loads(view)[part]
        if part == "compareRunSections":
            return [str(section["name"]) for section in items]
        return [match[1] for column in items if (match := re.fullmatch(r"metrics\.`(.+)`", column))]
    except (ValueError, KeyError, TypeError):
        return []


def _by_dataset(metrics: Iterable[str]) -> list[str]:
    """Datasets in the order of their first appearance, of each its quality and then its speed."""
    by_dataset: dict[str, list[str]] = {}
    for metric in metrics:
        by_dataset.setdefault(metric.partition("/")[2], []).append(metric)
    return [metric for own in by_dataset.values() for metric in sorted(own, key=lambda name: name.startswith("rtf/"))]


def _overview(metrics: list[str]) -> str:
    columns = ["tags.`verdict`", *(f"metrics.`{metric}`" for metric in metrics), "tags.`machine`"]
    widths = {NAME: 200, DATE: 80, "tags.`verdict`": 105, "tags.`machine`": 170}
    widths |= {f"metrics.`{metric}`": 112 for metric in metrics}
    return _view(columns, columnOrder=[NAME, DATE, *columns], columnWidths=widths)


def _trend(sections: list[str]) -> str:
    group = {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": "series"}]}
    cards = [{"uuid": name, "name": name, "display": True, "isReordered": True} for name in sections]
    charts = {"compareRunCharts": [], "compareRunSections": cards, "isAccordionReordered": True, "runListHidden": True}
    return _view([], groupBy=group, **charts)


def _view(columns: list[str], **more: Any) -> str:
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsHiddenMode": "FIRST_20_RUNS",
        "runListHidden": False,
        "viewMaximized": False,
        "groupBy": None,
    }
    return json.dumps(state | more, separators=(",", ":"))
