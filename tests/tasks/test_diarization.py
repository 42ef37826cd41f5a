"""The diarization task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab import datasets
from modellab.errors import DatasetError
from modellab.tasks import diarization as task
from modellab.types import Audio, Ratio, Region, Turn

TURNS = [[0.0, 2.0, "a"], [1.0, 3.0, "b"]]
ROW = {"id": "meeting", "audio": Path("meeting.flac"), "duration_s": 4.0, "turns": TURNS, "condition": "clean"}
RTTM = "SPEAKER meeting 1 0 2 <NA> <NA> a <NA> <NA>\nSPEAKER meeting 1 1 2 <NA> <NA> b <NA> <NA>\n"
HEADER = {"task": "diarization", "version": 1, "language": "en", "tier": "smoke", "licence": "CC0-1.0", "source": "x"}


def read(row: dict[str, Any], **settings: Any) -> task.Sample:
    return task.read({**ROW, **row}, {"settings": settings})


def output_of(*turns: tuple[float, float, str]) -> dict[str, Any]:
    return task.encode([Turn(*turn) for turn in turns])


def with_files(folder: Path, rttm: str = RTTM, uem: str | None = None) -> dict[str, Any]:
    (folder / "a.rttm").write_text(rttm)
    row = {key: value for key, value in ROW.items() if key != "turns"} | {"rttm": folder / "a.rttm"}
    if uem is not None:
        (folder / "a.uem").write_text(uem)
        row["uem"] = folder / "a.uem"
    return row


def test_a_row_becomes_a_case() -> None:
    turns = (Turn(0, 2, "a"), Turn(1, 3, "b"))
    assert read({}) == task.Sample("meeting", 4.0, turns, (Region(0, 4),), False, "clean")


def test_a_file_says_the_same_as_turns(tmp_path: Path) -> None:
    assert task.read(with_files(tmp_path), {}) == read({})


def test_a_uem_is_what_is_scored(tmp_path: Path) -> None:
    sample = task.read(with_files(tmp_path, uem="meeting 1 0.5 1.5\nmeeting 1 3 99\n"), {})
    assert sample.scored == (Region(0.5, 1.5), Region(3, 4))
    assert task.score(sample, output_of())["miss_rate"] == Ratio(1.5, 1.5)


def test_a_collar_and_overlap_are_settings() -> None:
    assert read({}, collar_s=0.25).scored == read({}, collar_s=0.5, collar="pyannote").scored
    assert read({}, collar_s=0.25).scored[0] == Region(0.25, 0.75)
    assert task.score(read({}, skip_overlap=True), output_of())["der"] == Ratio(2.0, 2.0)
    assert task.score(read({}), output_of())["der_without_overlap"] == Ratio(2.0, 2.0)


def test_a_model_is_told_the_count_where_the_dataset_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    row = {**ROW, "audio": tmp_path / "a.wav"}
    told, asked = task.prepare({**row, "num_speakers": 2}), task.prepare(row)
    assert (told.num_speakers, asked.num_speakers) == (2, None)
    assert (told.audio.rate_hz, told.audio.samples.shape) == (16_000, (8_000,))
    assert read({"num_speakers": 2}, speaker_count="known").turns == read({}).turns


@pytest.mark.parametrize(
    ("row", "settings", "says"),
    [
        ({"turns": None}, {}, "expected `turns` as a list of [start_s, end_s, speaker], got None"),
        ({"rttm": Path("a.rttm")}, {}, "expected `rttm` with a file or `turns` with a list, one of the two"),
        ({"turns": [[0, 1]]}, {}, "a list ([0, 1]), expected [start_s, end_s, speaker]"),
        ({"turns": [[-1, 1, "a"]]}, {}, "[-1, 1, a], expected finite seconds from 0 up"),
        ({"turns": [[0, math.nan, "a"]]}, {}, "expected finite seconds from 0 up"),
        ({"turns": [[2, 1, "a"]]}, {}, "[2, 1, a], expected finite seconds from 0 up, the end not before"),
        ({"turns": [[0, 1, 7]]}, {}, "expected a name as speaker"),
        ({"turns": [[0, 2, "a"], [1, 3, "a"]]}, {}, "overlap and are one speaker's"),
        ({"turns": [[0, 5, "a"]]}, {}, "[0.0, 5.0, 'a'] ends after the clip's 4 s"),
        ({"num_speakers": 2}, {}, "settings.speaker_count is unknown, remove `num_speakers`"),
        ({}, {"speaker_count": "known"}, "settings.speaker_count is known, expected `num_speakers`"),
        ({"num_speakers": 3}, {"speaker_count": "known"}, "num_speakers is 3, but 2 speak in the reference"),
        ({}, {"collar": "both"}, "settings.collar is 'both', expected one of nist, pyannote"),
        ({}, {"collar_s": -1}, "settings.collar_s is -1, expected seconds from 0 up"),
        ({}, {"collar_s": 9.0}, "a collar of 9 s leaves nothing of the clip to score"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict[str, Any], settings: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read(row, **settings)
    assert says in str(caught.value)
    assert "settings." in says or "'meeting'" in str(caught.value)


@pytest.mark.parametrize(
    ("rttm", "uem", "says"),
    [
        (RTTM, "meeting 1 10 20\n", "covers nothing of the clip's 4 s, its first stretch starts at 10 s"),
        (RTTM, "", "a.uem: there is no recording in it"),
        (RTTM, "meeting 1 2 1\n", "a.uem, line 1: it ends at 1 s and starts at 2 s"),
        (RTTM.replace("1 2 <", "-1 2 <"), None, "a.rttm, line 2: start is -1 s"),
        (RTTM.replace(" b ", " a "), None, "a.rttm, line 2: 'a' speaks from 1 s and is still speaking from 0 to 2 s"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, rttm: str, uem: str | None, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        task.read(with_files(tmp_path, rttm, uem), {})
    assert says in str(caught.value)


def test_a_speaker_who_overlaps_himself_is_merged_on_demand(tmp_path: Path) -> None:
    settings = {"settings": {"same_speaker_overlap": "merge"}}
    assert task.read(with_files(tmp_path, RTTM.replace(" b ", " a ")), settings).turns == (Turn(0, 3, "a"),)


def test_validate_names_the_dataset_the_case_and_the_line(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(64_000), 16_000)
    with_files(tmp_path, RTTM.replace(" b ", " a "))
    lines = [f"{key}: {value}" for key, value in HEADER.items()]
    sample = "  - {id: meeting, audio: a.wav, duration_s: 4.0, rttm: a.rttm}"
    (tmp_path / "dataset.yaml").write_text("\n".join([*lines, "cases:", sample, ""]))
    datasets.write_digest(tmp_path)
    (fault,) = datasets.validate(tmp_path, task)
    assert fault.startswith(f"{tmp_path / 'dataset.yaml'}: case meeting: {tmp_path / 'a.rttm'}, line 2: 'a' speaks")


def test_run_is_the_models_method_and_nothing_else() -> None:
    class Everybody:
        def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]:
            return [Turn(0.0, audio.duration_s, f"speaker {number}") for number in range(num_speakers or 1)]

    heard = Audio(np.zeros(8_000, np.float32), 16_000)
    assert task.run(Everybody(), task.Given(heard, 2)) == [Turn(0, 0.5, "speaker 0"), Turn(0, 0.5, "speaker 1")]


# ---------------------------------------------------------------------------- encode, score, show, remember


def test_turns_are_json() -> None:
    output = task.encode([Turn(0.5, float(np.float32(1.5)), "x"), (2, 3, "y")])
    assert output == {"turns": [[0.5, 1.5, "x"], [2.0, 3.0, "y"]]}
    assert json.loads(json.dumps(output)) == output
    assert task.remember(output) == output["turns"]
    assert task.remember(None) is None


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (None, "diarize() returned None, expected a list of Turn: does diarize() end without a return?"),
        ("0-1", "diarize() returned a str ('0-1')"),
        ([(0.0, 1.0)], "diarize() returned a tuple ((0.0, 1.0)), expected [start_s, end_s, speaker]"),
        ([(0.0, 1.0, 3)], "expected a name as speaker"),
        ([(1.0, 0.5, "x")], "expected finite seconds from 0 up, the end not before"),
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        task.encode(output)
    assert says in str(caught.value)


def test_score_by_hand() -> None:
    counts = task.score(read({}), output_of((0, 3, "x")))
    assert counts == {
        "der": Ratio(2.0, 4.0),
        "der_without_overlap": Ratio(1.0, 2.0),
        "miss_rate": Ratio(1.0, 4.0),
        "false_alarm_rate": Ratio(0.0, 4.0),
        "confusion_rate": Ratio(1.0, 4.0),
        "jer": (pytest.approx(1 + 1 / 3), 2.0),
        "speaker_count_error": Ratio(1.0),
        "success_rate": Ratio(1.0),
    }
    assert set(counts) == {metric.name for metric in task.METRICS}


def test_a_model_that_raised_found_nobody() -> None:
    counts = task.score(read({}), None)
    assert counts["der"] == Ratio(4.0, 4.0)
    assert counts["speaker_count_error"] == Ratio(2.0)
    assert counts["success_rate"] == Ratio(0.0)


def test_show_maps_names_and_says_the_parts() -> None:
    assert task.show(read({}), output_of((0, 1, "x"), (2, 3, "x"), (3, 4, "y"))) == [
        "ref  a  0.00-2.00",
        "ref  b  1.00-3.00",
        "hyp  a  0.00-1.00  2.00-3.00",
        "hyp  y?  3.00-4.00",
        "miss 2.00 s  false alarm 1.00 s  confusion 1.00 s  of 4.00 s",
    ]
    assert task.show(read({"turns": []}), None)[:2] == ["ref  none", "hyp  none"]
