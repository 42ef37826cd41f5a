"""The views of an experiment that everyone gets: MLflow keeps them as experiment tags. Pure data.

MLflow's own list of runs shows no metric; `overview` is the table one wants (verdict, then a column per dataset),
`trend` draws a line per model over the commits. The tags' format is MLflow's own and not documented; an MLflow that
does not understand it shows its usual list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

LENGTH = 4800  # MLflow takes 5000 characters of an experiment's tag
TAGS = ["verdict", "machine"]
OVERVIEW, TREND = "mlflow.sharedViewState.overview", "mlflow.sharedViewState.trend"
NOTE = (
    "One run is one model variant on one device at one precision, in one session at one commit. A metric is"
    " `<name>/<dataset>`, its step the number of the commit.\n\n"
    "Views: [overview](#/experiments/{id}/runs?viewStateShareKey=overview)"
    " · [trend](#/experiments/{id}/runs?viewStateShareKey=trend&compareRunsMode=CHART)"
)


def tags(experiment_id: str, columns: Iterable[str], existing: Mapping[str, str]) -> dict[str, str]:
    """The experiment tags to set so that the views show these metric columns and those they show already."""
    known = shown_metrics(existing.get(OVERVIEW, ""))
    metrics = sorted({*known, *columns}, key=_order)
    while len(_trend(metrics)) > LENGTH:
        metrics.pop()
    wanted = {
        OVERVIEW: _view([f"tags.`{tag}`" for tag in TAGS] + [f"metrics.`{metric}`" for metric in metrics]),
        TREND: _trend(metrics),
        "mlflow.note.content": existing.get("mlflow.note.content") or NOTE.format(id=experiment_id),
        "mlflow.experimentKind": existing.get("mlflow.experimentKind") or "custom_model_development",
    }
    return {name: text for name, text in wanted.items() if existing.get(name) != text}


def links(experiment_id: str) -> dict[str, str]:
    """What to put behind the address of MLflow's pages to see the views."""
    runs = f"#/experiments/{experiment_id}/runs?viewStateShareKey="
    return {"overview": f"{runs}overview", "trend": f"{runs}trend&compareRunsMode=CHART"}


def shown_metrics(view: str) -> list[str]:
    """The metric columns of a stored view; none if it is not one."""
    try:
        columns = json.loads(view)["selectedColumns"]
        return [found[1] for column in columns if (found := re.fullmatch(r"metrics\.`(.+)`", column))]
    except (ValueError, KeyError, TypeError):
        return []


def _order(metric: str) -> tuple[bool, str]:
    """Quality before speed, then by name."""
    return metric.startswith("rtf/"), metric


def _trend(metrics: list[str]) -> str:
    group = {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": "series"}]}
    return _view([f"metrics.`{metric}`" for metric in metrics], groupBy=group)


def _view(columns: list[str], **more: Any) -> str:
    return json.dumps(
        {
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
            "runsHiddenMode": "FIRST_10_RUNS",
            "runListHidden": False,
            "viewMaximized": False,
            "groupBy": None,
            **more,
        }
    )
