"""The loop over a dataset, with a scripted model behind it: what is asked, what is kept, what ends it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from modellab.datasets import Dataset
from modellab.datasets.manifest import Header
from modellab.datasets.used_audio import UsedAudio
from modellab.errors import CrashError, DatasetError, ModelError, WorkerError
from modellab.runner import worker_environment
from modellab.runner.evaluate import Loaded, again, evaluate, load
from modellab.runner.latencies import latencies
from modellab.tasks import Task, asr
from modellab.types import Utterance

from ..make import HEADER, case, utterance

TASK: Task = asr
SAID = {"text": "a b", "language": "en", "segments": []}
FACTS = {
    "load_s": 0.5,
    "load_peak_rss_bytes": 1000,
    "weights": "sha256:w",
    "python": "3.12",
    "versions": {"numpy": "2.0"},
}
METERS = {"peak_rss_bytes": 2000, "other_cores": 0.1, "cores": 2}


class Scripted:
    """Answers each call on an utterance with the next of `replies`; the last one goes on for ever."""

    def __init__(self, *replies: Any, gpu: bool = False) -> None:
        self.replies, self.gpu = list(replies), gpu
        self.asked: list[tuple[str, Any, float]] = []

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
        self.asked.append((verb, order, timeout_s))
        if verb == "load":
            return dict(FACTS)
        if verb != "utterance":
            return dict(METERS) if verb == "finish" else {}
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        clocks = {"wall_s": reply, "cpu_s": reply / 2} | ({"gpu_s": reply / 4} if self.gpu else {})
        return {"output": SAID, **clocks}

    def close(self) -> None:
        pass

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.asked]


def data(count: int = 3) -> Dataset:
    rows = [
        {"id": f"{i}", "audio": Path(f"/golden/{i}.flac"), "text": "a b", "duration_s": 2.0 + i} for i in range(count)
    ]
    return Dataset("short_v1", Path("short_v1"), Header.model_validate(HEADER), tuple(rows), "sha256:d")


def loaded(model: Scripted) -> Loaded:
    return load(case(), model, 1)


def run(model: Scripted, count: int = 3, **more: Any) -> Any:
    return evaluate(TASK, case(), data(count), loaded(model), 2, "c0ffee", **more)


# ---------------------------------------------------------------------------- loading


def test_the_order_to_load_names_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in worker_environment.for_fetching():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", "a token")
    model = Scripted(0.1)
    variants = {"one": {"weights": "hf:a/b", "revision": "abc", "options": {"beam_size": 5}}}
    ready = load(case(Path("models/fake"), variants=variants, options={"language": "en"}), model, 3, download=True)
    ((verb, order, timeout_s),) = model.asked
    assert verb == "load"
    assert timeout_s == 600
    assert order == {
        "folder": "models/fake",
        "model": "fake",
        "variant": "one",
        "weights": "hf:a/b",
        "revision": "abc",
        "files": (),
        "device": "cpu",
        "precision": "float32",
        "threads": 3,
        "options": {"language": "en", "beam_size": 5},
        "download": True,
        "fetching": {"HF_TOKEN": "a token"},
    }
    assert ready.engine == ("fake", "one", "cpu", "float32")


# ---------------------------------------------------------------------------- measuring


def test_one_call_is_a_warm_up_and_fresh_meters_follow_it() -> None:
    model = Scripted(9.0, 0.1, 0.2, 0.3)
    result = run(model)
    assert model.verbs() == ["load", "start", "utterance", "start", *["utterance"] * 3, "finish"]
    assert result.readings["first_call_s"] == 9.0
    assert [said.wall_s for said in result.utterances] == [0.1, 0.2, 0.3], "the warm-up is not among them"
    assert model.asked[2][1] == model.asked[4][1], "it is the first utterance"


class Heard(Scripted):
    """A judge that hears the same in everything, or fails."""

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: Any = None) -> dict[str, Any]:
        super().ask(verb, order, timeout_s)
        if isinstance(self.replies[0], Exception):
            raise self.replies[0]
        return {"output": {**order["output"], "text": self.replies[0], "duration_s": 0.5}}


def test_what_the_judge_hears_is_scored_and_the_time_is_held_against_what_was_made() -> None:
    judge, ready = Heard("a c"), loaded(Scripted(0.1))
    ready.judge = Loaded(judge, ("ear", "one", "cpu", "float32"), FACTS, case().model.timeout_for)
    (said,) = evaluate(TASK, case(), data(1), ready, 2, "c0ffee").utterances
    assert [verb for verb, _, _ in judge.asked] == ["examine"]
    assert judge.asked[0][1]["row"]["audio"] == "/golden/0.flac"
    assert (said.output["text"], said.counts["wer"][0], said.duration_s) == ("a c", 1.0, 0.5)


def test_a_judge_that_fails_is_no_fault_of_the_model() -> None:
    ready = loaded(Scripted(0.1))
    ready.judge = Loaded(Heard(ModelError("deaf")), ("ear", "one", "cpu", "float32"), FACTS, case().model.timeout_for)
    with pytest.raises(WorkerError, match="the judge ear:one failed: deaf"):
        evaluate(TASK, case(), data(1), ready, 2, "c0ffee")


def test_a_row_travels_as_json_types_with_the_time_it_may_take() -> None:
    model = Scripted(0.1)
    run(model, 1)
    _, order, timeout_s = model.asked[4]
    assert order == {"row": {"id": "0", "audio": "/golden/0.flac", "text": "a b", "duration_s": 2.0}}
    assert timeout_s == case().model.timeout_for(2.0)


def test_a_stream_that_is_heard_anew_at_each_step_has_the_time_of_as_many_calls() -> None:
    model, ready = Scripted(0.1), case().model
    row = {**data(1).rows[0], "duration_s": 6.8, "settings": {"step_s": 1.0}}
    loaded(model).call(row)
    _, _, timeout_s = model.asked[-1]
    assert timeout_s == 8 * ready.timeout_for(6.8)


def test_a_result_says_where_it_comes_from() -> None:
    result = run(Scripted(0.1))
    assert result.machine.endswith("-2t")
    assert result.provenance["normaliser"].startswith("basic@")
    facts = {"commit": "c0ffee", "dataset_digest": "sha256:d", "weights": "sha256:w", "threads": "2", "numpy": "2.0"}
    assert result.provenance.items() >= facts.items()
    assert result.readings.items() >= {"load_s": 0.5, **METERS}.items()
    assert result.utterances[0].counts["wer"] == (0.0, 2.0)
    assert result.utterances[0].duration_s == 2.0


def test_progress_is_told_after_each_utterance() -> None:
    told: list[tuple[int, int, int]] = []
    run(Scripted(0.1), progress=lambda done, total, said: told.append((done, total, len(said))))
    assert told == [(1, 3, 1), (2, 3, 2), (3, 3, 3)]


def test_an_utterance_that_raised_is_scored_as_nothing() -> None:
    result = run(Scripted(0.1, 0.1, ModelError("ValueError: lost\ntrace"), 0.3))
    lost = result.utterances[1]
    assert (lost.error, lost.output) == ("ValueError: lost\ntrace", None)
    assert math.isnan(lost.wall_s)
    assert lost.counts["wer"] == (2.0, 2.0)
    assert lost.counts["success_rate"] == (0.0, 1.0)
    assert result.readings["rtf"] == pytest.approx((0.1 + 0.3) / (2.0 + 4.0)), "its time and its audio count nowhere"


def test_a_warm_up_that_raised_costs_nothing_but_its_time() -> None:
    result = run(Scripted(ModelError("lost"), 0.1))
    assert math.isnan(result.readings["first_call_s"])
    assert [said.error for said in result.utterances] == ["", "", ""]


@pytest.mark.parametrize(
    ("replies", "error", "says"),
    [
        ([ModelError("ValueError: lost")], ModelError, "every one of 3 utterances raised; the first: ValueError: lost"),
        ([0.1, 0.1, CrashError("died")], CrashError, "died"),
        ([0.1, DatasetError("no audio")], DatasetError, "no audio"),
        ([CrashError("died at once")], CrashError, "died at once"),
        ([0.1, 0.1, -3.0], WorkerError, r"the wall clock ran backwards by 3 s .* was the machine suspended"),
        ([-0.1, 0.1], WorkerError, r"the wall clock ran backwards by 0.1 s"),
    ],
)
def test_without_a_measurement_there_is_an_error(replies: list[Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        run(Scripted(*replies))


def test_once_more_keeps_the_outputs_and_takes_new_times() -> None:
    model = Scripted(9.0, 0.1, ModelError("lost"), 0.3, 7.0, 0.4, 0.6)
    first = run(model)
    model.asked.clear()
    second = again(case(), data(), loaded(model), TASK, first)
    assert model.verbs() == ["load", "start", "utterance", "start", "utterance", "utterance", "finish"]
    assert [said.wall_s for said in second.utterances] == pytest.approx([0.4, math.nan, 0.6], nan_ok=True)
    for before, after in zip(first.utterances, second.utterances, strict=True):
        assert (after.counts, after.output, after.error) == (before.counts, before.output, before.error)
    assert second.readings["first_call_s"] == 9.0, "there is one first call"
    assert second.readings["rtf"] == pytest.approx(1.0 / 6.0)


@pytest.mark.parametrize(("gpu", "gpu_s"), [(True, [0.1, 0.2, 0.3]), (False, [math.nan] * 3)])
def test_a_gpu_has_a_clock_of_its_own(gpu: bool, gpu_s: list[float]) -> None:
    first = run(Scripted(9.0, 0.4, 0.8, 1.2, gpu=gpu))
    assert [said.gpu_s for said in first.utterances] == pytest.approx(gpu_s, nan_ok=True)
    assert first.readings.get("rtf_gpu") == (pytest.approx(0.6 / 9.0) if gpu else None)
    second = again(case(), data(), loaded(Scripted(2.0, gpu=gpu)), TASK, first)
    assert second.readings.get("rtf_gpu") == (pytest.approx(1.5 / 9.0) if gpu else None)


def test_the_gpu_is_believed_only_if_it_timed_every_call() -> None:
    model = Scripted(9.0, 0.4, ModelError("lost"), 1.2, gpu=True)
    assert run(model).readings["rtf_gpu"] == pytest.approx(0.4 / 6.0)
    calls = timed((0.5, 1.0), (0.5, 1.0))
    assert "rtf_gpu" not in latencies([calls[0], replace(calls[1], gpu_s=0.3)])


# ---------------------------------------------------------------------------- times


def timed(*calls: tuple[float, float], error: str = "") -> list[Utterance]:
    return [
        utterance(str(i), {}, wall_s=wall, cpu_s=wall, duration_s=s, error=error) for i, (wall, s) in enumerate(calls)
    ]


def test_real_time_factor_is_pooled_and_percentiles_are_of_calls() -> None:
    got = latencies(timed((1.0, 1.0), (0.1, 10.0), (0.1, 10.0)))
    assert got["rtf"] == pytest.approx(1.2 / 21)
    assert got["audio_s"] == 21.0
    assert got["latency_p50_s"] == 0.1
    assert got["latency_p95_s"] == pytest.approx(0.91)
    assert got["latency_p50_s"] <= got["latency_p95_s"] <= got["latency_p99_s"] <= 1.0


def test_what_raised_has_no_latency() -> None:
    assert latencies([*timed((0.5, 1.0)), *timed((math.nan, 9.0), error="lost")])["rtf"] == 0.5


# ---------------------------------------------------------------------------- very many rows


def test_of_rows_that_were_checked_none_is_read_before_its_turn() -> None:
    """A million rows are a minute of normalising: the first call does not wait for it."""
    read: list[str] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(asr, name)

        def read(self, row: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
            read.append(str(row["id"]))
            return asr.read(row, options)

    model, seen = Scripted(1.0), list[tuple[str, int]]()
    ask = model.ask

    def asked(verb: str, *given: Any) -> dict[str, Any]:
        seen.append((verb, len(read)))
        return ask(verb, *given)

    model.ask = asked  # type: ignore[method-assign,assignment]
    every = data(5)
    for checked, before in ((False, 5), (True, 0)):
        header = every.header.model_copy(update={"digest": every.digest})
        given = replace(every, header=header, audio=UsedAudio() if checked else None)
        assert given.is_checked is checked
        read.clear()
        seen.clear()
        result = evaluate(cast(Task, Watching()), case(), given, loaded(model), 2, "c0ffee")
        assert next(count for verb, count in seen if verb == "utterance") == before
        assert len(result.utterances) == 5
        assert result.provenance["digest_checked"] == ("none" if checked else "all")
