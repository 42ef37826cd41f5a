"""A report as Markdown: the comment on a pull request, the summary of a job.

Its first line is a comment that nobody sees: by it the next run finds what it has to replace. What is worst comes
first, details are folded, and what would go beyond the limit of a comment is left out and counted. Every text that came
from a model or an error is written in entities, so that nothing of it is taken for markup or a link; GitHub looks for
mentions after that, so a space of no width stands after @ and #.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modellab.reports import broken_utterances
from modellab.reports.leaderboard import prose, tables
from modellab.reports.leaderboard.records import ComparableGroup, Noted, Report
from modellab.system.escape import markdown as escape

MARKER = "<!-- modellab-report -->"
LIMIT = 65_536  # characters that GitHub takes
MOST_NOTED, MOST_NOTES = 20, 5  # cases whose notes are shown, and of each
SPARE = 400  # for the sentence about what was left out


def render_markdown(report: Report, limit: int = LIMIT) -> str:
    """The report, at most `limit` characters long."""
    text, left = f"{MARKER}\n", 0
    for block in _blocks(report):
        if left or len(text) + len(block) + 1 > limit - SPARE:
            left += 1
        else:
            text += f"{block}\n"
    if left:
        text += f"\n_{left} more sections did not fit into {limit} characters: they are in the HTML report._\n"
    return text


def _blocks(report: Report) -> Iterator[str]:
    """The parts in the order of what a reader needs first."""
    yield f"## {escape(report.title)}\n"
    yield _verdict(report)
    if report.broken:
        yield _broken(report)
    if report.noted:
        yield fold(f"{prose.NOTED.capitalize()} ({len(report.noted)})", _noted(report.noted))
    red = tables.red(report)
    headings, rows = tables.findings(report)
    if red:
        yield f"\n### What got worse\n\n{table(headings, rows[: len(red)])}\n"
    for group in report.groups:
        yield _group(group)
    if len(rows) > len(red):
        yield fold(f"What else changed ({len(rows) - len(red)})", table(headings, rows[len(red) :]))
    yield fold("How a score is made", "\n".join(f"- {escape(line)}" for line in prose.formula(report)))
    for group in report.groups:
        yield fold(f"{group.task}: each dataset", table(*tables.datasets(report, group.task)))
    for group in report.groups:
        yield from _parts(report, group.task)
    if report.notes:
        yield fold(f"Notes ({len(report.notes)})", "\n".join(f"- {escape(note)}" for note in report.notes))


def _parts(report: Report, task: str) -> Iterator[str]:
    """Parts of each dataset: by what rows say of themselves, then by groups of people."""
    for dataset, key, grid in tables.conditions(report, task):
        yield fold(f"{task}: {dataset} by {key}", table(*grid))
    for dataset, key, rates, gaps in tables.by_group(report, task):
        yield fold(f"{task}: {dataset} by {key}: each group", f"{table(*rates)}\n\n{table(*gaps)}")


def _verdict(report: Report) -> str:
    """What a reader of one line has to know."""
    headline = report.headline
    counts = ", ".join(f"{count} {status}" for status, count in report.counts.items())
    facts = " · ".join(f"{name}: {value}" for name, value in report.facts)
    return f"**{escape(headline.lead)}.** {escape(headline.judged)}.\n\n{escape(counts)} · {escape(facts)}\n"


def _broken(report: Report) -> str:
    """Utterances that lost most of their words: not red, and the first thing to look at."""
    lines = [f"\n### {broken_utterances.TITLE.capitalize()}\n"]
    for case in report.broken:
        lines.append(f"- **{escape(case.case)}**: {escape(str(case.status))}")
        lines += [f"  - {escape(line)}" for line in broken_utterances.lines(case.breaks)]
    return "\n".join(lines) + "\n"


def _noted(noted: Sequence[Noted]) -> str:
    """What a person should know of some cases, the most urgent ones first, bounded: a comment has only so much room."""
    lines = []
    for case in noted[:MOST_NOTED]:
        lines.append(f"- **{escape(case.case)}**: {escape(str(case.status))}")
        lines += [f"  - {escape(note)}" for note in case.notes[:MOST_NOTES]]
        if (left := len(case.notes) - MOST_NOTES) > 0:
            lines.append(f"  - and {left} more in the HTML report")
    if (left := len(noted) - MOST_NOTED) > 0:
        lines.append(f"- and {left} more cases in the HTML report")
    return "\n".join(lines)


def _group(group: ComparableGroup) -> str:
    first, *rest = [escape(sentence) for sentence in prose.advice(group)]
    parts = [
        f"\n### {escape(group.task)}\n",
        f"**{first}**",
        *([fold("Evidence", "  \n".join(rest))] if rest else []),
        "",
    ]
    if len(group.scores) > 1:
        parts.append(table(*tables.scores(group)))
    parts.append(fold("Measured", table(*tables.measured(group))))
    if len(group.front) > 1:
        parts.append(fold("Pareto front", table(*tables.front(group))))
    if group.left_out:
        parts.append(
            fold(
                f"Not compared ({len(group.left_out)})",
                "\n".join(f"- {escape(why)}" for _, why in group.left_out),
            )
        )
    notes = prose.weights(group)
    if notes:
        parts.append("\n".join(f"<sub>{escape(note)}</sub>  " for note in notes))
    return "\n".join(parts)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of GitHub's Markdown, every cell escaped; not padded, since blanks count against the limit."""
    lines = [[escape(cell) for cell in line] for line in (headings, ["---"] * len(headings), *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fold(title: str, body: str) -> str:
    """What opens by a click."""
    return f"\n<details><summary>{escape(title)}</summary>\n\n{body}\n\n</details>\n"
