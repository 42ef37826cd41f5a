"""The utterances that changed most, and both hypotheses over one reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.edit_distance import align
from modellab.reports.comparison import changed_utterances
from modellab.reports.comparison.changed_utterances import columns
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.render.lines import aligned

from .systems import WER, case_pair

NOWHERE = Library(Path("nowhere"))
TEXT = st.text(alphabet="abc ", max_size=20)


def test_worst_first_and_only_what_changed() -> None:
    found = changed_utterances.changes([case_pair([2, 0, 1, 1], [0, 3, 1, 2])], WER, NOWHERE)
    assert [(each.id, each.harm) for each in found] == [("0001", 3.0), ("0003", 1.0), ("0000", -2.0)]
    assert found[0].values == (0.0, 0.3)


def test_a_baselines_rounding_is_no_change() -> None:
    assert changed_utterances.changes([case_pair([1 / 3], [0.333333])], WER, NOWHERE) == []
    assert len(changed_utterances.changes([case_pair([1 / 3], [0.333333])], WER, NOWHERE, every=True)) == 1


@given(TEXT, TEXT, TEXT)
def test_columns_hold_every_word_of_all_three(reference: str, a: str, b: str) -> None:
    found = list(columns(align(reference, a).steps, align(reference, b).steps))
    assert [each.reference for each in found if each.reference] == reference.split()
    for side, said in ((0, a), (1, b)):
        assert [each.words[side] for each in found if each.words[side]] == said.split()
        errors = sum(each.marks[side] in ("S", "D", "I") for each in found)
        assert errors == align(reference, said).words.errors


@pytest.mark.parametrize(
    ("reference", "a", "b", "expected"),
    [
        ("a b", "a b", "a b", ["ref  a b", "A    a b", "B    a b"]),
        ("a b", "a", "x a b", ["ref  * a b", "A      a *", "         D", "B    x a b", "     I"]),
        ("", "", "", ["(no words on any side)"]),
        ("", "hi", "", ["ref  **", "A    hi", "     I", "B"]),
    ],
)
def test_the_lines(reference: str, a: str, b: str, expected: list[str]) -> None:
    assert aligned(list(columns(align(reference, a).steps, align(reference, b).steps))) == expected


def test_long_lines_are_wrapped() -> None:
    text = " ".join(["word"] * 100)
    lines = aligned(list(columns(align(text, text).steps, align(text, text).steps)), width=60)
    assert max(map(len, lines)) <= 60
    assert sum(line.count("word") for line in lines if line.startswith("ref")) == 100
