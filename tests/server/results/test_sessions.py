"""The list of runs with those that go on: however they move while somebody reads page by page, each comes once."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.server.auth import PROJECT
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.results import follow, sessions
from modellab.server.results.sessions import Live, Runs
from tests.server.results.conftest import entry, write


def moment(second: int) -> str:
    return f"2026-11-01T10:{second // 60:02}:{second % 60:02}.000000+00:00"


class Site:
    """A ledger, its index, and the runs that go on."""

    def __init__(self, mlruns: Path, database: Database) -> None:
        self.mlruns, self.engine = mlruns, database.engine
        self.live: list[Live] = []

    def begins(self, session: str, second: int, **more: Any) -> None:
        self.live.append(Live(session, moment(second), 7, **more))

    def has_result(self, session: str, second: int) -> None:
        write(self.mlruns, entry(second, session=session))

    def ends(self, session: str) -> None:
        self.live = [each for each in self.live if each.session != session]

    def page(self, cursor: str = "", **asked: Any) -> dict[str, Any]:
        follow.follow(self.engine, self.mlruns)
        with self.engine.connect() as said:
            return sessions.runs(said, PROJECT, Runs(cursor=cursor, **asked), self.live)

    def ids(self, between: Callable[[], None] = lambda: None, **asked: Any) -> list[str]:
        """All pages; `between` happens after each."""
        found, cursor = [], ""
        while True:
            page = self.page(cursor, **asked)
            assert len(page["data"]) <= asked.get("limit", 50)
            found += [each["id"] for each in page["data"]]
            between()
            if not page["has_more"]:
                return found
            cursor = page["next_cursor"]


@pytest.fixture
def site(mlruns: Path, database: Database) -> Site:
    return Site(mlruns, database)


def test_a_run_is_listed_from_its_first_moment_and_says_how_far_it_is(site: Site) -> None:
    site.has_result("old", 1)
    site.begins("new", 5, host="desk", by="ada")
    new, old = site.page()["data"]
    assert (new["id"], new["state"], new["planned"], new["cases"]) == ("new", "running", 7, 0)
    assert (new["host"], new["by"], new["commit"], new["statuses"]) == ("desk", "ada", "", {})
    assert (old["id"], old["state"], old["planned"], old["cases"]) == ("old", "ended", None, 1)
    site.has_result("new", 8)
    new = site.page()["data"][0]
    assert (new["state"], new["planned"], new["cases"], new["started_at"]) == ("running", 7, 1, moment(8))
    site.ends("new")
    assert [each["state"] for each in site.page()["data"]] == ["ended", "ended"]


def test_one_that_has_no_result_yet_is_there_by_its_name(site: Site) -> None:
    site.begins("new", 5)
    follow.follow(site.engine, site.mlruns)
    with site.engine.connect() as said:
        found = sessions.run(said, PROJECT, "new", site.live)
        assert (found["state"], found["results"]) == ("running", [])
        with pytest.raises(ApiError, match="there is no run 'other' here"):
            sessions.run(said, PROJECT, "other", site.live)


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"state": "running"}, ["bare", "told"]),
        ({"state": "ended"}, ["old"]),
        ({"by": ["ada"]}, ["bare"]),
        ({"by": ["bob"]}, []),
        ({"experiment": ["e1"]}, ["bare"]),
        ({"branch": ["main"]}, ["told", "old"]),
        ({"commit": "c0ffee"}, ["told", "old"]),
        ({"red": False}, ["bare", "told", "old"]),
        ({"red": True}, []),
    ],
)
def test_filters_hold_for_those_that_go_on(site: Site, asked: dict[str, Any], ids: list[str]) -> None:
    site.has_result("old", 1)
    site.has_result("told", 3)
    site.begins("told", 2)
    site.begins("bare", 5, by="ada", experiment="e1")
    assert site.ids(**asked) == ids


def test_one_that_moves_up_past_a_reader_is_not_missed(site: Site) -> None:
    for second in (10, 20, 30):
        site.has_result(f"s{second}", second)
    site.begins("slow", 15)
    first = site.page(limit=2)
    assert [each["id"] for each in first["data"]] == ["s30", "s20"]
    site.has_result("slow", 40)  # the ledger counts it as the newest of all
    after = site.page(first["next_cursor"], limit=1)
    assert [each["id"] for each in after["data"]] == ["slow"]
    third = site.page(after["next_cursor"], limit=2)
    assert ([each["id"] for each in third["data"]], third["has_more"]) == (["s10"], False)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_between_two_pages_each_run_comes_once(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"s{number}" for number in range(12)]
    for name in names:
        second = chance.randrange(200)
        if chance.random() < 0.5:
            site.begins(name, second)
        if chance.random() < 0.5 or name not in [each.session for each in site.live]:
            site.has_result(name, second + chance.randrange(50))
    told = {each["id"] for each in site.page()["data"] if each["cases"]}

    def something() -> None:
        waiting = sorted({each.session for each in site.live} - told)
        if waiting and chance.random() < 0.7:
            name = chance.choice(waiting)
            told.add(name)
            site.has_result(name, 200 + chance.randrange(100))
            if chance.random() < 0.5:
                site.ends(name)

    found = site.ids(something, limit=chance.randint(1, 4))
    assert sorted(found) == sorted(names)
