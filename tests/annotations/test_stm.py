"""STM: what a file says, what is wrong with it by line, and there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.annotations import stm
from modellab.errors import DatasetError
from modellab.types import SpokenTurn

FILE = """;; a comment
one 1 ann 2.0 3.5 <o,f0,female> how are you
one 1 bob 0 1 hello

two A cy 0.25 0.5 <NA>
two A cy 1 2 a < b
two A cy 3 4
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "a.stm"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_holds_recordings_by_start(tmp_path: Path) -> None:
    assert stm.read(write(tmp_path, FILE)) == {
        "one": [SpokenTurn(0, 1, "bob", "hello"), SpokenTurn(2.0, 3.5, "ann", "how are you")],
        "two": [SpokenTurn(0.25, 0.5, "cy", ""), SpokenTurn(1, 2, "cy", "a < b"), SpokenTurn(3, 4, "cy", "")],
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("one 1 ann 2", "4 fields, expected recording, channel, speaker, start, end, words"),
        ("one 1 ann x 3 yes", "start is 'x', expected seconds"),
        ("one 1 ann -1 3 yes", "start is -1 s, expected a finite time from 0 up"),
        ("one 1 ann 1 inf yes", "end is inf s, expected a finite time from 0 up"),
        ("one 1 ann 3 2 yes", "it ends at 2 s and starts at 3 s"),
        (
            "one 1 ann 2 3 <o> i { um / uh / @ } think",
            "alternatives ({ um / uh / @ }) are known to the task asr alone; write down one",
        ),
        (
            "one 1 ann 2 3 {a / b} think",
            "alternatives ({ um / uh / @ }) are known to the task asr alone; write down one",
        ),
        (
            "one 1 ann 2 3 <o> I think {so/uh/@}",
            "alternatives ({ um / uh / @ }) are known to the task asr alone; write down one",
        ),
        (
            "one 1 ann 2 3 think (so)",
            "words that may be left out ((so)) are known to the task asr alone; write it plain, or leave it",
        ),
        ("one 1 ann 2 3 <o> IGNORE_TIME_SEGMENT_IN_SCORING", "IGNORE_TIME_SEGMENT_IN_SCORING is not known here"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, f"one 1 bob 0 1 hello\n{line}\n")
    with pytest.raises(DatasetError) as caught:
        stm.read(path)
    assert str(caught.value).startswith(f"{path}, line 2: {says}")


def test_what_is_no_file_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        stm.read(tmp_path / "none.stm")
    (tmp_path / "a.stm").write_bytes(b"one 1 ann 0 1 \xff\n")
    with pytest.raises(DatasetError, match="not UTF-8 text"):
        stm.read(tmp_path / "a.stm")


MILLISECONDS = st.tuples(st.integers(0, 9000), st.integers(1, 900)).map(lambda at: (at[0] / 1000, sum(at) / 1000))
NAMES = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=5)
LETTERS = st.characters(categories=["L", "M", "Nd", "P"], exclude_characters="{}(")
TEXTS = st.lists(st.text(LETTERS, min_size=1), max_size=5).map(" ".join)
SAID = st.lists(
    st.builds(lambda at, name, text: SpokenTurn(at[0], at[1], name, text), MILLISECONDS, NAMES, TEXTS), min_size=1
)


@given(said=SAID, name=NAMES)
def test_there_and_back(said: list[SpokenTurn], name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("stm") / "a.stm"
    stm.write(path, {name: said})
    back = stm.read(path)[name]
    assert sorted(back) == sorted(each._replace(text=" ".join(each.text.split())) for each in said)


@pytest.mark.parametrize("name", ["two words", "", " ann"])
def test_a_name_with_blanks_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is empty or has blanks in it"):
        stm.write(tmp_path / "a.stm", {"one": [SpokenTurn(0, 1, name, "yes")]})
