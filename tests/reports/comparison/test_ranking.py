"""Standings with ties: letters, spans, and who must not be ranked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ConfigError
from modellab.reports.comparison import ranking
from modellab.reports.comparison.compare import Rankings
from modellab.reports.comparison.ranking import Ranking, spans
from modellab.reports.comparison.render import json as render

from .systems import churned, entry, said, selection

CLEAN, BAD = churned(1, 150, worse=0.7)
MIDDLE = [min(10.0, count + i % 2) for i, count in enumerate(CLEAN)]


def rank(*entries: Any, **changes: Any) -> Ranking:
    field = ranking.ranked_systems([selection(each) for each in entries], "asr")
    return ranking.rank(field, "asr", wanted=["wer"], **changes)


@pytest.mark.parametrize(
    ("names", "told", "expected"),
    [
        ("ab", [], ["1-2 a", "1-2 a"]),
        ("ab", ["ab"], ["1 a", "2 b"]),
        ("abc", ["ac"], ["1-2 a", "1-3 ab", "2-3 b"]),
        ("abc", ["ac", "bc"], ["1-2 a", "1-2 a", "3 b"]),
        ("abc", ["ab", "ac", "bc"], ["1 a", "2 b", "3 c"]),
        ("abcd", ["ad", "bd"], ["1-3 a", "1-3 a", "1-4 ab", "3-4 b"]),
    ],
)
def test_spans_and_letters(names: str, told: list[str], expected: list[str]) -> None:
    found = spans(list(names), [(pair[0], pair[1]) for pair in told])
    assert [f"{low if low == high else f'{low}-{high}'} {letters}" for low, high, letters in found] == expected


@given(st.integers(2, 6), st.data())
def test_two_share_a_letter_if_and_only_if_they_were_not_told_apart(n: int, data: st.DataObject) -> None:
    names = [f"m{i}" for i in range(n)]
    every = list(itertools.combinations(names, 2))
    told = data.draw(st.lists(st.sampled_from(every), unique=True))
    letters = dict(zip(names, (set(each[2]) for each in spans(names, told)), strict=True))
    for pair in every:
        assert bool(letters[pair[0]] & letters[pair[1]]) == (pair not in told)


def order(found: Ranking) -> Sequence[str]:
    return [f"{each.rank} {each.name.partition(':')[0]}" for each in found.standings]


def test_the_order_and_its_ties() -> None:
    found = rank(entry(BAD, "bad"), entry(CLEAN, "clean"), entry(CLEAN, "same"))
    assert order(found) == ["1-2 clean", "1-2 same", "3 bad"]
    assert found.n == 150
    assert found.family == 2  # clean and same changed nowhere, so they are no chance of an alarm
    assert [each.letters for each in found.standings] == ["a", "a", "b"]
    low, high = found.standings[0].interval or (0.0, 0.0)
    assert low < found.standings[0].value < high


def test_a_value_has_the_interval_that_it_has_everywhere_which_ends_where_a_rate_can_be() -> None:
    few = [1.0, *[0.0] * 40]
    found = rank(entry(few, "few"), entry([0.0] * 41, "none"))
    none, one = found.standings
    assert none.interval
    assert none.interval[0] == 0.0 < none.interval[1]  # the rule of three, not nothing at all
    assert one.interval
    assert one.interval[0] == 0.0 < one.value < one.interval[1]


def test_the_json_names_the_systems_of_each_pair() -> None:
    found = Rankings(("A", "B"), (rank(entry(BAD, "bad"), entry(CLEAN, "clean")),))
    (pair,) = json.loads(render.text(found, most=1))["rankings"][0]["pairs"]
    assert (pair["system_a"].partition(":")[0], pair["system_b"].partition(":")[0]) == ("clean", "bad")
    assert pair["a"] < pair["b"]


def test_the_order_of_the_specs_does_not_matter() -> None:
    entries = [entry(BAD, "bad"), entry(CLEAN, "clean"), entry(MIDDLE, "middle")]
    assert len({repr(rank(*each)) for each in itertools.permutations(entries)}) == 1


def test_only_what_all_have_is_ranked() -> None:
    short = said(CLEAN)[:100]
    other = entry(CLEAN, "clean", key={"dataset": "long_v1"})
    field = ranking.ranked_systems([selection(entry(CLEAN, "clean"), other), selection(entry(short, "short"))], "asr")
    found = ranking.rank(field, "asr")
    assert found.datasets == ("short_v1",)
    assert found.n == 100
    assert found.notes == (
        "long_v1 left out: no result of short:one/cpu-float32",
        "short_v1: 100 utterances ranked, 50 that not all have left out",
    )


def test_the_fastest_is_what_the_others_are_held_against() -> None:
    slow = entry(said(CLEAN, cpu_s=0.4), "slow")
    found = rank(entry(CLEAN, "quick"), slow)
    ratios = {each.name: each.timing.ratio for each in found.standings if each.timing}
    assert ratios == {"quick:one/cpu-float32": pytest.approx(1.0), "slow:one/cpu-float32": pytest.approx(5.0)}


@pytest.mark.parametrize(
    ("other", "said_"),
    [
        (entry(CLEAN, "two", provenance={"normaliser": "none@1#2"}), "differ in the normaliser"),
        (entry(CLEAN, "two", key={"dataset": "long_v1"}), "no dataset of asr has results of all"),
        (entry(said(CLEAN, words=10.0)[:0] or (), "two"), "share no utterance"),
    ],
    ids=["normaliser", "dataset", "utterances"],
)
def test_what_cannot_be_ranked(other: Any, said_: str) -> None:
    with pytest.raises(ConfigError, match=said_):
        rank(entry(CLEAN, "one"), other)


def test_one_alone_is_no_ranking() -> None:
    with pytest.raises(ConfigError, match="needs two systems or more"):
        rank(entry(CLEAN, "one"))


def test_a_when_is_part_of_the_name() -> None:
    selections = [selection(entry(CLEAN), spec="fake"), selection(entry(CLEAN, session="old"), spec="fake@old")]
    assert [each.name for each in ranking.ranked_systems(selections, "asr")] == [
        "fake:one/cpu-float32", "fake:one/cpu-float32@old",
    ]  # fmt: skip
