"""Recordings in several files, stretches counted in samples, sound that is none, languages that nobody says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modellab.datasets.importers import LeftOut, Options, Record, chosen, importing, place_of, read
from modellab.datasets.importers.request import ImportRequest
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import LAYOUTS, TEXTS, tar, write


def records(folder: Path) -> tuple[list[Record], list[LeftOut]]:
    place = place_of(folder)
    items = list(read(chosen(place).format, place, Options()))
    return [each for each in items if isinstance(each, Record)], [each for each in items if isinstance(each, LeftOut)]


def lhotse(folder: Path, channel: Any) -> tuple[list[Record], list[LeftOut]]:
    """A meeting with a file for each of two people and one for a room with two microphones."""
    files = {"ann.wav": [0], "bob.wav": [1], "room.wav": [2, 3]}
    sources = [{"type": "file", "channels": channels, "source": name} for name, channels in files.items()]
    recording = {"id": "m", "sources": sources, "sampling_rate": 16_000, "num_samples": 160_000, "duration": 10.0}
    said = {"id": "s", "recording_id": "m", "start": 1.0, "duration": 2.0, "channel": channel, "text": "hello"}
    write(folder / "recordings.jsonl", layouts.lines([recording]))
    write(folder / "supervisions.jsonl", layouts.lines([said]))
    return records(folder)


@pytest.mark.parametrize(
    ("channel", "file", "taken"),
    [
        (0, "ann.wav", None),
        (1, "bob.wav", None),
        ([1], "bob.wav", None),
        (3, "room.wav", 1),
        ([2, 3], "room.wav", None),
    ],
)
def test_of_several_files_that_of_the_channel_is_taken(
    tmp_path: Path, channel: Any, file: str, taken: int | None
) -> None:
    (one,), left = lhotse(tmp_path, channel)
    assert one.sound
    assert (one.sound.file.name, one.sound.channel, one.sound.start_s, left) == (file, taken, 1.0, [])


@pytest.mark.parametrize("channel", [[0, 1], 7])
def test_channels_of_several_files_are_no_row(tmp_path: Path, channel: Any) -> None:
    taken, (left,) = lhotse(tmp_path, channel)
    assert not taken
    assert (
        left.reason == "s: its recording is in 3 files, and it is not of one of their channels: one row takes one file"
    )


def test_speechbrain_counts_in_samples(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", layouts.encoded("7-21-0000"))
    rows = {
        "x": {"wav": {"file": "a.wav", "start": 1600, "stop": 4800}, "length": 0.2, "words": "one"},
        "y": {"wav": {"file": "a.wav", "start": 3200}, "length": 0.3, "words": "two"},
        "z": {"wav": {"file": "gone.wav", "start": 0, "stop": 10}, "length": 0.3, "words": "three"},
        "back": {"wav": {"file": "a.wav", "start": 10, "stop": 5}, "length": 0.3, "words": "four"},
        "text": {"wav": {"file": "a.wav", "start": "1", "stop": 5}, "length": 0.3, "words": "five"},
    }
    write(tmp_path / "data.json", json.dumps(rows))
    taken, left = records(tmp_path / "data.json")
    sounds = [each.sound for each in taken if each.sound]
    assert [(sound.start_s, sound.end_s) for sound in sounds] == [(0.1, 0.3), (0.2, None)]
    assert "gone.wav does not exist" in left[0].reason
    assert [each.reason.partition("}, ")[2] for each in left[1:]] == [
        "expected a file with start and stop in samples"
    ] * 2


def test_a_shar_of_lilcom_says_who_reads_it(tmp_path: Path) -> None:
    LAYOUTS["lhotse shar"][1](tmp_path)
    tar(tmp_path / "recording.000000.tar", {f"{id}.lca": b"x" for id in TEXTS}, "w")
    _, left = records(tmp_path)
    assert (
        "it is compressed by lilcom, which loses some of it and which Lhotse alone reads; write the Shar with FLAC"
        in {each.reason for each in left}
    )


def test_mul_wants_a_language_in_each_row(tmp_path: Path) -> None:
    LAYOUTS["trn"][1](tmp_path / "data")
    request = ImportRequest(language="mul", most_left_out=1.0)
    report = importing.run(tmp_path / "data", tmp_path / "golden" / "new_v1", Options(), request, {})
    assert report.refused == "none of 4 rows can be used: nothing was written"
    assert {each.reason for each in report.left} == {
        f"nothing says which language is spoken in {id}, as --language mul wants" for id in TEXTS
    }
