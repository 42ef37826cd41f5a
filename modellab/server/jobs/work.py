"""`python -m modellab.server.jobs.work ROOT`: take runs from the server's queue and measure them on this machine.

`modellab worker --runs` starts it. SIGTERM and Ctrl-C give the run that is at work back, as soon as its model's
call has ended.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

from modellab.errors import ModellabError
from modellab.plan.settings import Project
from modellab.server.database import Database
from modellab.server.jobs.files import Files
from modellab.server.jobs.room import FOLDER, ROOM_S
from modellab.server.jobs.runs import END_S, Runs
from modellab.server.jobs.store import Jobs
from modellab.server.jobs.tables import RUNS
from modellab.server.jobs.webhooks import Webhooks
from modellab.server.jobs.workers import Workers
from modellab.system import escape


def main(root: str) -> int:
    """Work until told to end; 2 for settings that cannot be."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        project = Project.at(Path(root))
        folder = project.root / project.serve.folder
        database = Database(project.serve.database, folder)
    except ModellabError as error:
        sys.stderr.write(f"modellab: {escape.lines(str(error))}\n")
        return 2
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    files, settings = Files(folder / FOLDER), project.serve.jobs
    jobs = Jobs(database, Webhooks(database, settings, folder).ended)
    workers = Workers(jobs, files, settings, {RUNS: Runs(project, files)}, {RUNS: 1})
    workers.start()
    shown = database.engine.url.render_as_string(hide_password=True)
    sys.stderr.write(f"{workers.name} waits for runs from {shown} (Ctrl-C ends it)\n")
    sys.stderr.flush()
    is_over.wait()
    workers.stop(END_S + ROOM_S)
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
