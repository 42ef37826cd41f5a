"""`--where`: what an expression takes, what it refuses, and the sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.datasets.importers.record_filter import Filter
from modellab.datasets.importers.records import Record, Sound
from modellab.errors import ConfigError, DatasetError

ROW = Record(
    "u1", "line 1", Sound(Path("a.wav"), 1.5, channel=1), text="Good morning", texts={"verbatim": "uh good morning"},
    speaker="ann", duration_s=2.5, group={"gender": "f", "age": "34", "accent": "scots"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "takes"),
    [
        ("", True),
        ("duration_s < 30 and gender == 'f'", True),
        ("duration_s < 30 and gender == 'm'", False),
        ("1 < duration_s <= 2.5", True),
        ("gender in ('f', 'x') and accent not in ['us']", True),
        ("age < 40", True),  # text that is a number counts as one beside a number
        ("age == 34 and age != 35", True),
        ("age > '3'", True),
        ("'good' in lower(text)", True),
        ("'good' in text", False),
        ("len(text) > 11 or id == 'u2'", True),
        ("not (speaker == 'ann')", False),
        ("recording == None", True),
        ("recording < 3 or recording > 3", False),  # what is not said is neither
        ("recording in ('a', 'b')", False),
        ("recording not in ('a', 'b')", True),
        ("end_s == 4.0 and start_s == 1.5 and channel == 1", True),
        ("'uh' in verbatim", True),
        ("channel > -1", True),
        ("duration_s < 30 and\n gender == 'f'", False),
    ],
)
def test_what_it_takes(expression: str, takes: bool) -> None:
    if "\n" in expression:
        with pytest.raises(ConfigError, match="is no expression"):
            Filter(expression)
        return
    assert Filter(expression).takes(ROW) is takes


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("duration_s <", "is no expression"),
        ("gender = 'f'", "is no expression"),
        ("__import__('os').system('true')", "is not allowed"),
        ("text.lower() == 'a'", "'text.lower()' is not allowed"),
        ("().__class__", "is not allowed"),
        ("[x for x in text]", "is not allowed"),
        ("text[0] == 'a'", "'text[0]' is not allowed"),
        ("lambda: 1", "is not allowed"),
        ("duration_s * 2 > 1", "'duration_s * 2' is not allowed"),
        ("9 ** 9 ** 9 > 1", "is not allowed"),
        ("len(text, 2) > 1", "is not allowed"),
        ("text is None", "is not allowed"),
        ("(x := 3) > 1", "is not allowed"),
        ("f'{text}' == 'a'", "is not allowed"),
        ("b'a' in text", "is not allowed"),
        ("a and " * 500 + "b", "expected at most 2,000"),
        ("(" * 900 + "1" + ")" * 900, "--where"),
    ],
)
def test_what_it_refuses(expression: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Filter(expression)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_name_that_no_row_has_is_told_with_the_closest() -> None:
    wanted = Filter("gendr == 'f'")
    assert not wanted.takes(ROW)
    with pytest.raises(ConfigError, match=r"no row has 'gendr': did you mean gender\?"):
        wanted.check()
    some = Filter("noise == 'high'")
    some.takes(ROW)
    some.takes(Record("u2", "line 2", None, group={"noise": "low"}))
    some.check()


def test_what_is_no_number_is_a_fault_of_its_row() -> None:
    with pytest.raises(DatasetError, match="--where accent < 3: 'scots' is no number"):
        Filter("accent < 3").takes(ROW)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_sentence(text: str) -> None:
    with contextlib.suppress(ConfigError, DatasetError):
        assert Filter(text).takes(ROW) in (True, False)
