"""The description of an MLflow run: its worst verdict, then all of them as a Markdown table. Pure text."""

from __future__ import annotations

import math
import re

from modellab import tasks, units
from modellab.results.entry import Entry
from modellab.system.escape import visible
from modellab.tracking.runs import SEVERITY, Run, clean
from modellab.types import Metric, Verdict

LENGTH = 7500  # MLflow takes 8000 characters of a note
ERROR_LENGTH = 3000
TOLD = 2  # datasets whose value and speed stand beside the verdict
HEAD = ("| dataset | metric | baseline | now | change [95 %] | verdict | why |", "|---|---|--:|--:|--:|---|---|")


def note(run: Run) -> str:
    """What a person wants to know of a run.

    MLflow shows two lines of it until one unfolds it: they name the worst, or say how good and how fast it is.
    """
    judged = [(entry, verdict) for entry in run.entries for verdict in entry.verdicts]
    judged.sort(key=lambda pair: (pair[1].red, SEVERITY[pair[1].status]), reverse=True)
    errors = [entry for entry in run.entries if entry.error]
    headline = " · ".join([_headline(errors, judged), *_numbers(run)])
    parts = [f"**{run.verdict}** {headline}", *(_block(entry.error) for entry in errors)]
    text = clean("\n\n".join(parts), LENGTH)
    return text + _table([_row(*pair) for pair in judged], LENGTH - len(text))


def _headline(errors: list[Entry], judged: list[tuple[Entry, Verdict]]) -> str:
    if errors:
        reason = errors[0].error.strip().partition("\n")[0]
        return f"on {_safe(errors[0].key.dataset)}: {_safe(reason[:200])}"
    if not judged:
        return "without a verdict"
    entry, worst = judged[0]
    if not worst.red:
        return f"· {len(judged)} verdict{'s' * (len(judged) > 1)}, none red"
    was = f", was {units.value(worst.baseline, worst.unit)}" if worst.baseline is not None else ""
    now = units.value(worst.now, worst.unit)
    return f"· {_safe(worst.metric)} on {_safe(entry.key.dataset)} is {now}{was}. {_safe(worst.why)}".rstrip()


def _numbers(run: Run) -> list[str]:
    """The first metric on each dataset, and the speed; where something is red the worst verdict is what to read."""
    task = run.last.key.task
    if any(entry.red for entry in run.entries) or task not in tasks.names():
        return []
    metric = tasks.get(task).METRICS[0]
    values = [(entry, entry.values.get(metric.name, math.nan)) for entry in run.entries if entry.verdicts]
    return [_number(entry, metric, value) for entry, value in values if math.isfinite(value)][:TOLD]


def _number(entry: Entry, metric: Metric, value: float) -> str:
    rtf = entry.result.readings.get("rtf", math.nan) if entry.result else math.nan
    speed = f", RTF {units.value(rtf, 's/s')}" if math.isfinite(rtf) else ""
    name = f"{_safe(entry.key.dataset)}: {_safe(units.heading(metric.name))}"
    return f"{name} {units.value(value, metric.unit)}{speed}"


def _block(error: str) -> str:
    """An error with the end of its log, as it was printed."""
    return f"```\n{visible(error[-ERROR_LENGTH:]).replace('```', '` ` `')}\n```"


def _table(rows: list[str], room: int) -> str:
    if not rows:
        return ""
    lines = ["", "", *HEAD]
    for number, row in enumerate(rows):
        room -= len(row) + 1
        if room < 2 * len(HEAD[0]):
            lines += ["", f"... and {len(rows) - number} more"]
            break
        lines.append(row)
    return "\n".join(lines)


def _row(entry: Entry, verdict: Verdict) -> str:
    cells = (
        _safe(entry.key.dataset),
        _safe(verdict.metric),
        units.value(verdict.baseline, verdict.unit),
        units.value(verdict.now, verdict.unit),
        _change(verdict),
        f"**{verdict.status}**" if verdict.red else str(verdict.status),
        _safe(verdict.why),
    )
    return "| " + " | ".join(cells) + " |"


def _change(verdict: Verdict) -> str:
    """The change with its interval; a speed's is a fraction of its baseline."""
    if verdict.kind != "speed":
        return f"{units.change(verdict.change, verdict.unit)} {units.interval(verdict.interval, verdict.unit)}".strip()
    ends = [units.relative(end) for end in verdict.interval or ()]
    return units.relative(verdict.change) + (f" [{', '.join(ends)}]" if ends else "")


def _safe(text: str) -> str:
    """Text that stays inside its table cell and is not read as Markdown or HTML."""
    flat = visible(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    return re.sub(r"([`\[\]*_])", r"\\\1", flat)
