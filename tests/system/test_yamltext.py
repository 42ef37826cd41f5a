"""YAML as it is read here: what becomes of each value, and each thing that is refused, with its line."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from modellab.errors import YamlError
from modellab.system import yamltext
from modellab.system.yamltext import Unquoted, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: -0.5", {"a": -0.5}),
        ("a: 1.0e-5", {"a": 1e-5}),
        ("a: true", {"a": True}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: .inf", {"a": math.inf}),
        ("a: 'no'", {"a": "no"}),
        ("a: !!str 12", {"a": "12"}),
        ("a: [1, two, {b: c}]", {"a": [1, "two", {"b": "c"}]}),
        ("no: 1\n3.10: 2\n010: 3", {"no": 1, "3.10": 2, "010": 3}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("", None),
        ("just text", "just text"),
    ],
)
def test_what_a_text_becomes(text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "word",
    ["no", "Yes", "ON", "off", "010", "0x1F", "1_000", "12:30", "1e5", "2001-01-01", "2001-99-99", "1.0e999",
     "9" * 5000, "2026-11-01T08:00:00Z", "1.5e5_0", "-1_0.5"],
)  # fmt: skip
def test_what_two_readers_take_for_two_things_stays_text(word: str) -> None:
    value = parse(f"a: {word}")["a"]
    assert value == word
    doubtful = isinstance(value, Unquoted)
    assert doubtful or parse(f"a: '{word}'")["a"] == yaml.safe_load(f"a: {word}")["a"], "or all read it alike"


@pytest.mark.parametrize("word", ["no", "010", "12:30", "1e5", "2001-01-01"])
def test_doubtful_words_are_marked_and_quoted_ones_are_not(word: str) -> None:
    (said,) = yamltext.unquoted(parse(f"a: [x, {{b: {word}}}]"))
    assert said.startswith(f"a[1].b is {word} without quotes")
    assert list(yamltext.unquoted(parse(f"a: '{word}'"))) == []


def billion_laughs(levels: int) -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is given twice, first in line 1"),
        ("a:\n  - {b: 1, b: 2}", "line 2: the key 'b' is given twice, first in line 2"),
        ("a: " + "[" * 51 + "]" * 51, "line 1: nested deeper than 50"),
        ("[" * 100_000, "line 1: nested deeper than 50"),
        ("{a: " * 100_000, "line 1: nested deeper than 50"),
        (billion_laughs(9), r"line \d: aliases \(\*a\d\) expand to more than 10000 values"),
        ("a: &a [*a]", r"line 1: \*a stands for nothing that is complete before it"),
        ("a: *b", r"line 1: \*b stands for nothing"),
        ("a: &a {}\nb: {<<: *a}", r"line 2: a merge key \(<<\) is not read here"),
        (
            "a: !!python/object/apply:os.system [ls]",
            "line 1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: !!binary aGk=", "line 1: the tag 'tag:yaml.org,2002:binary' is not read here"),
        ("a: !!set {b}", "line 1: the tag"),
        ("? [a]\n: b", r"line 1: a key is \[\], expected text"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins"),
        ("a: 1\n\tb: 2", "line 2: "),
        ("{", "line 2: while parsing a flow node"),
        ("a: \0", "control characters|unacceptable character"),
        ("a: @b", "line 1: while scanning for the next token found character that cannot start any token"),
    ],
)
def test_what_is_refused_says_its_line(text: str, words: str) -> None:
    with pytest.raises(YamlError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_few_aliases_are_what_a_writer_makes_of_one_value_in_two_places() -> None:
    shared = ["one", "two"]
    text = yaml.safe_dump({"a": shared, "b": shared})
    assert "*" in text
    assert parse(text) == {"a": shared, "b": shared}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(PLAIN)
@example({"a": 1e-7, "b": "2001-01-01", "c": "no", "d": "010", "e": "<<"})
def test_what_pyyaml_writes_is_read_as_it_reads_it(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    assert parse(text) == yaml.safe_load(text)


SCRAPS = st.sampled_from(
    ["a: ", "\n", "- ", "  ", "? ", "{", "}", "[", "]", ", ", ": ", "&x ", "*x", "!!set ", "!", "|", ">", "'", '"', "#",
     "%YAML 9.9\n", "---", "...", "<<: ", "\t", "\0", "\ufeff", "no", "1e999", "0o8", "2001-99-99", "=", "\x85",
     "\\ud800"]
)  # fmt: skip


@given(st.lists(SCRAPS | st.text(max_size=3), max_size=20).map("".join))
def test_any_text_is_read_or_refused_in_one_sentence(text: str) -> None:
    said = "read"
    try:
        parse(text)
    except YamlError as error:
        said = str(error)
    assert said.strip()
    assert "\n" not in said
