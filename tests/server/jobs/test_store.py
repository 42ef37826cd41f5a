"""The queue itself, on SQLite and on PostgreSQL: who is next, who may end what, and what a lost worker costs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modellab.server.errors import ApiError
from modellab.server.jobs import going_on, turns
from modellab.server.jobs.store import Claim, Jobs
from modellab.server.jobs.tables import CANCELLED, DONE, FAILED, QUEUED, RUNNING
from modellab.server.jobs.watch import Watch
from tests.server.jobs.conftest import Put

MOST = 1000


def take(jobs: Jobs, worker: str = "w1", lane: str = "runs", most: int = MOST) -> Claim:
    claim = jobs.claim([lane], worker, most)
    assert claim is not None
    return claim


def test_a_job_goes_its_way_and_tells_each_step(jobs: Jobs, put: Put) -> None:
    name = put(body={"text": "Grüße"})
    claim = take(jobs)
    assert (claim.id, claim.body, claim.attempt) == (name, {"text": "Grüße"}, 1)
    assert jobs.progress(claim, {"done": 1, "of": 2})
    assert jobs.finish(claim, {"session": "s"})
    row = jobs.find("default", name)
    assert (row.state, row.result, row.error, row.tries) == (DONE, {"session": "s"}, None, 1)
    happened = jobs.events(row.n)
    assert [each.kind for each in happened] == [QUEUED, RUNNING, "progress", DONE]
    assert [each.kind for each in jobs.events(row.n, after=happened[1].n)] == ["progress", DONE]
    assert jobs.claim(["runs"], "w1", MOST) is None


def test_who_finds_nothing_to_do_waits_for_nobody_and_locks_nothing(jobs: Jobs) -> None:
    """Idle workers ask every second: as claims they took the lock that writers need."""
    with jobs.database.engine.connect() as writer, ThreadPoolExecutor(1) as other:
        if jobs.database.is_sqlite:
            writer.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            turns.alone(writer)
        assert other.submit(jobs.claim, ["runs"], "w1", MOST).result(timeout=20) is None


def test_many_jobs_of_one_owner_delay_anothers_first_by_one(jobs: Jobs, put: Put) -> None:
    first = [put("ada") for _ in range(40)]
    assert take(jobs).id == first[0]
    other = put("bob")
    third = put("cy", priority=-5)
    assert [take(jobs).owner for _ in range(4)] == ["bob", "cy", "ada", "ada"]
    assert jobs.find("default", other).state == jobs.find("default", third).state == RUNNING


def test_priority_orders_the_jobs_of_one_owner_alone(jobs: Jobs, put: Put) -> None:
    low, high = put("ada"), put("ada", priority=9)
    other = put("bob", priority=-9)
    assert [take(jobs).id for _ in range(3)] == [high, other, low]


def test_a_place_in_the_queue_is_when_it_is_taken(jobs: Jobs, put: Put) -> None:
    names = [put(owner) for owner in ("ada", "ada", "bob", "ada", "bob", "cy")]
    places = {name: jobs.position(jobs.find("default", name)) for name in names}
    taken = [take(jobs).id for _ in names]
    assert [places[name] for name in taken] == [1, 2, 3, 4, 5, 6]
    assert jobs.position(jobs.find("default", names[0])) is None


def test_lanes_and_projects_do_not_mix(jobs: Jobs, put: Put) -> None:
    name = put(lane="inference", project="other")
    assert jobs.claim(["runs"], "w1", MOST) is None
    with pytest.raises(ApiError, match="there is no job"):
        jobs.find("default", name)
    with pytest.raises(ApiError, match="there is no job"):
        jobs.cancel("default", name)
    assert jobs.newest("default") == []
    assert take(jobs, lane="inference").id == name


def test_a_run_at_work_goes_on_in_its_project_however_much_else_does(jobs: Jobs, put: Put, tmp_path: Path) -> None:
    name = put(body={"experiment": "e1"})
    claim = take(jobs)
    jobs.progress(claim, {"cases": 3})
    put()  # which waits
    for _ in range(60):
        put(lane="inference")
        take(jobs, lane="inference")
    (found,) = going_on.live(jobs, tmp_path, "default")
    assert (found.session, found.planned, found.by, found.experiment) == (name, 3, "ada", "e1")
    assert not list(going_on.live(jobs, tmp_path, "other"))
    jobs.finish(claim, {})
    assert not list(going_on.live(jobs, tmp_path, "default"))


def test_a_project_has_no_more_at_work_than_it_may(jobs: Jobs, put: Put) -> None:
    mine = [put() for _ in range(3)]
    theirs = put(project="other")
    assert [take(jobs, most=1).id for _ in range(2)] == [mine[0], theirs]
    assert jobs.claim(["runs"], "w1", 1) is None
    assert take(jobs, most=2).id == mine[1]


def test_one_key_is_one_job_and_another_body_is_refused(jobs: Jobs, put: Put) -> None:
    name = put(idempotency_key="k", digest="a")
    assert put(idempotency_key="k", digest="a") == name
    with pytest.raises(ApiError, match="was used for another request") as refused:
        put(idempotency_key="k", digest="b")
    assert refused.value.status == 409
    assert put("bob", idempotency_key="k", digest="b") != name
    with ThreadPoolExecutor(8) as pool:
        together = set(pool.map(lambda _: put(idempotency_key="both", digest="a"), range(16)))
    assert len(together) == 1


def test_an_owner_has_no_more_waiting_than_they_may(jobs: Jobs, put: Put) -> None:
    for _ in range(3):
        put(most_queued=3)
    with pytest.raises(ApiError, match="3 of your jobs are waiting") as refused:
        put(most_queued=3)
    assert refused.value.status == 429
    put("bob", most_queued=3)
    take(jobs)
    put(most_queued=3)


def test_a_lost_worker_costs_a_try_and_comes_too_late_for_anything(jobs: Jobs, put: Put) -> None:
    name, now = put(most_tries=2), 0.0
    watch = Watch(jobs, 30, lambda: now)
    zombie = take(jobs, "lost")
    assert [watch.look(), watch.look()] == [0, 0]
    now = 29.0
    assert watch.look() == 0
    now = 31.0
    assert watch.look() == 1
    again = take(jobs, "w2")
    assert (again.id, again.attempt) == (name, 2)
    assert not jobs.finish(zombie, {"from": "zombie"})
    assert not jobs.fail(zombie, {"code": "x"})
    assert not jobs.progress(zombie, {})
    assert not jobs.give_back(zombie, "late")
    assert jobs.beat("lost") == set()
    assert jobs.find("default", name).state == RUNNING
    now = 100.0
    watch.look()
    now = 200.0
    assert watch.look() == 1
    row = jobs.find("default", name)
    assert (row.state, row.error["code"]) == (FAILED, "worker_lost")


def test_who_beats_keeps_its_job_however_the_clocks_jump(jobs: Jobs, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    now, wall = 0.0, 1_000_000_000.0
    monkeypatch.setattr("time.time", lambda: wall)
    watch, claim = Watch(jobs, 30, lambda: now), take(jobs)
    for jump in (1e6, -2e6, 0.0, 5e8):
        wall += jump
        now += 20
        assert jobs.beat("w1") == {(claim.n, 1)}
        assert watch.look() == 0
    assert jobs.finish(claim, {})


def test_the_same_worker_with_the_same_job_again_is_another_attempt(jobs: Jobs, put: Put) -> None:
    put()
    first = take(jobs)
    assert jobs.give_back(first, "about to end")
    second = take(jobs)
    assert (second.attempt, second.most_tries) == (2, 3)  # what is given back costs no try
    assert not jobs.finish(first, {})
    assert jobs.finish(second, {})


def test_a_try_that_counts_and_was_the_last_one_fails(jobs: Jobs, put: Put) -> None:
    name = put(most_tries=1)
    assert jobs.give_back(take(jobs), "its process was lost", is_counted=True)
    row = jobs.find("default", name)
    assert (row.state, row.error) == (FAILED, {"code": "worker_lost", "message": "its process was lost"})


def test_cancelled_and_tried_again(jobs: Jobs, put: Put) -> None:
    waiting, going = put(), put()
    jobs.cancel("default", waiting)
    claim = take(jobs)
    assert claim.id == going
    jobs.cancel("default", going)
    assert jobs.beat("w1") == set()
    assert not jobs.finish(claim, {})
    with pytest.raises(ApiError, match="is cancelled already") as refused:
        jobs.cancel("default", going)
    assert refused.value.status == 409
    assert jobs.retry("default", going, 2).state == QUEUED
    with pytest.raises(ApiError, match="is queued"):
        jobs.retry("default", going, 2)
    again = take(jobs)
    assert (again.id, again.attempt, again.most_tries) == (going, 2, 3)
    assert jobs.find("default", waiting).state == CANCELLED


def test_many_workers_at_once_take_each_job_once(jobs: Jobs, put: Put) -> None:
    names = {put(f"owner {number % 3}") for number in range(60)}
    taken: list[str] = []
    lock = threading.Lock()

    def work(worker: str) -> None:
        while claim := jobs.claim(["runs"], worker, MOST):
            with lock:
                taken.append(claim.id)
            assert jobs.finish(claim, {"by": worker})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, [f"w{number}" for number in range(6)]))
    assert sorted(taken) == sorted(names)
    assert {row.state for row in jobs.newest("default", most=100)} == {DONE}


def test_the_list_has_pages_and_states(jobs: Jobs, put: Put) -> None:
    names = [put() for _ in range(5)]
    jobs.cancel("default", names[2])
    first = jobs.newest("default", most=2)
    assert [row.id for row in first] == names[:2:-1]
    assert [row.id for row in jobs.newest("default", before=first[-1].n)] == names[2::-1]
    assert [row.id for row in jobs.newest("default", states=[CANCELLED])] == [names[2]]


def test_what_ended_long_ago_is_forgotten_with_what_happened_to_it(jobs: Jobs, put: Put) -> None:
    old, waiting = put(), put()
    row = jobs.cancel("default", old)
    assert jobs.forget(row.ended - 1) == []
    assert jobs.forget(row.ended + 1) == [old]
    assert jobs.events(row.n) == []
    assert jobs.find("default", waiting).state == QUEUED


def test_the_end_is_told_in_the_same_transaction(jobs: Jobs, put: Put) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no")

    name = put()
    jobs.ended = refuse
    claim = take(jobs)
    with pytest.raises(RuntimeError):
        jobs.finish(claim, {})
    assert jobs.find("default", name).state == RUNNING
