"""A child that waits for a session's end, its own side: get ready, say nothing, do nothing until told to.

Whatever goes wrong here is silent: the session's end will meet it again, and say it.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from modellab.tracking import sqlite, store
from modellab.tracking.case_pages import Pages

READY_S = 20  # to get ready in, which nothing is measured beside: then this process ends


class Waiting:
    """Ready for the store at `uri`: MLflow imported, a local database opened, the maker of pages started."""

    def __init__(self, folder: Path, uri: str, root: Path | None, descriptor: int, turns: Path) -> None:
        """`descriptor` is a lock of the file `turns`, let go of when this is ready."""
        os.set_inheritable(descriptor, False)
        signal.alarm(READY_S)  # ends the process even where a library hangs: nobody handles it
        self.turns = turns
        self.database = store.path(uri) if uri.startswith("sqlite:///") else None
        self.told = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self.pages = Pages(root) if root else None
        drawing = self.pages.start() if self.pages else None
        store.import_mlflow()
        if self.database:  # a server is not asked before there is something to send
            with suppress(Exception), store.locked(folder, patience_s=0):
                store.connect(folder, uri)
        if drawing:
            drawing.exception()
        self.seen = self._identity()
        os.close(descriptor)
        signal.alarm(0)

    def until_told(self) -> bool:
        """Return when it is time to send; False if the database is not the one any more that was opened."""
        self.told.wait()
        return self.seen == self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat_result = self.database.stat() if self.database else None
        except OSError:
            return None
        return (stat_result.st_dev, stat_result.st_ino) if stat_result else None

    def _listen(self) -> None:
        """The parent says one thing, and its end is the end of the pipe."""
        if os.read(0, 1 << 10):
            self.told.set()
        else:
            self.turns.unlink(missing_ok=True)  # a parent that was killed has left it
        while os.read(0, 1 << 10):
            pass
        if self.database:
            sqlite.drop_drafts(self.database, os.getpid())
        os.killpg(0, signal.SIGKILL)  # this process leads its group
