"""What requests and jobs do while something is measured on the same machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from modellab.runner.occupied import DISTURBED, Occupied
from modellab.server.errors import ApiError
from modellab.server.fleet.measured import Gate
from modellab.server.fleet.queues import Job, ModelQueue
from tests.server.conftest import project, serving
from tests.server.jobs.calls import clip, send, wait


@pytest.mark.parametrize("is_live", [False, True])
def test_who_has_waited_long_enough_is_told_and_others_wait_on(tmp_path: Path, is_live: bool) -> None:
    occupied = Occupied(tmp_path)
    gate, queue = Gate("pause", occupied), ModelQueue(4, 1)
    old = Job("asr", {}, 1.0, asked_at=time.monotonic() - 31, is_live=is_live)
    new = Job("asr", {}, 1.0, is_live=is_live)
    queue.put(old)
    queue.put(new)
    assert not gate.is_shut(queue)
    with occupied.measuring():
        assert gate.is_shut(queue)
        assert not Gate("share", occupied).is_shut(queue)
    error = old.future.exception(timeout=0)
    assert isinstance(error, ApiError)
    assert (error.status, error.code, error.headers) == (503, "measuring", {"Retry-After": "30"})
    assert not new.future.done()
    assert queue.take() is new


def test_a_server_in_a_pause_answers_when_the_measurement_is_over(tmp_path: Path) -> None:
    with serving(project(tmp_path)) as up:
        occupied = Occupied(tmp_path / "occupied")
        wait(up, send(up, clip(3))[1]["id"])
        with occupied.measuring():
            _, job = send(up, clip(4))
            wait(up, job["id"], "running")
            threading.Event().wait(0.5)  # it would be done by now
            assert up.get(job["url"])[1]["state"] == "running"
            assert up.get("/stats")[1]["models"]["fake:one"]["running"] == 0
        assert wait(up, job["id"])["result"]["text"] == "4 tenths"


@pytest.mark.slow
def test_a_server_that_shares_goes_on_and_the_measurement_knows(tmp_path: Path) -> None:
    occupied = Occupied(tmp_path / "occupied")
    with serving(project(tmp_path, 'while_measuring = "share"')) as up, occupied.measuring() as passage:
        _, job = send(up, clip(4))
        assert wait(up, job["id"])["state"] == "done"
        assert passage.notes == (DISTURBED,)
