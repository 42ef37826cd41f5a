"""Pairs of timed calls, with scripted models behind them: which utterances, in which order, what is left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.datasets import Dataset
from modellab.datasets.manifest import Header
from modellab.errors import CrashError, ModelError
from modellab.runner.paired.interleave import MOST_UTTERANCES, Pairs, Walk, joined, run_pairs

from ...make import HEADER


class Model:
    """Takes so many seconds for each second of audio, and writes down what it was asked in a list of both sides."""

    def __init__(self, name: str, log: list[tuple[str, str]], rtf: float = 0.1, **does: Any) -> None:
        self.name, self.log, self.rtf, self.does = name, log, rtf, does

    def ask(self, verb: str, order: Mapping[str, Any], audio_s: float = 0.0) -> dict[str, Any]:
        assert verb == "utterance"
        id, wall_s = order["row"]["id"], self.rtf * order["row"]["duration_s"]
        self.log.append((self.name, id))
        if error := self.does.get("raises", {}).get(id):
            raise error
        return {"output": {"text": "a b"}, "wall_s": wall_s, "cpu_s": wall_s / 2, **self.does.get("reply", {})}


def data(count: int = 20, seconds: float = 2.0) -> Dataset:
    rows = [{"id": f"{i:02}", "audio": Path(f"/golden/{i}.flac"), "duration_s": seconds + i / 10} for i in range(count)]
    return Dataset("short_v1", Path("short_v1"), Header.model_validate(HEADER), tuple(rows), "sha256:d")


def paired_run(n: int = 8, count: int = 20, seconds: float = 2.0, **does: Mapping[str, Any]) -> tuple[Pairs, list[Any]]:
    log: list[tuple[str, str]] = []
    candidate = Model("candidate", log, **{"rtf": 0.2, **does.get("candidate", {})})
    base = Model("base", log, **does.get("base", {}))
    return run_pairs(candidate, base, data(count, seconds), n, np.random.default_rng(3)), log


def test_a_pair_is_one_utterance_through_both_models() -> None:
    pairs, log = paired_run()
    assert len(log) == 18, "a warm-up pair, then eight"
    assert pairs.calls == 16
    for (one, first), (other, second) in zip(log[::2], log[1::2], strict=True):
        assert first == second
        assert {one, other} == {"candidate", "base"}
    assert len({id for _, id in log}) == 9, "each pair has an utterance of its own"


def test_the_logarithm_is_that_of_candidate_over_base_whichever_came_first() -> None:
    pairs, _ = paired_run()
    assert pairs.wall == pytest.approx(np.full(8, math.log(2)))
    assert pairs.cpu == pytest.approx(np.full(8, math.log(2)))
    assert np.isnan(pairs.gpu).all()
    assert pairs.rtf(0) == pytest.approx((0.2, 0.1))
    assert pairs.rtf(1) == pytest.approx((0.1, 0.05))


def test_the_gpu_has_a_clock_of_its_own() -> None:
    pairs, _ = paired_run(candidate={"reply": {"gpu_s": 0.3}}, base={"reply": {"gpu_s": 0.1}})
    assert pairs.gpu == pytest.approx(np.full(8, math.log(3)))


def test_half_of_the_pairs_have_the_candidate_first_and_the_order_is_seeded() -> None:
    _, log = paired_run(n=16)
    first = [name for name, _ in log[2::2]]
    assert Counter(first) == {"candidate": 8, "base": 8}
    assert first != sorted(first)
    assert paired_run(n=16)[1] == log


def test_pairs_that_follow_take_the_next_utterances() -> None:
    log: list[tuple[str, str]] = []
    sides = Model("candidate", log), Model("base", log)
    generator = np.random.default_rng(3)
    first = run_pairs(*sides, data(), 8, generator)
    second = run_pairs(*sides, data(), 8, generator, first)
    assert first.calls + second.calls == 32
    assert len(log) == 36
    assert len({id for _, id in log}) == 18
    assert run_pairs(*sides, data(seconds=0.01), 1, generator, first).per_side == first.per_side


def test_several_runs_are_joined_in_their_order() -> None:
    parts = [paired_run(n=2)[0], paired_run(n=3, candidate={"rtf": 0.4})[0]]
    whole = joined(parts)
    assert whole.wall == pytest.approx(np.log([2, 2, 4, 4, 4]))
    seconds = [part.candidate[:, 0].sum() for part in parts]
    assert whole.rtf(0)[0] == pytest.approx(sum(seconds) / whole.audio_s.sum())
    assert (whole.calls, len(whole.said)) == (10, 5)


def test_each_pair_is_placed_before_it_begins() -> None:
    log: list[Any] = []
    sides = Model("candidate", log), Model("base", log)
    run_pairs(*sides, data(), 3, np.random.default_rng(3), place=log.append)
    assert [entry if isinstance(entry, int) else "call" for entry in log[2:]] == [
        *(0, "call", "call"),
        *(1, "call", "call"),
        *(2, "call", "call"),
    ]


def test_a_zero_time_is_no_time() -> None:
    pairs, _ = paired_run(candidate={"reply": {"cpu_s": 0.0}})
    assert np.isnan(pairs.cpu).all()
    assert np.isfinite(pairs.wall).all()


def test_what_was_said_is_kept_by_side() -> None:
    pairs, _ = paired_run(candidate={"reply": {"output": "mine"}}, base={"reply": {"output": "other"}})
    assert pairs.said == ((["mine"], ["other"]),) * 8


# ---------------------------------------------------------------------------- short calls


@pytest.mark.parametrize(
    ("rtf", "per_side"), [(0.1, 1), (0.005, 3), (0.000001, MOST_UTTERANCES)], ids=["200 ms", "10 ms", "microseconds"]
)
def test_a_short_call_becomes_several(rtf: float, per_side: int) -> None:
    pairs, log = paired_run(seconds=2.0, count=20, candidate={"rtf": rtf * 2}, base={"rtf": rtf})
    assert pairs.per_side == per_side
    assert pairs.calls == 16
    assert len(log) == 2 + 16 * per_side
    assert pairs.wall == pytest.approx(np.full(8, math.log(2)))
    side = log[2 : 2 + 2 * per_side]
    assert [id for _, id in side[:per_side]] == [id for _, id in side[per_side:]], "both sides hear the same"
    assert len({name for name, _ in side[:per_side]}) == 1, "a side runs in one go"


def test_the_times_and_the_audio_of_a_side_are_summed() -> None:
    pairs, _ = paired_run(candidate={"rtf": 0.01}, base={"rtf": 0.005})
    assert pairs.per_side == 3
    assert pairs.base[:, 0] == pytest.approx(0.005 * pairs.audio_s)
    assert (pairs.audio_s > 6).all()


# ---------------------------------------------------------------------------- calls that raise


@pytest.mark.parametrize("side", ["candidate", "base"])
def test_a_call_that_raises_takes_its_pair_with_it(side: str) -> None:
    _, log = paired_run()
    bad = log[6][1]
    pairs, log = paired_run(**{side: {"raises": {bad: ModelError("the decoder lost its way")}}})
    assert len(pairs.wall) == 8
    assert np.isfinite(pairs.wall).all()
    assert pairs.calls == 18
    assert len({id for _, id in log}) == 10


def test_a_warm_up_that_raises_is_none() -> None:
    _, log = paired_run()
    pairs, _ = paired_run(
        base={"raises": {log[0][1]: ModelError("cold")}}, candidate={"raises": {log[0][1]: ModelError("!")}}
    )
    assert len(pairs.wall) == 8
    assert pairs.per_side == 1


def test_too_many_calls_that_raise_end_it() -> None:
    every = {f"{i:02}": ModelError("the decoder lost its way") for i in range(20)}
    with pytest.raises(ModelError, match="9 of 9 pairs were lost to calls that raised: the decoder lost its way"):
        paired_run(base={"raises": every})


def test_a_crash_goes_up() -> None:
    every = {f"{i:02}": CrashError("killed by SIGSEGV") for i in range(20)}
    with pytest.raises(CrashError):
        paired_run(base={"raises": every})


# ---------------------------------------------------------------------------- the walk over the dataset


@given(st.integers(1, 500))
def test_a_walk_meets_every_utterance_before_any_again(count: int) -> None:
    walk = Walk([{"id": i} for i in range(count)])
    met = [walk.next()["id"] for _ in range(2 * count)]
    assert sorted(met[:count]) == list(range(count))
    assert met[:count] == met[count:]


@given(st.integers(24, 500))
def test_a_walk_is_spread_over_the_dataset(count: int) -> None:
    walk = Walk([{"id": i} for i in range(count)])
    thirds = Counter(3 * walk.next()["id"] // count for _ in range(9))
    assert min(thirds[third] for third in range(3)) >= 2
