"""The aligned lines that people read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.alignment_text import columns, lines, summary
from modellab.metrics.edit_distance import EditCounts, align

WORDS = st.lists(st.sampled_from(["a", "bb", "cat", "हिन्दी", "東京", "e\u0301"]), max_size=20).map(" ".join)


def test_one_of_each_error() -> None:
    shown = lines(align("set the heater to forty two degrees", "set the heater two degrees now"))
    assert shown == [
        "ref  set the heater to forty two degrees ***",
        "hyp  set the heater ** ***** two degrees now",
        "                    D  D                 I",
        "2 deletions, 1 insertion",
    ]


def test_without_errors_there_is_no_third_line() -> None:
    assert lines(align("a b", "a b")) == ["ref  a b", "hyp  a b", "no errors"]


def test_nothing_at_all() -> None:
    assert lines(align("", "")) == ["no errors"]


def test_long_text_wraps() -> None:
    assert lines(align("aaa bbb ccc ddd", "aaa bbb ccc ddx"), width=13) == [
        "ref  aaa bbb",
        "hyp  aaa bbb",
        "ref  ccc ddd",
        "hyp  ccc ddx",
        "         S",
        "1 substitution",
    ]


@pytest.mark.parametrize(("blocks", "whole"), [(3, True), (4, False)])
def test_up_to_three_lines_are_shown_whole(blocks: int, whole: bool) -> None:
    right = " ".join(["same"] * 7 * (blocks - 1))  # seven to a line
    shown = lines(align(f"{right} cat", f"{right} cut"), width=40)
    assert ("..." in shown) is not whole
    assert sum(line.startswith("ref") for line in shown) == (blocks if whole else 1)


def test_of_very_long_text_only_the_stretches_with_errors_are_shown() -> None:
    right = " ".join(["same"] * 60)
    shown = lines(align(f"{right} cat {right} dog", f"{right} cut {right}"), width=40)
    assert shown.count("...") == 2
    assert len(shown) == 2 * 3 + 2 + 1
    assert shown[-1] == "1 substitution, 1 deletion"


@given(WORDS, WORDS, st.integers(10, 60))
def test_columns_line_up_and_fit(reference: str, hypothesis: str, width: int) -> None:
    shown = lines(align(reference, hypothesis), width)[:-1]
    for above, below in pairwise(shown):
        if above.startswith("ref") and below.startswith("hyp"):
            assert columns(above) == pytest.approx(columns(below), abs=6)  # the last word may be shorter
            assert len(above.split()) == len(below.split())
    assert all(columns(line) <= max(width, 12) for line in shown)


@pytest.mark.parametrize(
    ("text", "width"), [("cat", 3), ("東京", 4), ("e\u0301", 1), ("हिन्दी", 5), ("a\u200db", 2), ("", 0)]
)
def test_terminal_columns(text: str, width: int) -> None:
    assert columns(text) == width


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (EditCounts(0, 0, 0, 5), "no errors"),
        (EditCounts(1, 0, 0, 5), "1 substitution"),
        (EditCounts(2, 1, 3, 5), "2 substitutions, 1 deletion, 3 insertions"),
    ],
)
def test_summary(counts: EditCounts, says: str) -> None:
    assert summary(counts) == says
