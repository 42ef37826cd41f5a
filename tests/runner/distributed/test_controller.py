"""The controller with invented workers: whatever happens to them, each utterance is kept exactly once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.runner.distributed.controller import EXTRA, TRIES, Answer, Attempt, Controller
from modellab.runner.distributed.shards import cut


def value(place: int) -> int:
    return place * 7919 + 1


class Kept:
    """What was put on disk: places, and lines by place."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self.places: list[int] = []

    def __call__(self, worker: str, start: int, lines: Sequence[str], hashes: Sequence[int]) -> None:
        assert len(lines) == len(hashes)
        for i, line in enumerate(lines):
            self.lines[start + i] = line
            self.places.append(start + i)


def answer(attempt: Attempt, done: int | None = None, died: str = "", wall_s: float = 1.0) -> Answer:
    shard = attempt.shard
    places = range(shard.start, shard.stop if done is None else shard.start + done)
    said = [f"error {shard.error}" if shard.error else f"u{place}" for place in places]
    return Answer(said, [value(place) for place in places], wall_s, died)


def started(count: int, shard_s: float = 4, workers: int = 2) -> tuple[Controller, Kept]:
    kept = Kept()
    controller = Controller(cut([1.0] * count, shard_s), [1.0] * count, kept)
    for number in range(workers):
        controller.up(f"w{number}")
    return controller, kept


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60), workers=st.integers(1, 5), shard_s=st.integers(1, 12))
def test_nothing_is_lost_or_doubled_whatever_happens(seed: int, count: int, workers: int, shard_s: int) -> None:
    draw = random.Random(seed)
    lengths = [draw.uniform(0.2, 5) for _ in range(count)]
    kept = Kept()
    poison = set(draw.sample(range(count), draw.choice([0, 0, min(count, 1)])))
    controller = Controller(cut(lengths, shard_s), lengths, kept)
    running: list[tuple[str, Attempt]] = []
    late: list[tuple[str, Attempt]] = []  # of workers that were given up, and answer after all
    names = iter(range(10**6))
    for _ in range(workers):
        controller.up(f"w{next(names)}")
    for now in range(20_000):
        if controller.is_complete:
            break
        running += list(controller.orders(now))
        assert all(len(member.attempts) <= 2 for member in controller.members.values())
        if not controller.members or not running:
            controller.up(f"w{next(names)}")
            continue
        worker = draw.choice(sorted(controller.members))
        own = [attempt for name, attempt in running if name == worker]
        happens = draw.random()
        if own and own[0].shard.start in poison and not own[0].shard.error:
            happens = draw.choice([0.85, 0.95])  # it kills the model, or the whole worker
        if not own and happens < 0.9:
            continue
        if happens < 0.8:
            controller.answered(worker, own[0].number, reachable(own[0], poison, draw), now)
            running.remove((worker, own[0]))
        elif happens < 0.9:
            done = draw.randrange(len(own[0].shard)) if own[0].shard.start not in poison else 0
            controller.answered(worker, own[0].number, answer(own[0], done, "SIGSEGV"), now)
            running.remove((worker, own[0]))
        else:
            late += [(worker, attempt) for attempt in own]
            running = [(name, attempt) for name, attempt in running if name != worker]
            draw.choice([controller.gone, lambda name: controller.lost(name, "SIGKILL")])(worker)
            controller.up(f"w{next(names)}")
            if late and draw.random() < 0.5:
                name, attempt = late.pop()
                some = reachable(attempt, poison, draw)
                controller.early(name, attempt.shard.start, some.lines, some.hashes)
    assert controller.is_complete
    assert sorted(kept.places) == list(range(count)), "each exactly once"
    assert controller.different == []


def reachable(attempt: Attempt, poison: set[int], draw: random.Random) -> Answer:
    """The whole shard, or as much of it as lies before what kills its model."""
    shard = attempt.shard
    if shard.error:
        return answer(attempt)
    first = next((place for place in range(shard.start, shard.stop) if place in poison), None)
    return answer(attempt) if first is None else answer(attempt, first - shard.start, "SIGKILL")


def test_the_longest_shard_comes_first_and_each_worker_gets_one_before_any_gets_two() -> None:
    kept = Kept()
    controller = Controller(cut([1.0, 9.0, 5.0, 7.0], 1), [1.0, 9.0, 5.0, 7.0], kept)
    for name in "ab":
        controller.up(name)
    given = [(name, attempt.shard.start) for name, attempt in controller.orders(0)]
    assert given == [("a", 1), ("b", 3), ("a", 2)] or given == [("a", 1), ("b", 3)]


@pytest.mark.parametrize("whole", [False, True], ids=["its model", "the whole worker"])
def test_one_that_kills_is_found_and_becomes_an_error(whole: bool) -> None:
    controller, kept = started(40, shard_s=20)
    running: list[tuple[str, Attempt]] = []
    deaths, names = 0, iter(range(2, 1000))
    while not controller.is_complete:
        running += list(controller.orders(0))
        worker, attempt = running.pop(0)
        shard = attempt.shard
        if shard.start <= 13 < shard.stop and not shard.error:
            deaths += 1
            if whole:
                controller.lost(worker, "killed by SIGKILL (out of memory)")
                running = [each for each in running if each[0] != worker]
                controller.up(f"w{next(names)}")
                continue
            died = answer(attempt, 13 - shard.start, "killed by SIGKILL (out of memory)")
            controller.answered(worker, attempt.number, died, 0)
        else:
            controller.answered(worker, attempt.number, answer(attempt), 0)
        assert not controller.hopeless
    wrong = {place: line for place, line in kept.lines.items() if line != f"u{place}"}
    assert wrong == {13: f"error killed its worker {TRIES} times: killed by SIGKILL (out of memory)"}
    assert deaths <= (12 if whole else TRIES)


def test_a_model_that_always_dies_ends_the_case() -> None:
    controller, kept = started(400, shard_s=100, workers=1)
    for now in range(1000):
        if controller.hopeless:
            break
        worker, _ = next(iter(controller.orders(now)))
        controller.lost(worker, "killed by SIGSEGV\nand a log")
        controller.up(f"w{now + 1}")
    assert controller.hopeless.endswith("the last: killed by SIGSEGV")
    assert kept.places == []
    assert now < 60


def test_a_second_answer_is_compared_with_the_first() -> None:
    controller, kept = started(4, workers=1)
    ((worker, attempt),) = controller.orders(0)
    controller.lost(worker, "silent")
    controller.up("w9")
    ((again, second),) = controller.orders(0)
    controller.answered(again, second.number, answer(second), 1)
    first = answer(attempt)
    controller.accept(worker, 0, first.lines, [first.hashes[0], 5, first.hashes[2], first.hashes[3]])
    assert (controller.twice, controller.different) == (4, [1])
    assert sorted(kept.places) == [0, 1, 2, 3]


def test_a_drained_worker_keeps_what_it_has_done() -> None:
    controller, kept = started(8, shard_s=4, workers=1)
    worker, attempt = next(iter(controller.orders(0)))
    controller.answered(worker, attempt.number, answer(attempt, 3), 1)
    controller.gone(worker)
    assert controller.deaths == {}
    controller.up("w9")
    while not controller.is_complete:
        for name, again in list(controller.orders(2)):
            controller.answered(name, again.number, answer(again), 3)
    assert Counter(kept.places) == Counter(range(8))


def test_what_is_known_is_not_computed_again_with_another_cut() -> None:
    kept, lengths = Kept(), [1.0] * 10
    controller = Controller(cut(lengths, 3), lengths, kept, [(0, [value(i) for i in range(4)]), (7, [value(7)])])
    controller.up("w")
    while not controller.is_complete:
        for name, attempt in list(controller.orders(0)):
            controller.answered(name, attempt.number, answer(attempt), 0)
    assert sorted(kept.places) == [4, 5, 6, 8, 9]


def test_what_comes_early_is_given_to_nobody() -> None:
    """As from the workers of a controller that was killed, which had gone on."""
    controller, kept = started(16, shard_s=4, workers=1)
    controller.early("old", 2, ["u2", "u3", "u4", "u5", "u6", "u7"], [value(place) for place in range(2, 8)])
    assert controller.queue.audio_s == 10
    given: list[int] = []
    while not controller.is_complete:
        for name, attempt in list(controller.orders(0)):
            given += range(attempt.shard.start, attempt.shard.stop)
            controller.answered(name, attempt.number, answer(attempt), 0)
    assert sorted(given) == [0, 1, *range(8, 16)]
    assert controller.twice == 0
    assert sorted(kept.places) == list(range(16))
    assert controller.queue.audio_s == 0


def simulated(paces: Sequence[float], shards: int = 120) -> tuple[float, Controller]:
    """Workers of these paces, each utterance a second of audio; the end, by the clock of events."""
    kept = Kept()
    lengths = [1.0] * (shards * 4)
    controller = Controller(cut(lengths, 4), lengths, kept)
    pace = {f"w{i}": each for i, each in enumerate(paces)}
    for name in pace:
        controller.up(name)
    now, busy = 0.0, dict.fromkeys(pace, 0.0)
    ends: list[tuple[float, str, Attempt]] = []
    while not controller.is_complete:
        for name, attempt in controller.orders(now):
            busy[name] = max(now, busy[name]) + attempt.shard.audio_s * pace[name]
            ends.append((busy[name], name, attempt))
        ends.sort(key=lambda each: each[0])
        now, name, attempt = ends.pop(0)
        controller.answered(name, attempt.number, answer(attempt, wall_s=attempt.shard.audio_s * pace[name]), now)
    return now, controller


def test_a_slow_worker_costs_little() -> None:
    even, _ = simulated([1.0] * 4)
    slow, controller = simulated([1.0, 1.0, 1.0, 10.0])
    assert controller.extra_s <= EXTRA * controller.total_s
    assert slow / even <= 4 / 3.1 * 1.1, "three and a tenth workers can do no better than 4 / 3.1"
