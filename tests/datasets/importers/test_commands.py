"""Shell commands in manifests: those that decode a file are read as the file, others are run where a person says so."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import datasets
from modellab.datasets.importers import Options, commands, importing
from modellab.datasets.importers.commands import Decoded, decoded
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.errors import ConfigError
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import TEXTS, write


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("cat a/b.wav |", Decoded("a/b.wav")),
        ("flac -c -d -s a/b.flac |", Decoded("a/b.flac")),
        ("/usr/bin/flac -dcs a/b.flac |", Decoded("a/b.flac")),
        ("flac --decode --stdout --silent 'a b.flac'|", Decoded("a b.flac")),
        ("sph2pipe -f wav -p -c 1 sw02001.sph |", Decoded("sw02001.sph", 0)),
        ("sph2pipe -f wav x.sph |", Decoded("x.sph")),
        ("sox a.mp3 -t wav - |", Decoded("a.mp3")),
        ("sox -G a.wav -r 16000 -b 16 -c 1 -t wav - |", Decoded("a.wav")),
        ("sox a.wav -t wav - remix 2 |", Decoded("a.wav", 1)),
        ("ffmpeg -nostdin -v error -i a.m4a -ar 16000 -ac 1 -f wav - |", Decoded("a.m4a")),
        ("ffmpeg -i a.m4a -acodec pcm_s16le -f wav pipe:1 |", Decoded("a.m4a")),
    ],
)
def test_what_only_decodes_a_file(command: str, found: Decoded) -> None:
    assert decoded(command) == found


@pytest.mark.parametrize(
    "command",
    [
        "", "|", "flac a.flac |", "flac -t a.flac |", "flac -c -d a.flac b.flac |", "flac -c -d -f a.flac |",
        "sox a.wav -t wav - speed 1.1 |", "sox a.wav b.wav -t wav - |", "sox a.wav -t wav - remix 1,2 |",
        "sox a.wav -t wav - remix 0 |", "sox -r 16000 -c 1 --null -t wav - synth 3s |", "sox a.wav out.wav |",
        "ffmpeg -i a.m4a -ss 3 -f wav - |", "ffmpeg -i a.m4a -af atempo=2 -f wav - |", "ffmpeg -i a.m4a out.wav |",
        "cat a.wav b.wav |", "cat -n a.wav |", "cat a.wav | sox - -t wav - |", "cat a.wav; rm -rf b |", "cat `ls` |",
        "cat $(ls) |", "cat a.wav > b.wav |", "cat *.wav |", "rm a.wav |", "wget -O - http://a/b.wav |", "cat 'a |",
        "cat a.wav && rm a.wav |", "cat a.wav\nrm a.wav |", "sph2pipe -f ulaw x.sph |", "hdfs dfs -cat a.wav |",
    ],
)  # fmt: skip
def test_what_does_anything_else(command: str) -> None:
    assert decoded(command) is None


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_none(text: str) -> None:
    found = decoded(text)
    assert found is None or found.file in shlex.split(text.strip().removesuffix("|"))


def kaldi(folder: Path, command: str) -> Path:
    for id in TEXTS:
        write(folder / "audio" / f"{id}.wav", layouts.encoded(id))
    write(folder / "wav.scp", "".join(f"{id} {command.format(folder / 'audio' / f'{id}.wav')}\n" for id in TEXTS))
    write(folder / "text", "".join(f"{id} {text}\n" for id, text in TEXTS.items()))
    return folder


def imported(tmp_path: Path, place: Path, **request: object) -> Report:
    more = {"language": "en", "most_left_out": 1.0, **request}
    return importing.run(str(place), tmp_path / "golden" / "new_v1", Options(), ImportRequest(**more), {})  # type: ignore[arg-type]


def test_a_decoder_is_not_started_its_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise AssertionError(f"started {given}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "system", refuse)
    report = imported(tmp_path, kaldi(tmp_path / "data", "sox {} -t wav -r 16000 - |"))
    assert report.taken == len(TEXTS)


TRUSTED = "dd if={} 2>/dev/null |"


def test_a_command_is_run_where_a_person_says_so(tmp_path: Path) -> None:
    place = kaldi(tmp_path / "data", TRUSTED)
    write(place / "segments", "a 7-21-0000 0.1 0.3\nb 7-21-0000 0.3 0.5\nc 9-4-0000 0 0.4\n")
    write(place / "text", "a one\nb two\nc three\n")
    refused = imported(tmp_path, place)
    assert refused.refused
    assert "--run-commands" in refused.left[0].reason
    assert not (tmp_path / "golden" / "new_v1").exists()
    imported(tmp_path, place, run_commands=True)
    new = datasets.load(tmp_path / "golden" / "new_v1")
    assert [row["duration_s"] for row in new.rows] == [pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.4)]
    assert len(list((new.folder / "audio").iterdir())) == 2  # a recording's command is run once
    assert "run_commands" not in (new.folder / "dataset.yaml").read_text()  # nobody trusts it for the next one


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("dd if={}-gone |", "7-21-0000: the command ended with status 1 (dd if="),
        ("true # {} |", "7-21-0000: the command wrote nothing (true # "),
        ("echo {} |", "is it really an audio file, and whole?"),
    ],
)
def test_what_a_command_can_do_wrong(tmp_path: Path, command: str, says: str) -> None:
    report = imported(tmp_path, kaldi(tmp_path / "data", command), run_commands=True)
    assert len(report.left) == len(TEXTS)
    assert says in report.left[0].reason
    assert ".importing" not in report.left[0].reason  # where it was made, and is no more
    assert report.refused


def test_a_source_elsewhere_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="what a source elsewhere wants to run here is never run"):
        importing.run(
            "https://example.org/wav.scp", tmp_path / "new_v1", Options(), ImportRequest(run_commands=True), {}
        )


def test_a_command_that_does_not_end() -> None:
    with pytest.raises(Exception, match=r"the command took more than 0\.05 s \(sleep 60\)"):
        commands.run("sleep 60 |", most_s=0.05)
