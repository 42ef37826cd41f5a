"""Runs of inserted words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import inserted_runs
from modellab.metrics.edit_distance import align
from modellab.types import Ratio

SAID = "please call anna now"
WORDS = st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("hypothesis", "runs"),
    [
        (SAID, []),
        ("please call anna one two three four now", []),
        ("please call anna one two three four five now", [5]),
        ("one two three four five please call anna now", [5]),
        (SAID + " one two three four five six", [6]),
        ("please call one two three four five six now", [5]),  # one of the six stands for a lost word
        ("one two three four five please call anna one two three four five now", [5, 5]),
        ("one two three please four five call anna now", []),
        ("one two three four five six seven", []),
        ("", []),
    ],
)
def test_a_run_has_five_words_more_than_were_said_there(hypothesis: str, runs: list[int]) -> None:
    alignment = align(SAID, hypothesis)
    assert inserted_runs.runs(alignment) == runs
    assert inserted_runs.rate(alignment) == Ratio(float(bool(runs)), 1.0)
    assert inserted_runs.words(alignment) == Ratio(sum(runs), 4)


def test_a_clip_without_speech_has_no_part_in_it() -> None:
    alignment = align("", "thank you for watching this video")
    assert (inserted_runs.rate(alignment), inserted_runs.words(alignment)) == (Ratio(0, 0), Ratio(0, 0))


@given(WORDS, WORDS)
def test_a_run_is_no_more_than_what_was_inserted(reference: str, hypothesis: str) -> None:
    alignment = align(reference, hypothesis)
    assert sum(inserted_runs.runs(alignment)) <= alignment.words.insertions
