"""The description of an MLflow run: its verdicts as a Markdown table, the worst first. Pure text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from modellab.entry import Entry
from modellab.tracking.runs import SEVERITY, Run, clean
from modellab.types import Verdict

LENGTH = 7500  # MLflow takes 8000 characters of a note
HEAD = "| dataset | metric | baseline | now | change [95 %] | verdict | why |\n|---|---|--:|--:|--:|---|---|"


def note(run: Run) -> str:
    """What a person wants to know of a run before opening anything else."""
    last = run.last
    commit = f"`{last.commit.short}`" + (f" on {_safe(last.commit.branch)}" if last.commit.branch else "")
    dirty = ", with uncommitted changes" if last.commit.dirty else ""
    top = f"**{run.verdict}** · {_safe(run.series)} · {commit}{dirty}\n"
    lines = [line for _, line in sorted(_rows(run), key=lambda row: row[0], reverse=True)]
    kept: list[str] = []
    length = len(top) + len(HEAD)
    for line in lines:
        length += len(line) + 1
        if length > LENGTH:
            kept.append(f"\n… and {len(lines) - len(kept)} more")
            break
        kept.append(line)
    return clean("\n".join([top, HEAD, *kept] if lines else [top]), LENGTH + 200)


def _rows(run: Run) -> Iterator[tuple[tuple[bool, int], str]]:
    for entry in run.entries:
        if entry.error or not entry.verdicts:
            yield (
                (entry.red, SEVERITY[entry.status]),
                _row(entry.key.dataset, "", "", "", "", entry.status, entry.error),
            )
        for verdict in entry.verdicts:
            yield (verdict.red, SEVERITY[verdict.status]), _verdict_row(entry, verdict)


def _verdict_row(entry: Entry, verdict: Verdict) -> str:
    status = f"**{verdict.status}**" if verdict.red else str(verdict.status)
    return _row(
        entry.key.dataset,
        verdict.metric,
        shown(verdict.baseline, verdict.unit),
        shown(verdict.now, verdict.unit),
        shown_change(verdict),
        status,
        verdict.why,
    )


def _row(*cells: str) -> str:
    return "| " + " | ".join(_safe(cell) for cell in cells) + " |"


def shown(value: float | None, unit: str) -> str:
    """A value as a person writes it.

    >>> shown(0.0312, "ratio"), shown(182_000_000, "bytes"), shown(0.02437, "s/s"), shown(None, "s")
    ('3.12 %', '182.0 MB', '0.02437 s/s', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    if unit == "ratio":
        return f"{100 * value:.2f} %"
    if unit == "bytes":
        return f"{value / 1e6:.1f} MB"
    return f"{value:.4g}" + ("" if unit == "1" else f" {unit}")


def shown_change(verdict: Verdict) -> str:
    """The change with its interval, in percentage points, MB or the unit itself."""
    if verdict.change is None or math.isnan(verdict.change):
        return "-"
    scale = {"ratio": 100.0, "bytes": 1e-6}.get(verdict.unit, 1.0)
    form = "+.2f" if verdict.unit in {"ratio", "bytes"} else "+.3g"
    text = format(verdict.change * scale, form)
    if verdict.interval is None:
        return text
    low, high = (format(end * scale, form) for end in verdict.interval)
    return f"{text} [{low}, {high}]"


def _safe(text: str) -> str:
    """Text that stays inside its table cell and is not read as Markdown or HTML."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    return re.sub(r"([`\[\]])", r"\\\1", flat)
