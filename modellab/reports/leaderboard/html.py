"""A report as one HTML file: nothing is loaded, it works from a disk, with a keyboard and at 400 px."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from modellab.reports import broken_utterances
from modellab.reports.by_group import TOO_FEW
from modellab.reports.html import FOLDER, page
from modellab.reports.leaderboard import figures, prose, tables
from modellab.reports.leaderboard.records import ComparableGroup, Report
from modellab.reports.leaderboard.slices import KEYS
from modellab.reports.leaderboard.utterances import leaves
from modellab.system.escape import visible
from modellab.types import Break, Status

if TYPE_CHECKING:
    from markupsafe import Markup

DRAWN = 2  # systems from which on a figure tells something
LEFT = {
    "model", "grade", "data", "stage", "status", "dataset", "metric", "why", "session", "verdict", "commit", "machine",
    "quality and speed", "quality and memory", "beaten in quality and speed", "told apart", "part", "from",
    "worst group", "best group", "told from chance", TOO_FEW, *KEYS,
}  # fmt: skip


class Grid(NamedTuple):
    """A table for the template: `left` are the columns with text."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    left: tuple[int, ...]


class Section(NamedTuple):
    """One task."""

    id: str
    task: str
    advice: Sequence[str]
    chosen: bool
    scores: Grid
    measured: Grid
    parts: Grid
    against: Grid
    front: Grid
    datasets: Grid
    conditions: Sequence[Grid]
    by_group: Sequence[Grid]
    drawings: Sequence[tuple[str, Markup]]
    notes: Sequence[str]
    left_out: Sequence[str]


def render_html(report: Report) -> str:
    """The whole report; the same report gives the same text."""
    style = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("style.css", "report.css"))
    return page(
        "report.html.j2",
        title=report.title,
        facts=report.facts,
        style=style,
        counts=tuple(report.counts.items()),
        headline=report.headline,
        red=bool(tables.red(report)),
        broken=[(case.case, case.status, _text(case.breaks)) for case in report.broken],
        broken_title=broken_utterances.TITLE.capitalize(),
        noted=[(case.case, str(case.status), case.notes) for case in report.noted],
        noted_title=prose.NOTED.capitalize(),
        errors=_errors(report),
        findings=_findings(report),
        formula=prose.formula(report),
        sections=[_section(report, group) for group in report.groups],
        leaves=list(leaves(report.sheets)),
        notes=report.notes,
    )


def _text(breaks: Sequence[Break]) -> str:
    """Broken utterances as lines."""
    return visible("\n".join(broken_utterances.lines(breaks)))


def _section(report: Report, group: ComparableGroup) -> Section:
    task = group.task
    drawn = len([score for score in group.scores if score.compared]) >= DRAWN
    parts = [_grid(f"{dataset} by {key}", grid) for dataset, key, grid in tables.conditions(report, task)]
    return Section(
        f"task-{task}",
        task,
        prose.advice(group),
        group.advice.choice is not None,
        _grid(f"{task}: scores, best first", tables.scores(group)),
        _grid(f"{task}: the numbers behind the scores", tables.measured(group)),
        _grid(f"{task}: the parts of each score", tables.parts(group)),
        _grid(f"{task}: the best against the others, on the same utterances", tables.against(group)),
        _grid(f"{task}: Pareto front", tables.front(group)),
        _grid(f"{task}: each dataset", tables.datasets(report, task)),
        parts,
        list(_by_group(report, task)),
        [(caption, _drawing(svg)) for caption, svg in figures.svgs(group)] if drawn else [],
        prose.weights(group),
        [why for _, why in group.left_out],
    )


def _by_group(report: Report, task: str) -> Iterator[Grid]:
    """Two tables for each key of each dataset's groups of people."""
    for dataset, key, (headings, rows), gaps in tables.by_group(report, task):
        yield Grid(f"{dataset} by {key}", headings, rows, (0,))
        yield _grid(f"{dataset} by {key}: the worst group and the gap", gaps)


def _drawing(svg: str) -> Markup:
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704 - matplotlib escapes the names that it draws


def _errors(report: Report) -> list[tuple[str, str, str]]:
    """Each case without a measurement: its name, the first line of why, and the rest."""
    errors = []
    for finding in report.findings:
        if finding.verdict.status.is_unmeasured:
            first, _, rest = finding.error.strip().partition("\n")
            errors.append((f"{finding.who.name} on {finding.dataset}", first or finding.verdict.why, rest))
    return errors


def _findings(report: Report) -> Grid:
    """The statuses, which are our own words, in their colours."""
    from markupsafe import Markup

    headings, rows = tables.findings(report)
    rows = [row for row in rows if not Status(row[0]).is_unmeasured]  # they have a place of their own: `_errors`
    badge = Markup('<span class="status {}">{}</span>')
    shown = [[badge.format(status.lower().replace("_", "-"), status), *rest] for status, *rest in rows]
    return _grid("What changed, worst first", (headings, shown))


def _grid(caption: str, table: tuple[Sequence[str], Sequence[Sequence[Any]]]) -> Grid:
    headings, rows = table
    left = tuple(i for i, heading in enumerate(headings) if heading in LEFT)
    return Grid(caption, headings, rows, left)
