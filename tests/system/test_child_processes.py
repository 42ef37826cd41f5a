"""Child processes: seen when they are there, with their time and memory; nothing is looked for where there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modellab.runner.meters.process import timed
from modellab.system import child_processes
from modellab.system.child_processes import ChildProcesses

MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
ANSWERS = """
import subprocess, sys, time
for line in sys.stdin:
    done = eval(line)
    print("done", flush=True)
"""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process that evaluates each line it gets and then says so."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = subprocess.Popen([sys.executable, "-I", "-S", "-c", ANSWERS], **pipes)
    yield started
    started.kill()
    started.communicate()


def ask(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{line}\n")
    child.stdin.flush()
    assert child.stdout.readline() == "done\n"


@pytest.fixture
def running_before() -> set[int]:
    """What other tests have left running."""
    return set(child_processes.living())


def started_since(running_before: set[int]) -> list[int]:
    return [pid for pid in child_processes.living() if pid not in running_before]


def test_a_child_is_seen_with_its_own_children(running_before: set[int], child: subprocess.Popen[str]) -> None:
    assert started_since(running_before) == [child.pid]
    ask(child, "globals().update(own=subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1))")
    first, second = started_since(running_before)
    assert first == child.pid
    assert second != os.getpid()
    ask(child, "own.communicate()")
    assert started_since(running_before) == [child.pid]


def test_without_the_kernels_list_they_are_found_all_the_same(
    running_before: set[int], child: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert set(child_processes.living(proc=tmp_path)) - running_before == {child.pid}


def test_its_memory_is_on_the_peak_though_it_has_let_go_of_it(child: subprocess.Popen[str]) -> None:
    watch = ChildProcesses()
    watch.start()
    with watch:
        ask(child, f"len(bytearray({64 * MIB}))")
    assert watch.known
    high = watch.peak_bytes
    assert high > 64 * MIB
    watch.start()
    with watch:
        ask(child, "None")
    assert watch.peak_bytes <= high - 60 * MIB, "a new start forgets the child's peak as well"


def test_its_time_is_on_the_cpu_clock_alive_or_ended(child: subprocess.Popen[str]) -> None:
    watch = ChildProcesses()
    work = "[None for end in [time.process_time() + 0.05] while time.process_time() < end]"
    work = "max(iter(lambda end=time.process_time() + 0.05: time.process_time() > end, True), default=0)"
    _, alive = timed(lambda: ask(child, work), children=watch)
    assert alive.cpu_s >= 0.05

    def end() -> None:
        ask(child, work)
        child.communicate("")

    _, ended = timed(end, children=watch)
    assert 0.05 <= ended.cpu_s < ended.wall_s + alive.cpu_s, "what it had used before is not counted twice"


ALONE = """
from modellab.system import child_processes
from modellab.system.child_processes import ChildProcesses
from modellab.runner.meters.process import timed

def never(pid):
    raise AssertionError("looked for children")

child_processes._children = never
watch = ChildProcesses()
watch.start()
assert timed(lambda: "said", children=watch)[0] == "said"
assert (watch.known, watch.peak_bytes, watch.thread) == (False, 0, None)
print("nothing was looked for")
"""


def test_without_children_nothing_is_looked_for() -> None:
    """In a process of its own: this one may have children of other tests."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.stdout == "nothing was looked for\n", done.stderr


def test_what_the_call_raises_comes_through_and_ends_the_watch(child: subprocess.Popen[str]) -> None:
    watch = ChildProcesses()
    watch.known = True
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 / 0, children=watch)
    assert watch.thread is None
