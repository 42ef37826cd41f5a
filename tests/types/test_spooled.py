"""Spools: what comes back is what went in, in memory, on the disk, and where the disk is full."""

from __future__ import annotations

import copy
import errno
import math
import os
import pickle
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.types import spooled
from modellab.types.spooled import Limits, Spool, Table

ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4) | st.tuples(each, each),
    max_leaves=8,
)


@pytest.fixture(params=[0, 100, Limits().memory_bytes], ids=["disk", "both", "memory"])
def limits(request: pytest.FixtureRequest) -> Limits:
    """How much a spool keeps in memory."""
    return Limits(request.param, buffer_bytes=50)


@given(st.lists(ITEMS, max_size=40), st.sampled_from([0, 60, 10**6]), st.sampled_from([0, 40, 10**5]))
def test_it_is_the_list_of_what_was_put_in(items: list[Any], limit: int, buffer: int) -> None:
    made = Spool(items, Limits(limit, buffer))
    assert list(made) == items
    assert made == items
    assert len(made) == len(items)
    assert [made[i] for i in range(-len(items), len(items))] == items * 2
    assert made[1:-1:2] == tuple(items[1:-1:2])
    assert list(reversed(made)) == items[::-1]
    with pytest.raises(IndexError):
        made[len(items)]


def test_many_items_are_read_in_parts(limits: Limits) -> None:
    items = [f"item {i} " * (i % 7) for i in range(3 * spooled.TOGETHER + 5)]
    assert list(Spool(items, limits)) == items


def test_it_grows_while_somebody_reads(limits: Limits) -> None:
    made = Spool(range(3), limits)
    seen = []
    for item in made:
        seen.append(item)
        if len(made) < 600:
            made.append(len(made))
    assert seen == list(range(600))


def test_what_came_back_can_be_changed_without_harm(limits: Limits) -> None:
    made = Spool([{"a": [1]}], limits)
    made[0]["a"].append(2)
    assert made[0] == {"a": [1]}


def test_it_equals_no_other_sequence() -> None:
    assert Spool("ab") == ("a", "b")
    assert Spool("ab") != ("a", "c")
    assert Spool("ab") != ("a",)
    assert Spool("ab") != "ab"
    assert Spool("ab") != 2


def test_on_disk_it_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        made = Spool(({"text": f"{i} " * 100} for i in range(5000)), Limits(memory_bytes=1000))
        bytes_each = tracemalloc.get_traced_memory()[0] / len(made)
    finally:
        tracemalloc.stop()
    assert bytes_each < 12
    assert made[4999] == {"text": "4999 " * 100}


def test_the_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = Spool(["x" * 1000], Limits(memory_bytes=0))
    assert list(tmp_path.iterdir()) == []
    assert made[0] == "x" * 1000


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_store_is_not_copied(copied: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="stays with its process"):
        copied(spooled.Store())


@pytest.mark.parametrize("buffer", [0, 200, 400])
def test_where_the_disk_is_full_the_rest_stays_in_memory(monkeypatch: pytest.MonkeyPatch, buffer: int) -> None:
    items = [f"item {i}" for i in range(200)]
    left, write = [800], os.pwrite

    def pwrite(file: int, data: bytes, place: int) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 150
        return write(file, data[:150], place)  # a full disk takes a part first

    monkeypatch.setattr(os, "pwrite", pwrite)
    made = Spool(items, Limits(100, buffer))
    assert left[0] <= 0
    assert made == items


@pytest.mark.parametrize("works", [True, False])
def test_without_a_temporary_folder_everything_stays_in_memory(works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os if works else tempfile, "pwrite" if works else "mkstemp", refuse)
    assert Spool(range(100), Limits(memory_bytes=10)) == list(range(100))


def test_a_table_is_the_mapping_of_what_was_put_in(limits: Limits) -> None:
    items = {f"{i:03}": {"n": i, "nothing": math.inf} for i in range(300)}
    table = Table(items.items(), limits)
    assert table == items
    assert list(table) == list(items)
    assert table["007"] == {"n": 7, "nothing": math.inf}
    assert ("007" in table, "7" in table, table.get("7")) == (True, False, None)
    assert table.keys() == items.keys()
    assert table.mapped(lambda each: each["n"]) == {name: each["n"] for name, each in items.items()}


def test_a_name_that_comes_twice_has_its_last_value() -> None:
    table = Table([("a", 1), ("b", 2), ("a", 3)])
    assert table == {"a": 3, "b": 2}
    assert table.mapped(str) == {"a": "3", "b": "2"}
