"""The index after the ledger: what `ledger.read` has, whatever happened to the files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab import tasks
from modellab.reports.leaderboard import estimates as leaderboard
from modellab.results import ledger
from modellab.results.entry import encode, pooled
from modellab.server.database import Database
from modellab.server.results import estimates, follow, line, query
from modellab.server.results.tables import ABOUT, CASE, ENTRIES, FILES, NEWEST, SESSIONS, VERSION
from modellab.stats import intervals
from modellab.types import CaseId, Status
from tests import make

from .conftest import entry, write


def indexed(database: Database) -> list[tuple[str, str]]:
    """(id, status) of every row, oldest first."""
    with database.begin() as said:
        rows = said.execute(sa.select(ENTRIES).order_by(ENTRIES.c.finished_at, ENTRIES.c.id)).mappings()
        return [(row["id"], row["status"]) for row in rows]


def newest(database: Database) -> dict[tuple[Any, bool], str]:
    """The id of the newest result of each case, and of the newest without one."""
    with database.begin() as said:
        rows = said.execute(sa.select(NEWEST)).mappings()
        return {(CaseId(**{name: row[name] for name in CASE}), row["measured"]): row["entry"] for row in rows}


def newest_in_ledger(mlruns: Path) -> dict[tuple[Any, bool], str]:
    return {(each.key, each.result is not None): each.id for each in ledger.read(mlruns)[0]}


def in_ledger(mlruns: Path) -> list[tuple[str, str]]:
    return [(each.id, str(each.status)) for each in ledger.read(mlruns)[0]]


def follow_all(database: Database, mlruns: Path) -> int:
    return follow.follow(database.engine, mlruns)


def test_what_comes_is_there_and_each_line_is_read_once(database: Database, mlruns: Path) -> None:
    assert follow_all(database, mlruns) == 0
    write(mlruns, *map(entry, range(6)))
    assert follow_all(database, mlruns) == 6
    write(mlruns, entry(6), entry(7, Status.ERROR))
    assert follow_all(database, mlruns) == 2
    assert follow_all(database, mlruns) == 0
    assert indexed(database) == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)
    with database.begin() as said:
        found = said.execute(sa.select(SESSIONS).where(SESSIONS.c.session == "s00001")).mappings().one()
    assert (found["cases"], found["red"], json.loads(found["statuses"])) == (4, 1, {"ERROR": 1, "PASS": 3})
    assert found["started_at"] < found["finished_at"]


def test_a_later_line_takes_the_place_of_an_earlier_one(database: Database, mlruns: Path) -> None:
    first = entry(1)
    write(mlruns, first)
    follow_all(database, mlruns)
    write(mlruns, replace(first, status=Status.ERROR))
    follow_all(database, mlruns)
    assert indexed(database) == [(first.id, "ERROR")] == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)
    with database.begin() as said:
        assert json.loads(said.execute(sa.select(SESSIONS.c.statuses)).scalar_one()) == {"ERROR": 1}


def test_a_last_line_that_is_not_whole_waits(database: Database, mlruns: Path) -> None:
    write(mlruns, entry(0))
    path = ledger.files(mlruns)[0]
    line = (json.dumps(encode(entry(1))) + "\n").encode()
    with path.open("ab") as file:
        file.write(line[:100])
    assert follow_all(database, mlruns) == 1
    assert follow_all(database, mlruns) == 0
    with path.open("ab") as file:
        file.write(line[100:])
    assert follow_all(database, mlruns) == 1
    assert len(indexed(database)) == 2


def test_a_torn_line_is_told_and_what_comes_after_it_is_there(database: Database, mlruns: Path) -> None:
    write(mlruns, entry(0))
    with ledger.files(mlruns)[0].open("ab") as file:
        file.write(b'{"format": 1, "swordfish')
    write(mlruns, entry(1))  # starts on a line of its own
    follow_all(database, mlruns)
    assert indexed(database) == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)
    with database.begin() as said:
        row = said.execute(sa.select(FILES)).mappings().one()
    assert row["damaged"] == 1
    assert "no result" in row["complaints"]
    assert "swordfish" not in row["complaints"]


def test_what_a_newer_modellab_wrote_is_told(database: Database, mlruns: Path) -> None:
    write(mlruns, entry(0))
    with ledger.files(mlruns)[0].open("ab") as file:
        file.write((json.dumps({**encode(entry(1)), "format": 99}) + "\n").encode())
    follow_all(database, mlruns)
    with database.begin() as said:
        row = said.execute(sa.select(FILES)).mappings().one()
    assert (row["newer"], row["damaged"]) == (1, 0)
    assert "written by a newer modellab (format 99" in row["complaints"]


def test_a_file_that_is_another_one_or_shorter_or_gone(database: Database, mlruns: Path) -> None:
    write(mlruns, *map(entry, range(12)))
    follow_all(database, mlruns)
    one, other, third = ledger.files(mlruns)
    one.unlink()
    other.write_bytes(other.read_bytes().split(b"\n")[0] + b"\n")
    kept = third.read_bytes()
    third.rename(third.with_suffix(".old"))
    third.write_bytes(kept)
    follow_all(database, mlruns)
    assert len(indexed(database)) == 5
    assert indexed(database) == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)
    with database.begin() as said:
        assert sorted(said.execute(sa.select(SESSIONS.c.session)).scalars()) == ["s00001", "s00002"]


def test_an_index_of_another_version_is_made_again(database: Database, mlruns: Path) -> None:
    write(mlruns, entry(0))
    follow_all(database, mlruns)
    with database.begin() as said:
        said.execute(sa.update(ABOUT).values(version=VERSION + 1))
        said.execute(sa.update(ENTRIES).values(model="of old"))
    assert follow_all(database, mlruns) == 1
    assert indexed(database) == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)


STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 11)),
    st.tuples(st.just("again"), st.integers(0, 11)),
    st.tuples(st.just("tear"), st.integers(0, 11)),
    st.tuples(st.just("junk"), st.binary(max_size=20)),
    st.tuples(st.just("follow"), st.just(0)),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEP, max_size=12))
def test_whatever_is_written_it_ends_as_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]
) -> None:
    root = tmp_path_factory.mktemp("any")
    database, mlruns = Database("", root / "server"), root / "mlruns"
    written: dict[int, Any] = {}
    for what, given_ in steps:
        if what == "write" or (what == "again" and given_ in written):
            each = replace(written[given_], status=Status.REGRESSED) if what == "again" else entry(given_)
            written[given_] = each
            write(mlruns, each)
        elif what in ("tear", "junk") and (files := ledger.files(mlruns)):
            with files[0].open("ab") as file:
                file.write(given_ if what == "junk" else json.dumps(encode(entry(given_))).encode()[:80])
        else:
            follow_all(database, mlruns)
    for path in ledger.files(mlruns):  # a last line without its end would still wait
        with path.open("ab") as file:
            file.write(b"\n")
    follow_all(database, mlruns)
    assert indexed(database) == in_ledger(mlruns)
    assert newest(database) == newest_in_ledger(mlruns)
    database.close()


@pytest.mark.parametrize("way", ["with the row", "behind it"])
def test_intervals_are_those_of_the_report(database: Database, mlruns: Path, way: str) -> None:
    said = tuple(make.utterance(f"u{n}", make.asr_counts(n % 3), wall_s=0.1 + 0.01 * n) for n in range(8))
    long = make.result(said, key=entry(0).key, readings={"other_cores": 1.9, "cores": 2.0})
    written = write(mlruns, entry(0, result=long, values=pooled(long)), entry(1), entry(2, Status.ERROR))
    if way == "with the row":
        follow.follow(database.engine, mlruns, line.estimated)
    else:
        follow_all(database, mlruns)
        assert estimates.fill(database.engine, mlruns) == 2
        assert estimates.fill(database.engine, mlruns) == 0
    with database.begin() as said_:
        rows = {row["id"]: row for row in said_.execute(sa.select(ENTRIES)).mappings()}
    for each in written[:2]:
        assert each.result
        quality = intervals.of(tasks.get("asr").METRICS[0], each.result.utterances)
        speed = leaderboard.speed([[each]])
        row = rows[each.id]
        assert row["value"] == pytest.approx(quality.value)
        assert row["counted"] == quality.n
        for name, number in [("low", quality.low), ("high", quality.high), ("rtf", speed.value),
                             ("rtf_low", speed.low), ("rtf_high", speed.high)]:  # fmt: skip
            assert row[name] == (pytest.approx(number) if math.isfinite(number) else None), name
    assert "kept 1.9 of 2 cores busy" in rows[written[0].id]["doubt"]
    assert rows[written[2].id]["estimated"]
    assert rows[written[2].id]["rtf"] is None


def page(database: Database, project: str = "default", **asked: Any) -> dict[str, Any]:
    with database.begin() as said:
        return query.results(said, project, query.Filters(**asked))


@pytest.mark.parametrize("sort", ["-finished_at", "finished_at", "value", "-value"])
def test_pages_joined_are_the_whole_in_order(database: Database, mlruns: Path, sort: str) -> None:
    write(mlruns, *(entry(number, Status.ERROR if number == 5 else Status.PASS) for number in range(23)))
    follow_all(database, mlruns)
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        part = page(database, sort=sort, limit=4, cursor=cursor)
        found += part["data"]
        if not part["has_more"]:
            break
        cursor = part["next_cursor"]
    name = sort.removeprefix("-")
    assert len({each["id"] for each in found}) == len(found) == (23 if name == "finished_at" else 22)
    values = [each[name] for each in found]
    assert values == sorted(values, reverse=sort[0] == "-")


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({}, 12),
        ({"model": ["m1"]}, 4),
        ({"model": ["m1", "m2"]}, 8),
        ({"status": ["ERROR"]}, 1),
        ({"red": True}, 1),
        ({"session": ["s00000"]}, 4),
        ({"commit": "c0ff"}, 12),
        ({"commit": "d"}, 0),
        ({"since": "2026-11-01T10:00:10"}, 2),
        ({"until": "2026-11-01T10:00:10"}, 10),
        ({"project": "theirs"}, 0),
    ],
)
def test_filters(database: Database, mlruns: Path, asked: dict[str, Any], count: int) -> None:
    write(mlruns, *(entry(number, Status.ERROR if number == 5 else Status.PASS) for number in range(12)))
    follow_all(database, mlruns)
    assert len(page(database, **asked)["data"]) == count


def test_labels_say_whose_a_result_is(database: Database, mlruns: Path) -> None:
    folder = mlruns / "ledger"
    folder.mkdir(parents=True)
    labels = {"by": "ada", "experiment": "x1", "project": "theirs"}
    (folder / "s.jsonl").write_text(json.dumps({**encode(entry(0)), "labels": labels}) + "\n")
    follow_all(database, mlruns)
    assert page(database)["data"] == []
    (found,) = page(database, "theirs", by=["ada"], experiment=["x1"])["data"]
    assert found["labels"] == labels


def test_one_more_result_reads_no_other_sessions(database: Database, mlruns: Path) -> None:
    """Of 100,000 results whole indexes by project or status were read for each line (SQLite; 105 ms of 106)."""
    write(mlruns, *map(entry, range(8)))
    follow_all(database, mlruns)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    write(mlruns, entry(8))
    follow_all(database, mlruns)
    own = [(text, values) for text, values in asked if "FROM index_entry" in text]
    assert len(own) >= 2
    with database.engine.connect() as connection:
        for text, values in own:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
            about = [step for step in plan if "index_entry" in step]
            assert about, plan
            assert all("session=?" in step or "(id=?)" in step for step in about), plan
