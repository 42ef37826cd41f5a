"""What a move of the lifecycle rests on, as text."""

from __future__ import annotations

from collections.abc import Iterable

from tabulate import tabulate

from modellab import units
from modellab.lifecycle.stages import Evidence

HEADERS = ["case", "metric", "value [95 %]", "N", "limit", "runs", "verdict", "session"]


def table(evidence: Iterable[Evidence], of: str = "", style: str = "plain") -> str:
    """A line for each number, in the order of the record; '' for none.

    `of` is MODEL:VARIANT, which the cases then leave out; `style` is a format of tabulate.
    """
    rows = [_row(row, of) for row in evidence]
    align = ("left", "left", "right", "right", "right", "right", "left", "left")
    return tabulate(rows, headers=HEADERS, tablefmt=style, colalign=align, disable_numparse=True) if rows else ""


def case(row: Evidence, of: str) -> str:
    """The case without its variant: dataset, device and precision."""
    return row.case.removeprefix(f"{of}-")


def _row(row: Evidence, of: str) -> list[str]:
    return [
        case(row, of),
        row.metric,
        f"{units.value(row.value, row.unit)} {interval(row)}".strip(),
        str(row.n),
        units.value(row.limit, row.unit),
        str(row.runs),
        row.verdict,
        row.session,
    ]


def interval(row: Evidence) -> str:
    """The interval of a number; '' where it has none."""
    if row.low is None or row.high is None:
        return ""
    return f"[{units.value(row.low, row.unit)}, {units.value(row.high, row.unit)}]"
