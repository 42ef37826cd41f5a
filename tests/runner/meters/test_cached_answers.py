"""RTF never comes from a cache: what is called how often, and how a model that remembers its answers is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from modellab.gate import speed, timing_validity
from modellab.runner.meters import cached_answers
from modellab.types import ResourceBaseline, Status, Utterance

from ...make import READINGS, asr_counts, name, result, utterance


def said(*walls_s: float, lengths_s: Sequence[float] = (), errors: Sequence[int] = ()) -> list[Utterance]:
    """Utterances with these times; the first one's call is its second."""
    lengths = lengths_s or [2.0] * len(walls_s)
    return [
        utterance(name(i), {}, wall_s=wall, duration_s=length, error="it raised" if i in errors else "")
        for i, (wall, length) in enumerate(zip(walls_s, lengths, strict=True))
    ]


@pytest.mark.parametrize(
    ("done", "suspicious"),
    [
        pytest.param(said(0.1, 0.1, 0.1, 0.1), False, id="as long as the others"),
        pytest.param(said(0.0001, 0.1, 0.1, 0.1), True, id="next to no time"),
        pytest.param(said(0.01, 0.1, 0.1, 0.1, lengths_s=[0.2, 2, 2, 2]), False, id="a short clip is quick"),
        pytest.param(said(0.0005, 0.1, 0.1, 0.1, lengths_s=[0.2, 2, 2, 2]), True, id="too quick for a short one"),
        pytest.param(said(0.04, 0.1, 0.1, 0.1, lengths_s=[9, 2, 2, 2]), False, id="a long clip of silence"),
        pytest.param(said(1e-6, 1e-4, 1e-4, 1e-4), False, id="nothing worth remembering"),
        pytest.param(said(0.0001, 0.1, 0.1), False, id="too few others"),
        pytest.param(said(0.0001, 0.1, 0.1, 0.1, errors=[3]), False, id="too few that answered"),
        pytest.param(said(0.0001, 0.1, 0.1, 0.1, errors=[0]), False, id="the first one raised"),
        pytest.param(said(0.1, 0.1, 0.1, 0.1, lengths_s=[0, 0, 0, 0]), False, id="text is read"),
        pytest.param(said(0.0001, 0.1, 0.1, 0.1, lengths_s=[0, 0, 0, 0]), True, id="text that was read before"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_what_gives_reason_to_look(done: list[Utterance], suspicious: bool) -> None:
    assert cached_answers.suspicious(done) is suspicious


def test_an_honest_model_is_called_no_more_than_once() -> None:
    def never(place: int) -> float:
        raise AssertionError(f"utterance {place} was called again")

    assert cached_answers.readings(said(0.1, 0.1, 0.2, 0.1, 0.3), never) == {}


def test_the_middle_ones_are_called_again() -> None:
    called: list[int] = []

    def again(place: int) -> float:
        called.append(place)
        return 0.05

    done = said(0.001, 0.5, 0.1, 0.3, 0.2, 0.0)
    assert cached_answers.readings(done, again) == {cached_answers.READING: pytest.approx(0.25)}
    assert sorted(called) == [2, 3, 4]


def test_no_clock_is_believed_whose_answers_come_from_a_cache() -> None:
    resources = ResourceBaseline(
        {}, {name(i): (0.1, 0.08) for i in range(10)}, READINGS, ({"rtf": 0.0, "rtf_cpu": 0.0},) * 6
    )
    walls = [utterance(name(i), asr_counts(0), wall_s=0.001, cpu_s=0.001) for i in range(10)]
    for share, status in ((0.02, Status.INCONCLUSIVE), (0.5, Status.IMPROVED)):
        measured = result(walls, readings={**READINGS, cached_answers.READING: share})
        assert {verdict.status for verdict in speed.assess(measured, resources, {})} == {status}
    assert timing_validity.cached(result(walls, readings={**READINGS, cached_answers.READING: 0.02})) == (
        "answers come from a cache: the same call again took 2% of its time"
    )


# ---------------------------------------------------------------------------- through a worker

REMEMBERS = """
import time
from modellab.types import Transcript

class Fake:
    def __init__(self, setting):
        self.known = {} if setting.options.get("remembers") else None

    def transcribe(self, audio):
        key = audio.samples.tobytes()
        if self.known is not None and key in self.known:
            return self.known[key]
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
        said = Transcript("turn on the light")
        if self.known is not None:
            self.known[key] = said
        return said

load = Fake
"""


@pytest.mark.parametrize("remembers", [True, False])
def test_a_model_that_remembers_is_found(tmp_path: Any, remembers: bool) -> None:
    measured, calls = through_a_worker(tmp_path, {"remembers": remembers})
    share = measured.readings.get(cached_answers.READING)
    if remembers:
        assert share is not None
        assert share < timing_validity.CACHED
        assert "cache" in timing_validity.untrusted(measured)
        assert calls == 1 + 6 + cached_answers.TRIES
    else:
        assert share is None
        assert calls == 1 + 6, "a warm-up, and each utterance once"


def through_a_worker(place: Any, options: Mapping[str, Any]) -> tuple[Any, int]:
    """Six clips through a worker process: the result, and how many calls there were."""
    import numpy as np

    from modellab import audio, datasets
    from modellab.runner import evaluate
    from modellab.runner.worker import Worker
    from modellab.tasks import asr
    from modellab.types import Audio

    from ...make import HEADER, case

    (place / "fake").mkdir()
    (place / "fake" / "adapter.py").write_text(REMEMBERS, encoding="utf-8")
    rows = []
    for i in range(6):
        path = place / f"{i}.wav"
        audio.write(path, Audio(np.full(16_000 + i, 0.1, np.float32), 16_000))
        rows.append({"id": name(i), "audio": path, "duration_s": 1.0, "text": "turn on the light"})
    data = datasets.Dataset("short_v1", place, datasets.Header.model_validate(HEADER), tuple(rows), "sha256:d")
    calls = 0

    class Counting(Worker):
        def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
            nonlocal calls
            calls += verb == "utterance"
            return super().ask(verb, order, timeout_s)

    worker = Counting(1)
    try:
        loaded = evaluate.load(one := case(place / "fake", options=dict(options)), worker, 1)
        return evaluate.evaluate(asr, one, data, loaded, 1, ""), calls
    finally:
        worker.close()
