"""`/api/v1/candidates`, `/lifecycle`, `/findings`, `/recommendation`, `/experiments`: what follows from results."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from modellab.server.access import audit
from modellab.server.auth import PROJECT, Who, needs
from modellab.server.errors import INVALID, ApiError
from modellab.server.results import sessions
from modellab.server.results.api import Reads
from modellab.server.results.experiments import Experiments, Given, Record
from modellab.server.results.index import Index

KEPT, KEPT_S = 32, 60.0  # answers that took long, and for how long they are given again
Promotes = Annotated[Who, Depends(needs("promote"))]
Runs = Annotated[Who, Depends(needs("run"))]
IfMatch = Annotated[str, Header(alias="If-Match", max_length=80, description="The version that is to be changed")]
Specs = Annotated[list[str], Query(alias="spec", max_length=10, description="As `modellab report` takes them")]
Name = Annotated[str, Query(max_length=255)]


class Move(pydantic.BaseModel):
    """Where a variant is to go, or that its last move is taken back, and why."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)

    to: str = pydantic.Field(default="", max_length=40)
    rollback: bool = pydantic.Field(default=False, description="In place of `to`: back to the stage before")
    because: str = pydantic.Field(min_length=1, max_length=2_000)
    dry_run: bool = False


class Acceptance(pydantic.BaseModel):
    """Which results of a run are to become the baselines, and why."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)

    because: str = pydantic.Field(min_length=1, max_length=2_000)
    everything: bool = False  # not only what is better than accepted
    dry_run: bool = False


class Remembered:
    """Answers of the analyst that are given again while the index is the same."""

    def __init__(self, index: Index) -> None:
        self.index, self._lock = index, threading.Lock()
        self._kept: OrderedDict[str, tuple[Any, float, dict[str, Any]]] = OrderedDict()

    def ask(self, verb: str, *, with_intervals: bool = False, **order: Any) -> dict[str, Any]:
        """What the analyst says, perhaps a moment ago; `with_intervals` also of what has just come."""
        (self.index.estimated if with_intervals else self.index.catch_up)()
        stamp, name = self.index.stamp(), f"{verb} {json.dumps(order, sort_keys=True)}"
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and kept[0] == stamp and time.monotonic() - kept[1] < KEPT_S:
            return kept[2]
        answer = self.index.analyst.ask(verb, url=self.index.url, **order)
        with self._lock:
            self._kept[name] = stamp, time.monotonic(), answer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Something else than results has changed."""
        with self._lock:
            self._kept.clear()


def router(index: Index, remembered: Remembered) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1")
    _reports(routes, remembered)
    _lifecycle(routes, index, remembered)
    _experiments(routes, index, remembered)
    return routes


def _reports(routes: APIRouter, remembered: Remembered) -> None:
    """What is made of all results together."""

    def report(who: Who, specs: list[str], task: str, dataset: str, *, rows: bool = False) -> dict[str, Any]:
        return remembered.ask("report", owner=who.project, specs=specs, task=task, dataset=dataset, rows=rows)

    @routes.get("/findings", tags=["reports"])
    def findings(who: Reads, spec: Specs = [], task: Name = "", dataset: Name = "") -> dict[str, Any]:  # noqa: B006
        """What got worse or better, worst first, and why that is believed."""
        answer = report(who, spec, task, dataset)
        return {"object": "list", "data": answer["findings"], **_about(answer)}

    @routes.get("/recommendation", tags=["reports"])
    def recommendation(who: Reads, spec: Specs = [], task: Name = "", dataset: Name = "") -> dict[str, Any]:  # noqa: B006
        """Which model to take for each task and on what evidence, or that the evidence is too little."""
        answer = report(who, spec, task, dataset)
        return {"object": "list", "data": answer["tasks"], "how": answer["how"], **_about(answer)}

    @routes.get("/leaderboard", tags=["reports"])
    def leaderboard(who: Reads, spec: Specs = [], task: Name = "", dataset: Name = "") -> dict[str, Any]:  # noqa: B006
        """A row for each number, with N, interval and origin: what `modellab report --json` writes."""
        answer = report(who, spec, task, dataset, rows=True)
        return {"object": "list", "data": answer["rows"], **_about(answer)}


def _about(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("title", "headline", "considered", "notes")}


def _lifecycle(routes: APIRouter, index: Index, remembered: Remembered) -> None:
    """The stages of variants."""

    @routes.get("/candidates", tags=["lifecycle"])
    def candidates(who: Reads, model: Name = "") -> dict[str, Any]:
        """Every variant that has results or was moved: its stage, and what it lacks for the next."""
        answer = remembered.ask("candidates", owner=own(who).project, model=model)
        return {"object": "list", "data": answer["candidates"], "warnings": answer["warnings"]}

    @routes.get("/lifecycle/{model}/{variant}", tags=["lifecycle"])
    def standing(who: Reads, response: Response, model: str, variant: str) -> dict[str, Any]:
        """A variant's stage, what it lacks for the next, and its history; ETag is the version that a move can name."""
        answer = variant_of(index, who, model, variant)
        response.headers["ETag"] = f'"{answer["version"]}"'
        return answer

    @routes.post("/lifecycle/{model}/{variant}", tags=["lifecycle"])
    def move(who: Promotes, model: str, variant: str, asked: Move, if_match: IfMatch = "") -> Response:
        """Move a variant to a stage or back: 409 with everything it lacks, 412 where somebody else has moved it."""
        index.catch_up()
        place = {"model": model, "variant": variant, "owner": own(who).project, "url": index.url}
        given = {**asked.model_dump(), "by": who.name, "expected": if_match.strip().removeprefix("W/").strip('"')}
        outcome = index.analyst.ask("move", **place, **given)
        remembered.forget()
        headers = {"ETag": f'"{outcome["version"]}"'}
        if outcome["missing"]:
            count = len(outcome["missing"])
            are = "criterion is" if count == 1 else "criteria are"
            message = f"{outcome['id']} stays {outcome['stage']}: {count} {are} not met"
            error = {"message": message, "type": INVALID, "param": "to", "code": "criteria_not_met"}
            return JSONResponse({"error": error, **outcome}, 409, headers=headers)
        if not asked.dry_run:
            with index.database.begin() as connection:
                audit.note(connection, who, "variant.move", outcome["id"], to=outcome["to"], because=asked.because)
        return JSONResponse(outcome, headers=headers)

    @routes.post("/runs/{session}/accept", tags=["lifecycle"])
    def accept(who: Promotes, response: Response, session: str, asked: Acceptance, if_match: IfMatch = "") -> Any:
        """Make a run's results the baselines, or show the difference that would make; 412 where others were faster."""
        index.catch_up()
        place = {"session": session, "owner": own(who).project, "url": index.url, "by": who.name}
        expected = if_match.strip().removeprefix("W/").strip('"')
        outcome = index.analyst.ask("accept", **place, **asked.model_dump(), expected=expected)
        response.headers["ETag"] = f'"{outcome["version"]}"'
        if outcome["is_written"]:
            remembered.forget()
            with index.database.begin() as connection:
                audit.note(connection, who, "baselines.accept", session, files=len(outcome["files"]))
        return {"object": "acceptance", "session": session, **outcome}


def variant_of(index: Index, who: Who, model: str, variant: str) -> dict[str, Any]:
    """A variant's stage, what it lacks, its evidence and its history; ApiError 404 where there is none of the name."""
    index.catch_up()
    return index.analyst.ask("one", model=model, variant=variant, owner=own(who).project, url=index.url)


def own(who: Who) -> Who:
    """The stages are those of the folder that is served, which is the first project's; ApiError 404 for others."""
    if who.project != PROJECT:
        raise ApiError(404, "not_found", "this project has no lifecycle of its own")
    return who


def _experiments(routes: APIRouter, index: Index, remembered: Remembered) -> None:
    """Experiments: their words, their members, and these compared."""
    kept = Experiments(index.project.mlruns)

    @routes.get("/experiments", tags=["experiments"])
    def experiments(who: Reads) -> dict[str, Any]:
        """Every experiment, newest first."""
        return {"object": "list", "data": [record.model_dump() for record in kept.every(who.project)]}

    @routes.post("/experiments", tags=["experiments"], status_code=201)
    def make(who: Runs, given: Given) -> dict[str, Any]:
        """A new experiment."""
        return kept.make(who.project, who.name, given).model_dump()

    @routes.get("/experiments/{experiment}", tags=["experiments"])
    def one(who: Reads, response: Response, experiment: str) -> dict[str, Any]:
        """One, with the newest sessions that were run for it; `runs_url` lists all `runs_count` of them."""
        record = kept.get(who.project, experiment)
        response.headers["ETag"] = f'"{record.version}"'
        runs = runs_of(index, record)
        about = {"runs": runs["data"], "runs_count": runs["count"]}
        about |= {f"{name}_url": f"/api/v1/{name}?experiment={record.id}" for name in ("runs", "results")}
        return {**record.model_dump(), **about}

    @routes.patch("/experiments/{experiment}", tags=["experiments"])
    def change(who: Runs, experiment: str, given: Given, if_match: IfMatch = "") -> dict[str, Any]:
        """Other words or members; If-Match names the version that was looked at."""
        expected = if_match.strip().strip('"')
        if expected and not expected.isdigit():
            raise ApiError(400, "invalid_value", f"If-Match is {expected[:40]!r}, expected a version", "If-Match")
        return kept.change(who.project, experiment, given, int(expected) if expected else None).model_dump()

    @routes.get("/experiments/{experiment}/comparison", tags=["experiments"])
    def comparison(who: Reads, experiment: str, task: Name = "", dataset: Name = "") -> dict[str, Any]:
        """Its members, or without any the sessions that were run for it, held against each other."""
        record = kept.get(who.project, experiment)
        return compared(index, remembered, record, task, dataset)


def runs_of(index: Index, record: Record) -> dict[str, Any]:
    """The newest sessions that were run for an experiment, and how many there are."""
    return index.rows(lambda connection: sessions.of_experiment(connection, record.project, record.id))


def compared(index: Index, remembered: Remembered, record: Record, task: str = "", dataset: str = "") -> dict[str, Any]:
    """An experiment's members, or without any its newest runs, held against each other; `left_out` counts older ones.

    ApiError 409 for less than two.
    """
    specs, left_out = record.members, 0
    if not specs:
        runs = runs_of(index, record)
        specs = [f"@{run['id']}" for run in reversed(runs["data"])]
        left_out = runs["count"] - len(specs)
    if len(specs) < 2:
        message = f"there is nothing to compare: {len(specs)} of at least two members"
        raise ApiError(409, "nothing_to_compare", message, "members")
    made = remembered.ask("compare", owner=record.project, specs=specs, task=task, dataset=dataset)
    return {"object": "comparison", "specs": specs, "left_out": left_out, **made["comparison"]}
