"""The server's database: kept, checked when it is opened, and a sentence where it cannot be."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from modellab.errors import ConfigError
from modellab.server.database import FILE, METADATA, Database, make_tables
from tests.server import postgres


def test_it_is_opened_again_and_keeps_what_was_committed_alone(tmp_path: Path) -> None:
    first = Database("", tmp_path / "new")
    with first.begin() as connection:
        connection.execute(sa.text("create table kept (n integer)"))

    def broken_off() -> None:
        with first.begin() as connection:
            connection.execute(sa.text("insert into kept values (1)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    first.close()
    second = Database("", tmp_path / "new")
    with second.begin() as connection:
        assert connection.execute(sa.text("select count(*) from kept")).scalar() == 0
        assert connection.execute(sa.text("pragma journal_mode")).scalar() == "wal"
    second.close()


def test_tables_that_another_process_made_meanwhile_are_there(tmp_path: Path) -> None:
    """A server throws its index away and makes it again while `modellab tokens` opens the database."""
    there = Database("", tmp_path)
    assert METADATA.tables
    METADATA.drop_all(there.engine)
    other = sa.create_engine(there.engine.url)

    made: list[bool] = []

    def at_the_same_time(*_: object, **__: object) -> None:
        if not made:
            made.append(True)
            METADATA.create_all(other)

    sa.event.listen(METADATA, "before_create", at_the_same_time)
    try:
        make_tables(there.engine)
    finally:
        sa.event.remove(METADATA, "before_create", at_the_same_time)
    assert set(sa.inspect(there.engine).get_table_names()) == METADATA.tables.keys()
    other.dispose()
    there.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "of that URL cannot be opened: Could not parse"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/db?connect_timeout=2", r"me:\*\*\*@127.0.0.1:1/db"),
        ("oracle://nobody", "oracle"),
        ("sqlite:////proc/no/such.db", "such.db cannot be opened"),
    ],
)
def test_one_that_cannot_be_opened_is_one_sentence_without_its_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as told:
        Database(url, tmp_path)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "UTF8"])
def test_text_is_text_whatever_encoding_the_database_was_made_with(tmp_path: Path, encoding: str) -> None:
    """`initdb` without a locale makes SQL_ASCII, whose text the driver would give back as bytes."""
    with postgres.cluster() as url:
        made = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with made.connect() as connection:
            how = f"encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'"
            connection.execute(sa.text(f"create database other {how}"))
        made.dispose()
        database = Database(url.replace("/postgres?", "/other?"), tmp_path)
        with database.begin() as connection:
            connection.execute(sa.text("create table kept (said text)"))
            connection.execute(sa.text("insert into kept values (:said)"), {"said": "Stra\u00dfe"})
            assert connection.execute(sa.text("select said from kept")).scalar() == "Stra\u00dfe"
        database.close()


@pytest.mark.parametrize("asked", ["server", pytest.param("tokens", marks=pytest.mark.slow)])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, asked: str) -> None:
    """As where a container's volume belongs to somebody else. Here a file is where the folder has to be."""
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\n")
    (tmp_path / "mlruns").touch()
    ask = {
        "server": ["modellab.server", str(tmp_path), '{"port": 0}'],
        "tokens": ["modellab.server.access", str(tmp_path), '{"do": "tokens.list"}'],
    }[asked]
    done = subprocess.run([sys.executable, "-m", *ask], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    place = f"{tmp_path}/mlruns/server cannot be made: {tmp_path}/mlruns"
    assert re.fullmatch(rf"modellab: the server's folder {place}\S*: .*: may user \d+ write there\?\n", done.stderr)


def test_what_a_newer_version_made_is_left_alone(tmp_path: Path) -> None:
    Database("", tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("update about set value = '99'")
    with pytest.raises(ConfigError, match="of a newer modellab"):
        Database("", tmp_path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, but longer than a header of one would have to be" * 20)
    with pytest.raises(ConfigError, match="cannot be opened"):
        Database("", tmp_path)
