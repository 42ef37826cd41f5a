"""The meters, held to work whose order of size is known: relations, no limits in seconds."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from modellab.runner.meters import process
from modellab.runner.meters.process import LoadMeter, ThrottleMeter, timed

MIB = 2**20
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


# ---------------------------------------------------------------------------- time


def test_computing_is_on_both_clocks() -> None:
    _, timing = timed(lambda: burn(0.03))
    assert timing.cpu_s >= 0.03
    assert timing.wall_s >= 0.03


def test_waiting_is_on_the_wall_clock_only() -> None:
    _, timing = timed(lambda: time.sleep(0.05))
    assert timing.wall_s >= 0.05
    assert timing.cpu_s < timing.wall_s


def test_what_the_call_returns_comes_back() -> None:
    assert timed(lambda: "said")[0] == "said"


def test_what_the_call_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 / 0)


class FakeStream:
    """What of torch.cuda times a call: notes what happens in which order, and has a clock of its own."""

    def __init__(self, *waits_s: float) -> None:
        self.events: list[str] = []
        self.waits_s = iter(waits_s)

    def synchronize(self) -> None:
        self.events.append("wait")
        time.sleep(next(self.waits_s, 0.0))

    def Event(self, *, enable_timing: bool) -> FakeEvent:
        assert enable_timing, "an event without timing cannot be asked"
        return FakeEvent(self)


class FakeEvent:
    """Stands for the moment at which the stream had come this far."""

    def __init__(self, stream: FakeStream) -> None:
        self.stream, self.place = stream, -1

    def record(self) -> None:
        self.place = len(self.stream.events)
        self.stream.events.append("record")

    def elapsed_time(self, end: FakeEvent) -> float:
        """Milliseconds, as torch has it: 250 for each thing that happened between."""
        return 250.0 * (end.place - self.place)


def test_a_gpu_is_waited_for_on_both_sides_and_times_the_call_itself() -> None:
    gpu = FakeStream()

    def call() -> str:
        gpu.events.append("call")
        return "said"

    output, timing = timed(call, gpu)
    assert gpu.events == ["wait", "record", "call", "record", "wait"]
    assert (output, timing.gpu_s) == ("said", 0.5)


def test_the_wait_for_the_result_is_part_of_the_time_and_the_one_before_is_not() -> None:
    gpu = FakeStream(0.2, 0.02)
    _, timing = timed(lambda: None, gpu)
    assert timing.wall_s >= 0.02
    assert next(gpu.waits_s, "none left") == "none left"


def test_without_a_gpu_there_is_no_gpu_time() -> None:
    assert math.isnan(timed(lambda: None)[1].gpu_s)


def test_threads_are_pinned_by_variables() -> None:
    variables = process.thread_environment(3)
    assert set(variables.values()) == {"3"}
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= variables.keys()


# ---------------------------------------------------------------------------- memory


@linux
def test_the_peak_holds_what_was_freed_until_it_is_reset() -> None:
    process.reset_peak()
    before = process.peak_rss_bytes()
    hoard = np.ones(64 * MIB // 8)
    del hoard
    peak = process.peak_rss_bytes()
    assert peak >= before + 60 * MIB
    process.reset_peak()
    assert process.peak_rss_bytes() <= peak - 60 * MIB
    assert process.peak_rss_bytes() >= psutil.Process().memory_info().rss - 8 * MIB


def test_without_proc_the_peak_is_the_present_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "Path", lambda place: tmp_path / "no proc" / Path(place).name)
    process.reset_peak()
    assert process.peak_rss_bytes() > MIB


# ---------------------------------------------------------------------------- GPU memory


class FakeCuda:
    """What of torch.cuda is used."""

    def __init__(self, there: bool = True, peak: int = 0) -> None:
        self.there, self.peak, self.resets = there, peak, 0

    def is_available(self) -> bool:
        return self.there

    def reset_peak_memory_stats(self) -> None:
        self.resets += 1

    def max_memory_allocated(self) -> int:
        return self.peak


def fake_driver(
    monkeypatch: pytest.MonkeyPatch, *processes: tuple[int, int | None], error: bool = False, reasons: Any = ()
) -> None:
    """pynvml that knows these (pid, bytes), and these reasons for lowered clocks, one at each question."""

    class NVMLError(Exception):
        pass

    def init() -> None:
        if error:
            raise NVMLError

    left = iter(reasons)
    entries = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in processes]
    monkeypatch.setitem(
        sys.modules,
        "pynvml",
        SimpleNamespace(
            NVMLError=NVMLError,
            nvmlInit=init,
            nvmlDeviceGetHandleByIndex=lambda index: index,
            nvmlDeviceGetComputeRunningProcesses=lambda handle: entries,
            nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: next(left),
        ),
    )


def fake_torch(monkeypatch: pytest.MonkeyPatch, cuda: FakeCuda | None) -> None:
    monkeypatch.setitem(sys.modules, "torch", None if cuda is None else SimpleNamespace(cuda=cuda))


def test_torch_is_asked_only_where_the_engine_loaded_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_torch(monkeypatch, None)
    assert process.cuda() is None
    fake_torch(monkeypatch, FakeCuda(there=False))
    assert process.cuda() is None
    gpu = FakeCuda()
    fake_torch(monkeypatch, gpu)
    assert process.cuda() is gpu


def test_a_torch_engine_is_measured_by_its_allocator(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = FakeCuda(peak=300 * MIB)
    fake_torch(monkeypatch, gpu)
    process.reset_peak_vram()
    assert gpu.resets == 1
    assert process.peak_vram_bytes() == 300 * MIB


@pytest.mark.parametrize("cuda", [None, FakeCuda(peak=0)], ids=["no torch", "torch that holds nothing"])
def test_another_engine_is_measured_by_the_driver(monkeypatch: pytest.MonkeyPatch, cuda: FakeCuda | None) -> None:
    fake_torch(monkeypatch, cuda)
    own = os.getpid()
    fake_driver(monkeypatch, (own, 100 * MIB), (own + 1, 900 * MIB), (own, 50 * MIB), (own, None))
    assert process.peak_vram_bytes() == 150 * MIB


def test_a_driver_that_cannot_be_asked_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_torch(monkeypatch, None)
    fake_driver(monkeypatch, error=True)
    assert process.peak_vram_bytes() == 0
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert process.peak_vram_bytes() == 0
    process.reset_peak_vram()


def test_lowered_clocks_are_counted_by_their_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(monkeypatch, reasons=[0x0, 0x01, 0x04, 0x20])  # none, idle, power cap, heat
    throttle = ThrottleMeter()
    assert throttle.readings() == {}
    for _ in range(4):
        throttle.sample()
    assert throttle.readings() == {"gpu_throttled": 0.25}


def test_a_driver_that_knows_nothing_of_clocks_gives_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_driver(monkeypatch, error=True)
    throttle = ThrottleMeter()
    throttle.sample()
    assert throttle.readings() == {}


# ---------------------------------------------------------------------------- other load

Times = namedtuple("Times", "user nice system idle iowait steal guest guest_nice")


@pytest.mark.parametrize(
    ("spent", "own_s", "cores"),
    [
        pytest.param({"idle": 20.0}, 0.0, 0.0, id="idle"),
        pytest.param({"user": 10.0, "idle": 10.0}, 10.0, 0.0, id="only this process"),
        pytest.param({"user": 12.0, "system": 3.0, "idle": 5.0}, 10.0, 0.5, id="somebody else"),
        pytest.param({"user": 10.0, "steal": 5.0}, 10.0, 0.5, id="the hypervisor"),
        pytest.param({"user": 10.0, "iowait": 8.0}, 10.0, 0.0, id="a disk is no core"),
        pytest.param({"user": 14.0, "guest": 4.0}, 10.0, 0.4, id="a guest is inside user already"),
        pytest.param({"user": 9.9}, 10.0, 0.0, id="never below none"),
    ],
)
def test_load_of_others_in_cores(
    monkeypatch: pytest.MonkeyPatch, spent: dict[str, float], own_s: float, cores: float
) -> None:
    start = Times(*[100.0] * 8)
    readings = iter([start, start._replace(**{name: 100.0 + seconds for name, seconds in spent.items()})])
    clocks: dict[str, Any] = {"perf_counter": iter([5.0, 15.0]), "process_time": iter([1.0, 1.0 + own_s])}
    fakes = {name: (lambda values=values: next(values)) for name, values in clocks.items()}
    monkeypatch.setattr(process, "time", SimpleNamespace(**fakes))
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(readings))
    assert LoadMeter().other_cores() == pytest.approx(cores)


def test_load_of_others_is_a_number_here() -> None:
    load = LoadMeter()
    burn(0.02)
    assert 0.0 <= load.other_cores() <= (os.cpu_count() or 1) + 1
