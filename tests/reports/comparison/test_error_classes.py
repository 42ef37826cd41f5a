"""The table of classes: rates that add up, and what is not in it."""

from __future__ import annotations

import pytest

from modellab.reports.comparison import error_classes
from modellab.reports.comparison.error_classes import ALL, NO_CAPITALS, Classes, UtterancePair

from .test_word_errors import spoken


def table(*said: tuple[str, str, str], language: str = "en") -> Classes:
    found = error_classes.table(
        [UtterancePair(spoken(written, a, language), spoken(written, b, language)) for written, a, b in said], 0.01
    )
    assert found is not None
    return found


def test_the_classes_add_up_to_all_errors() -> None:
    found = table(
        ("we call Anna at seven", "we call hannah at seven", "we call Anna at eleven"),
        ("turn it off", "turn it off now", "turn off"),
        ("all is well", "all is well", "all is well"),
    )
    rows = {each.line.metric.name: each for each in found.rows}
    for parts in (["substitutions", "deletions", "insertions"], ["numbers", "names", "function words", "other words"]):
        for side in ("a", "b"):
            assert sum(getattr(rows[name], side) for name in parts) == getattr(rows[ALL], side) == 2
            assert sum(getattr(rows[name].line, side) for name in parts) == pytest.approx(1000 * 2 / 11)
    assert found.words == rows[ALL].words == 11
    assert (rows["names"].a, rows["names"].b, rows["names"].words) == (1, 0, 1)
    assert rows["names"].line.change == pytest.approx(-1000 / 11)
    assert found.notes == ()


def test_names_are_left_out_where_references_have_no_capitals() -> None:
    found = table(("turn it off", "turn it of", "turn it off"))
    assert "names" not in {each.line.metric.name for each in found.rows}
    assert found.notes == (NO_CAPITALS,)


def test_lists_are_left_out_for_other_languages() -> None:
    found = table(("der Hund bellt", "der Hund hellt", "der Hund bellt"), language="de")
    names = {each.line.metric.name for each in found.rows}
    assert not {"names", "function words"} & names
    assert {"numbers", "other words", "substitutions"} <= names
    assert found.notes == ()


def test_no_errors_no_table() -> None:
    assert error_classes.table([UtterancePair(spoken("yes", "yes"), spoken("yes", "yes"))], 0.01) is None
    assert error_classes.table([UtterancePair(spoken("", "yes"), spoken("", ""))], 0.01) is None
    assert error_classes.table([], 0.01) is None


def test_a_class_that_got_much_worse_is_told() -> None:
    found = table(*[("seven dogs bark", "seven dogs bark", "eleven dogs bark")] * 30)
    told = {each.line.metric.name for each in found.rows if each.line.told == "A"}
    assert told == {ALL, "substitutions", "numbers"}
    assert found.family == 3
