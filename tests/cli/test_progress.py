"""How far a long recording is: what is told while somebody waits, and that the engines tell it."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest

from modellab import audio
from modellab.cli.progress import Waiting
from modellab.plan.matrix import Matrix
from modellab.plan.settings import Project
from modellab.runner import transcribe

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "golden" / "asr_smoke_v1" / "audio" / "001.flac"


def lines(waiting: Waiting, heard_s: float, capsys: pytest.CaptureFixture[str], name: str = "call.wav") -> str:
    """What is said while an hour is heard, of which so much is."""
    asked = threading.Event()

    def so_far_s() -> float:
        asked.set()
        return heard_s

    with waiting(name, 3600.0, so_far_s):
        assert asked.wait(60)
    return capsys.readouterr().err


class Clock:
    """Seconds that go on by so many each time that somebody looks."""

    def __init__(self, step_s: float) -> None:
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def test_in_a_pipe_it_is_a_line_with_what_is_heard_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = lines(Waiting(1, clock=Clock(60.0), line_s=0.001), 900.0, capsys).splitlines()
    assert first == "15 min 0 s of 1 h 0 min heard in 1 min 0 s, about 3 min left (call.wav)"


def test_of_several_it_is_told_which_and_by_whom(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Waiting(2, "fake:one", clock=Clock(1.0), line_s=0.001)
    assert lines(waiting, math.nan, capsys).startswith("recording 1 of 2: 1 s for 1 h 0 min (call.wav, fake:one)\n")
    waiting.heard_s, waiting.spent_s = 3600.0, 100.0
    second = lines(waiting, math.nan, capsys, "b\x1b[31m.wav").splitlines()[0]
    assert second.startswith("recording 2 of 2: 1 s for 1 h 0 min, about 1 min 39 s left (b")
    assert "\x1b" not in second


def test_what_is_heard_at_once_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Waiting(1)("call.wav", 1.0, lambda: math.nan):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("model", ["faster_whisper:lab", "whisper_cpp:lab"])
def test_an_engine_that_gives_segments_tells_how_far_it_is(model: str) -> None:
    instance = transcribe.choose(Matrix(Project.at(ROOT)), model)
    duration_s = audio.info(CLIP).duration_s
    with transcribe.listening(instance, 1) as listener:
        assert math.isnan(listener.so_far_s())
        heard = listener.hear(lambda ready: transcribe.transcribe(ready, CLIP))
        assert listener.so_far_s() == pytest.approx(heard.segments[-1]["end_s"], abs=duration_s)
        assert listener.so_far_s() > 0
    assert math.isnan(listener.so_far_s())
