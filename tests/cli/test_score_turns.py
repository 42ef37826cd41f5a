"""`modellab score` and `export` of who speaks when, as RTTM, SegLST and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab.results import ledger
from modellab.results.entry import Entry

from .conftest import Desk

TURNS: dict[str, list[list[Any]]] = {"m1": [[0.5, 2.0, "ann"], [2.0, 3.0, "bob"]], "m2": [[1.0, 3.5, "eve"]]}
WORDS: dict[str, list[list[Any]]] = {
    "m1": [[0.5, 2.0, "ann", "hello bob"], [2.0, 3.0, "bob", "hello ann"]],
    "m2": [[1.0, 3.5, "eve", "so it is"]],
}
ROWS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "diarization": {id: [{"turns": turns}] for id, turns in TURNS.items()},
    "vad": {id: [{"speech": [turn[:2] for turn in turns]}] for id, turns in TURNS.items()},
    "meeting": {id: [{"utterances": turns}] for id, turns in WORDS.items()},
}


def add(desk: Desk, task: str) -> Path:
    folder = desk.root / "golden" / f"{task}_v1"
    folder.mkdir()
    cases = []
    for id, (facts,) in ROWS[task].items():
        soundfile.write(folder / f"{id}.wav", np.zeros(64_000), 16_000)
        cases.append({"id": id, "audio": f"{id}.wav", "duration_s": 4.0, **facts})
    head = {"task": task, "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made"}
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**head, "cases": cases}, sort_keys=False))
    return folder


def rttm(turns: dict[str, list[list[Any]]]) -> str:
    lines = (
        f"SPEAKER {id} 1 {s} {e - s} <NA> <NA> {who} <NA> <NA>\n" for id, all in turns.items() for s, e, who in all
    )
    return "".join(lines)


def seglst(turns: dict[str, list[list[Any]]]) -> str:
    keys = ("start_time", "end_time", "speaker", "words")
    return json.dumps(
        [{"session_id": id, **dict(zip(keys, [*turn, "x"], strict=False))} for id, all in turns.items() for turn in all]
    )


STM = "".join(f"{id} 1 {who} {s} {e} <o,f0> {words}\n" for id, all in WORDS.items() for s, e, who, words in all)


def scored(desk: Desk, task: str, name: str, text: str) -> Entry:
    (desk.root / name).write_text(text)
    done = desk.type("score", "--dataset", f"{task}_v1", "--hyp", name, "--model", "acme")
    assert done.exit_code in (0, 1), done.output
    found, _ = ledger.read(desk.root / "mlruns")
    return found[-1]


@pytest.mark.parametrize(
    ("task", "name", "text"),
    [
        ("diarization", "h.rttm", rttm(TURNS)),
        ("diarization", "h.json", seglst(TURNS)),
        ("diarization", "h.jsonl", "".join(json.dumps({"id": id, "turns": t}) + "\n" for id, t in TURNS.items())),
        ("vad", "h.rttm", rttm(TURNS)),
        ("meeting", "h.json", seglst(WORDS)),
        ("meeting", "h.stm", STM),
        ("diarization", "h.stm", STM),
    ],
)
def test_what_is_the_reference_has_no_errors(desk: Desk, task: str, name: str, text: str) -> None:
    add(desk, task)
    entry = scored(desk, task, name, text)
    metric = {"diarization": "der", "vad": "f1", "meeting": "cpwer"}[task]
    assert entry.values[metric] == pytest.approx(1.0 if task == "vad" else 0.0)
    assert str(entry.key) == f"acme:given-{task}_v1-elsewhere-unknown"


def test_errors_are_those_of_the_task(desk: Desk) -> None:
    add(desk, "diarization")
    wrong = {"m1": [[0.5, 3.0, "x"]], "m2": [[1.0, 3.0, "y"]]}
    entry = scored(desk, "diarization", "h.rttm", rttm(wrong))
    assert entry.values["der"] == pytest.approx(1.5 / 5.0)  # 1 s of bob is ann, 0.5 s of eve is missed


def test_a_recording_without_turns_in_the_file_is_told(desk: Desk) -> None:
    add(desk, "diarization")
    (desk.root / "h.rttm").write_text(rttm({"m1": TURNS["m1"]}))
    done = desk.type("score", "--dataset", "diarization_v1", "--hyp", "h.rttm", "--model", "acme")
    assert "1 of 2 rows have no hypothesis, each counts as a failure of the model: m2" in done.output
    more = ("--missing", "empty")
    done = desk.type("score", "--dataset", "diarization_v1", "--hyp", "h.rttm", "--model", "acme", *more)
    assert "1 of 2 rows have no hypothesis, each counts as an answer with nothing in it: m2" in done.output


@pytest.mark.parametrize(
    ("task", "form"),
    [
        ("diarization", "rttm"),
        ("diarization", "seglst"),
        ("diarization", "jsonl"),
        ("vad", "rttm"),
        ("meeting", "seglst"),
        ("meeting", "stm"),
        ("meeting", "rttm"),
    ],
)
def test_what_is_exported_comes_back(desk: Desk, task: str, form: str) -> None:
    add(desk, task)
    said: dict[str, list[list[Any]]] = WORDS if task == "meeting" else TURNS
    moved = {id: [[s + 0.25, e, *rest] for s, e, *rest in turns] for id, turns in said.items()}
    entry = scored(desk, task, "h.json", seglst(moved))
    done = desk.type("export", "acme", "--as", form, "--into", "out")
    assert done.exit_code == 0, done.output
    (file,) = [path for path in (desk.root / "out").iterdir() if ".ref." not in path.name]
    if (task, form) == ("meeting", "rttm"):
        assert file.read_text().startswith("SPEAKER m1 1 0.750 1.250 <NA> <NA> ann")
        return
    again = desk.type("score", "--dataset", f"{task}_v1", "--hyp", str(file), "--model", "acme")
    assert again.exit_code in (0, 1), again.output
    found, _ = ledger.read(desk.root / "mlruns")
    assert found[-1].values == pytest.approx(entry.values, nan_ok=True)


def test_words_are_no_turns(desk: Desk) -> None:
    add(desk, "diarization")
    (desk.root / "h.txt").write_text("m1 hello bob\nm2 so\n")
    done = desk.type("score", "--dataset", "diarization_v1", "--hyp", "h.txt", "--model", "acme")
    assert done.exit_code == 2
    assert "the file does not say who speaks when, which diarization is scored by" in done.stderr
    done = desk.type("export", "acme", "--as", "kaldi")
    assert done.exit_code == 2


def test_turns_are_no_words(desk: Desk) -> None:
    add(desk, "meeting")
    (desk.root / "h.rttm").write_text(rttm(TURNS))
    done = desk.type("score", "--dataset", "meeting_v1", "--hyp", "h.rttm", "--model", "acme")
    assert done.exit_code == 2
    assert "only who speaks when: it is for a dataset of diarization" in done.stderr
