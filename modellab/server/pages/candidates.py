"""`/candidates`: where each variant stands and what it lacks; one with its evidence and history, to be moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from modellab import units
from modellab.lifecycle import evidence_table
from modellab.lifecycle.stages import STAGES, Evidence
from modellab.server.auth import Who, needs
from modellab.server.pages import frame
from modellab.server.results import query
from modellab.server.results.decisions import Remembered, own, variant_of

Reads = Annotated[Who, Depends(needs("read"))]
Json = dict[str, Any]


def router(remembered: Remembered) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    index = remembered.index

    @routes.get("/candidates")
    def candidates(request: Request, who: Reads) -> Response:
        found = remembered.ask("candidates", owner=own(who).project, model="")
        rows = [{**each, "anchor": re.sub(r"\W", "-", each["id"])} for each in found["candidates"]]
        by_stage = [(stage, [each for each in rows if each["stage"] == stage]) for stage in reversed(STAGES)]
        return frame.page(
            request, "candidates.html.j2", "Candidates", stages=[each for each in by_stage if each[1]],
            warnings=found["warnings"],
        )  # fmt: skip

    @routes.get("/candidates/{model}/{variant}")
    def candidate(request: Request, who: Reads, model: str, variant: str) -> Response:
        found = variant_of(index, who, model, variant)
        told = [found["evidence"], *(record["evidence"] for record in found["history"])]
        ids = {each["result"] for part in told for each in part}
        known = index.one(lambda said: {"ids": query.known(said, who.project, ids)})["ids"]
        history = [{**each, "rows": _rows(each["evidence"], found["id"], known)} for each in found["history"]]
        return frame.page(
            request, "candidate.html.j2", found["id"], one=found, rows=_rows(found["evidence"], found["id"], known),
            history=history[::-1], stages=[stage for stage in STAGES if stage != found["stage"]],
            may_promote=who.may("promote"),
        )  # fmt: skip

    return routes


def _rows(evidence: Iterable[Mapping[str, Any]], of: str, known: Sequence[str]) -> list[Json]:
    """The numbers of a move as a table has them; `url` leads to the result, where the index has it."""
    found = [Evidence.model_validate(each) for each in evidence]
    return [
        {
            "case": evidence_table.case(each, of), "metric": units.heading(each.metric), "n": each.n,
            "value": units.value(each.value, each.unit), "interval": evidence_table.interval(each),
            "limit": "" if each.limit is None else units.value(each.limit, each.unit), "runs": each.runs,
            "verdict": each.verdict, "session": each.session,
            "url": f"/results/{each.result}" if each.result in known else "",
        }
        for each in found
    ]  # fmt: skip
