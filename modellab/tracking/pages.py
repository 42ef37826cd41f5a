"""The HTML page of a case, as an artifact: the worst utterances with their differences, sound and spectrogram.

Pages are made by a process of their own, ahead of what is being sent: drawing them beside MLflow's writing costs a
second core, not time.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path

from modellab import baseline
from modellab.entry import Entry
from modellab.errors import ModellabError
from modellab.project import Project
from modellab.tracking import runs
from modellab.types import Accepted

CLIPS = 3  # utterances with sound: more would cost more than all the rest of a case
PAGE_S = 60.0  # for one page, and the ones before it


class Pages:
    """Makes the pages of cases from the datasets and baselines of the project at `root`.

    Called with an entry it gives the page, '' where there is none; `warn` gets one sentence for all that fail.
    """

    def __init__(self, root: Path, warn: Callable[[str], None]) -> None:
        self.root, self.warn, self.failed, self.told = root, warn, False, False
        self.pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self.asked: dict[str, Future[str]] = {}

    def ask(self, entries: Iterable[Entry]) -> None:
        """Have these entries' pages made, in this order: they will be wanted soon."""
        for entry in entries:
            if entry.id not in self.asked and entry.result and not self.failed:
                self.asked[entry.id] = self.pool.submit(_render, self.root, entry)

    def __call__(self, entry: Entry) -> str:
        try:
            self.ask([entry])
            page = self.asked.pop(entry.id, None)
            return page.result(PAGE_S) if page else ""
        except Exception as problem:  # noqa: BLE001 - a page is for looking at: whatever is wrong with it, numbers go on
            if not self.told:
                self.warn(f"{runs.clean(str(entry.key), 200)} has no page ({type(problem).__name__}: {problem})"[:400])
            self.told = True
            self.failed = isinstance(problem, OSError | BrokenExecutor)  # a TimeoutError is an OSError
            return ""

    def close(self) -> None:
        """End the process; what has not been begun is not made."""
        self.pool.shutdown(wait=False, cancel_futures=True)


def _render(root: Path, entry: Entry) -> str:
    from modellab.report.html import casepage  # jinja2 and what it draws with

    project = _project(root)
    return casepage.render(entry, project.golden, _accepted(project, entry), CLIPS)


@functools.cache
def _project(root: Path) -> Project:
    return Project.at(root)


def _accepted(project: Project, entry: Entry) -> Accepted | None:
    try:
        return baseline.load(project.baselines, entry.key)
    except ModellabError:  # a damaged baseline is the business of the next run
        return None
