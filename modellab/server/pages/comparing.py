"""`/compare`: stored results that were ticked in a list, held against each other as `modellab compare` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from modellab import units
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.pages import frame, ledger
from modellab.server.results import query
from modellab.server.results.decisions import Remembered

Reads = Annotated[Who, Depends(needs("read"))]
MOST_PAIRS = 200  # of a ranking: fifty systems have 1,225, which the API tells
Entries = Annotated[list[Annotated[str, Query(max_length=64)]], Query(max_length=8)]


def router(remembered: Remembered) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/compare")
    def compare(request: Request, who: Reads, entry: Entries = []) -> Response:  # noqa: B006  (FastAPI copies it)
        remembered.index.settle()
        answer = remembered.index.one(
            lambda connection: {"rows": [_row(connection, who, id) for id in dict.fromkeys(entry)]}
        )
        rows = sorted(answer["rows"], key=lambda row: (row["finished_at"], row["id"]))
        comparison, why = _compared(remembered, who, rows)
        return frame.page(
            request, "compare.html.j2", "Compare", rows=[ledger.shown(row) for row in rows], why=why,
            changed=list(_changed(comparison)), **shown(comparison),
        )  # fmt: skip

    return routes


def _row(connection: sa.Connection, who: Who, id: str) -> dict[str, Any]:
    """A result as lists have it; ApiError 404 for one of nobody or of somebody else."""
    return query.result(query.one(connection, who.project, id))


def _compared(remembered: Remembered, who: Who, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], str]:
    """The comparison, the first result as A, or why there is none."""
    if len(rows) < 2:
        return {}, f"{units.counted(len(rows), 'result')} of at least two: tick them in a list of results"
    if len({(row["task"], row["dataset"]) for row in rows}) > 1:
        return {}, "they are of several datasets, and what differs may be the data: tick results of one"
    specs = [f"{row['case']}@{row['session']}" for row in rows]
    try:
        made = remembered.ask("compare", owner=who.project, specs=specs, task="", dataset="")
    except ApiError as error:
        if error.status >= 500:
            raise
        return {}, error.message
    return made["comparison"], ""


def _changed(comparison: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The utterances that changed most, of two results; what was said in them is on the results' own pages."""
    for pair in comparison.get("duels", []):
        unit = next((line["unit"] for line in pair["quality"]), "ratio")
        for utterance in pair["most_changed"]:
            yield {
                "id": utterance["id"], "a": _value(utterance["a"], unit), "b": _value(utterance["b"], unit),
                "told": "worse" if utterance["harm"] > 0 else "better",
            }  # fmt: skip


# ---------------------------------------------------------------------------- a comparison in words


def shown(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """What `_compared.html.j2` draws of a comparison as JSON has it; of none nothing."""
    return {
        "verdicts": comparison.get("verdicts", []), "rankings": list(map(_ranking, comparison.get("rankings", []))),
        "lines": _lines(comparison), "notes": comparison.get("notes", []),
    }  # fmt: skip


def _lines(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Quality of two systems, a metric a line."""
    return [{"task": pair["task"], **_line(line)} for pair in comparison.get("duels", []) for line in pair["quality"]]


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    """Two systems in one metric, in words."""
    return {
        "metric": units.heading(line["metric"]), "dataset": line["dataset"], "n": str(line["n"]),
        "a": _value(line["a"], line["unit"]), "b": _value(line["b"], line["unit"]), "change": _change(line),
        **{name: "" if line.get(name) is None else f"{line[name]:.3g}" for name in ("p", "adjusted")},
    }  # fmt: skip


def _ranking(ranking: Mapping[str, Any]) -> dict[str, Any]:
    """Several systems in order, each with its value and interval, on each dataset too where there are several."""
    unit = ranking["unit"]
    several = ranking["datasets"] if len(ranking["datasets"]) > 1 else []
    standings = [
        {
            "rank": standing["rank"], "letters": standing["letters"], "name": standing["name"],
            "value": f"{_value(standing['value'], unit)} {_ends(standing['interval'], unit)}",
            "each": [_value(standing["values"][name], unit) for name in several],
        }
        for standing in ranking["standings"]
    ]  # fmt: skip
    shown = ranking["pairs"][:MOST_PAIRS]
    pairs = [{"names": (pair["system_a"], pair["system_b"]), **_line(pair)} for pair in shown]
    made = {"metric": units.heading(ranking["metric"]), "several": several, "standings": standings, "pairs": pairs}
    made["pairs_left_out"] = len(ranking["pairs"]) - len(shown)
    return {**ranking, **made}


def _ends(ends: Sequence[float | None] | None, unit: str) -> str:
    """The interval of a value; '' where it has none."""
    known = [end for end in ends or () if end is not None]
    return f"[{', '.join(units.value(end, unit) for end in known)}]" if len(known) == 2 else ""


def _value(number: float | None, unit: str) -> str:
    return units.MISSING if number is None else units.value(number, unit)


def _change(line: Mapping[str, Any]) -> str:
    change, ends = line.get("change"), line.get("interval")
    if change is None:
        return units.MISSING
    span = f" {units.interval((ends[0], ends[1]), line['unit'])}" if ends and None not in ends else ""
    return units.change(change, line["unit"]) + span
