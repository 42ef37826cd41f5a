"""Red cases as annotations of a GitHub Actions job, on the benchmark that ran them.

Workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modellab.reports.scorecard import failure
from modellab.runner.summary import CaseSummary
from modellab.system import escape

Place = tuple[str, int]  # a file, relative to the repository, and its line, from 1
MOST = 10  # GitHub shows so many errors of one step


def errors(red: Sequence[tuple[CaseSummary, Place]]) -> Iterator[str]:
    """One `::error` line for each red case, regressions first; where there are too many the last says how many more."""
    ordered = sorted(red, key=lambda pair: (pair[0].status.is_unmeasured, str(pair[0].key)))
    shown = ordered if len(ordered) <= MOST else ordered[: MOST - 1]
    for row, place in shown:
        yield _command(place, f"{row.status} {row.key}", _message(row))
    if rest := ordered[len(shown) :]:
        names = ", ".join(str(row.key) for row, _ in rest)
        yield _command(rest[0][1], f"{len(rest)} more red cases", names)


def _message(row: CaseSummary) -> str:
    if row.error:
        return row.error.splitlines()[0]
    return "\n".join(failure.metric_line(verdict).strip() for verdict in row.red)


def _command(place: Place, title: str, message: str) -> str:
    file, line = place
    return f"::error file={escape.property(file)},line={line},title={escape.property(title)}::{escape.data(message)}"
