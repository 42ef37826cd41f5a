"""`modellab diarize`: RTTM on stdout, everything else on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab.annotations import rttm
from modellab.types import Turn

from .conftest import Desk

ADAPTER = """
from modellab.types import Turn

class Fake:
    def diarize(self, audio, num_speakers):
        return [Turn(0.5 * k, 0.5 * k + 0.75, f"person {k}".replace(" ", "")) for k in range(num_speakers or 1)]

def load(setting):
    return Fake()
"""
CONFIG = """
summary: a fake diarizer
tasks: [diarization]
status: experimental
devices: {cpu: [float32]}
variants: {one: {weights: package, tier: smoke}}
"""


@pytest.fixture
def diarizer(desk: Desk) -> Desk:
    folder = desk.root / "models" / "everybody"
    folder.mkdir()
    (folder / "adapter.py").write_text(ADAPTER)
    (folder / "config.yaml").write_text(CONFIG)
    return desk


def test_a_number_of_speakers_that_nobody_told_is_called_a_guess(diarizer: Desk) -> None:
    adapter = diarizer.root / "models" / "everybody" / "adapter.py"
    adapter.write_text(ADAPTER.replace("num_speakers or 1", "num_speakers or 3"))
    result = diarizer.type("diarize", diarizer.audio(), "--model", "everybody")
    name = Path(diarizer.audio()).name
    assert result.stderr == f"note: {name}: 3 speakers, which is a guess: --speakers N tells it\n"
    assert diarizer.type("diarize", diarizer.audio(), "--model", "everybody", "--speakers", "3").stderr == ""


def test_turns_to_stdout_as_rttm(diarizer: Desk, tmp_path: Path) -> None:
    result = diarizer.type("diarize", diarizer.audio(), "--model", "everybody", "--speakers", "2")
    assert (result.exit_code, result.stderr) == (0, "")
    (tmp_path / "found.rttm").write_text(result.stdout)
    name = Path(diarizer.audio()).stem
    assert rttm.read(tmp_path / "found.rttm") == {name: [Turn(0, 0.75, "person0"), Turn(0.5, 1.25, "person1")]}


@pytest.mark.parametrize(
    ("one", "other", "name"), [("d1/talk.wav", "d2/talk.wav", "talk"), ("team call.wav", "team_call.mp3", "team_call")]
)
def test_two_files_of_one_name_are_refused_before_anything_is_heard(
    diarizer: Desk, one: str, other: str, name: str
) -> None:
    result = diarizer.type("diarize", one, "x.wav", other, "--model", "everybody")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{one} and {other} would both be the recording {name!r} in the RTTM" in result.stderr
    assert "x.wav" not in result.stderr, "nothing was opened"


def test_names_of_speakers_are_ones_that_rttm_can_hold(diarizer: Desk, tmp_path: Path) -> None:
    adapter = diarizer.root / "models" / "everybody" / "adapter.py"
    adapter.write_text(adapter.read_text().replace('f"person {k}".replace(" ", "")', '["a b", "a_b", "<NA>", "c"][k]'))
    result = diarizer.type("diarize", diarizer.audio(), "--model", "everybody", "--speakers", "4")
    assert (result.exit_code, result.stderr) == (0, "")
    (tmp_path / "found.rttm").write_text(result.stdout)
    (turns,) = rttm.read(tmp_path / "found.rttm").values()
    assert [turn.speaker for turn in turns] == ["a_b", "a_b_2", "<NA>_2", "c"]


def test_one_bad_file_does_not_cost_the_others(diarizer: Desk) -> None:
    result = diarizer.type("diarize", "none.wav", diarizer.audio(), "--model", "everybody")
    assert result.exit_code == 2
    assert "none.wav" in result.stderr
    assert result.stdout.count("SPEAKER") == 1


def test_a_model_that_cannot_is_refused(diarizer: Desk) -> None:
    result = diarizer.type("diarize", diarizer.audio(), "--model", "fake")
    assert result.exit_code == 2
    assert "fake does asr and no diarization: expected one of" in result.stderr
    assert "everybody" in result.stderr


def test_whatever_one_file_raises_the_next_one_is_heard(diarizer: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from modellab.cli import diarize

    real, calls = diarize._rttm, list[str]()

    def once(*given: Any, **named: Any) -> str:
        calls.append("")
        if len(calls) == 1:
            raise RecursionError("too deep")
        return real(*given, **named)

    monkeypatch.setattr(diarize, "_rttm", once)
    result = diarizer.type("diarize", diarizer.audio(), diarizer.audio(1), "--model", "everybody")
    assert result.exit_code == 2
    assert "RecursionError: too deep" in result.stderr
    assert result.stdout.startswith("SPEAKER ")


def test_a_recording_that_costs_the_worker_does_not_cost_the_next_one(diarizer: Desk) -> None:
    adapter = diarizer.root / "models" / "everybody" / "adapter.py"
    crash = "if len(audio.samples) == 24160:\n            import os; os._exit(9)\n        return ["
    adapter.write_text(ADAPTER.replace("return [", crash))
    result = diarizer.type("diarize", *(diarizer.audio(number) for number in range(3)), "--model", "everybody")
    assert result.exit_code == 2
    assert [line.split()[1] for line in result.stdout.splitlines()] == ["000", "002"]
    assert result.stderr.startswith(f"modellab: {diarizer.audio(1)}: the worker died during 'utterance': it exited")
