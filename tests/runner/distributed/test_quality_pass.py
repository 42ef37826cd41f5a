"""One pass with an invented executor: what is told on the way, who is refused, and what is left when it cannot end."""

from __future__ import annotations

import errno
import math
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab import datasets, tasks
from modellab.errors import Cancelled, PartialError, StoppedError
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.reports.scorecard.progress import fleet
from modellab.runner.distributed import local, parts, quality_pass, shared_folder
from modellab.runner.distributed import plan as plans
from modellab.runner.distributed.controller import Attempt
from modellab.runner.distributed.executor import Done, Event, Failed, Loading, Lost, Plan, Refused, Up, order_of
from modellab.runner.distributed.local import Local
from modellab.runner.distributed.quality_pass import PassOptions
from modellab.runner.distributed.shard_process import answer_of
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.runner.distributed.shards import Shard
from modellab.runner.distributed.shared_folder import SharedFolder, own_key, run_name
from modellab.runner.events import WorkersProgress, WorkerState

from ..suites import ONE, write_project
from .test_local import part_lines


class Here:
    """An executor whose workers are objects of this process; `facts` of each beside what loading told."""

    def __init__(self, *facts: dict[str, Any]) -> None:
        self.facts = facts
        self.waiting: list[Event] = []
        self.worker = ShardWorker()
        self.submitted: list[str] = []

    def start(self, plan: Plan) -> None:
        opened = self.worker.open(plan)
        self.waiting = [Up(f"w{number}", {**opened, **more}) for number, more in enumerate(self.facts)]

    def submit(self, worker: str, attempt: Attempt) -> None:
        reply = self.worker.shard(order_of(attempt))
        self.submitted.append(worker)
        self.waiting.append(Done(worker, attempt.number, answer_of(reply), reply["audio"]))

    def events(self, timeout_s: float) -> Iterator[Event]:
        told, self.waiting = self.waiting, []
        yield from told

    def stop(self) -> None:
        self.worker.close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return write_project(tmp_path, "fake")


@pytest.fixture
def case(root: Path) -> Case:
    found = Matrix(Project.at(root)).find(ONE)
    assert isinstance(found, Case)
    return found


def passed(
    root: Path,
    case: Case,
    executor: Any,
    tell: Callable[[WorkersProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    **waits: float,
) -> quality_pass.Passed:
    data = datasets.load(case.dataset)
    kept = parts.Parts(parts.place(root / "mlruns", "s", ONE), quality_pass.identity(case, data, 1))
    options = PassOptions(str(root), "s", 1, False, 3, **waits)
    try:
        return quality_pass.run(tasks.get("asr"), case, data, executor, kept, options, tell, cancelled)
    finally:
        kept.close()
        executor.stop()


def test_a_worker_with_other_weights_gets_nothing_to_do(root: Path, case: Case) -> None:
    executor = Here({}, {"facts": {"weights": "others"}, "host": "node-7"})
    found = passed(root, case, executor)
    assert set(executor.submitted) == {"w0"}
    assert len(found.runs[0]) == 8
    (note,) = [note for note in found.notes if "refused" in note]
    assert note.startswith("1 worker refused: node-7 has the weights others, the run ")


def test_machines_of_different_kinds_are_named(root: Path, case: Case) -> None:
    found = passed(root, case, Here({"machine": "one"}, {"machine": "two"}))
    assert any(note.startswith("computed on different machines: one, ") for note in found.notes)


def test_a_full_disk_keeps_what_was_done_and_says_so(root: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    append = parts.append_whole

    def full(path: Path, line: bytes) -> int:
        if path.read_bytes().count(b"\n") > 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return append(path, line)

    monkeypatch.setattr(parts, "append_whole", full)
    sentence = r"PARTIAL: \d of 8 utterances are done and none is judged .*jsonl cannot be written: No space left"
    with pytest.raises(PartialError, match=sentence):
        passed(root, case, Here({}))
    assert len(part_lines(root, "s")) == 3
    monkeypatch.undo()
    assert len(passed(root, case, Here({})).runs[0]) == 8


def test_a_full_shared_folder_is_named_itself(root: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    class Full(Here):
        def submit(self, worker: str, attempt: Attempt) -> None:
            shared_folder.write(root / "queue" / "in" / "1", b"")

    monkeypatch.setattr(shared_folder, "write", full)
    with pytest.raises(PartialError, match=r"queue/in/1 cannot be written: No space left on device"):
        passed(root, case, Full({}))


def test_workers_that_are_lost_for_good_cost_nothing_that_was_done(root: Path, case: Case) -> None:
    """As spot machines that are taken away, and nobody gets others."""

    class Spot(Here):
        def submit(self, worker: str, attempt: Attempt) -> None:
            if self.submitted:
                self.waiting.append(Lost(worker, "no sign of life for 30 s"))
            else:
                super().submit(worker, attempt)

    sentence = r"PARTIAL: \d of 8 .*no worker has been there for 0 s; the last one was lost: no sign of life for 30 s"
    with pytest.raises(PartialError, match=sentence):
        passed(root, case, Spot({}), wait_s=0.0)
    assert len(part_lines(root, "s")) == 2, "what it is about, and the first shard"
    assert len(passed(root, case, Here({})).runs[0]) == 8


def test_a_model_that_takes_long_to_load_is_waited_for(root: Path, case: Case) -> None:
    class Slow(Here):
        """Its worker is there at once, and up at the fourth look."""

        looks = 0

        def events(self, timeout_s: float) -> Iterator[Event]:
            self.looks += 1
            yield from super().events(timeout_s) if self.looks > 3 else [Loading("w0")]

    told: list[WorkersProgress] = []
    assert len(passed(root, case, Slow({}), told.append, wait_s=0.0, told_every_s=0.0).runs[0]) == 8
    assert {(len(each.workers), each.loading) for each in told} == {(0, 1), (1, 0)}


def test_one_that_is_stopped_leaves_nothing_but_its_parts(root: Path, case: Case) -> None:
    executor = Here({})
    with pytest.raises(Cancelled):
        passed(root, case, executor, cancelled=lambda: bool(executor.submitted))
    assert not list((root / "mlruns" / "ledger").glob("*.jsonl"))
    assert len(passed(root, case, Here({})).runs[0]) == 8


def test_a_signal_beside_the_last_answer_is_not_lost(root: Path, case: Case) -> None:
    class Told(Here):
        def events(self, timeout_s: float) -> Iterator[Event]:
            yield from super().events(timeout_s)
            if len(self.submitted) == 8:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(StoppedError, match=r"PARTIAL: 8 of 8 utterances are done .*: stopped by Ctrl-C"):
        passed(root, case, Told({}))


def test_the_whole_fleet_in_one_line() -> None:
    workers = tuple(WorkerState(f"w{number}", 100, 0.1, 2) for number in range(3))
    known = WorkersProgress("m:v-d-cpu-f32", 300, 1000, 20.0, 35.0, workers)
    assert fleet(known) == "  m:v-d-cpu-f32: 300 of 1000 utterances, 3 workers, 20.0/s, 35 s left"
    unknown = WorkersProgress("m:v-d-cpu-f32", 0, 1000, 0.0, math.nan, workers[:1])
    assert fleet(unknown) == "  m:v-d-cpu-f32: 0 of 1000 utterances, 1 worker, 0.0/s"
    loading = replace(unknown, workers=(), loading=2)
    assert fleet(loading) == "  m:v-d-cpu-f32: 0 of 1000 utterances, 0 workers and 2 loading, 0.0/s"
    alone = replace(unknown, workers=(), refused="node-7: Python is 3.11.2 here")
    assert fleet(alone).endswith(": 0 of 1000 utterances, 0 workers, 0.0/s, refused: node-7: Python is 3.11.2 here")


@pytest.mark.parametrize(
    ("device", "gpus", "asked", "places"),
    [
        ("cuda", ["0", "1", "2", "3"], None, ["0", "1", "2", "3"]),
        ("cuda", ["0", "1"], 4, ["0", "1", "0", "1"]),
        ("cuda", ["GPU-5f1", "GPU-07c"], None, ["GPU-5f1", "GPU-07c"]),
        ("cuda", [], None, [None]),
        ("cpu", ["0", "1"], None, [None]),
        ("cpu", ["0", "1"], 3, [None] * 3),
    ],
    ids=["all", "more workers", "by name", "no driver", "not for cpu", "workers on cpu"],
)
def test_one_worker_on_each_gpu(device: str, gpus: list[str], asked: int | None, places: list[str | None]) -> None:
    """With a list that stands in for devices."""
    executor = Local(asked, gpus=lambda: gpus, process=Process)
    executor.start({"device": device})
    assert [seat.env.get(local.GPUS) for seat in executor.seats] == places
    executor.stop()


class Process:
    """In place of a worker's process: on the GPU 1 no model can be loaded, as where somebody else has it."""

    busy: Sequence[str] = ("1",)

    def __init__(self, env: Mapping[str, str]) -> None:
        self.gpu = env.get(local.GPUS)

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        if self.gpu in self.busy or verb == "shard":
            return {"failed": "LoadError", "text": "CUDA-capable device(s) is/are busy or unavailable", "going": False}
        return {"opened": {}, "going": False}

    def close(self) -> None: ...
    def kill(self) -> None: ...


class AllBusy(Process):
    busy = ("0", "1")


def heard(executor: Local, until: type[Event]) -> list[Event]:
    """What it tells up to an event of a kind, but for what loads."""
    found: list[Event] = []
    while not any(isinstance(event, until) for event in found):
        found += [event for event in executor.events(1.0) if not isinstance(event, Loading)]
    return found


def test_a_gpu_that_somebody_else_has_costs_one_worker() -> None:
    executor = Local(gpus=lambda: ["0", "1"], process=Process)
    executor.start({"device": "cuda"})
    events = heard(executor, Refused)
    events += [] if any(isinstance(event, Up) for event in events) else heard(executor, Up)
    assert {type(event) for event in events} == {Up, Refused}
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert refused.why == "local-1.1: CUDA-capable device(s) is/are busy or unavailable"
    executor.submit("local-0.1", Attempt(1, Shard(0, 1)))  # its model has died, and cannot be loaded at the moment
    events = heard(executor, Up)
    assert [(type(event), event.worker) for event in events] == [(Lost, "local-0.1"), (Up, "local-0.2")]
    executor.stop()


def test_where_no_gpu_is_free_the_case_says_why() -> None:
    executor = Local(gpus=lambda: ["0", "1"], process=AllBusy)
    executor.start({"device": "cuda"})
    *_, failed = heard(executor, Failed)
    assert isinstance(failed, Failed)
    assert (failed.error, failed.text) == ("LoadError", "CUDA-capable device(s) is/are busy or unavailable")
    executor.stop()


@pytest.mark.parametrize(("given", "found"), [("", []), ("0,2", ["0", "2"]), ("GPU-5f1", ["GPU-5f1"])])
def test_only_gpus_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch, given: str, found: Sequence[str]) -> None:
    monkeypatch.setenv(local.GPUS, given)
    assert local.visible_gpus() == found


def test_an_answer_that_anybody_else_puts_there_is_not_read(tmp_path: Path) -> None:
    plan = {"session": "s", "case": "c"}
    executor = SharedFolder(tmp_path)
    executor.start(plan)
    worker = tmp_path / run_name(plan) / "workers" / "w"
    (worker / "out").mkdir(parents=True)
    answer = {"attempt": 1, "start": 0, "lines": ["{}"], "hashes": [1], "wall_s": 1.0, "died": "", "audio": {}}
    (worker / "hello").write_bytes(plans.signed({"number": executor.number}, b"another key"))
    (worker / "out" / "000000001").write_bytes(plans.signed(answer, b"another key"))
    assert list(executor.events(0)) == []
    (worker / "hello").write_bytes(plans.signed({"number": executor.number}, own_key(tmp_path)))
    assert [type(event) for event in executor.events(0)] == [Up]
    executor.stop()
