"""The concurrency task with callers that answer, fail and wait as a test says."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import DatasetError, ModelError, ServerError
from modellab.metrics.concurrency import LEVELS, at, largest, most_streams
from modellab.tasks import Telling, concurrency
from modellab.types import Audio, Ratio, Transcript

OPTIONS = {"normaliser": "basic", "settings": {"calls": 8, "latency_bound_s": 1.0}}
ROW = {"id": "x", "audio": "x.wav", "duration_s": 1.0, "text": "A B"}
CLIP = Audio(np.zeros(16_000, np.float32), 16_000, "de")
METRIC = {metric.name: metric for metric in concurrency.METRICS}


class Served:
    """A server whose callers do what `answer` does with the number of the call."""

    def __init__(self, answer: Callable[[int], str]) -> None:
        self.answer = answer
        self.lock = threading.Lock()
        self.heard: list[Audio] = []
        self.limits: list[float] = []
        self.now = self.most = 0

    def another(self, limit_s: float) -> Served:
        self.limits.append(limit_s)
        return self

    def transcribe(self, audio: Audio) -> Transcript:
        with self.lock:
            self.heard.append(audio)
            self.now += 1
            self.most = max(self.most, self.now)
            number = len(self.heard)
        try:
            time.sleep(0.02)
            return Transcript(self.answer(number))
        finally:
            with self.lock:
                self.now -= 1


def sample(**row: Any) -> concurrency.Sample:
    return concurrency.read({**ROW, **row}, OPTIONS)


def load(served: Served, **row: Any) -> dict[str, Any]:
    level = sample(**row).level
    return concurrency.encode(concurrency.run(served, concurrency.Given(CLIP, level)))


@pytest.mark.parametrize("streams", [1, 4])
def test_so_many_ask_at_once(streams: int) -> None:
    together = threading.Barrier(streams)

    def answer(_: int) -> str:
        together.wait(60)
        return "a b"

    served = Served(answer)
    said = load(served, streams=streams)
    assert served.most == streams
    assert len(served.limits) == streams
    assert set(served.limits) == {30.0}
    assert len(said["calls"]) == 8
    assert said["texts"] == {"a b": 8}
    assert all(wall_s >= 0.02 for _, wall_s, _ in said["calls"])
    assert sum(wall_s for _, wall_s, _ in said["calls"]) >= 8 * 0.02
    assert said["level_s"] >= 8 * 0.02 / streams


def test_each_stream_has_two_calls_at_least() -> None:
    assert len(load(Served(lambda _: "a"), streams=8)["calls"]) == 16


def test_no_two_calls_are_the_same_sound() -> None:
    served = Served(lambda _: "a b")
    said = load(served, streams=2)
    lengths = [len(each.samples) for each in served.heard]
    assert sorted(lengths) == [16_000 - 16 * number for number in reversed(range(8))]
    assert {each.language for each in served.heard} == {"de"}
    assert said["duration_s"] == pytest.approx(sum(lengths) / 16_000)


def test_calls_that_fail_are_counted_and_not_made_again() -> None:
    def answer(number: int) -> str:
        if number in {2, 3}:
            raise ServerError("answered 429\nmore")
        if number == 4:
            raise ModelError("refused")
        return "a b"

    said = load(Served(answer), streams=1)
    assert [fault for _, _, fault in said["calls"]] == ["", "answered 429", "answered 429", "refused", "", "", "", ""]
    counts = concurrency.score(sample(streams=1), said)
    assert counts["failed_call_rate"] == Ratio(3, 8)
    assert METRIC["most_streams"].value([counts["most_streams"]]) == 0, "a level with a failed call keeps no bound"
    assert counts["success_rate"] == Ratio(1.0)
    assert said["duration_s"] < 5.01, "of what was answered alone"
    assert concurrency.show(sample(streams=1), said)[1:] == ["failed: answered 429", "failed: refused"]


def test_a_server_that_answers_nobody_is_down() -> None:
    def answer(_: int) -> str:
        raise ServerError("cannot be reached")

    with pytest.raises(ServerError, match="none of 8 calls at 2 streams was answered; the first: cannot be reached"):
        load(Served(answer), streams=2)


def test_whatever_else_is_raised_is_the_adapters() -> None:
    def answer(_: int) -> str:
        raise KeyError("text")

    with pytest.raises(KeyError):
        load(Served(answer), streams=1)


def test_an_open_loop_does_not_wait_for_answers() -> None:
    second = threading.Event()

    def answer(number: int) -> str:
        if number > 1:
            second.set()
        assert second.wait(60), "the second call is made while the first has no answer"
        return "a b"

    served = Served(answer)
    said = load(served, requests_per_s=50)
    dues = [due_s for due_s, _, _ in said["calls"]]
    assert dues == sorted(dues)
    assert len(dues) == 8
    assert served.most > 1, "more than one at a time, though nobody was answered"
    again = load(Served(lambda _: "a b"), requests_per_s=50)
    assert [due_s for due_s, _, _ in again["calls"]] == dues, "the same moments each time"
    counts = concurrency.score(sample(requests_per_s=50), said)
    assert math.isnan(METRIC["peak_throughput"].value([counts["peak_throughput"]]))
    assert counts["failed_call_rate"] == Ratio(0, 8)


def test_a_level_ends_in_time() -> None:
    level = concurrency.read({**ROW, "streams": 1}, {**OPTIONS, "settings": {"calls": 1000, "longest_s": 0.1}}).level
    said = concurrency.encode(concurrency.run(Served(lambda _: "a"), concurrency.Given(CLIP, level)))
    assert len(said["calls"]) <= 6, "a busy machine may begin none in 0.1 s"


def test_what_is_counted() -> None:
    said = {"calls": [[0.0, 0.4, ""], [0.4, 0.6, ""]], "level_s": 1.0, "texts": {"a b": 1, "a": 1}, "duration_s": 2.0}
    counts = concurrency.score(sample(streams=4), said)
    assert counts["wer_under_load"] == Ratio(1, 4)
    assert METRIC["peak_throughput"].value([counts["peak_throughput"]]) == 2
    assert METRIC["most_streams"].value([counts["most_streams"]]) == 4
    slow = {**said, "calls": [[0.0, 0.4, ""], [0.4, 1.6, ""]]}
    assert METRIC["most_streams"].value([concurrency.score(sample(streams=4), slow)["most_streams"]]) == 0
    answers = "answers after 0.5 s (p50), 0.59 s (p95), 0.598 s (p99)"
    shown = [f"4 streams: 2 s of audio per second; {answers}; 0 of 2 calls failed"]
    assert concurrency.show(sample(streams=4), said) == shown
    assert concurrency.notes([sample(streams=4)] * 2, [said, None]) == concurrency.show(sample(streams=4), said)
    assert concurrency.remember(said) == "a b"
    assert isinstance(concurrency, Telling)


def test_a_model_that_raised() -> None:
    counts = concurrency.score(sample(streams=4), None)
    assert counts.keys() == METRIC.keys()
    assert counts["success_rate"] == Ratio(0.0)
    assert math.isnan(METRIC["peak_throughput"].value([counts["peak_throughput"]]))
    assert METRIC["most_streams"].value([counts["most_streams"]]) == 0
    assert concurrency.show(sample(streams=1), None) == ["1 stream: (the model raised)"]
    assert concurrency.remember(None) is None


def test_a_clip_without_a_text_has_no_errors() -> None:
    said = {"calls": [[0.0, 0.4, ""]], "level_s": 1.0, "texts": {"a": 1}, "duration_s": 1.0}
    assert concurrency.score(sample(streams=1, text=""), said)["wer_under_load"] == Ratio(0.0, 0.0)


@pytest.mark.parametrize(
    ("row", "settings", "sentence"),
    [
        ({}, {}, "expected either `streams` or `requests_per_s`"),
        ({"streams": 2, "requests_per_s": 1}, {}, "expected either"),
        ({"streams": 3}, {}, "streams is 3, expected a power of two up to 512"),
        ({"streams": 1024}, {}, "expected a power of two"),
        ({"streams": "two"}, {}, "streams is 'two', expected"),
        ({"requests_per_s": -1}, {}, "requests_per_s is -1, expected a number up to 100"),
        ({"requests_per_s": "x"}, {}, "requests_per_s is 'x', expected"),
        ({"streams": 1}, {"calls": 0}, "settings.calls is 0, expected a number above 0"),
        ({"streams": 1}, {"latency_bound_s": "2"}, "settings.latency_bound_s is '2', expected"),
        ({"streams": 1}, {"longest_s": True}, "settings.longest_s is True, expected"),
    ],
)
def test_a_level_that_cannot_be(row: dict[str, Any], settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        concurrency.read({**ROW, **row}, {**OPTIONS, "settings": settings})


def test_the_clip_is_read_with_its_language(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(8_000), 8_000)
    row = {**ROW, "audio": str(tmp_path / "x.wav"), "streams": 2, "language": "fr", "settings": {"calls": 3}}
    given = concurrency.prepare(row)
    assert (given.audio.rate_hz, len(given.audio.samples), given.audio.language) == (16_000, 16_000, "fr")
    assert (given.level.streams, given.level.calls) == (2, 4)


def test_what_is_no_load() -> None:
    with pytest.raises(TypeError, match="expected what run"):
        concurrency.encode("a b")


def test_levels_stay_apart() -> None:
    rows = np.array([at(1, 1.0), at(2, 1.0), at(4, 0.0), at(8, 1.0)])
    assert most_streams(rows.sum(axis=0)) == 2, "a level that holds above one that does not is luck"
    assert most_streams(np.array(at(4, 1.0))) == 4
    assert math.isnan(most_streams(np.zeros(2 * len(LEVELS))))
    speeds = np.array([at(1, 3.0), at(2, 4.0), at(2, 8.0), at(4, 5.0)])
    assert largest(speeds.sum(axis=0)) == 6, "two rows of a level are averaged"
    assert math.isnan(largest(np.zeros(2 * len(LEVELS))))
    assert largest(np.stack([speeds.sum(axis=0), np.array(at(1, 1.0))])).tolist() == [6, 1]
