"""The description of an MLflow run: its worst verdict, then all of them as a Markdown table. Pure text."""

from __future__ import annotations

import re

from modellab import units
from modellab.results.entry import Entry
from modellab.system.escape import visible
from modellab.tracking.runs import SEVERITY, Run, clean
from modellab.types import Verdict

LENGTH = 7500  # MLflow takes 8000 characters of a note
ERROR_LENGTH = 3000
HEAD = ("| dataset | metric | baseline | now | change [95 %] | verdict | why |", "|---|---|--:|--:|--:|---|---|")


def note(run: Run) -> str:
    """What a person wants to know of a run. MLflow shows two lines of it until one unfolds it: they name the worst."""
    judged = [(entry, verdict) for entry in run.entries for verdict in entry.verdicts]
    judged.sort(key=lambda pair: (pair[1].red, SEVERITY[pair[1].status]), reverse=True)
    errors = [entry for entry in run.entries if entry.error]
    parts = [f"**{run.verdict}** {_headline(errors, judged)}", *(_block(entry.error) for entry in errors)]
    text = clean("\n\n".join(parts), LENGTH)
    return text + _table([_row(*pair) for pair in judged], LENGTH - len(text))


def _headline(errors: list[Entry], judged: list[tuple[Entry, Verdict]]) -> str:
    if errors:
        said = errors[0].error.strip().partition("\n")[0]
        return f"on {_safe(errors[0].key.dataset)}: {_safe(said[:200])}"
    if not judged:
        return "without a verdict"
    entry, worst = judged[0]
    if not worst.red:
        return f"· {len(judged)} verdict{'s' * (len(judged) > 1)}, none red"
    was = f", was {units.value(worst.baseline, worst.unit)}" if worst.baseline is not None else ""
    now = units.value(worst.now, worst.unit)
    return f"· {_safe(worst.metric)} on {_safe(entry.key.dataset)} is {now}{was}. {_safe(worst.why)}".rstrip()


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
