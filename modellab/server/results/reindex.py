"""`python -m modellab.server.results.reindex ROOT`: throw the index of the ledger away and make it again.

`modellab serve --reindex` starts it. A server that runs meanwhile answers from what is there already.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import sqlalchemy as sa

from modellab.errors import ModellabError, sentence
from modellab.plan.settings import Project
from modellab.server.database import Database
from modellab.server.results import follow
from modellab.server.results.tables import ENTRIES
from modellab.system import escape


def main(root: str) -> int:
    """Make it and say what it has; 2 where the database cannot be used."""
    begun = time.monotonic()
    try:
        project = Project.at(Path(root))
        database = Database(project.serve.database, project.root / project.serve.folder)
        try:
            follow.clear(database.engine)
            lines = follow.follow(database.engine, project.mlruns)
            with database.begin() as connection:
                count = connection.execute(sa.select(sa.func.count()).select_from(ENTRIES)).scalar_one()
        finally:
            database.close()
    except (ModellabError, sa.exc.SQLAlchemyError) as error:
        sys.stderr.write(f"modellab: {escape.lines(sentence(error))}\n")
        return 2
    sys.stdout.write(f"{count:,} results of {lines:,} lines are indexed, in {time.monotonic() - begun:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
