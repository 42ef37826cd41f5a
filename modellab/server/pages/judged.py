"""`/findings`, `/candidates`, `/experiments`: what follows from results, and who decided what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from modellab import tasks
from modellab.plan.matrix import Broken, Matrix
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.listening.making import Maker
from modellab.server.pages import comparing, frame, listening
from modellab.server.results.decisions import Remembered, compared, runs_of
from modellab.server.results.experiments import Experiments, Record
from modellab.server.results.index import Index

Reads = Annotated[Who, Depends(needs("read"))]
Name = Annotated[str, Query(max_length=255)]
Days = Annotated[int, Query(ge=1, le=366)]


def router(index: Index, remembered: Remembered, matrix: Matrix, maker: Maker) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    _findings(routes, remembered, matrix, maker)
    _experiments(routes, index, remembered)
    return routes


def _findings(routes: APIRouter, remembered: Remembered, matrix: Matrix, maker: Maker) -> None:
    @routes.get("/findings")
    def findings(request: Request, who: Reads, task: Name = "", dataset: Name = "", days: Days = 7) -> Response:
        report: dict[str, Any] | None = None
        why, is_empty = "", False
        try:
            report = remembered.ask("report", owner=who.project, specs=[], task=task, dataset=dataset, rows=False)
        except ApiError as error:
            if error.status not in (400, 404):
                raise
            why, is_empty = error.message, error.code == "no_results"
        there = [entry[0].name for entry in matrix.datasets if not isinstance(entry, Broken)]
        known = {"task": list(tasks.names()), "dataset": there}
        since = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:00:00")
        week: dict[str, Any] = {}
        if report:
            week = remembered.ask("lately", owner=who.project, task=task, dataset=dataset, since=since)
        return frame.page(
            request, "findings.html.j2", "Findings", found=report, why=why, is_empty=is_empty, task=task,
            dataset=dataset, known=known, week=week, days=days, heard=listening.heard(maker, who.project),
        )  # fmt: skip


def _experiments(routes: APIRouter, index: Index, remembered: Remembered) -> None:
    kept = Experiments(index.project.mlruns)

    @routes.get("/experiments")
    def experiments(request: Request, who: Reads) -> Response:
        return frame.page(
            request, "experiments.html.j2", "Experiments", experiments=kept.every(who.project), may_run=who.may("run")
        )

    @routes.get("/experiments/{experiment}")
    def one(request: Request, who: Reads, experiment: str) -> Response:
        record = kept.get(who.project, experiment)
        runs = runs_of(index, record)
        comparison, why = _comparison(index, remembered, record)
        return frame.page(
            request, "experiment.html.j2", record.name, one={**record.model_dump(), "runs": runs["data"]}, why=why,
            count=runs["count"], left_out=comparison.get("left_out", 0),
            **comparing.shown(comparison), may_run=who.may("run"),
        )  # fmt: skip


def _comparison(index: Index, remembered: Remembered, record: Record) -> tuple[dict[str, Any], str]:
    """Its members held against each other, or why they are not."""
    try:
        return compared(index, remembered, record), ""
    except ApiError as error:
        if error.status >= 500:
            raise
        return {}, error.message
