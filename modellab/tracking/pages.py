"""The HTML page of a case, as an artifact: the worst utterances with their differences, sound and spectrogram."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modellab import baseline
from modellab.entry import Entry
from modellab.errors import ModellabError
from modellab.project import Project
from modellab.tracking import runs
from modellab.types import Accepted

CLIPS = 3  # utterances with sound: more would cost more than all the rest of a case


def maker(root: Path | None, warn: Callable[[str], None]) -> Callable[[Entry], str] | None:
    """A function that makes a case's page from the datasets and baselines of the project at `root`.

    '' where it cannot be made; `warn` gets one sentence for all of them. None without a project.
    """
    if root is None:
        return None
    from modellab.report.html import casepage  # jinja2 and what it draws with

    project, failed = Project.at(root), False

    def page(entry: Entry) -> str:
        nonlocal failed
        try:
            return casepage.render(entry, project.golden, _accepted(project, entry), CLIPS)
        except Exception as problem:  # noqa: BLE001 - a page is for looking at: whatever is wrong with it, numbers go on
            if not failed:
                warn(f"{runs.clean(str(entry.key), 200)} has no page ({type(problem).__name__}: {problem})"[:400])
            failed = True
            return ""

    return page


def _accepted(project: Project, entry: Entry) -> Accepted | None:
    try:
        return baseline.load(project.baselines, entry.key)
    except ModellabError:  # a damaged baseline is the business of the next run
        return None
