"""`python -m modellab.tracking FOLDER`: sync the mlruns folder to MLflow and print the report as one JSON line."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

from modellab.errors import TrackingError
from modellab.results import serialization
from modellab.tracking import process, rebuild, store, sync
from modellab.tracking.case_pages import Pages
from modellab.tracking.prestart_child import Waiting


def main() -> int:
    """Exit status 0, or 1 when MLflow took nothing; then the line is {"error": a sentence}."""
    parser = argparse.ArgumentParser(prog="python -m modellab.tracking", description=__doc__)
    parser.add_argument("folder", type=Path, help="the project's mlruns folder")
    parser.add_argument("--uri", help="instead of MLFLOW_TRACKING_URI and the project's own database")
    parser.add_argument("--root", type=Path, help="the project: the cases' pages are made from its datasets")
    parser.add_argument("--rebuild", action="store_true", help="move the project's database aside and make it again")
    parser.add_argument("--announce", action="store_true", help="print a line whenever something has been reached")
    parser.add_argument("--wait", nargs=2, metavar=("LOCK", "FILE"), help="get ready, wait for a line: see Prestart")
    given = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print goes to stderr

    def reached(what: str) -> None:
        if given.announce:
            print(repr(what), file=answers, flush=True)

    try:
        store.check_installed()
        pages = _wait(given, answers.fileno(), reached) if given.wait else None
        if not given.wait:
            store.import_mlflow()
            reached("MLflow is imported")
        if given.rebuild:
            report = rebuild(given.folder, given.root)
        else:
            report = sync(given.folder, given.uri, reached, given.root, pages)
        line, status = serialization.dumps(dataclasses.asdict(report)), 0
    except TrackingError as problem:
        line, status = serialization.dumps({"error": str(problem)}), 1
    print(line, file=answers, flush=True)
    return status


def _wait(given: argparse.Namespace, answers: int, reached: Callable[[str], None]) -> Pages | None:
    """The maker of pages, when it is time to send. Where the database was changed for another, all starts anew."""
    descriptor, turns = given.wait
    waiting = Waiting(given.folder, store.address(given.folder), given.root, int(descriptor), Path(turns))
    reached("MLflow is imported")
    if not waiting.until_told():
        os.dup2(answers, 1)
        command = process.command(given.folder, given.root)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return waiting.pages


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # MLflow and what it imports take most of a second to be taken down
