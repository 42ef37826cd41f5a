"""The scorecard: one line per case, one table per task, as terminal text or Markdown."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Sequence
from itertools import groupby

from tabulate import tabulate

from modellab import tasks, units
from modellab.diagnosis.kinds import LOOKS_LIKE
from modellab.gate import breaks
from modellab.reports import broken_utterances
from modellab.runner.summary import CaseSummary
from modellab.system import escape
from modellab.types import Status


def title(commit: str, machine: str, rows: Sequence[CaseSummary]) -> str:
    """The line above the tables."""
    speed = {verdict.versus for row in rows for verdict in row.verdicts if verdict.kind == "speed"} - {"baseline"}
    versus = ", ".join(["vs baselines", *(f"speed vs {reference}" for reference in sorted(speed))])
    return f"modellab scorecard · {commit} {versus} · {machine} · {len(rows)} cases"


def tables(rows: Sequence[CaseSummary], style: str = "plain", width: int = 0) -> str:
    """Every task's table; `style` is a format of tabulate: "plain" for a terminal, "github" for Markdown.

    Where one is wider than a terminal of `width` columns (0: no matter how wide), each case is some lines instead.
    """
    ordered = _ordered(rows)
    grouped = [(task, list(group)) for task, group in groupby(ordered, key=lambda row: row.key.task)]
    made = [_table(group, style) for _, group in grouped]
    if width and max((len(line) for table in made for line in table.splitlines()), default=0) > width:
        made = ["\n".join(line for row in group for line in _folded(row, group, width)) for _, group in grouped]
    return "\n\n".join(made)


def _folded(row: CaseSummary, group: Sequence[CaseSummary], width: int) -> list[str]:
    """A case as lines of at most `width` columns, where its words allow: its id, its verdict, what was measured."""
    names = [*_headers(group)[3:8], "RTF change", "RTF detects", "peak MiB"]
    *cells, verdict = _line(row, markdown=False)[3:]
    told = [f"{name} {value}" for name, value in zip(names, cells, strict=True) if value != units.MISSING]
    wrap = functools.partial(
        textwrap.wrap, width=width, initial_indent="  ", subsequent_indent="    ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return [escape.line(str(row.key)), *wrap(verdict), *wrap(" · ".join(told))]


def first(rows: Sequence[CaseSummary]) -> list[str]:
    """What a person has to look at though it is not red: the broken utterances, what broke again before the others."""
    broken = [(row, breaks.named(row.verdicts)) for row in _ordered(rows)]
    shown = [(row, named) for row, named in broken if named and not any(v.red for v in row.verdicts if v.breaks)]
    if not shown:
        return []
    lines = [broken_utterances.TITLE]
    for row, named in sorted(shown, key=lambda one: breaks.urgency(one[1])):
        lines.append(f"{row.key}: {row.status}")
        lines += [f"  {line}" for line in broken_utterances.lines(named)]
    return [*lines, ""]


def _ordered(rows: Sequence[CaseSummary]) -> list[CaseSummary]:
    """By name, what has broken utterances first: cases end in another order with several processes."""
    return sorted(rows, key=lambda row: (row.key.task, not breaks.named(row.verdicts), row.key.dataset, str(row.key)))


def _headers(rows: Sequence[CaseSummary]) -> list[str]:
    judged = [row.primary.metric for row in rows if row.primary]
    metric = judged[0] if judged else tasks.get(rows[0].key.task).METRICS[0].name
    speed = ["RTF", "change", "detects", "peak MiB", "verdict"]
    return ["model", "dataset", "device", "N", units.heading(metric), "change [95 %]", "detects", *speed]


def _table(rows: Sequence[CaseSummary], style: str) -> str:
    align = ("left", "left", "left", *["right"] * 8, "left")
    body = [_line(row, markdown=style == "github") for row in rows]
    return tabulate(body, headers=_headers(rows), tablefmt=style, colalign=align, disable_numparse=True)


def _line(row: CaseSummary, *, markdown: bool) -> list[str]:
    key, primary, speed = row.key, row.primary, row.verdict("rtf")
    peak = row.readings.get("peak_rss_bytes")
    bold = markdown and (row.red or row.status.is_unmeasured)
    verdict = f"**{row.status}**" if bold else str(row.status)
    safe = escape.markdown if markdown else escape.line
    return [
        safe(f"{key.model}:{key.variant}"),
        safe(key.dataset),
        key.place,
        str(row.utterances or units.MISSING),
        units.value(primary.now, primary.unit) if primary else units.MISSING,
        f"{units.change(primary.change, primary.unit)} {units.interval(primary.interval, primary.unit)}".strip()
        if primary
        else units.MISSING,
        units.detects(primary.detects, primary.unit) if primary else units.MISSING,
        units.value(speed.now, speed.unit) if speed else units.MISSING,
        units.relative(speed.change) if speed else units.MISSING,
        units.detects(speed.detects, "ratio") if speed else units.MISSING,
        f"{peak / 2**20:.0f}" if peak else units.MISSING,
        f"{verdict}  {safe(_remark(row))}".rstrip(),
    ]


def _remark(row: CaseSummary) -> str:
    """Behind the verdict: what it rests on, short."""
    if row.error:
        return row.error.splitlines()[0][:90]
    if row.red:
        return ", ".join(dict.fromkeys(verdict.title for verdict in row.red))
    looks = [note.removeprefix(LOOKS_LIKE).partition(":")[0] for note in row.notes if note.startswith(LOOKS_LIKE)]
    if looks:
        return f"looks like {looks[0]}"
    doubtful = [verdict.title for verdict in row.verdicts if verdict.status is Status.INCONCLUSIVE]
    if doubtful:
        return ", ".join(doubtful)
    return f"{row.changed} of {row.utterances} outputs changed" if row.changed else ""


def footnotes(rows: Sequence[CaseSummary]) -> list[str]:
    """What a person should know beside the tables, each said once, with the cases it is about."""
    about: dict[str, list[str]] = {}
    for row in _ordered(rows):
        for note in _notes(row):
            about.setdefault(note, []).append(str(row.key))
    return [f"{keys[0] if len(keys) == 1 else f'{len(keys)} cases'}: {note}" for note, keys in about.items()]


def _notes(row: CaseSummary) -> list[str]:
    """The row's own notes, and why its metrics are undecided or new: metrics with one reason together."""
    reasons: dict[tuple[Status, str], list[str]] = {}
    for verdict in row.verdicts:
        if verdict.status in {Status.INCONCLUSIVE, Status.NEW, Status.NOT_COMPARABLE} and not verdict.red:
            reasons.setdefault((verdict.status, verdict.why), []).append(verdict.title)
    return [*row.notes, *(f"{', '.join(metrics)} {status}: {why}" for (status, why), metrics in reasons.items())]


def advice(rows: Sequence[CaseSummary]) -> list[str]:
    """What would decide a case whose quality looks worse and may be chance: one sentence, with the first such case."""
    for row in _ordered(rows):
        headline = row.primary
        if headline and headline.status is Status.INCONCLUSIVE and headline.baseline is not None:
            metrics = {metric.name: metric for metric in tasks.get(row.key.task).METRICS}
            is_rate = headline.unit == "ratio" and metrics[headline.metric].better == "lower"
            effect = " --effect 5%" if headline.unit == "ratio" else ""
            limit = f'"{row.key.model}:*" = {{{headline.metric} = {{limit = 0.1}}}} under [tool.modellab.cases], say'
            more = f"more recordings (`modellab datasets power {row.key.dataset}{effect}` says how many)"
            return [f"to have {row.key} decided: {more}, or a limit of yours{f' ({limit})' if is_rate else ''}"]
    return []


def skipped(reasons: Sequence[str]) -> list[str]:
    """How many cases did not run, by what is missing; what would mend it is told of the first.

    >>> skipped(["no weights here: fetch a", "no weights here: fetch b", "no GPU"])
    ['skipped 2: no weights here: fetch a (for the first)', 'skipped 1: no GPU']
    """
    groups: dict[str, list[str]] = {}
    for reason in reasons:
        groups.setdefault(reason.partition(": ")[0], []).append(reason)
    ordered = sorted(groups.values(), key=len, reverse=True)
    return [
        f"skipped {len(group)}: {group[0]}" + (" (for the first)" if len(set(group)) > 1 else "") for group in ordered
    ]
