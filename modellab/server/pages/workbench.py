"""`/workbench`: choose what to measure, see what it costs, start it, watch it, and accept what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import pydantic
from fastapi import APIRouter, Depends, Query, Request, Response

from modellab import units
from modellab.errors import shortened
from modellab.plan.matrix import TIERS, Broken, Matrix
from modellab.server.auth import PROJECT, Who, needs
from modellab.server.errors import ApiError
from modellab.server.jobs import asked as requests
from modellab.server.jobs import runs
from modellab.server.jobs.room import Room
from modellab.server.jobs.store import Row
from modellab.server.jobs.tables import DONE, ENDED
from modellab.server.pages import frame, ledger
from modellab.server.results import durations, sessions
from modellab.server.results.index import Index
from modellab.system import machine

Reads = Annotated[Who, Depends(needs("read"))]
SHOWN = 100  # cases of a plan that are listed
MOST_TITLE = 80  # characters
COMPARED = 12  # cases of a run that has ended whose every verdict is shown
FRESH_S = 10.0  # that models and datasets are believed to be as they were
LISTS = ("models", "datasets", "devices", "precisions")
Json = dict[str, Any]


class Choice(pydantic.BaseModel):
    """What is chosen, as the address has it: the fields of a run, each name as often as it takes."""

    model_config = pydantic.ConfigDict(extra="forbid")

    models: list[str] = []
    datasets: list[str] = []
    devices: list[str] = []
    precisions: list[str] = []
    tier: str = ""
    executor: str = ""
    batch: Annotated[int, pydantic.BeforeValidator(lambda given: given or 1)] = 1  # a field that is left empty
    label: str = ""
    experiment: str = ""

    @property
    def run(self) -> requests.Run:
        """The request; ApiError 400 for what is too long."""
        asked = requests.read({"kind": "run", **self.model_dump()})
        assert isinstance(asked, requests.Run)
        return asked


class Known:
    """The matrix, and why this machine cannot run some of it, for a few seconds."""

    def __init__(self, room: Room) -> None:
        self.room, self.lock = room, threading.Lock()
        self.until, self.matrix = 0.0, Matrix(room.project)
        self.reasons: dict[str, str] = {}

    def now(self) -> tuple[Matrix, dict[str, str]]:
        """The matrix of a moment ago, and the reasons that are known."""
        with self.lock:
            if time.monotonic() >= self.until:
                self.matrix, self.reasons = self.room.matrix(), {}
                self.until = time.monotonic() + FRESH_S
            return self.matrix, self.reasons

    def described(self, chosen: requests.Run) -> list[Json]:
        """The cases of a choice, each with why this machine cannot run it; ApiError 400 where there are none."""
        requests.check_batch(chosen)
        matrix, reasons = self.now()
        matrix = self.room.matrix(chosen.batch) if chosen.batch > 1 else matrix
        cases = requests.planned(matrix, chosen)
        new = [case for case in cases if case.name not in reasons]
        reasons.update({row["case"]: row["why_not"] for row in requests.described(matrix, new)})
        return [{"case": case.name, "tier": case.tier, "why_not": reasons[case.name]} for case in cases]


def router(room: Room, index: Index) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    known = Known(room)

    @routes.get("/workbench")
    def workbench(request: Request, who: Reads, chosen: Annotated[Choice, Query()]) -> Response:
        matrix, _ = known.now()
        return frame.page(
            request, "workbench.html.j2", "Workbench", chosen=chosen, offered=offered(matrix, chosen),
            plan=_plan(known, index, who, chosen), may_run=who.may("run"), executors=room.settings.executors,
        )  # fmt: skip

    @routes.get("/workbench/plan")
    def plan(who: Reads, chosen: Annotated[Choice, Query()]) -> Response:
        """The part of the page that says what is chosen."""
        return frame.part("_plan.html.j2", plan=_plan(known, index, who, chosen))

    @routes.get("/workbench/{job}")
    def watch(request: Request, who: Reads, job: str) -> Response:
        return watched(room, index, request, who, job)

    return routes


def watched(room: Room, index: Index, request: Request, who: Who, job: str) -> Response:
    """The page of a job that is a run; ApiError 404 where there is none of this name."""
    row = room.jobs.find(who.project, job)
    if row.kind != "run":
        raise ApiError(404, "not_found", f"{row.id} is no run: /api/v1/jobs/{row.id} says how it is")
    return frame.page(request, "watch.html.j2", title(row), **_watched(room, index, who, row))


def title(row: Row) -> str:
    """What a run is of, in a few words."""
    asked = requests.Run.model_validate(row.body)
    models, datasets = (", ".join(names) for names in (asked.models, asked.datasets))
    return shortened(f"{models or 'Every model'} on {datasets or 'every dataset'}", MOST_TITLE)


def far(progress: Mapping[str, Any] | None) -> str:
    """How far a run is, in a few words."""
    if not progress:
        return ""
    case = f"case {progress['number']} of {progress['cases']}" if "number" in progress else progress["stage"]
    utterances = f", utterance {progress['done']} of {progress['of']}" if "done" in progress else ""
    return f"{case}{utterances}"


def moment(time_s: float | None) -> str:
    """A moment as pages have them: UTC, ISO 8601."""
    return "" if time_s is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_s))


# ---------------------------------------------------------------------------- what may be chosen


def offered(matrix: Matrix, chosen: Choice) -> Json:
    """Models with their variants, datasets, devices and precisions of a project; what is chosen comes first.

    `others` are the names that are chosen and not among them: misspelt in a link, or gone. The plan says so of them.
    """
    models: list[dict[str, Any]] = [
        {"name": entry[0].name, "variants": _variants(entry[0].name, entry[1].variants), "what": entry[1].summary}
        for entry in matrix.models if not isinstance(entry, Broken)
    ]  # fmt: skip
    datasets = [
        {"name": entry[0].name, "what": f"{entry[1].task}, {entry[1].tier}"}
        for entry in matrix.datasets if not isinstance(entry, Broken)
    ]  # fmt: skip
    wanted = {name.partition(":")[0] for name in (*chosen.models, *chosen.datasets)}
    for entries in (models, datasets):
        entries.sort(key=lambda entry: entry["name"] not in wanted)
    keys = [instance.key for instance in matrix.instances()]
    devices, precisions = ({getattr(key, name) for key in keys} for name in ("device", "precision"))
    names = [name for model in models for name in (model["name"], *model["variants"])]
    known: tuple[Collection[Any], ...] = (names, [dataset["name"] for dataset in datasets], devices, precisions)
    others = {
        name: [choice for choice in getattr(chosen, name) if choice not in known_names]
        for name, known_names in zip(LISTS, known, strict=True)
    }
    return {
        "models": models, "datasets": datasets, "tiers": TIERS, "devices": sorted(devices),
        "precisions": sorted(precisions), "others": others,
    }  # fmt: skip


def _variants(model: str, variants: Iterable[str]) -> list[str]:
    """The variants of a model as a run names them; none where the only one needs no name."""
    names = list(variants)
    return [] if names == ["default"] else [f"{model}:{name}" for name in names]


def _plan(known: Known, index: Index, who: Who, chosen: Choice) -> Json:
    """What a choice would run: how many cases, how long it took before, the command; or why it is none."""
    try:
        asked = chosen.run
        if not asked.selection:
            return {"error": "", "cases": [], "command": "", "is_nothing": True}
        cases = known.described(asked)
    except ApiError as error:
        return {"error": error.message, "cases": [], "command": "", "is_nothing": False}
    able = [case["case"] for case in cases if not case["why_not"]]
    models = sorted({name.partition(":")[0] for name in able})
    took: dict[str, float] = index.one(
        lambda connection: durations.measured(connection, who.project, machine.hostname(), models)
    )
    seconds = [took[name] for name in able if name in took]
    shown = [{**case, "took": span(took[case["case"]]) if case["case"] in took else ""} for case in cases[:SHOWN]]
    shown.sort(key=lambda case: bool(case["why_not"]))
    return {
        "error": "", "is_nothing": False, "cases": shown, "count": len(cases), "able": len(able),
        "expected": span(sum(seconds)) if seconds else "unknown", "unknown": len(able) - len(seconds),
        "command": asked.command,
    }  # fmt: skip


def span(seconds: float) -> str:
    """A time that people wait.

    >>> span(0.4), span(61), span(5400)
    ('under 1 s', '1 min', '1.5 h')
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


# ---------------------------------------------------------------------------- a run, watched


def _watched(room: Room, index: Index, who: Who, row: Row) -> Json:
    """What the page of a run shows: while it goes on its state, and then what came of it."""
    asked = requests.Run.model_validate(row.body)
    body = asked.model_dump(mode="json", exclude_defaults=True, exclude={"callback_url", "dry_run"})
    address = urlencode([(name, choice) for name in LISTS for choice in getattr(asked, name)] + [
        (name, text) for name in ("tier", "label", "experiment", "executor") if (text := getattr(asked, name))
    ] + ([("batch", str(asked.batch))] if asked.batch > 1 else []))  # fmt: skip
    session = (row.result or {}).get("session") or runs.session(row.id, max(1, row.tries))
    results = _results(index, who, session) if row.state in ENDED else []
    return {
        "job": row, "colour": _colour(row), "asked": asked, "body": {"kind": "run", **body},
        "again": f"/workbench?{address}",
        "is_over": row.state in ENDED, "is_done": row.state == DONE, "created": moment(row.created),
        "started": moment(row.started), "ended": moment(row.ended), "position": room.jobs.position(row),
        "far": far(row.progress), "session": session, "results": results, "compared": _compared(index, who, results),
        "is_own": row.owner == who.name or who.may("admin"), "may_run": who.may("run"),
        "may_accept": who.may("promote") and who.project == PROJECT and bool(results),
    }  # fmt: skip


def _colour(row: Row) -> str:
    """The colour of a run's state: that of its verdict, once it has one."""
    return row.state if row.state != DONE else "regressed" if row.result["exit_status"] else "pass"


def _results(index: Index, who: Who, session: str) -> list[Json]:
    """The results of a run, worst first; none where it has none."""
    index.settle()
    try:
        answer = index.one(lambda connection: sessions.run(connection, who.project, session))
    except ApiError as error:
        if error.status != 404:
            raise
        return []
    return sorted(map(ledger.shown, answer["results"]), key=lambda row: (not row["red"], row["case"]))


def _compared(index: Index, who: Who, results: Sequence[Json]) -> list[Json]:
    """The verdicts of the first cases of a run: each judged metric against what is accepted."""
    rows = []
    for result in results[:COMPARED]:
        verdicts = index.whole("entry", who.project, result["id"])["entry"]["verdicts"]
        shown = [_verdict(verdict) for verdict in verdicts if verdict["baseline"] is not None or verdict["why"]]
        rows.append({"id": result["id"], "case": result["case"], "verdicts": shown})
    return rows


def _verdict(verdict: Mapping[str, Any]) -> Json:
    unit, change = verdict["unit"], verdict["change"]
    in_unit = unit if verdict["kind"] in ("quality", "sanity") else "ratio"
    ends = verdict["interval"]
    has_span = isinstance(ends, list) and all(isinstance(end, int | float) for end in ends)
    return {
        "metric": units.heading(verdict["metric"]), "status": verdict["status"], "why": verdict["why"],
        "before": units.value(_number(verdict["baseline"]), unit), "now": units.value(_number(verdict["now"]), unit),
        "change": units.change(_number(change), in_unit), "versus": verdict["versus"],
        "interval": units.interval((ends[0], ends[1]), in_unit) if has_span else "",
    }  # fmt: skip


def _number(value: Any) -> float | None:
    """A number of a ledger's line; None for one that is none, which it writes as a word."""
    return float(value) if isinstance(value, int | float) else None
