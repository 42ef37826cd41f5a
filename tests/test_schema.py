"""One sentence for every way in which YAML can miss its schema."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ConfigError
from modellab.schema import Strict, parse


class Leaf(Strict):
    colour: Literal["green", "red"]
    size: float = 1.0
    dry: bool = False


class Tree(Strict):
    name: str
    leaves: dict[str, Leaf] = {}
    fallen: tuple[Leaf, ...] = ()
    best: Leaf | None = None


FILE = Path("some/tree.yaml")
GREEN = {"colour": "green"}


def test_values_become_a_frozen_record() -> None:
    tree = parse(Tree, FILE, {"name": "oak", "leaves": {"a": GREEN}, "fallen": [GREEN]})
    assert tree == Tree(name="oak", leaves={"a": Leaf(colour="green")}, fallen=(Leaf(colour="green"),))
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        tree.name = "elm"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param({}, "'name' is missing", id="missing"),
        pytest.param({"name": "oak", "leafs": {}}, "unknown key 'leafs': did you mean leaves? known: best,*", id="top"),
        pytest.param(
            {"name": "oak", "leaves": {"a": {**GREEN, "color": "red"}}},
            "unknown key 'leaves.a.color': did you mean colour? known: colour, dry, size",
            id="inside a mapping",
        ),
        pytest.param(
            {"name": "oak", "leaves": {"size": {**GREEN, "sice": 2}}},
            "unknown key 'leaves.size.sice': did you mean size? known: colour, dry, size",
            id="inside a mapping whose key is a field's name",
        ),
        pytest.param(
            {"name": "oak", "fallen": [GREEN, {**GREEN, "sizes": 2}]},
            "unknown key 'fallen.1.sizes': did you mean size? known: colour, dry, size",
            id="inside a list",
        ),
        pytest.param(
            {"name": "oak", "best": {**GREEN, "sizes": 2}},
            "unknown key 'best.sizes': did you mean size? known: colour, dry, size",
            id="inside an optional record",
        ),
        pytest.param({"name": "oak", "leaves": {"a": {}}}, "'leaves.a.colour' is missing", id="missing inside"),
        pytest.param({"name": 3}, "'name' is 3: input should be a valid string", id="wrong type"),
        pytest.param(
            {"name": "oak", "best": {"colour": "blue"}}, "'best.colour' is 'blue': input should be 'green' or 'red'"
        ),
        pytest.param({"name": "oak", "best": {**GREEN, "size": "2"}}, "'best.size' is '2': expected a number"),
        pytest.param(
            {"name": "oak", "fallen": [GREEN, {**GREEN, "size": True}]}, "'fallen.1.size' is True: expected a number"
        ),
        pytest.param(
            {"name": "oak", "leaves": {"a": {**GREEN, "dry": "yes"}}}, "'leaves.a.dry' is 'yes': expected true or false"
        ),
        pytest.param({"name": "oak", "best": {**GREEN, "dry": 1}}, "'best.dry' is 1: expected true or false"),
        pytest.param({"name": "oak", 1: 2}, "*1*", id="a key that is a number"),
        pytest.param({"name": "oak", True: 2}, "*True*", id="a key that is YAML's on"),
    ],
)
def test_a_fault_is_a_sentence(values: dict[Any, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(Tree, FILE, values)
    said = str(caught.value)
    assert fnmatchcase(said, f"{FILE}: {sentence}"), said


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"'name' is missing.*; unknown key 'nam': did you mean name"):
        parse(Tree, FILE, {"nam": "oak"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["name", "leaves", "fallen", "best", "x"])


@given(st.dictionaries(KEYS | st.integers() | st.none(), JSON))
def test_anything_is_a_record_or_a_config_error(values: dict[Any, Any]) -> None:
    try:
        tree = parse(Tree, FILE, values)
    except ConfigError as error:
        said = str(error)
    else:
        said = f"{FILE}: {tree.name}"
    assert said.startswith(f"{FILE}: ")
