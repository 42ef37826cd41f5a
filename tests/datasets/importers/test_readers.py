"""Every reader against bytes that nobody wrote on purpose, and what was written against what is read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets import importers
from modellab.datasets.importers import (
    LeftOut,
    Note,
    Options,
    Place,
    Record,
    Setting,
    manifest_file,
    subtitles,
    textfiles,
    textgrid,
)
from modellab.datasets.importers.places import expanded
from modellab.errors import ConfigError, DatasetError
from modellab.system import yamltext
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import LAYOUTS

words = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
plain = st.text("abcdé中 ", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
few = settings(max_examples=12)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize(("format", "recipe", "at"), LAYOUTS.values(), ids=LAYOUTS)
@settings(max_examples=4)
@given(data=st.data())
def test_a_damaged_layout_raises_nothing(format: str, recipe: object, at: str, data: st.DataObject) -> None:
    with folder() as home:
        recipe(home)  # type: ignore[operator]
        files = [file for file in sorted(home.rglob("*")) if file.is_file() and file.suffix not in (".wav", ".flac")]
        file = data.draw(st.sampled_from(files), "file")
        held = bytearray(file.read_bytes())
        for _ in range(data.draw(st.integers(1, 4), "changes")):
            start = data.draw(st.integers(0, max(0, len(held) - 1)), "start")
            held[start : start + data.draw(st.integers(0, 40), "length")] = data.draw(st.binary(max_size=20), "bytes")
        file.write_bytes(held)
        place = Place(home / at)
        importers.detected(place)
        try:
            items = list(importers.read(importers.every()[format], place, Options()))
        except ConfigError:  # a split, a column or a file that a person has to choose
            return
        assert all(isinstance(item, Record | LeftOut | Note | Setting) for item in items)


@pytest.mark.parametrize("name", ["metadata.csv", "text", "cuts.jsonl.gz"])
def test_a_file_that_looks_packed_and_is_not_speaks_for_no_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b no gzip at all|a|b\n")
    assert importers.detected(Place(tmp_path)) == []
    with pytest.raises((ConfigError, DatasetError), match=r"cannot be read to its end|looks like a format"):
        importers.chosen(Place(tmp_path))


@pytest.mark.parametrize("name", sorted(importers.every()))
@few
@given(st.binary(max_size=300) | words.map(str.encode) | st.lists(words, max_size=8).map(" ".join).map(str.encode))
def test_no_reader_trips_over_a_file_of_anything(name: str, content: bytes) -> None:
    with folder() as home:
        for file in (
            "a.json",
            "wav.scp",
            "text",
            "cuts.jsonl",
            "a.tar",
            "a.stm",
            "a.rttm",
            "a.parquet",
            "database.yml",
        ):
            (home / file).write_bytes(content)
        for place in (Place(home), Place(home / "a.json")):
            try:
                items = list(importers.read(importers.every()[name], place, Options()))
            except ConfigError:
                continue
            assert all(isinstance(item, Record | LeftOut | Note | Setting) for item in items)
            assert all(isinstance(item.sound, importers.Sound) for item in items if isinstance(item, Record))


rows = st.lists(st.fixed_dictionaries({"path": plain, "text": words, "n": st.integers()}), min_size=1, max_size=6)


@few
@given(rows, st.sampled_from(["lines", "list", "pretty"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_json_records_come_back(given: list[dict[str, object]], form: str, encoding: str) -> None:
    with folder() as home:
        text = layouts.lines(given) if form == "lines" else json.dumps(given, indent=1 if form == "pretty" else None)
        (home / "a.json").write_bytes(text.encode(encoding))
        read = list(textfiles.json_records(home / "a.json"))
    assert [item[1] for item in read if not isinstance(item, LeftOut)] == given
    assert not any(isinstance(item, LeftOut) for item in read)


def test_a_long_list_is_read_piece_by_piece(tmp_path: Path) -> None:
    given = [{"id": str(i), "deep": {"a": [1, 2, {"b": "]},{"}]}} for i in range(50)]
    file = layouts.write(tmp_path / "a.json", json.dumps(given, indent=3))
    read = list(textfiles.json_records(file, chunk=7))
    assert [item[1] for item in read if not isinstance(item, LeftOut)] == given
    assert [item[0].rpartition(" ")[2] for item in read][:2] == ["2", "14"]  # the line on which each begins
    file.write_text(json.dumps(given)[:-1])
    assert str(list(textfiles.json_records(file, chunk=7))[-1]).endswith(
        "the list is not closed; was the copy interrupted?"
    )


@few
@given(st.lists(st.tuples(plain, plain), min_size=1, max_size=5), st.sampled_from("\t;,|"), st.booleans())
def test_tables_come_back(given: list[tuple[str, str]], mark: str, crlf: bool) -> None:
    end = "\r\n" if crlf else "\n"
    with folder() as home:
        body = "".join(f'{path}{mark}"{text}"{end}' for path, text in given)
        (home / "a.csv").write_bytes(f"path{mark}text{end}{body}".encode())
        read = [item[1] for item in textfiles.table(home / "a.csv") if not isinstance(item, LeftOut)]
    assert [(row["path"], row["text"]) for row in read] == given


times = st.tuples(st.integers(0, 5_000), st.integers(1, 5_000)).map(lambda pair: (pair[0] / 1000, sum(pair) / 1000))


@few
@given(st.lists(st.tuples(times, plain), max_size=5), st.booleans())
def test_subtitles_come_back(given: list[tuple[tuple[float, float], str]], is_web: bool) -> None:
    def clock(seconds: float) -> str:
        text = f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"
        return text if is_web else text.replace(".", ",")

    cues = (
        f"{i}\n{clock(start)} --> {clock(end)}\n{text}\n\n" for i, ((start, end), text) in enumerate(given, start=1)
    )
    read = list(subtitles.cues(("WEBVTT\n\n" if is_web else "") + "".join(cues), "a"))
    assert [(cue.start_s, cue.end_s, cue.text) for cue in read if not isinstance(cue, LeftOut)] == [
        (start, end, text) for (start, end), text in given
    ]


@few
@given(st.lists(st.tuples(times, words), max_size=5))
def test_textgrids_come_back(given: list[tuple[tuple[float, float], str]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    intervals = "".join(
        f"    xmin = {start}\n    xmax = {end}\n    text = {quoted(text)}\n" for (start, end), text in given
    )
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\nxmin = 0\nxmax = 9\ntiers? <exists>\nsize = 1\n'
    tier = (
        f'    class = "IntervalTier"\n    name = "w"\n    xmin = 0\n    xmax = 9\n    intervals: size = {len(given)}\n'
    )
    (read,) = textgrid.tiers(f"{head}item []:\n  item [1]:\n{tier}{intervals}")
    assert [(label.start_s, label.end_s, label.text) for label in read.labels] == [
        (*span, text) for span, text in given
    ]


@given(st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_ranges_of_names(first: int, count: int, is_nemo: bool) -> None:
    mark = f"_OP_{first:03d}..{first + count:03d}_CL_" if is_nemo else f"{{{first:03d}..{first + count:03d}}}"
    assert expanded(f"a/b{mark}.tar") == [f"a/b{i:03d}.tar" for i in range(first, first + count + 1)]


values = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers(-(10**9), 10**9)
    | st.floats(0, 1e6)
    | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abz_-: é#", min_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_what_is_written_as_yaml_is_read_as_it_was(value: object) -> None:
    assert yamltext.parse(f"a: {manifest_file.text(value)}\n") == {"a": value}
