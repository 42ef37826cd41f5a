"""The HTML page of a case, as an artifact: the worst utterances with their differences, sound and spectrogram.

Pages are made by a process of their own (`drawing`), ahead of what is being sent: drawing them beside MLflow's writing
costs a second core, not time. It dies with this process: nothing of it stays behind a kill.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from modellab.results import withheld
from modellab.results.entry import Entry, encode
from modellab.system.json_child import JsonChild
from modellab.tracking import runs, store

Answer = tuple[str, str]  # the page, and why there is none
PAGE_S = 60.0  # for one page, and the ones before it
MOST_PAGE_BYTES = 2**28


class Pages:
    """Makes the pages of cases from the datasets and baselines of the project at `root`.

    Called with an entry it gives the page, '' where there is none; `warn` gets one sentence for all that fail.
    """

    def __init__(self, root: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        self.root, self.warn, self.failed, self.told = root, warn, False, False
        self.thread = ThreadPoolExecutor(1)
        self.maker: JsonChild | None = None
        self.asked: dict[str, Future[Answer]] = {}

    def start(self) -> Future[JsonChild]:
        """Start the process that draws, without waiting for it: the future is done when it is ready."""
        return self.thread.submit(self._start)

    def ask(self, entries: Iterable[Entry]) -> None:
        """Have these entries' pages made, in this order: they will be wanted soon."""
        for entry in entries:
            if entry.id not in self.asked and entry.result and not (self.failed or withheld.is_private(entry)):
                self.asked[entry.id] = self.thread.submit(self._made, entry)

    def __call__(self, entry: Entry) -> str:
        try:
            self.ask([entry])
            page = self.asked.pop(entry.id, None)
            made, problem = page.result(PAGE_S) if page else ("", "")
        except Exception as lost:  # noqa: BLE001 - whatever becomes of that process: a page is for looking at
            made, problem = "", f"{type(lost).__name__}: {lost}"
            self.failed = True
        if problem and not self.told:
            self.warn(f"{runs.clean(str(entry.key), 200)} has no page ({problem})"[:400])
            self.told = True
        return made

    def _start(self) -> JsonChild:
        if self.maker is None:
            command = [sys.executable, "-m", "modellab.reports.case.__main__", str(self.root), str(MOST_PAGE_BYTES)]
            environment = os.environ | {"PYTHONPATH": store.python_path()}
            self.maker = JsonChild(command, env=environment, most_bytes=MOST_PAGE_BYTES)
            self.maker.ask("warm_up", {}, PAGE_S)
        return self.maker

    def _made(self, entry: Entry) -> Answer:
        reply = self._start().ask("page", {"entry": encode(entry)}, PAGE_S)
        return reply["page"], reply["problem"]

    def close(self) -> None:
        """End the process; what has not been begun is not made."""
        if self.maker:
            self.maker.kill()  # ends what the thread waits for
        self.thread.shutdown(cancel_futures=True)
        if self.maker:  # the thread may have started it a moment ago
            self.maker.kill()
            self.maker.close()
