"""RTTM and UEM: what is written is read again, and what is wrong has a file and a line."""

from __future__ import annotations

import string
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.annotations import rttm
from modellab.errors import DatasetError
from modellab.types import Region, Turn

NAME = st.text(string.ascii_letters + string.digits + "_-.äß", min_size=1, max_size=8)
TICK = st.integers(0, 36_000_000).map(lambda tick: tick / 10_000)
SPAN = st.tuples(TICK, TICK).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: (min(pair), max(pair)))
TURNS = st.lists(st.builds(lambda span, name: Turn(span[0], span[1], name), SPAN, NAME), min_size=1, max_size=8)
LINE = "SPEAKER meeting 1 0.500 2.250 <NA> <NA> alice <NA> <NA>\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.rttm"


@given(st.dictionaries(NAME, TURNS, max_size=3))
def test_what_is_written_is_read_again(recordings: dict[str, list[Turn]]) -> None:
    whole = {name: rttm.merged(turns) for name, turns in recordings.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.rttm"
        rttm.write(path, whole)
        assert rttm.read(path) == whole


@given(st.dictionaries(NAME, st.lists(SPAN.map(lambda span: Region(*span)), min_size=1, max_size=5), max_size=3))
def test_a_uem_that_is_written_is_read_again(recordings: dict[str, list[Region]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.uem"
        rttm.write_uem(path, recordings)
        assert rttm.read_uem(path) == recordings


@given(TURNS)
def test_merging_leaves_no_overlap_and_loses_no_time(turns: list[Turn]) -> None:
    merged = rttm.merged(turns)
    assert rttm.overlap(merged) is None
    assert rttm.merged(merged) == merged
    for start_s, end_s, speaker in turns:
        assert any(own.start_s <= start_s and end_s <= own.end_s for own in merged if own.speaker == speaker)


def test_pyannote_reads_what_is_written(file: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        theirs = pytest.importorskip("pyannote.database.util", reason="pip install 'modellab[pyannote]'")
    rttm.write(file, {"meeting": [Turn(0.5, 2.75, "alice"), Turn(2, 3.0625, "bob")]})
    (annotation,) = theirs.load_rttm(file).values()
    found = [(segment.start, segment.end, name) for segment, _, name in annotation.itertracks(yield_label=True)]
    assert found == [(0.5, 2.75, "alice"), (2.0, 3.0625, "bob")]


def test_comments_and_other_types_are_passed_over(file: Path) -> None:
    file.write_text(f";; made by hand\n\nSPKR-INFO meeting 1 <NA> <NA> <NA> unknown alice <NA>\n{LINE}")
    assert rttm.read(file) == {"meeting": [Turn(0.5, 2.75, "alice")]}


def test_decimals_add_up(file: Path) -> None:
    file.write_text("SPEAKER m 1 0.1 0.2 <NA> <NA> a <NA> <NA>\n")
    assert rttm.read(file)["m"] == [Turn(0.1, 0.3, "a")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("SPEAKER m 1 -0.5 2 <NA> <NA> a <NA> <NA>", "start is -0.5 s, expected a finite time from 0 up"),
        ("SPEAKER m 1 0.5 -2 <NA> <NA> a <NA> <NA>", "length is -2 s, expected a finite time from 0 up"),
        ("SPEAKER m 1 0.5 2 <NA> <NA> Speaker 2 <NA> <NA>", "11 fields, expected SPEAKER, recording"),
        ("SPEAKER m 1 0.5 2 <NA> <NA> Ann Lee <NA> <NA>", "11 fields, expected SPEAKER"),
        ("SPEAKER m 1 0.5 2 <NA> <NA> Ann Lee <NA>", "'Lee' after the speaker 'Ann'; has a name a blank in it?"),
        (
            "SPEAKER team call 1 2.5 4.0 <NA> <NA> alice <NA>",
            "the speaker is <NA>, expected a name; has the recording's",
        ),
        ("SPEAKER team call 1 2.5 4.0 <NA> <NA> alice <NA> <NA>", "11 fields, expected SPEAKER"),
        ("NOSCORE team call 1 x", "5 fields, expected NOSCORE, recording, channel, start, length"),
        ("SPEAKER m 1 1_0 2 <NA> <NA> a <NA> <NA>", "start is '1_0', expected seconds"),
        ("SPEAKER m 1 1e300 2 <NA> <NA> a <NA> <NA>", "start is 1e300 s, expected a finite time from 0 up"),
        ("SPEAKER m 1 nan 2 <NA> <NA> a <NA> <NA>", "start is nan s"),
        ("SPEAKER m 1 0,5 2 <NA> <NA> a <NA> <NA>", "start is '0,5', expected seconds"),
        ("SPEAKER m 1 0.5 2 a", "6 fields, expected SPEAKER, recording, channel, start, length"),
        ("alice 0.5 2.75", "the line begins with 'alice', expected SPEAKER"),
        ("SPEAKER meeting 1 2.0 2 <NA> <NA> alice <NA> <NA>", "'alice' speaks from 2 s and is still speaking from 0.5"),
    ],
)
def test_a_bad_line_is_named(file: Path, line: str, says: str) -> None:
    file.write_text(f"{LINE}{line}\n")
    with pytest.raises(DatasetError) as caught:
        rttm.read(file)
    assert str(caught.value).startswith(f"{file}, line 2: ")
    assert says in str(caught.value)


def test_a_speaker_who_overlaps_himself_is_joined_on_demand(file: Path) -> None:
    file.write_text(f"{LINE}SPEAKER meeting 1 2.0 2 <NA> <NA> alice <NA> <NA>\n")
    assert rttm.read(file, merge=True) == {"meeting": [Turn(0.5, 4.0, "alice")]}


def test_rounding_is_no_overlap(file: Path) -> None:
    file.write_text(f"{LINE}SPEAKER meeting 1 2.749 1 <NA> <NA> alice <NA> <NA>\n")
    assert rttm.read(file) == {"meeting": [Turn(0.5, 3.749, "alice")]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("m 1 5.0 4.5", "it ends at 4.5 s and starts at 5 s"),
        ("m 1 -1 5.0", "start is -1 s"),
        ("m 0 5.0", "'m 0 5.0' has 3 fields, expected recording, channel, start and end between blanks"),
        (
            "m,1,0,5.0",
            "has 1 field, expected recording, channel, start and end between blanks: is it a table",
        ),
        (
            "m 1 0 5.0 ;; all",
            "has 6 fields, expected recording, channel, start and end between blanks: has a name",
        ),
        ("SPEAKER m 1 0 5 <NA> <NA> a", "start and end between blanks: is it an RTTM?"),
        ("x" * 100, f"line 2: '{'x' * 60}...' has 1 field"),
    ],
)
def test_a_bad_uem_line_is_named(file: Path, line: str, says: str) -> None:
    file.write_text(f"m 1 0 2\n{line}\n")
    with pytest.raises(DatasetError) as caught:
        rttm.read_uem(file)
    assert f"{file}, line 2: " in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_none_is_named(file: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.rttm: no such file"):
        rttm.read(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="not UTF-8 text"):
        rttm.read_uem(file)


def test_the_recording_is_found_by_name(file: Path) -> None:
    two = {"a": [1], "b": [2]}
    assert rttm.one(two, file, "x", "b") == [2]
    assert rttm.one({"a": [1]}, file, "x") == [1]
    with pytest.raises(DatasetError, match=r"holds 2 recordings \(a, b, \.\.\.\), none is called 'x'"):
        rttm.one(two, file, "x")
    with pytest.raises(DatasetError, match="there is no recording in it"):
        rttm.one({}, file, "x")


def test_names_with_blanks_are_not_written(file: Path) -> None:
    with pytest.raises(ValueError, match="has blanks in it"):
        rttm.write(file, {"m": [Turn(0, 1, "alice smith")]})


CALL = "SPEAKER call 1 {start} 2 <NA> <NA> {rest}\n"


@pytest.mark.parametrize(
    ("rests", "line", "says"),
    [
        (["Speaker 1 <NA>", "Speaker 2 <NA>"], 1, "'1' after the speaker 'Speaker' looks like the end of a name"),
        (["Ann 1 <NA>", "Ann 2 <NA>"], 2, "'2' after the speaker 'Ann' looks like the end of a name"),
        (["Ann 0 <NA>", "Ann 1 <NA>"], 2, "write 'Ann_1', or a confidence with a decimal point (1.0)"),
        (["Ann 01 <NA>"], 1, "write 'Ann_01'"),
        (["spk 0 <NA>"], 1, "write 'spk_0'"),
        (["Person 1"], 1, "write 'Person_1'"),
        (["Ann <NA>", "Bob 1 <NA>"], 2, "write 'Bob_1'"),  # the other line has nine fields
        (["Ann", "Bob 1"], 2, "write 'Bob_1'"),
        (["Ann <NA>", "Bob 12 <NA>"], 2, "write 'Bob_12'"),
    ],
)
def test_a_number_that_ends_a_name_is_no_confidence(file: Path, rests: list[str], line: int, says: str) -> None:
    file.write_text("".join(CALL.format(start=3 * i, rest=rest) for i, rest in enumerate(rests)))
    with pytest.raises(DatasetError) as caught:
        rttm.read(file)
    assert f"line {line}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "rests",
    [
        ["Ann 1 <NA>", "Bob 1 <NA>"],
        ["Ann 1 <NA>", "Ann 0.5 <NA>"],
        ["Speaker 0.98 <NA>", "Speaker 1.0 <NA>"],
        ["Ann <NA> <NA>", "Bob 1 <NA>"],
        ["Ann <NA> 3", "Bob <NA> 2"],  # a lookahead is in seconds
        ["Ann -3.25 <NA>"],  # a logarithm, as some tools write it
        ["1 1 <NA>", "2 1 <NA>"],
    ],
)
def test_confidences_are_passed_over(file: Path, rests: list[str]) -> None:
    file.write_text("".join(CALL.format(start=3 * i, rest=rest) for i, rest in enumerate(rests)))
    assert [turn.speaker for turn in rttm.read(file)["call"]] == [rest.split()[0] for rest in rests]
