"""What of a model's input goes through a chain, whatever its task gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from modellab import tasks
from modellab.audio.preprocessing import NONE, parse
from modellab.errors import ConfigError, WorkerError
from modellab.plan.availability import why_not
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project
from modellab.runner import preprocessed
from modellab.tasks import asr, diarization
from modellab.types import Audio

ROOT = Path(__file__).parents[2]
QUIET = np.zeros(16_000, np.float32)
TONE = (0.1 * np.sin(np.arange(16_000) / 10)).astype(np.float32)
CLIP = Audio(np.concatenate([QUIET, TONE, QUIET, QUIET, TONE]), 16_000, "de")


class Named(NamedTuple):
    audio: Audio | str
    text: str


@dataclass(frozen=True)
class Recorded:
    repeats: int
    sound: Audio


def test_audio_becomes_pieces() -> None:
    found = preprocessed.pieces(CLIP, parse("vad_chunks(max_s=2)"))
    assert [start_s for start_s, _ in found] == [pytest.approx(0.8, abs=0.03), pytest.approx(3.8, abs=0.03)]
    assert {part.language for _, part in found} == {"de"}


@pytest.mark.parametrize(("given", "field"), [(Named(CLIP, "words"), "audio"), (Recorded(3, CLIP), "sound")])
def test_the_audio_of_a_record_and_nothing_else(given: Any, field: str) -> None:
    ((start_s, made),) = preprocessed.pieces(given, parse("trim_silence(margin_s=0)"))
    assert start_s == pytest.approx(1.0, abs=0.02)
    assert type(made) is type(given)
    assert getattr(made, field).duration_s == pytest.approx(4.0, abs=0.03)
    rest = {"audio": "words", "sound": 3}[field]
    assert rest in (getattr(made, "text", None), getattr(made, "repeats", None))


def test_each_line_of_a_dialogue() -> None:
    ((_, made),) = preprocessed.pieces(["hello", CLIP, "bye"], parse("normalize_loudness(target_lufs=-30)"))
    assert (made[0], made[2]) == ("hello", "bye")
    assert np.abs(made[1].samples).max() != pytest.approx(np.abs(CLIP.samples).max())


@pytest.mark.parametrize("given", ["a text", Named("a text", "words"), 7])
def test_what_is_no_audio_stays(given: object) -> None:
    assert preprocessed.pieces(given, parse("highpass")) == [(0.0, given)]


def test_outputs_of_parts() -> None:
    said = {"text": "a", "language": "", "segments": []}
    assert preprocessed.output(diarization, [(0.0, {"turns": []})]) == {"turns": []}
    assert preprocessed.output(asr, [(0.0, said)]) is said
    assert preprocessed.output(asr, [(0.0, said), (2.0, said)])["text"] == "a a"
    with pytest.raises(ConfigError, match="is not put together again in the task diarization"):
        preprocessed.output(diarization, [(1.0, {"turns": []})])


def test_an_older_modellab_that_knows_no_chain_is_told() -> None:
    orders: list[Any] = []

    def old(verb: str, order: Any, *limits: float) -> dict[str, Any]:
        orders.append(order)
        return {"output": "heard"}

    assert preprocessed.asking(old, "") is old
    assert preprocessed.asking(old, "highpass")("finish", {}, 1.0) == {"output": "heard"}
    with pytest.raises(WorkerError, match="older and heard the audio without its preprocessing, highpass"):
        preprocessed.asking(old, "highpass")("utterance", {"row": 1}, 1.0)
    assert orders == [{}, {"row": 1, "preprocessing": "highpass"}]


def test_nothing_is_said_of_no_chain() -> None:
    assert preprocessed.provenance(NONE, "") == {}


def cases(task: str, chain: str) -> list[Case | Broken]:
    return list(Matrix(Project.at(ROOT), chain).cases(task))


def test_a_task_that_hears_nothing_runs_as_always() -> None:
    assert {str(case.key) for case in cases("tts", "vad_chunks") if isinstance(case, Case)} == {
        str(case.key) for case in cases("tts", "") if isinstance(case, Case)
    }


@pytest.mark.parametrize("task", tasks.names())
def test_parts_are_a_skip_where_they_are_not_joined(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_OPENAI_URL", "http://127.0.0.1:9/v1")  # concurrency is of servers alone
    monkeypatch.setenv("MODELLAB_OPENAI_MODEL", "tiny")
    said = {why_not(case) for case in cases(task, "vad_chunks") if isinstance(case, Case)}
    skipped = {each for each in said if "vad_chunks in its preprocessing leaves parts of recordings out" in each}
    assert bool(skipped) == (task not in {"asr", "translation", "tts"})


def test_a_step_that_lacks_its_package_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [case for case in cases("asr", "vad_chunks(detector=silero)") if isinstance(case, Case)]
    runnable = next(case for case in found if not why_not(replace(case, chain=NONE)))
    monkeypatch.setattr("modellab.audio.preprocessing.steps.vad_chunks.lacking", lambda **_: "silero_vad is missing")
    assert why_not(runnable) == "silero_vad is missing"
