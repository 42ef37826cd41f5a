"""The index of a running server: it follows the ledger before it answers, and is made again where it is damaged."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import sqlalchemy as sa

from modellab import units
from modellab.errors import ModellabError, sentence
from modellab.plan.settings import Project
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.results import follow, query
from modellab.server.results.reader import MOVED, Reader
from modellab.server.results.tables import ENTRIES, FILES

LOG = logging.getLogger("modellab.server")
SMALL_BYTES = 4 * 2**20  # of what is new, that the process of the API reads itself
AGAIN_S = 30.0  # after which a build that failed is tried again
MOST_WARNINGS = 20
SETTLED_S = 3.0  # that a page waits for the intervals of what has just come
Ask = Callable[[sa.Connection], dict[str, Any]]


class Index:
    """Answers questions about stored results. All methods may be called from any thread, and may take a moment."""

    def __init__(self, database: Database, project: Project) -> None:
        self.database, self.project = database, project
        self.reader, self.analyst = Reader("entries", project.root), Reader("analyst", project.root)
        self._lock = threading.Lock()
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._building: Future[None] | None = None
        self._estimating: Future[None] | None = None
        self._not_before = 0.0

    def start(self) -> None:
        """Read what is new before anybody asks, without being waited for."""
        self._builder.submit(self.estimated)

    def warm(self) -> None:
        """Have its processes run, for whoever looks at a page: the next may be one that they draw."""
        for reader in (self.reader, self.analyst):
            reader.warm()

    def close(self) -> None:
        """End its processes; a build goes on at the next start where it was."""
        for reader in (self.reader, self.analyst):
            reader.close()
        self._builder.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------------------ questions

    def rows(self, ask: Ask) -> dict[str, Any]:
        """A list, with whether the index is still behind the ledger, and what of the ledger could not be read."""
        is_behind = self.catch_up()
        answer = self._mended(
            lambda: self._asked(lambda connection: {**ask(connection), "warnings": self._warnings(connection)})
        )
        return {**answer, "behind": is_behind}

    def one(self, ask: Ask) -> dict[str, Any]:
        """The same for one thing."""
        self.catch_up()
        return self._mended(lambda: self._asked(ask))

    def whole(self, verb: str, project: str, id: str, **order: Any) -> dict[str, Any]:
        """What a reader says of an entry; where its file is another one by now, that is indexed anew first."""
        return self._placed(project, [id], lambda places: self.reader.ask(verb, **places[0], **order))

    def several(self, verb: str, project: str, ids: Sequence[str], **order: Any) -> dict[str, Any]:
        """The same of several entries together, which takes longer."""
        return self._placed(project, ids, lambda places: self.analyst.ask(verb, entries=places, **order))

    def _placed(
        self, project: str, ids: Sequence[str], ask: Callable[[list[dict[str, Any]]], dict[str, Any]]
    ) -> dict[str, Any]:
        for is_last in (False, True):
            places = [self._place(project, id) for id in ids]
            try:
                return ask(places)
            except ApiError as error:
                if error.code != MOVED or is_last:
                    raise
                with self._lock:
                    for path in {place["path"] for place in places}:
                        follow.forget(self.database.engine, path)
        raise AssertionError

    def _place(self, project: str, id: str) -> dict[str, Any]:
        row = self.one(lambda connection: dict(query.one(connection, project, id)))
        return {"entry": row["id"], **{name: row[name] for name in ("path", "offset", "length")}}

    def estimated(self) -> None:
        """Let a reader's process compute the intervals that rows lack; waited for."""
        self.catch_up()
        lacking = sa.select(ENTRIES.c.id).where(ENTRIES.c.estimated.is_(False)).limit(1)
        with self.database.begin() as connection:
            is_lacking = connection.execute(lacking).first() is not None
        if is_lacking:
            self.reader.ask("estimate", url=self.url)

    def settle(self) -> None:
        """Wait a moment for the intervals of what has just come; a page shows it without them, if it must."""
        self.catch_up()
        if self._estimating is not None:
            wait([self._estimating], SETTLED_S)

    def _estimate(self) -> None:
        """`estimated`, for nobody who waits: whoever needs an interval is told what goes wrong."""
        try:
            self.estimated()
        except (ModellabError, ApiError, sa.exc.SQLAlchemyError) as error:
            LOG.info("intervals of new results could not be computed yet: %s", sentence(error))

    @property
    def url(self) -> str:
        """Where the database is, with its password: for a process of ours alone."""
        return self.database.engine.url.render_as_string(hide_password=False)

    def stamp(self) -> tuple[int, int]:
        """Changes when the index does."""
        with self.database.begin() as connection:
            sums = connection.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(FILES.c.size), 0))).one()
        return int(sums[0]), int(sums[1])

    # ------------------------------------------------------------------------ after the ledger

    def catch_up(self) -> bool:
        """Read what is new; whether there is more of it than is read at once: then a process of its own does."""
        return self._mended(self._catch_up)

    def _catch_up(self) -> bool:
        with self._lock:
            if self._building is not None and not self._building.done():
                return True
            follow.check_version(self.database.engine)
            changed, gone = follow.behind(self.database.engine, self.project.mlruns)
            if sum(file.end - file.begin for file in changed) <= SMALL_BYTES:
                if changed or gone:
                    follow.follow(self.database.engine, self.project.mlruns)
                    self._estimating = self._builder.submit(self._estimate)
                return False
            if time.monotonic() >= self._not_before:
                self._building = self._builder.submit(self._build)
            return True

    def _build(self) -> None:
        """Read all that there is, in a process of its own."""
        reader = Reader("index", self.project.root)
        begun = time.monotonic()
        try:
            lines = reader.ask("build", url=self.url)["lines"]
            LOG.info("%d lines of the ledger were indexed in %.1f s", lines, time.monotonic() - begun)
        except (ModellabError, ApiError) as error:
            self._not_before = time.monotonic() + AGAIN_S
            LOG.warning("the ledger could not be indexed, it is tried again: %s", sentence(error))
        finally:
            reader.close()

    def _mended[Answer](self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` finds; where the index's tables are damaged, they are made again and it is asked once more."""
        try:
            return ask()
        except sa.exc.DatabaseError as error:
            if not _is_damage(error):
                raise _unusable(error) from error
            LOG.warning("the index of the ledger is damaged and is made again: %s", str(error.orig).splitlines()[0])
        try:
            with self._lock:
                follow.clear(self.database.engine)
            self._catch_up()
            return ask()
        except sa.exc.DatabaseError as error:
            raise _unusable(error) from error

    def _asked(self, ask: Ask) -> dict[str, Any]:
        with self.database.begin() as connection:
            return ask(connection)

    def _warnings(self, connection: sa.Connection) -> list[str]:
        """What of the ledger is left out, in sentences."""
        asked = sa.select(FILES.c.complaints, FILES.c.newer, FILES.c.damaged)
        files = connection.execute(asked.where((FILES.c.newer > 0) | (FILES.c.damaged > 0))).all()
        warnings = [text for row in files for text in json.loads(row.complaints)][:MOST_WARNINGS]
        left = sum(row.newer + row.damaged for row in files) - len(warnings)
        return [*warnings, f"and {units.counted(left, 'line')} more that are no results here"] if left > 0 else warnings


def _is_damage(error: sa.exc.DatabaseError) -> bool:
    """Whether tables are not what they should be; a database that is busy or gone is another matter."""
    message = str(error.orig).lower()
    return not isinstance(error, sa.exc.OperationalError) or "no such" in message or "malformed" in message


def _unusable(error: sa.exc.DatabaseError) -> ApiError:
    LOG.error("the database cannot be used: %s", str(error.orig).splitlines()[0])
    return ApiError(503, "database_unavailable", "the server's database cannot be used: its log says why")
