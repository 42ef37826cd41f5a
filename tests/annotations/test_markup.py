"""The marks of NIST's transcripts."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.annotations import markup
from modellab.errors import FormatError
from modellab.types.word_graph import Choice, Marked


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("let us go", ("let us go",)),
        ("@", ()),
        ("and/or", ("and/or",)),  # a slash outside of braces is a letter
        ("{a/b}", (Choice((("a",), ("b",))),)),
        ("{ a b / @ } c", (Choice((("a b",), ())), "c")),
        ("{ a / { b / c } d }", (Choice((("a",), (Choice((("b",), ("c",))), "d"))),)),
        ("(uh) (th-)", (Marked("uh", True), Marked("th", True, "end"))),
        ("( two words ) on", (Marked("two", True), Marked("words", True), "on")),
        ("word(s)", ("word(s)",)),
        ("() x", ("x",)),
        ("-", ("-",)),
        ("-ing", (Marked("ing", broken="start"),)),
        (r"a\;s word;tag1;tag2", ("a;s word",)),
    ],
)
def test_marks_are_read(text: str, parts: object) -> None:
    assert markup.parsed(text) == parts


def test_a_semicolon_of_what_a_model_said_begins_no_tag() -> None:
    assert markup.parsed("a;b", tags=False) == ("a;b",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{ a / b", "a { without its }"),
        ("a } b", "a } without its {"),
        ("(uh { a / b }", r"nothing closes the parenthesis of '\(uh'"),
        ("so (uh", r"nothing closes the parenthesis of '\(uh'"),
        ("{" * 30 + "}" * 30, "more than 20 deep"),
    ],
)
def test_marks_that_do_not_fit_together_are_told(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        markup.parsed(text)


@given(st.text(alphabet="ab {}/()@-;\\\x00\x01\x02", max_size=30))
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    with suppress(FormatError):
        assert not set(markup.words(text)) & {"{", "}", "\x01", "\x02"}


@pytest.mark.parametrize("text", ["IGNORE_TIME_SEGMENT_IN_SCORING", "ignore_time_segment_in_scoring "])
def test_what_is_not_to_be_scored_is_known(text: str) -> None:
    assert markup.is_ignored(text)
    assert not markup.is_ignored("ignore time")
