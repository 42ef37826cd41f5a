"""Which job of a queue has the next turn."""

from __future__ import annotations

import itertools

import pytest

from modellab.server.fleet.queues import MOST_RETRY_S, SLACK, FullError, Job, ModelQueue


def jobs(queue: ModelQueue, kinds: str) -> None:
    """Put a job for each letter: l is of a live stream, e its end, s a short file, g a long one."""
    for kind in kinds:
        queue.put(Job("asr", {"kind": kind}, 90.0 if kind == "g" else 5.0, is_live=kind in "le", is_last=kind == "e"))


def taken(queue: ModelQueue, count: int) -> str:
    """The kinds of the next jobs, each done before the next is taken."""
    found = ""
    for _ in range(count):
        job = queue.take()
        assert job is not None
        found += job.row["kind"]
        queue.ended(job)
    return found


@pytest.mark.parametrize(
    ("put", "order"),
    [
        ("sl", "ls"),
        ("gsll", "llgs"),
        ("sssllllllllll", "llllsllllsllslll"[:13]),
        ("llllll", "llllll"),
        ("llele", "eelll"),
        ("sllllle", "ellls" + "ll"),
        ("gs", "gs"),
        ("sgsg", "gsgs"),
    ],
)
def test_streams_go_first_and_leave_every_fifth_turn_to_files(put: str, order: str) -> None:
    queue = ModelQueue(100, 1)
    jobs(queue, put)
    assert taken(queue, len(put)) == order


def test_streams_have_room_where_files_have_none() -> None:
    queue = ModelQueue(1, 1)
    jobs(queue, "s")
    with pytest.raises(FullError):
        jobs(queue, "g")
    jobs(queue, "ll")
    assert len(queue) == 3
    assert [job.row["kind"] for job in queue.close()] == ["l", "l", "s"]


def test_who_is_refused_is_told_another_moment_each(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("modellab.server.fleet.queues.time.monotonic", lambda: clock[0])
    queue = ModelQueue(4, 2)
    queue.mean_s = 1.0
    jobs(queue, "ssss")

    def refused_s() -> float:
        with pytest.raises(FullError) as told:
            jobs(queue, "s")
        return told.value.retry_s

    moments = [refused_s() for _ in range(5)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert gaps == pytest.approx([SLACK * 0.5] * 4)  # two replicas, a second each
    clock[0] += moments[-1] + 1  # all of them should have come again
    assert refused_s() == moments[0]


def test_nobody_is_told_to_wait_for_longer_than_clients_do() -> None:
    queue = ModelQueue(1, 1)
    queue.mean_s = 500.0
    jobs(queue, "s")
    with pytest.raises(FullError) as told:
        jobs(queue, "s")
    assert told.value.retry_s == MOST_RETRY_S
