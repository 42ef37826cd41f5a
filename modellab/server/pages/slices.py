"""`/slices`: the newest results of a task on a dataset, by condition, speaker, language and groups of people."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from modellab import tasks
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.pages import frame
from modellab.server.results.decisions import Remembered
from modellab.server.results.tables import NEWEST

Reads = Annotated[Who, Depends(needs("read"))]
Name = Annotated[str, Query(max_length=255)]


def router(remembered: Remembered) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/slices")
    def slices(request: Request, who: Reads, task: Name = "", dataset: Name = "", model: Name = "") -> Response:
        there = _there(remembered, who.project)
        chosen = task or next(iter(there), "")
        known = there.get(chosen, [])
        data = dataset or next(iter(known), "")
        answer, why = _asked(remembered, who, chosen, data, model)
        return frame.page(
            request, "slices.html.j2", "By group", found=answer, why=why, task=chosen, dataset=data, model=model,
            tasks=list(there), datasets=known,
        )  # fmt: skip

    return routes


def _there(remembered: Remembered, project: str) -> dict[str, list[str]]:
    """The tasks with results that are known here, and their datasets; those with most cases first."""
    remembered.index.catch_up()
    own = (NEWEST.c.project == project) & NEWEST.c.measured
    count = sa.func.count().label("count")
    asked = sa.select(NEWEST.c.task, NEWEST.c.dataset, count).where(own).group_by(NEWEST.c.task, NEWEST.c.dataset)
    datasets: dict[str, list[str]] = {}
    with remembered.index.database.begin() as connection:
        for task, dataset, _ in connection.execute(asked.order_by(count.desc(), NEWEST.c.dataset)):
            if task in tasks.names():
                datasets.setdefault(task, []).append(dataset)
    return datasets


def _asked(remembered: Remembered, who: Who, task: str, dataset: str, model: str) -> tuple[dict[str, Any] | None, str]:
    """The tables, or why there are none."""
    if not task:
        return None, ""
    try:
        answer = remembered.ask("slices", owner=who.project, task=task, dataset=dataset, model=model)
    except ApiError as error:
        if error.status not in (400, 404):
            raise
        return None, error.message
    nothing = (
        "" if answer["tables"] or answer["groups"] else f"the rows of {dataset} name no condition, speaker or group"
    )
    return answer, answer["why"] or nothing
