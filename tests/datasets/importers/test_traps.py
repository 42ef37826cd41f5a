"""What real files hold that a hasty reader loses: each trap with its file, what is read and what is left out."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from modellab.datasets.importers import Note, Options, chosen, place_of, read
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import write
from tests.datasets.importers.test_layouts import records

WAV = layouts.encoded("7-21-0000")


def test_nemo_stretches_skips_and_broken_lines(tmp_path: Path) -> None:
    rows = [
        {"audio_filepath": "a.wav", "offset": 1.46, "duration": 1.36, "text": "one", "lang": "en"},
        {"audio_filepath": "a.wav", "offset": 3.36, "duration": 1.0, "text": "two"},
        {"audio_filepath": "a.wav", "duration": None, "text": "three"},
        {"audio_filepath": "a.wav", "duration": 1, "text": "four", "_skipme": True},
        {"audio_filepath": "a.wav", "duration": "long", "text": "five"},
        {"audio_filepath": 7, "text": "six"},
        {"audio_filepath": "a.wav", "duration": 1, "pred_text": "seven"},
    ]
    file = write(tmp_path / "manifest.json", layouts.lines(rows) + '{"audio_filepath": "x.wav", "text": \n["a"]\n')
    _, taken, left = records(file)
    stretches = [(each.id, each.sound.start_s, each.sound.end_s) for each in taken if each.sound]
    assert stretches == [("a-0001460-0002820", 1.46, 2.82), ("a-0003360-0004360", 3.36, 4.36), ("a", 0.0, None)]
    assert [str(each).removeprefix(f"{file}, ") for each in left] == [
        "line 4: _skipme is set",
        "line 5: duration is 'long', expected seconds from 0 up",
        "line 6: there is no path of an audio file in it, got '7'",
        "line 7: the key text is missing",
        "line 8: not JSON (Expecting value: line 1 column 37 (char 36))",
        "line 9: expected a record ({...}), got '[\"a\"]'",
    ]
    assert [each.meant for each in left] == [True, False, False, False, False, False]


def test_nemo_tarred_stretches_of_one_member(tmp_path: Path) -> None:
    def row(name: str, **more: object) -> dict[str, object]:
        return {"audio_filepath": name, "text": name, "shard_id": 0, **more}

    rows = [
        row("a-sub1.wav", offset=0.0, duration=0.2),
        row("a-sub2.wav", offset=0.2, duration=0.1),
        row("gone.wav", duration=1),
        row("b.wav", duration=1, shard_id=7),
    ]
    write(tmp_path / "tarred_audio_manifest.json", layouts.lines(rows))
    layouts.tar(tmp_path / "audio_0.tar", {"a.wav": WAV, "unused.wav": WAV})
    _, taken, left = records(tmp_path)
    assert [(each.id, each.sound.start_s, each.sound.end_s) for each in taken if each.sound] == [
        ("a-0000000-0000200", 0.0, 0.2),
        ("a-0000200-0000300", 0.2, 0.3),
    ]
    assert [each.reason for each in left] == [
        "there is no gone.wav in audio_0.tar",
        "there is no audio_7.tar for shard 7",
    ]


def test_kaldi_never_starts_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise AssertionError(f"started {given}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "system", refuse)
    monkeypatch.setattr(os, "popen", refuse)
    write(tmp_path / "a.wav", WAV)
    write(tmp_path / "b.ark", b"utt " + WAV + b"\0Bfeatures")
    write(
        tmp_path / "wav.scp",
        f"piped sox a.flac -t wav - speed 1.1 |\nplain a.wav\nark b.ark:4\nfeats b.ark:{4 + len(WAV)}\n",
    )
    segments = (
        "p piped 0 1", "s1 plain 0.1 0.25 0", "s2 plain 0.3 -1", "a ark 0 0.2", "f feats 0 1", "bad plain 1",
        "back plain 2 1", "no where 0 1", "quiet plain 0 1",
    )  # fmt: skip
    write(tmp_path / "segments", "\n".join(segments))
    write(tmp_path / "text", "p a\ns1 two  words\ns2 end\na in ark\nf b\nlost c\nno d\n")
    _, taken, left = records(tmp_path)
    assert {each.id: each.text for each in taken} == {"s1": "two  words", "s2": "end", "a": "in ark"}
    first, second, third = (each.sound for each in taken)
    assert first
    assert second
    assert third
    assert (first.start_s, first.end_s, first.channel) == (0.1, 0.25, 0)
    assert (second.start_s, second.end_s) == (0.3, None)
    assert third.data == WAV
    said = {each.reason.split(":")[0].split(" ")[0]: each.reason for each in left}
    assert said["p"].startswith(
        "p: its audio is the output of a shell command, which is not run (sox a.flac -t wav - speed 1.1 |)"
    )
    assert said["p"].endswith("; write the file itself into wav.scp, or trust it with --run-commands")
    assert said["f"] == "f: b.ark holds features there, no sound"
    assert said["back"] == "back ends at 1 s and starts at 2 s"
    assert said["no"] == "no is of the recording where, which has no line in wav.scp"
    assert said["quiet"] == "quiet has no line in text"
    assert said["lost"] == "lost has a text and no line in segments"
    assert len(left) == 7


def test_lhotse_times_are_relative_and_mixes_are_no_files(tmp_path: Path) -> None:
    recording = {"id": "rec", "sources": [{"type": "file", "channels": [0, 1], "source": "a.wav"}], "duration": 60.0}
    said = {"id": "s", "recording_id": "rec", "start": 2.0, "duration": 1.0, "channel": 1, "text": "hello"}
    early = {**said, "id": "early", "start": -0.5}
    both = {**said, "id": "both", "channel": [0, 1]}
    cut = {
        "id": "c",
        "start": 10.0,
        "duration": 5.0,
        "channel": 0,
        "supervisions": [said, early, both],
        "type": "MonoCut",
    }
    command = {**recording, "sources": [{"type": "command", "channels": [0], "source": "rm -rf /"}]}
    cuts = [
        {**cut, "recording": recording},
        {"id": "m", "type": "MixedCut", "tracks": []},
        {**cut, "id": "cmd", "supervisions": [said], "recording": command},
        {**cut, "id": "t", "recording": {**recording, "transforms": [{"name": "Speed"}]}},
        {**cut, "id": "e", "supervisions": [], "recording": recording},
    ]
    write(tmp_path / "cuts.jsonl", layouts.lines(cuts))
    _, taken, left = records(tmp_path)
    assert [(each.id, each.sound.start_s, each.sound.end_s, each.sound.channel) for each in taken if each.sound] == [
        ("s", 12.0, 13.0, 1),
        ("early", 9.5, 10.5, 1),
        ("both", 12.0, 13.0, None),
    ]
    assert [each.reason.split(";")[0] for each in left] == [
        "the cut m is a MixedCut, no stretch of one file",
        "s: its audio is the output of a shell command, which is not run (rm -rf /)",
        "the recording of t is changed ([{'name': 'Speed'}])",
        "the cut e has no supervision, so nothing says what is spoken",
    ]


def test_common_voice_keeps_a_quote_that_nothing_closes(tmp_path: Path) -> None:
    rows = 'c\ta.mp3\tno\nc\tb.mp3\t"six and seven\nc\tc\tlast\nc\t\tx\nc\td.mp3\n'
    write(tmp_path / "test.tsv", f"client_id\tpath\tsentence\n{rows}")
    write(tmp_path / "train.tsv", "client_id\tpath\tsentence\nc\tz.mp3\tx\n")
    place = place_of(tmp_path)
    items = list(read(chosen(place).format, place, Options()))
    assert Note("of the splits test, train the one called test is taken; --split takes another") in items
    _, taken, left = records(tmp_path)
    assert [each.text for each in taken] == ["no", '"six and seven', "last"]
    assert taken[2].sound is not None
    assert taken[2].sound.file == tmp_path / "clips" / "c.mp3"
    assert [each.reason for each in left] == [
        "the path is empty",
        "2 cells, expected 3 as in the header; is a quote or delimiter stray?",
    ]


def test_fleurs_rows_without_sound_and_sound_without_rows(tmp_path: Path) -> None:
    layouts.LAYOUTS["fleurs"][1](tmp_path)
    table = tmp_path / "en_us" / "test.tsv"
    more = "9\tgone.wav\tA\ta\ta|\t16000\tMALE\nbad row\n"
    write(table, table.read_text() + more)
    _, taken, left = records(tmp_path)
    assert len(taken) == 4
    assert taken[0].texts["normalised"] == taken[0].text.lower() if taken[0].text else False
    assert [each.reason.split(":")[0] for each in left] == [
        "1 columns, expected FLEURS' 7",
        "there is no gone.wav in test.tar.gz",
    ]


def test_damaged_archives_and_tables(tmp_path: Path) -> None:
    layouts.LAYOUTS["webdataset"][1](tmp_path)
    archive = tmp_path / "ls-000001.tar"
    archive.write_bytes(archive.read_bytes()[:1_500])
    _, taken, left = records(tmp_path)
    assert len(taken) == 2
    assert [each.reason.split("(")[0] for each in left if each.where == str(archive)] == ["it is no tar archive "]
    packed = write(
        tmp_path / "n" / "manifest.jsonl.gz", gzip.compress(b'{"audio_filepath": "a.wav", "text": "a"}\n' * 9000)[:-300]
    )
    assert "was the copy interrupted?" in records(packed)[2][-1].reason
    layouts.LAYOUTS["huggingface"][1](tmp_path / "hf")
    file = tmp_path / "hf" / "clean" / "test.clean-00001-of-00002.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    _, taken, left = records(tmp_path / "hf")
    assert (len(taken), len(left)) == (3, 1)


def test_several_manifests_want_to_be_told_apart(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        write(tmp_path / f"{name}.json", layouts.lines([{"audio_filepath": "a.wav", "text": name}]))
    place = place_of(tmp_path)
    with pytest.raises(
        Exception, match=r"several manifests, name one or say which with --split: dev\.json, train\.json"
    ):
        list(read(chosen(place).format, place, Options()))
    assert [each.text for each in records(tmp_path, split="dev")[1]] == ["dev"]


def test_keys_that_only_later_rows_have(tmp_path: Path) -> None:
    rows = [
        {"path": "a.wav", "sentence": "one"},
        {"path": "b.wav", "sentence": "two", "text": "2", "id": "second", "speaker": "ann", "start": 1, "end": 2},
        {"path": "c.wav", "sentence": "three"},
    ]
    write(tmp_path / "a.jsonl", layouts.lines(rows))
    _, taken, left = records(tmp_path)
    assert left == []
    assert [(each.id, each.text, each.speaker) for each in taken] == [
        ("a", "one", ""), ("second", "two", "ann"), ("c", "three", ""),
    ]  # fmt: skip
    assert [each.sound.start_s for each in taken if each.sound] == [0, 1, 0]


def test_columns_are_chosen_and_told(tmp_path: Path) -> None:
    row = {
        "a": "x.wav",
        "clip": "7",
        "t": "hello",
        "sentence": "HELLO.",
        "who": "ann",
        "gender": "f",
        "from": "1",
        "to": "2.5",
    }
    file = write(tmp_path / "a.jsonl", layouts.lines([row]))
    _, taken, _ = records(file)
    assert (taken[0].text, taken[0].sound and taken[0].sound.file.name, taken[0].group) == (
        "HELLO.",
        "x.wav",
        {"gender": "f"},
    )
    columns = {"text": "t", "speaker": "who", "start": "from", "end": "to"}
    _, taken, _ = records(file, columns=columns, texts={"verbatim": "sentence"}, groups=("who",))
    assert (taken[0].text, taken[0].speaker, taken[0].texts) == ("hello", "ann", {"verbatim": "HELLO."})
    assert taken[0].group == {"gender": "f", "who": "ann"}
    assert taken[0].sound is not None
    assert (taken[0].sound.start_s, taken[0].sound.end_s) == (1.0, 2.5)
    with pytest.raises(Exception, match="there is no column 'tekst'"):
        records(file, columns={"text": "tekst"})
    with pytest.raises(Exception, match="nothing is called 'words'"):
        Options(columns={"words": "t"})


def test_a_folder_of_many_sidecars_beside_a_manifest(tmp_path: Path) -> None:
    for i in range(30):
        write(tmp_path / f"{i:02d}.wav", WAV)
        write(tmp_path / f"{i:02d}.json", json.dumps({"audio_filepath": "x.wav", "text": "a sidecar"}))
    write(tmp_path / "manifest.json", layouts.lines([{"audio_filepath": "00.wav", "text": "a row"}]))
    found, taken, _ = records(tmp_path)
    assert (found.format.NAME, [each.text for each in taken]) == ("nemo", ["a row"])


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("a.json", '{"audio_filepath": "a.wav", "te\n{"audio_filepath": "a.wav", "text": "x"}\n', "nemo"),
        ("a.jsonl", 'x\n{"path": "a.wav", "text": "x"}\n', "table"),
        ("test.tsv", "x\n1\ta.wav\tA\ta\ta |\t16000\tMALE\n", "fleurs"),
        ("transcripts.txt", "x\n1_2_3\tone\n", "mls"),
        ("a.stm", ";; a comment\nx\na 1 ann 0 1 <o> hello\n", "stm"),
        ("a.ctm", "x\na 1 0 1 hello\n", "ctm"),
        ("a.rttm", ";; a comment\nSPEAKER a 1 0 1 <NA> <NA> ann <NA> <NA>\n", "rttm"),
        ("a.trn", "x\nhello (a)\n", "trn"),
    ],
)
def test_a_damaged_first_line_does_not_hide_a_format(tmp_path: Path, name: str, text: str, format: str) -> None:
    write(tmp_path / name, text)
    assert format == chosen(place_of(tmp_path)).format.NAME
