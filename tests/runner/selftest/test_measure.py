"""The whole way, a worker process included: sound meters agree with what is known, and a broken one is found.

No time is held to a limit here: of the clocks the tests ask that what is known and what was measured went together
through the machine's load, and of a broken meter that it does not pass.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from modellab.runner.selftest import measure
from modellab.runner.selftest.checks import Check
from modellab.runner.selftest.probes import PROBES, Probe

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
METER = "from modellab.runner.meters import process as meter\n"
NAMED = {probe.name: probe for probe in PROBES}
MEMORY = [probe for probe in PROBES if not probe.clocks and probe.device == "cpu"]
CLOCKS = ("wall", "cpu")
SHORT = Probe("nothing", "sleep", 0.0, CLOCKS), Probe("child", "new_child", 0.02, CLOCKS)

# What a broken meter does, written behind the adapter, which the worker imports before it measures.
FAULTS = {
    "forgets the memory of children": (
        "from modellab.system import child_processes\nchild_processes._peak_bytes = lambda pid: 0\n",
        [NAMED["memory of a child process"], NAMED["memory in a numpy array"]],
        {"memory of a child process"},
    ),
    "forgets the time of children": (
        "from modellab.system import child_processes\nchild_processes._ended_s = lambda: 0.0\n",
        [Probe("child", "new_child", 0.1, ("cpu",)), Probe("computing", "burn", 0.01, ("cpu",))],
        {"child"},
    ),
    "counts the memory of loading": (
        METER + "meter.reset_peak = lambda: None\nnp.ones(200 * 2**20, np.uint8)\n",
        [NAMED["memory in a numpy array"]],
        {"memory in a numpy array"},
    ),
    "tells kilobytes": (
        METER + "whole = meter.peak_rss_bytes\nmeter.peak_rss_bytes = lambda: whole() // 1024\n",
        [NAMED["memory in a numpy array"]],
        {"memory in a numpy array"},
    ),
    "tells milliseconds": (
        """
from modellab.runner.meters import process as meter
whole = meter._timed
def in_milliseconds(call, gpu):
    output, timing = whole(call, gpu)
    return output, meter.Timing(1000 * timing.wall_s, 1000 * timing.cpu_s)
meter._timed = in_milliseconds
""",
        [Probe("computing", "burn", 0.01, CLOCKS)],
        {"computing"},
    ),
    "counts the decoding of audio": (
        """
from modellab.tasks import asr
run, prepare = asr.run, asr.prepare
asr.prepare = lambda row: row
def decode(model, row):
    sound = prepare(row)
    burn(0.005)
    return run(model, sound)
asr.run = decode
""",
        [Probe("nothing", "sleep", 0.0, ("cpu",))],
        {"nothing"},
    ),
}


PEAKS = 1  # pairs of runs for each: memory hardly varies


def broken(folder: Path, code: str) -> Path:
    """The model of known cost, whose import breaks a meter."""
    shutil.copytree(measure.COSTS, folder)
    with (folder / "adapter.py").open("a") as adapter:
        adapter.write(f"\n\n{code}")
    return folder


@linux
def test_memory_is_measured_as_it_is_known() -> None:
    found = measure.examine(MEMORY, peaks=PEAKS)
    assert {each.name: each.state for each in found} == {probe.name: "ok" for probe in MEMORY}
    assert len(found) == 5


@linux
def test_what_children_compute_is_on_the_cpu_clock() -> None:
    clocks = {(each.name, each.meter): each for each in measure.examine(SHORT, trials=3, peaks=PEAKS)}
    child = clocks["child", "cpu"]
    assert child.known >= 0.02
    assert child.measured >= 0.02
    assert set(clocks) == {
        ("nothing", "wall"),
        ("nothing", "cpu"),
        ("child", "wall"),
        ("child", "cpu"),
        ("child", "rtf"),
    }


@linux
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_meter_is_found(tmp_path: Path, fault: str) -> None:
    code, probes, wrong = FAULTS[fault]
    found = measure.examine(probes, trials=3, peaks=PEAKS, folder=broken(tmp_path / "costs", code))
    assert {each.name for each in found if each.state != "ok"} == wrong, [told(each) for each in found]


def test_a_device_that_is_not_there_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "missing_device", lambda device: "no NVIDIA driver")
    assert measure.examine([probe for probe in PROBES if probe.device == "cuda"]) == []


def told(check: Check) -> str:
    return f"{check.name}, {check.meter}: {check.measured} for {check.known}: {check.state}"
