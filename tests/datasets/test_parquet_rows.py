"""Rows in a Parquet file: what goes in comes out, the same bytes each time, a digest of what they say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from modellab import datasets
from modellab.datasets import parquet_rows
from modellab.datasets.locking import lock
from modellab.datasets.parquet_rows import ParquetRows
from modellab.errors import DatasetError, ExtraError
from modellab.tasks import asr
from modellab.types import Row

from ..make import as_parquet
from .test_datasets import manifest, save, sine

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
SURROGATES = st.characters(blacklist_categories=("Cs",))
KEYS = st.sampled_from([*parquet_rows.COLUMNS, "voice", "turns", "uem", "sha"]).filter(lambda key: key != "id")
SOME_ROWS = st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=5)


def rows_of(count: int, **more: Any) -> list[Row]:
    return [
        {"id": f"{i:05}", "audio": f"{i % 7}.wav", "start_s": i / 8, "end_s": i / 8 + 1, "duration_s": 1.0,
         "text": f"häuser {i}", "speaker": f"s{i % 3}", **({"group": {"age": str(i)}} if i % 2 else {}), **more}
        for i in range(count)
    ]  # fmt: skip


def written(file: Path, rows: list[Row]) -> ParquetRows:
    parquet_rows.write(file, rows)
    return ParquetRows(file, dict)


@given(rows=SOME_ROWS)
def test_whatever_a_row_holds_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    named: list[Row] = [{"id": str(i), **row} for i, row in enumerate(rows)]
    assert written(tmp_path_factory.getbasetemp() / "rows.parquet", named) == named


@pytest.mark.parametrize("count", [1, parquet_rows.BLOCK, parquet_rows.ROWS + parquet_rows.BLOCK + 3])
def test_rows_are_read_from_the_front_and_from_anywhere(tmp_path: Path, count: int) -> None:
    rows = rows_of(count)
    found = written(tmp_path / "rows.parquet", rows)
    assert len(found) == count
    assert list(found) == rows
    places = [0, count - 1, count // 2, min(parquet_rows.ROWS, count - 1), -1]
    assert [found[i] for i in places] == [rows[i] for i in places]
    assert found[:2] == tuple(rows[:2])
    with pytest.raises(IndexError):
        found[count]


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = rows_of(300, voice={"b": 1, "a": [2]})
    for name in ("a", "b"):
        parquet_rows.write(tmp_path / name, rows)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    metadata = parquet.read_metadata(tmp_path / "a")
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_groups_have_ten_thousand_rows(tmp_path: Path) -> None:
    parquet_rows.write(tmp_path / "a", rows_of(20_001))
    metadata = parquet.read_metadata(tmp_path / "a")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [10_000, 10_000, 1]


# ---------------------------------------------------------------------------- digest


def content(tmp_path: Path, rows: list[Row]) -> str:
    parquet_rows.write(tmp_path / "rows.parquet", rows)
    return parquet_rows.content(tmp_path / "rows.parquet")


def test_the_digest_is_of_what_the_rows_say_wherever_their_audio_lies(tmp_path: Path) -> None:
    rows = rows_of(3)
    assert content(tmp_path, rows) == content(tmp_path, [{**row, "audio": "x", "size_bytes": 7} for row in rows])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "haus"}, {"id": "00000x"}, {"start_s": 0.25}, {"channel": 0}, {"channel": 1}, {"language": "de"},
        {"sha256": "0" * 64}, {"group": {"age": "7"}}, {"texts": {"raw": "a"}}, {"voice": "x"}, {"references": []},
        {"speaker": None},
    ],
    ids=str,
)  # fmt: skip
def test_the_digest_sees_each_change(tmp_path: Path, change: Row) -> None:
    rows = rows_of(3)
    assert content(tmp_path, rows) != content(tmp_path, [{**rows[0], **change}, *rows[1:]])


def test_texts_do_not_run_together(tmp_path: Path) -> None:
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")]
    digests = {content(tmp_path, [{"id": a or "0", "text": b}]) for a, b in pairs}
    digests |= {content(tmp_path, [{"id": "0", "text": a}, {"id": "1", "text": b}]) for a, b in pairs}
    assert len(digests) == 8


def test_the_digest_is_the_same_however_others_lay_out_the_file(tmp_path: Path) -> None:
    rows = rows_of(500, channel=1)
    expected = content(tmp_path, rows)
    table = parquet.read_table(tmp_path / "rows.parquet")
    texts = table["text"].cast(pa.large_string())
    changed = table.set_column(table.column_names.index("text"), "text", texts).drop_columns(["condition"])
    parquet.write_table(changed, tmp_path / "rows.parquet", row_group_size=90, compression="gzip")
    assert parquet_rows.content(tmp_path / "rows.parquet") == expected
    assert list(ParquetRows(tmp_path / "rows.parquet", dict)) == rows


def test_the_digest_of_these_rows_never_changes(tmp_path: Path) -> None:
    """What is in headers and baselines was computed so."""
    digest = content(tmp_path, rows_of(5, sha256="f" * 64, voice=[1, None, "ü"]))
    assert digest == "77dd8fd62e5eed007288b9171314fedaa82e10b026c6db8aab119f13324179e0"


# ---------------------------------------------------------------------------- a dataset


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A dataset of two rows in Parquet, locked."""
    folder = tmp_path / "toy_v1"
    folder.mkdir()
    sine(folder / "a1.flac", 0.5)
    sine(folder / "a2.flac", 0.25)
    save(folder, manifest())
    as_parquet(folder)
    return folder


def test_both_kinds_load_through_the_same_door(table: Path) -> None:
    data = datasets.load(table)
    assert [row["id"] for row in data.rows] == ["a1", "a2"]
    assert data.rows[0]["audio"] == table / "a1.flac"
    assert data.rows[0].keys() == {"id", "audio", "duration_s", "text", "speaker", "condition", "sha256", "size_bytes"}
    assert data.digest == data.header.digest
    assert data.is_checked
    assert datasets.header(table).rows == "rows.parquet"
    assert datasets.validate(table, asr) == []


def test_settings_are_in_each_row(table: Path) -> None:
    text = (table / "dataset.yaml").read_text()
    (table / "dataset.yaml").write_text(f"settings: {{compounds: merge}}\n{text}")
    before = datasets.load(table)
    assert not before.is_checked, "settings are part of the digest"
    lock(table)
    data = datasets.load(table)
    assert [row["settings"] for row in data.rows] == [{"compounds": "merge"}] * 2
    assert data.is_checked
    assert datasets.digests.of(data.header, data.without_settings) == data.digest


def test_loading_opens_no_audio(table: Path) -> None:
    opened, listening = [], [True]
    sys.addaudithook(lambda event, values: opened.append(str(values[0])) if listening and event == "open" else None)
    for file in table.glob("*.flac"):
        file.unlink()
    data = datasets.load(table)
    assert data.is_checked
    assert [row["id"] for row in data.rows] == ["a1", "a2"]
    listening.clear()  # a hook is there for good
    assert [name for name in opened if name.endswith(".flac")] == []
    assert [name for name in opened if name.endswith("dataset.yaml")], "the hook hears what is opened"


def edit(folder: Path, **changes: Any) -> None:
    """Change the first row and leave the header as it is."""
    first, *rest = (dict(row) for row in ParquetRows(folder / "rows.parquet", dict))
    parquet_rows.write(folder / "rows.parquet", [{**first, **changes}, *rest])


def test_an_edited_file_is_seen_and_its_rows_are_checked(table: Path) -> None:
    edit(table, text="another one")
    data = datasets.load(table)
    assert data.digest != data.header.digest
    assert not data.is_checked
    assert "the digest changed" in datasets.validate(table)[0]
    edit(table, duration_s=-1.0)
    with pytest.raises(DatasetError, match=r"case a1: duration_s is -1\.0, expected a number of seconds above 0"):
        datasets.load(table)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "a2"}, "case a2: duplicate id"),
        ({"id": "b"}, "case a2: it stands after b: rows in Parquet come in the order of their ids"),
        ({"rttm": "a.rttm"}, "case a1: rttm names a file, which rows in Parquet do not"),
        ({"duration_s": "long"}, "case a1: duration_s is 'long'"),
    ],
    ids=str,
)
def test_a_row_that_is_none_is_named(table: Path, changes: Row, fault: str) -> None:
    edit(table, **changes)
    with pytest.raises(DatasetError, match=fault):
        datasets.load(table)


def no_file(folder: Path) -> None:
    (folder / "rows.parquet").unlink()


def half_a_file(folder: Path) -> None:
    file = folder / "rows.parquet"
    file.write_bytes(file.read_bytes()[:-100])


def other_columns(folder: Path) -> None:
    parquet.write_table(pa.table({"file": ["a"], "text": ["b"]}), folder / "rows.parquet")


def no_rows(folder: Path) -> None:
    parquet_rows.write(folder / "rows.parquet", [])


def elsewhere(folder: Path) -> None:
    file = folder / "dataset.yaml"
    file.write_text(file.read_text().replace("rows: rows.parquet", "rows: ../rows.parquet"))


def both(folder: Path) -> None:
    with (folder / "dataset.yaml").open("a") as file:
        file.write("cases:\n  - {id: a, text: b}\n")


def no_json(folder: Path) -> None:
    parquet.write_table(pa.table({"id": ["a"], "more": ["{"]}), folder / "rows.parquet")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (no_file, "rows.parquet: no such file; the header's `rows:` names it"),
        (half_a_file, r"rows.parquet: it is no whole Parquet file \(.*\); was the copy or the checkout interrupted"),
        (other_columns, "rows.parquet: its columns are file, text, expected id, audio, duration_s"),
        (no_rows, "rows.parquet: there is no row in it"),
        (elsewhere, "rows is '../rows.parquet', expected the name of a file beside it"),
        (both, "there are both `rows:` and `cases:`, expected one of them"),
        (no_json, "its column more has '{', expected JSON"),
    ],
)
def test_what_is_no_table_is_one_sentence(table: Path, damage: Any, fault: str) -> None:
    damage(table)
    with pytest.raises(DatasetError, match=fault):
        datasets.load(table)


def test_without_pyarrow_one_sentence_says_what_to_install(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("modellab.system.extras.find_spec", lambda name: None)
    with pytest.raises(ExtraError, match=r"rows.parquet needs pyarrow, which is not installed: pip install 'modellab"):
        datasets.load(table)
