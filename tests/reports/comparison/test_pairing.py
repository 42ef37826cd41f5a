"""Which case meets which, and the sentence where that is not clear or not allowed."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.reports.comparison import pairing
from modellab.results.entry import Entry

from .systems import entry, selection

INT8 = {"precision": "int8"}
F16 = {"precision": "float16"}
OTHER = {"dataset": "long_v1"}


def met(a: list[Entry], b: list[Entry]) -> list[tuple[str, str]]:
    found, _ = pairing.case_pairs(selection(*a, spec="A"), selection(*b, spec="B"))
    return [(pairing.name(each.a.key), pairing.name(each.b.key)) for each in found]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([entry()], [entry(model="two")], [("fake:one/cpu-float32", "two:one/cpu-float32")]),
        ([entry(key=INT8)], [entry(model="two")], [("fake:one/cpu-int8", "two:one/cpu-float32")]),
        (
            [entry(), entry(key=INT8)],
            [entry(model="two"), entry(model="two", key=INT8)],
            [("fake:one/cpu-float32", "two:one/cpu-float32"), ("fake:one/cpu-int8", "two:one/cpu-int8")],
        ),
        ([entry(), entry(key=INT8)], [entry(model="two")], [("fake:one/cpu-float32", "two:one/cpu-float32")]),
        (
            [entry(), entry(model="two")],
            [entry(session="later"), entry(model="two", session="later")],
            [("fake:one/cpu-float32",) * 2, ("two:one/cpu-float32",) * 2],
        ),
        (
            [entry(), entry(key=OTHER)],
            [entry(model="two", key=OTHER), entry(model="two")],
            [("fake:one/cpu-float32", "two:one/cpu-float32")] * 2,
        ),
    ],
    ids=["alone", "only ones", "both precisions", "the shared precision", "the same cases", "two datasets"],
)
def test_who_meets_whom(a: list[Entry], b: list[Entry], expected: list[tuple[str, str]]) -> None:
    assert met(a, b) == expected


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (
            [entry(key=INT8), entry(key=F16)],
            [entry(model="two")],
            "A is 2 cases on short_v1, say which one: fake:one/cpu-",
        ),
        (
            [entry(), entry(model="three")],
            [entry(model="two")],
            "A is 2 cases on short_v1, say which one: fake:one/cpu-float32 or three:one/cpu-float32",
        ),
        (
            [entry()],
            [entry(model="two", key=OTHER)],
            "no dataset has results of both: A has short_v1 and B has long_v1",
        ),
        ([entry()], [entry()], "A and B are the same results"),
        ([entry()], [entry(model="two", provenance={"normaliser": "none@1#2"})], "differ in the normaliser"),
        (
            [entry()],
            [entry(model="two", provenance={"dataset_digest": "sha256:e"})],
            "differ in the content of short_v1",
        ),
    ],
    ids=["precisions", "models", "no dataset", "one result", "normaliser", "dataset"],
)
def test_what_is_refused(a: list[Entry], b: list[Entry], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        met(a, b)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refused_dataset_does_not_stop_the_others() -> None:
    a = selection(entry(), entry(key=OTHER))
    b = selection(entry(model="two"), entry(model="two", key=OTHER, provenance={"normaliser": "none@1#2"}))
    found, notes = pairing.case_pairs(a, b)
    assert [each.dataset for each in found] == ["short_v1"]
    assert any("refused" in note and "normaliser" in note for note in notes)


def test_what_has_no_partner_is_named() -> None:
    _, notes = pairing.case_pairs(
        selection(entry(), entry(key=INT8), entry(key=OTHER), spec="A"), selection(entry(model="two"), spec="B")
    )
    assert notes == [
        "long_v1 (asr) left out: B has no results on it",
        "on short_v1 left out, it has no partner: fake:one/cpu-int8",
    ]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [({"task": "asrr"}, "did you mean asr?"), ({"dataset": "short"}, "did you mean short_v1?")],
)
def test_a_misspelt_choice_is_named(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        pairing.chosen(selection(entry()), **wanted)
