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
        answer = remembered.ask("candidates", owner=own(who).project, model="")
        rows = [{**row, "anchor": re.sub(r"\W", "-", row["id"])} for row in answer["candidates"]]
        by_stage = [(stage, [row for row in rows if row["stage"] == stage]) for stage in reversed(STAGES)]
        return frame.page(
            request, "candidates.html.j2", "Candidates", stages=[group for group in by_stage if group[1]],
            warnings=answer["warnings"],
        )  # fmt: skip

    @routes.get("/candidates/{model}/{variant}")
    def candidate(request: Request, who: Reads, model: str, variant: str) -> Response:
        standing = variant_of(index, who, model, variant)
        evidence = [standing["evidence"], *(record["evidence"] for record in standing["history"])]
        ids = {number["result"] for part in evidence for number in part}
        known = index.one(lambda connection: {"ids": query.known(connection, who.project, ids)})["ids"]
        history = [
            {**record, "rows": _rows(record["evidence"], standing["id"], known)} for record in standing["history"]
        ]
        return frame.page(
            request, "candidate.html.j2", standing["id"], one=standing,
            rows=_rows(standing["evidence"], standing["id"], known),
            history=history[::-1], stages=[stage for stage in STAGES if stage != standing["stage"]],
            may_promote=who.may("promote"),
        )  # fmt: skip

    return routes


def _rows(evidence: Iterable[Mapping[str, Any]], of: str, known: Sequence[str]) -> list[Json]:
    """The numbers of a move as a table has them; `url` leads to the result, where the index has it."""
    numbers = [Evidence.model_validate(row) for row in evidence]
    return [
        {
            "case": evidence_table.case(number, of), "metric": units.heading(number.metric), "n": number.n,
            "value": units.value(number.value, number.unit), "interval": evidence_table.interval(number),
            "limit": "" if number.limit is None else units.value(number.limit, number.unit), "runs": number.runs,
            "verdict": number.verdict, "session": number.session,
            "url": f"/results/{number.result}" if number.result in known else "",
        }
        for number in numbers
    ]  # fmt: skip
