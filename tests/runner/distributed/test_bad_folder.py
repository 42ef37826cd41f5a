"""A shared folder with everything that nobody wants in it: torn and forged files, dead runs, workers that come back."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modellab.runner.distributed import plan as plans
from modellab.runner.distributed import shared_folder
from modellab.runner.distributed.controller import Attempt
from modellab.runner.distributed.executor import Done, Loading, Lost, Up
from modellab.runner.distributed.puller import Puller
from modellab.runner.distributed.shards import Shard
from modellab.runner.distributed.shared_folder import SharedFolder, own_key, run_name

PLAN = {"session": "s", "case": "c"}
ANSWER = {"attempt": 1, "start": 0, "lines": ["{}"], "hashes": [1], "wall_s": 1.0, "died": "", "audio": {}}


@pytest.fixture
def executor(tmp_path: Path) -> SharedFolder:
    started = SharedFolder(tmp_path)
    started.start(PLAN)
    return started


@pytest.fixture
def worker(tmp_path: Path, executor: SharedFolder) -> Path:
    """The folder of a worker that is up, and has a shard."""
    folder = tmp_path / run_name(PLAN) / "workers" / "w"
    (folder / "out").mkdir(parents=True)
    (folder / "alive").touch()
    put(folder / "hello", {"number": executor.number}, tmp_path)
    assert [type(event) for event in executor.events(0)] == [Up]
    executor.submit("w", Attempt(1, Shard(0, 1)))
    return folder


def put(path: Path, message: Mapping[str, Any], folder: Path) -> None:
    path.write_bytes(plans.signed(message, own_key(folder)))


def run_of(folder: Path, session: str, workers: int = 0) -> Path:
    """A run that somebody has put there, with a controller that lives."""
    run = folder / session
    (run / "workers").mkdir(parents=True)
    for number in range(workers):
        (run / "workers" / str(number)).mkdir()
    (run / "alive").touch()
    put(run / "plan", {"session": session, "case": "c", "number": session}, folder)
    return run


def puller_on(folder: Path) -> tuple[Puller, list[str]]:
    told: list[str] = []
    return Puller(folder, folder, told.append), told


def test_half_an_answer_gives_its_shard_to_others(tmp_path: Path, executor: SharedFolder, worker: Path) -> None:
    """As after a crash of the file system: without that nobody would ever answer that shard."""
    whole = plans.signed(ANSWER, own_key(tmp_path))
    (worker / "out" / "000000001").write_bytes(whole[: len(whole) // 2])
    (lost,) = executor.events(0)
    assert isinstance(lost, Lost)
    assert lost.why == (
        "its answer 000000001 cannot be read: a message is not signed with the run's key: another run's, or not meant"
        " for this worker"
    )
    assert (worker / "lost").exists()
    assert list(executor.events(0)) == []


def test_an_answer_that_cannot_be_read_for_a_moment_is_read_later(
    tmp_path: Path, executor: SharedFolder, worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(worker / "out" / "000000001", ANSWER, tmp_path)

    def away(path: Path) -> bytes:
        raise OSError(116, "Stale file handle", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", away)
        assert list(executor.events(0)) == []
    assert [type(event) for event in executor.events(0)] == [Done]


def test_a_worker_that_dies_while_it_loads_is_told(tmp_path: Path, executor: SharedFolder) -> None:
    folder = tmp_path / run_name(PLAN) / "workers" / "w"
    folder.mkdir()
    (folder / "alive").touch()
    assert list(executor.events(0)) == [Loading("w")]
    executor.lease_s = -1.0
    assert list(executor.events(0)) == [Lost("w", "no sign of life for -1 s while it loaded the model")]
    assert list(executor.events(0)) == []


def test_nothing_is_loaded_for_a_run_whose_controller_is_gone(tmp_path: Path) -> None:
    run = run_of(tmp_path, "killed")
    os.utime(run / "alive", (1e9, 1e9))
    puller, told = puller_on(tmp_path)
    assert puller._run() is puller._run() is None
    assert told == ["killed is left alone: its controller gives no sign of life"]
    (run / "alive").touch()  # it goes on
    found = puller._run()
    assert found is not None
    assert found[0] == run
    assert sorted(path.name for path in run.iterdir()) == ["alive", "plan", "workers"]


def test_a_controller_whose_clock_is_behind_lives(tmp_path: Path) -> None:
    """Where a file system shows the clocks of those who touch its files: that they change is what counts."""
    run = run_of(tmp_path, "behind")
    os.utime(run / "alive", (1e9, 1e9))
    puller, _ = puller_on(tmp_path)
    assert puller._run() is None
    os.utime(run / "alive", (1e9 + 2, 1e9 + 2))
    assert puller._run() is not None


def test_of_two_runs_the_one_with_fewer_workers_gets_the_next_one(tmp_path: Path) -> None:
    run_of(tmp_path, "a", workers=2)
    other = run_of(tmp_path, "b", workers=1)
    found = puller_on(tmp_path)[0]._run()
    assert found is not None
    assert found[0] == other
    for number in range(2):
        (tmp_path / "a" / "workers" / str(number) / "gone").touch()
    found = puller_on(tmp_path)[0]._run()
    assert found is not None
    assert found[0] == tmp_path / "a"


def test_a_shard_that_nobody_signed_is_not_run_and_the_worker_comes_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, "r")
    puller, told = puller_on(tmp_path)
    own, key = run / "workers" / "w", own_key(tmp_path)
    (own / "in").mkdir(parents=True)
    (own / "in" / "1").write_bytes(b"{}")
    (own / "in" / "note.txt").write_text("anybody's")
    puller._compute(run, own, {"case": "c", "number": "r"}, key)
    assert plans.verified((own / "out" / "1").read_bytes(), key)["failed"] == "ConfigError"
    assert told == [f"c: {own}/in/1 is not signed with the run's key"]


def test_one_that_was_given_up_comes_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, "r")
    puller, told = puller_on(tmp_path)
    own = run / "workers" / "w"
    own.mkdir()
    (own / "lost").touch()
    assert list(puller._orders(run, own, "r", own_key(tmp_path))) == []
    assert told == ["r: it was given up, as it gave no sign of life: it comes again"]
    assert puller._run() is not None, "the same run"


def test_a_worker_without_the_runs_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shared_folder.KEY, "a secret")
    run_of(tmp_path, "r")
    monkeypatch.delenv(shared_folder.KEY)
    puller, told = puller_on(tmp_path)
    assert puller._run() is None
    where = f"there is no {tmp_path}/key: the run's key is in its environment"
    assert told == [f"r is left alone: {where}; give it to this worker as MODELLAB_QUEUE_KEY"]


def test_a_folder_that_is_away_for_a_moment_costs_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, "r")
    puller, told = puller_on(tmp_path)
    found = puller._run()
    assert found is not None
    puller.lease_s = 0.0

    def away(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", away)
        assert not puller._serve(*found)
        assert not puller._serve(*found)
    assert [line for line in told if "Input/output" in line] == [
        f"{run}/workers/{puller.name}-1: Input/output error: it is tried again"
    ]
    puller.lease_s = shared_folder.LEASE_S
    assert puller._run() is not None


def test_a_worker_that_cannot_write_is_told(executor: SharedFolder, worker: Path) -> None:
    """It takes its folder away again: no file in there could say why."""
    shutil.rmtree(worker)
    (lost,) = executor.events(0)
    assert isinstance(lost, Lost)
    assert lost.why.startswith("it went before it was up: can it write to the folder")
    assert list(executor.events(0)) == []


def test_a_folder_that_is_full_for_long_ends_the_pass(executor: SharedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    executor.touch_s = 0.0
    assert list(executor.events(0)) == [], "for a moment"
    executor.lease_s = -1.0
    with pytest.raises(OSError, match=r"No space left on device: '.*alive'"):
        list(executor.events(0))


def test_what_was_killed_a_week_ago_is_swept(tmp_path: Path) -> None:
    old, young = run_of(tmp_path, "old"), run_of(tmp_path, "young")
    week_ago = old.joinpath("alive").stat().st_mtime - shared_folder.KEPT_S - 10
    os.utime(old / "alive", (week_ago, week_ago))
    executor = SharedFolder(tmp_path)
    executor.start(PLAN)
    assert not old.exists()
    assert young.exists()
    executor.stop()
