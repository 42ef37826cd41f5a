"""The stability task with engines that drift, leak or behave."""

from __future__ import annotations

import json
import math
import mmap
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import DatasetError
from modellab.tasks import stability
from modellab.types import Audio, Ratio, Transcript

ROW = {"id": "a", "audio": "a.wav", "duration_s": 2.0}
CASE = stability.read(ROW, {"settings": {"repeats": 4}})
METRIC = {metric.name: metric for metric in stability.METRICS}
CLIP = Audio(np.zeros(32_000, np.float32), 16_000)
HOARD: list[mmap.mmap] = []


class Repeating:
    """Gives its answers in turn, over and over; may keep memory at each of its first `calls` calls."""

    def __init__(self, *answers: Any, keeps: int = 0, calls: int = 1000) -> None:
        self.answers, self.keeps, self.calls = cycle(answers), keeps, calls

    def transcribe(self, audio: Audio) -> Any:
        self.calls -= 1
        if self.keeps and self.calls >= 0:
            fresh = mmap.mmap(-1, self.keeps)  # pages of its own: malloc would reuse what other tests have freed
            fresh.write(b"1" * self.keeps)  # written to, so really there
            HOARD.append(fresh)
        return next(self.answers)


def outputs(*answers: Any, keeps: int = 0, calls: int = 1000) -> dict[str, Any]:
    given = stability.Given(CLIP, len(answers), CASE.leak_bytes)
    return stability.encode(stability.run(Repeating(*answers, keeps=keeps, calls=calls), given))


def value(name: str, output: dict[str, Any] | None) -> float:
    return METRIC[name].value([stability.score(CASE, output)[name]])


def test_the_same_each_time() -> None:
    output = outputs(*[Transcript("yes")] * 4)
    assert json.loads(json.dumps(output)) == output
    assert (output["text"], output["others"], output["duration_s"]) == ("yes", [], 8.0)
    assert len(output["wall_s"]) == len(output["rss_bytes"]) == 4
    assert value("drift_rate", output) == 0.0
    assert stability.score(CASE, output).keys() == METRIC.keys()
    assert "the same in all 4 calls" in stability.show(CASE, output)


def test_what_drifts_is_counted_and_shown() -> None:
    output = outputs(Transcript("yes"), Transcript("yes"), Transcript("no"), Transcript("yes", (("yes", 0.0, 1.0),)))  # type: ignore[arg-type]
    assert output["others"] == [[3, "no"], [4, "yes"]]  # other times are another output
    assert stability.score(CASE, output)["drift_rate"] == Ratio(2, 3)
    assert "call 3    no" in stability.show(CASE, output)


def test_a_model_that_keeps_memory_leaks() -> None:
    try:
        output = outputs(*[Transcript("")] * 4, keeps=8 << 20)
    finally:
        HOARD.clear()
    assert value("leak_rate", output) == 1.0
    assert value("growth_bytes", output) == pytest.approx(8 << 20, rel=0.3)
    assert len(output["rss_bytes"]) == 12  # heard again and again, and it went on
    assert output["duration_s"] == 24.0  # the real-time factor is that of all calls
    assert "the same in all 12 calls" in stability.show(CASE, output)
    assert value("leak_rate", {**output, "rss_bytes": [5e8] * 4}) == 0.0


def test_what_fills_in_the_first_calls_is_no_leak() -> None:
    try:
        output = outputs(*[Transcript("")] * 4, keeps=8 << 20, calls=4)
    finally:
        HOARD.clear()
    assert len(output["rss_bytes"]) == 8
    assert value("leak_rate", output) == 0.0
    assert value("leak_rate", {**output, "rss_bytes": output["rss_bytes"][:4]}) == 1.0  # what the first calls say


def test_drift_is_of_all_calls() -> None:
    try:
        output = outputs(*[Transcript("yes")] * 3, Transcript("no"), keeps=8 << 20)
    finally:
        HOARD.clear()
    assert output["others"] == [[4, "no"], [8, "no"], [12, "no"]]
    assert stability.score(CASE, output)["drift_rate"] == Ratio(3, 11)


def test_times_are_those_of_the_calls() -> None:
    output = {**outputs(*[Transcript("")] * 4), "wall_s": [0.1, 0.1, 0.1, 0.4]}
    assert value("call_p50_s", output) == pytest.approx(0.1, rel=0.03)
    assert value("call_p99_s", output) == pytest.approx(0.4, rel=0.03)


def test_a_model_that_raised_has_drifted_and_nothing_else_is_known() -> None:
    assert value("drift_rate", None) == 1.0
    assert value("success_rate", None) == 0.0
    assert all(math.isnan(value(name, None)) for name in ("leak_rate", "growth_bytes", "call_p50_s"))
    assert stability.show(CASE, None) == ["(the model raised: no calls)"]


def test_repeats_reach_the_worker_in_the_row(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(800), 16_000)
    assert stability.prepare({"audio": tmp_path / "a.wav", "settings": {"repeats": 7}}).repeats == 7
    assert stability.prepare({"audio": tmp_path / "a.wav"}).repeats == 5


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"repeats": 1}, "settings.repeats is 1, expected a whole number of calls, 2 or more"),
        ({"repeats": 5.0}, "settings.repeats is 5.0"),
        ({"leak_bytes": -1}, "settings.leak_bytes is -1, expected bytes per call, 0 or more"),
        ({"leak_bytes": "1 MB"}, "settings.leak_bytes is '1 MB'"),
    ],
)
def test_odd_settings_are_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        stability.read(ROW, {"settings": settings})


def test_a_call_that_gives_no_transcript_is_told() -> None:
    with pytest.raises(TypeError, match=r"transcribe\(\) returned None"):
        outputs(Transcript("yes"), None)
    with pytest.raises(TypeError, match=r"expected what run\(\) gives"):
        stability.encode(None)
