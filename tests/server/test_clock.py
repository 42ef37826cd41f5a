"""A clock that is set while the server runs: nobody stays in for ever, and nobody who may is kept out for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modellab.plan.serve_settings import Serve
from modellab.server.access import accounts, passwords, sessions, tokens
from modellab.server.access.guard import Guard
from modellab.server.access.names import digest
from modellab.server.auth import EVERYBODY
from modellab.server.database import Database

HOUR_S, YEAR_S = 3600.0, 365 * 86_400.0
NOW = time.time()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says, in its only item."""
    told = [NOW]
    monkeypatch.setattr(time, "time", lambda: told[0])
    return told


@pytest.mark.parametrize(
    ("set_by_s", "is_in"),
    [(0.0, True), (HOUR_S, True), (3 * HOUR_S, False), (YEAR_S, False), (-60.0, True), (-YEAR_S, False)],
)
def test_a_session_ends_whichever_way_the_clock_is_set(
    database: Database, clock: list[float], set_by_s: float, is_in: bool
) -> None:
    Guard(Serve(), database)
    with database.begin() as connection:
        kept = passwords.kept("correct horse battery")
        row = accounts.new(connection, EVERYBODY, "ann", password=kept)
        secret = sessions.begin(connection, row["id"], "127.0.0.1")
    clock[0] += set_by_s
    with database.begin() as connection:
        assert (sessions.find(connection, digest(secret)) is not None) is is_in


def test_a_token_holds_until_its_moment_however_often_the_clock_is_set(database: Database, clock: list[float]) -> None:
    with database.begin() as connection:
        text, _ = tokens.new(connection, EVERYBODY, tokens.Wanted("t", frozenset({"read"}), expires_s=HOUR_S))
    number = tokens.given_id(text)
    for set_by_s, holds in ((0.0, True), (2 * HOUR_S, False), (YEAR_S, False), (0.0, True)):
        clock[0] = NOW + set_by_s
        with database.begin() as connection:
            assert (tokens.find(connection, number) is not None) is holds, set_by_s


def test_when_a_token_was_used_is_written_again_after_the_clock_was_set_back(
    database: Database, clock: list[float]
) -> None:
    with database.begin() as connection:
        text, _ = tokens.new(connection, EVERYBODY, tokens.Wanted("t", frozenset({"read"})))
    for set_by_s in (0.0, -YEAR_S):
        clock[0] = NOW + set_by_s
        with database.begin() as connection:
            row = tokens.find(connection, tokens.given_id(text))
            assert row is not None
            tokens.note_use(connection, row)
    with database.begin() as connection:
        assert tokens.every(connection)[0]["used_at"] == NOW - YEAR_S
