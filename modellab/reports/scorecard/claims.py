"""Claims as text: one line for each, in a table of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from modellab import units
from modellab.results import serialization
from modellab.system import escape
from modellab.types import CaseId, Status, Verdict


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim that was tested; travels from a pytest-xdist worker to the controller."""

    key: CaseId
    source: str
    utterances: int
    verdict: Verdict

    def encode(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "key": serialization.encode_key(self.key),
            "source": self.source,
            "utterances": self.utterances,
            "verdict": serialization.encode_verdict(self.verdict),
        }

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> ClaimRow:
        """What `encode` wrote."""
        verdict = serialization.decode_verdict(data["verdict"])
        return cls(serialization.decode_key(data["key"]), str(data["source"]), int(data["utterances"]), verdict)

    def properties(self) -> list[tuple[str, str]]:
        """As JUnit properties."""
        claimed = "" if self.verdict.baseline is None else f"{self.verdict.baseline:.6g}"
        measured = f"{self.verdict.now:.6g}"
        return [("verdict", str(self.verdict.status)), ("claimed", claimed), (self.verdict.metric, measured)]


def table(rows: Sequence[ClaimRow], style: str = "plain") -> str:
    """One line for each claim; `style` is a format of tabulate: "plain" for a terminal, "github" for Markdown."""
    headers = ["model", "dataset", "device", "metric", "N", "claimed", "measured", "difference [95 %]", "detects",
               "verdict", "source"]  # fmt: skip
    ordered = sorted(rows, key=lambda row: (str(row.key), row.verdict.metric))
    markdown = style == "github"
    body = [_line(row, escape.markdown if markdown else escape.line, bold=markdown) for row in ordered]
    align = ("left",) * 4 + ("right",) * 5 + ("left",) * 2
    return tabulate(body, headers=headers, tablefmt=style, colalign=align, disable_numparse=True)


def _line(row: ClaimRow, safe: Callable[[str], str], *, bold: bool) -> list[str]:
    key, verdict = row.key, row.verdict
    span = units.interval(verdict.interval, verdict.unit)
    status = f"**{verdict.status}**" if bold and verdict.red else str(verdict.status)
    sees = verdict.detects is not None and math.isfinite(verdict.detects)
    return [
        safe(f"{key.model}:{key.variant}"),
        safe(key.dataset),
        key.place,
        verdict.metric,
        str(row.utterances),
        units.value(verdict.baseline, verdict.unit),
        units.value(verdict.now, verdict.unit),
        f"{units.change(verdict.change, verdict.unit)} {span}".strip(),
        units.change(verdict.detects, verdict.unit) if sees else units.MISSING,
        status,
        safe(row.source),
    ]


def notes(rows: Sequence[ClaimRow]) -> list[str]:
    """Why a claim is in doubt."""
    doubtful = [row for row in rows if row.verdict.status is Status.INCONCLUSIVE]
    return [f"{row.key}: {row.verdict.metric} INCONCLUSIVE: {row.verdict.why}" for row in doubtful]


def failure(row: ClaimRow) -> str:
    """What a claim that does not hold prints."""
    verdict = row.verdict
    claimed, measured = (units.value(number, verdict.unit) for number in (verdict.baseline, verdict.now))
    span = units.interval(verdict.interval, verdict.unit)
    change = f"{units.change(verdict.change, verdict.unit)} {span}".strip()
    comparison = f"  {verdict.metric}: claimed {claimed}, measured {measured}, difference {change} ({verdict.why})"
    return f"{row.key}: a claim does not hold\n{comparison}\n  claimed by {row.source}"
