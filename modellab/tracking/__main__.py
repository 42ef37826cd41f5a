"""`python -m modellab.tracking FOLDER`: sync the mlruns folder to MLflow and print the report as one JSON line."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path

from modellab import codec
from modellab.errors import TrackingError
from modellab.tracking import rebuild, store, sync


def main() -> int:
    """Exit status 0, or 1 when MLflow took nothing; then the line is {"error": a sentence}."""
    parser = argparse.ArgumentParser(prog="python -m modellab.tracking", description=__doc__)
    parser.add_argument("folder", type=Path, help="the project's mlruns folder")
    parser.add_argument("--uri", help="instead of MLFLOW_TRACKING_URI and the project's own database")
    parser.add_argument("--root", type=Path, help="the project: the cases' pages are made from its datasets")
    parser.add_argument("--rebuild", action="store_true", help="move the project's database aside and make it again")
    parser.add_argument("--announce", action="store_true", help="print a line whenever something has been reached")
    given = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print goes to stderr

    def reached(what: str) -> None:
        if given.announce:
            print(repr(what), file=answers, flush=True)

    try:
        store.check_installed()
        store.import_mlflow()
        reached("MLflow is imported")
        report = (
            rebuild(given.folder, given.root) if given.rebuild else sync(given.folder, given.uri, reached, given.root)
        )
        line, status = codec.dumps(dataclasses.asdict(report)), 0
    except TrackingError as problem:
        line, status = codec.dumps({"error": str(problem)}), 1
    print(line, file=answers, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
