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
    rows = [_row(each, of) for each in evidence]
    align = ("left", "left", "right", "right", "right", "right", "left", "left")
    return tabulate(rows, headers=HEADERS, tablefmt=style, colalign=align, disable_numparse=True) if rows else ""


def case(each: Evidence, of: str) -> str:
    """The case without its variant: dataset, device and precision."""
    return each.case.removeprefix(f"{of}-")


def _row(each: Evidence, of: str) -> list[str]:
    return [
        case(each, of),
        each.metric,
        f"{units.value(each.value, each.unit)} {interval(each)}".strip(),
        str(each.n),
        units.value(each.limit, each.unit),
        str(each.runs),
        each.verdict,
        each.session,
    ]


def interval(each: Evidence) -> str:
    """The interval of a number; '' where it has none."""
    if each.low is None or each.high is None:
        return ""
    return f"[{units.value(each.low, each.unit)}, {units.value(each.high, each.unit)}]"
