"""What files of annotations hold that a hasty reader loses: each trap, what is read and what is left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import write
from tests.datasets.importers.test_layouts import records

WAV = layouts.encoded("7-21-0000")
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "\""word"\""
        xmin = 0
        xmax = 2
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1
            text = "\""BOB"\"
Noun"
        intervals [2]:
            xmin = 1
            xmax = 2
            text = "SPEAKS"
    item [2]:
        class = "TextTier"
        name = "points"
        xmin = 0
        xmax = 2
        points: size = 1
        points [1]:
            number = 1
            mark = "H*"
    item [3]:
        class = "IntervalTier"
        name = "phrase"
        xmin = 0
        xmax = 2
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1
            text = "BOB SPEAKS"
        intervals [2]:
            xmin = 1
            xmax = 2
            text = ""
"""


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_subtitles(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "a.wav", WAV)
    if kind == "srt":
        first = "1\n00:00:00,290 --> 00:00:01,800\n<i>And so my</i>\n{\\an8}fellow\n\n"
        text = f"\ufeff{first}2\n00:00:02,000 --> 00:00:01,000\nx\n".replace("\n", "\r\n")
    else:
        head = "WEBVTT\n\nNOTE a\n\nSTYLE\n::cue { color: white }\n\n"
        first = "00:00.290 --> 00:01.800 align:start\n<v John F.>And so my\nfellow</v>\n\n"
        text = f"{head}{first}last\n00:02.000 --> 00:01.000\nx\n"
    write(tmp_path / f"a.{kind}", text)
    _, taken, left = records(tmp_path)
    assert [(each.text, each.sound.start_s, each.sound.end_s) for each in taken if each.sound] == [
        ("And so my fellow", 0.29, 1.8)
    ]
    assert taken[0].speaker == ("" if kind == "srt" else "John F.")
    assert [each.reason for each in left] == ["it ends at 1 s and starts at 2 s"]
    _, whole, _ = records(tmp_path, whole=True)
    assert [(each.id, each.text) for each in whole] == [("a", "And so my fellow")]


def test_textgrids_of_several_tiers(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", WAV)
    write(tmp_path / "a.TextGrid", LONG)
    assert [each.text for each in records(tmp_path)[1]] == ["BOB SPEAKS"]
    assert [each.text for each in records(tmp_path, tier="word")[1]] == ['"BOB" Noun', "SPEAKS"]
    assert [each.reason for each in records(tmp_path, tier="none")[2]] == [
        "there is no tier called 'none' (tiers: word, phrase); say which with --tier"
    ]
    write(tmp_path / "a.TextGrid", LONG[:400])
    assert records(tmp_path)[2][0].reason.startswith("it is no whole TextGrid (the end of the file where")


def test_texts_without_sound_sound_without_text_and_labels_of_speech(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "e"):
        write(tmp_path / f"{name}.wav", WAV)
    write(tmp_path / "a.txt", "hello")
    write(tmp_path / "b.lab", "0 10 speech\n10 20 silence\n")
    write(tmp_path / "c.lab", "0 10 sil\n10 20 good\n20 30 day\n")
    write(tmp_path / "d.txt", b"caf\xe9")
    write(tmp_path / "x.txt", "nobody")
    _, taken, left = records(tmp_path)
    assert {each.id: each.text for each in taken} == {"a": "hello", "c": "good day"}
    assert {Path(each.where).name: each.reason for each in left} == {
        "b.lab": "it holds labels of speech and silence, no words",
        "d.txt": "not UTF-8 text; save the file as UTF-8",
        "e.wav": "there is no e.txt or other text beside it",
        "x.txt": "there is no audio file called x beside it",
    }


def test_stm_alternatives_labels_and_what_is_not_scored(tmp_path: Path) -> None:
    write(tmp_path / "call.wav", WAV)
    text = """;; CATEGORY "0" "" ""
call A ann 0.1 0.2 <o,f> i've { um / @ } a\\;s (far) { @ / uh } ok
call B bob 0.2 0.3 <o,m>
call A ann 0.3 0.4 IGNORE_TIME_SEGMENT_IN_SCORING
call A inter_segment_gap 0.4 0.5 <o>
call A ann 0.5 0.4 back
call A ann x 1 no
other 1 ann 0 1 gone
call 1 ann 0.6 0.7 { a / b
"""
    file = write(tmp_path / "a.stm", text)
    _, taken, left = records(file)
    assert [(each.id, each.text, each.speaker) for each in taken] == [
        ("call-0000100-0000200", "i've um a;s far uh ok", "ann"),
        ("call-B-0000200-0000300", "", "bob"),
        ("call-0000300-0000400", "", "ann"),
    ]
    assert [each.marked for each in taken] == [
        "i've { um / @ } a\\;s (far) { @ / uh } ok",
        "",
        "IGNORE_TIME_SEGMENT_IN_SCORING",
    ]
    assert [each.without_speech for each in taken] == [False, True, False]
    assert [each.sound.channel for each in taken if each.sound] == [0, 1, 0]
    assert [each.meant for each in left] == [True, False, False, False, False]
    assert "no audio file is called other.* below" in left[3].reason
    assert left[4].reason == "its marks do not fit together: there is a { without its }"


def test_ctm_words_by_channel(tmp_path: Path) -> None:
    write(tmp_path / "call.wav", WAV)
    write(
        tmp_path / "a.ctm",
        "call A 0.0 0.1 THEY;tag\ncall A 0.1 0.1 A\\;S 0.9\ncall A 0.2 0.1 <ALT_BEGIN>\ncall B 0 1 yes\n",
    )
    _, taken, left = records(tmp_path)
    assert [(each.id, each.text) for each in taken] == [("call", "THEY A;S"), ("call-B", "yes")]
    assert [each.reason for each in left] == ["alternatives are not read here"]


def test_seglst_times_as_text_numbers_and_clock(tmp_path: Path) -> None:
    write(tmp_path / "S1.wav", WAV)
    rows = [
        {"session_id": "S1", "start_time": "0.10", "end_time": 0.2, "words": "one", "speaker": "a"},
        {"session_id": "S1", "start_time": "0:00:00.30", "end_time": "0:00:00.40", "words": "two", "speaker": "a"},
        {"session_id": "S1", "start_time": "soon", "end_time": 1, "words": "three", "speaker": "a"},
        {"session_id": "S2", "start_time": 0, "end_time": 1, "words": "four", "speaker": "a"},
    ]
    write(tmp_path / "ref.json", json.dumps(rows))
    _, taken, left = records(tmp_path)
    assert [(each.text, each.sound.start_s, each.sound.end_s) for each in taken if each.sound] == [
        ("one", 0.1, 0.2),
        ("two", 0.3, 0.4),
    ]
    assert left[0].reason == "its times are 'soon' and '1', expected seconds or hours:minutes:seconds"
    assert left[1].reason.startswith("no audio file is called S2.* below")


def test_rttm_with_uem_and_pyannote(tmp_path: Path) -> None:
    write(tmp_path / "one.wav", WAV)
    write(
        tmp_path / "s.test.rttm",
        "SPEAKER one 1 0.1 0.2 <NA> <NA> x <NA> <NA>\nSPEAKER two 1 0.1 0.2 <NA> <NA> x <NA> <NA>\n",
    )
    write(tmp_path / "s.test.uem", "one 1 0.0 0.5\n")
    _, taken, left = records(tmp_path)
    assert [(each.id, len(each.turns or ()), each.scored) for each in taken] == [("one", 1, ((0.0, 0.5),))]
    assert "no audio file is called two.*" in left[0].reason
    write(tmp_path / "s.lst", "one\n")
    subsets = "{train: {annotation: gone.rttm}, test: {uri: s.lst, annotation: s.test.rttm, annotated: s.test.uem}}"
    write(
        tmp_path / "database.yml",
        f"Protocols:\n  D:\n    SpeakerDiarization:\n      P: {subsets}\nDatabases:\n  D: ./{{uri}}.wav\n",
    )
    found, taken, left = records(tmp_path)
    assert (found.format.NAME, [each.id for each in taken], left) == ("pyannote", ["one"], [])
