"""Which job of a queue has the next turn."""

from __future__ import annotations

import pytest

from modellab.server.queues import FullError, Job, ModelQueue


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
