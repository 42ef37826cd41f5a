"""`python -m modellab.server.jobs.executor ROOT`: one run of the suite, as a job asks for it.

Its order comes as JSON on the standard input: {cases, session, labels, executor, batch}. It tells its events as JSON
lines on the standard output, and at last {"event": "result"}. SIGTERM ends it between two calls of a model: the cases
that it has not come to are in the ledger as not run. It dies with the thread that started it. Results go to the ledger,
and from there to MLflow where that is installed, as those of `modellab run` do.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from modellab.errors import ModellabError, sentence
from modellab.plan.settings import Project
from modellab.runner.options import RunOptions
from modellab.runner.run import RunResult, run
from modellab.server.jobs.run_events import EventEncoder
from modellab.system import extras
from modellab.system.json_child import die_with_parent


def main(root: str) -> int:
    """Run what the standard input says; 0 where there is a result, whatever it is."""
    die_with_parent()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no event
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    order = json.load(sys.stdin)
    project, encode = Project.at(Path(root)), EventEncoder()
    try:
        result = run(
            order["cases"],
            project,
            RunOptions(executor=order["executor"], batch=order["batch"]),
            listeners=[lambda event: _tell(out, encode(event))],
            cancelled=is_over.is_set,
            session=order["session"],
            labels=order["labels"],
        )
    except ModellabError as error:
        _tell(out, {"event": "result", "error": sentence(error)})
        return 1
    _tell(out, {"event": "result", **_summary(result)})
    if not is_over.is_set():
        _send(project)
    return 0


def _summary(result: RunResult) -> dict[str, Any]:
    """How a run went, in brief: all else is in the ledger."""
    return {
        "exit_status": result.exit_status,
        "headline": result.headline,
        "cases": {str(case.key): str(case.status) for case in result.cases},
        "regressions": [str(case.key) for case in result.regressions],
        "errors": [str(case.key) for case in result.errors] + list(result.unread),
        "skipped": dict(result.skipped),
        "not_run": list(result.not_run),
        "notes": list(result.notes),
    }


def _send(project: Project) -> None:
    """Results to MLflow, as at the end of `modellab run`; they are in the ledger, whatever comes of that."""
    if not extras.missing("mlflow"):
        from modellab import tracking

        sys.stderr.write(f"{tracking.push(project.mlruns, root=project.root)}\n")


def _tell(out: IO[str], event: dict[str, Any]) -> None:
    """One line; who does not listen any more has gone, and takes this process along."""
    out.write(json.dumps(event) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
