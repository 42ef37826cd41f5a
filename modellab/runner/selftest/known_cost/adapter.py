"""A recogniser that hears nothing: it does work of known cost, and its transcript says what that cost, as JSON.

What to do is in the option `plan`, a list of [work, amount]; a clip's length in samples says which: BASE + place in it.
Every cost is taken from another clock than the meter's: the raw monotonic one, each thread's own, `wait4` of a child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

from modellab.types import Audio, Setting, Transcript

BASE = 480_000  # samples: 30 s, so that decoding would show if it were inside the clock
OBJECT_BYTES = 512 + 8  # the largest block of Python's own allocator, which bytes(479) fills, and its place in a list
HOLD_S = 0.08  # how long a child keeps its memory: several looks of who watches it
CHILD = f"""
import sys, time
def work(seconds, amount):
    held, end = bytearray(amount), time.process_time() + seconds
    while time.process_time() < end: pass
    if not seconds: time.sleep({HOLD_S})
for line in sys.stdin:
    start = time.process_time()
    work(*eval(line))
    print(time.process_time() - start, flush=True)
"""


def burn(seconds: float) -> None:
    """Keep this thread busy until its own clock says so."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class Costs:
    """One method for each work; it returns the CPU seconds that were spent outside the calling thread."""

    def __init__(self, setting: Setting) -> None:
        self.plan = setting.options["plan"]
        self.child: subprocess.Popen[str] | None = None
        self.cuda: Any = None
        if setting.device == "cuda":
            import torch

            self.torch, self.cuda = torch, torch.cuda
            torch.zeros(1, device="cuda")

    def transcribe(self, audio: Audio) -> Transcript:
        """Do what the clip stands for."""
        work, amount = self.plan[len(audio.samples) - BASE]
        wall, cpu = time.clock_gettime(time.CLOCK_MONOTONIC_RAW), time.thread_time()
        elsewhere = getattr(self, work)(amount)
        cpu_s, wall_s = time.thread_time() - cpu, time.clock_gettime(time.CLOCK_MONOTONIC_RAW) - wall
        known = {"wall": wall_s, "cpu": cpu_s + (elsewhere or 0.0)}
        return Transcript(json.dumps({**known, "gpu": elsewhere} if work == "gpu_burn" else known))

    def burn(self, seconds: float) -> None:
        burn(seconds)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def thread(self, seconds: float) -> float:
        spent = []

        def run() -> None:
            burn(seconds)
            spent.append(time.thread_time())

        self._joined(run)
        return spent[0]

    def new_child(self, seconds: float) -> float:
        return self._in_new_child(seconds, 0)

    def standing_child(self, seconds: float) -> float:
        return self._in_standing_child(seconds, 0)

    def objects(self, size: float) -> None:
        held = [b""] * (int(size) // OBJECT_BYTES)
        for i in range(len(held)):
            held[i] = bytes(479)

    def array(self, size: float) -> None:
        np.ones(int(size), np.uint8)

    def array_in_thread(self, size: float) -> None:
        self._joined(lambda: self.array(size))

    def memory_of_new_child(self, size: float) -> None:
        self._in_new_child(0.0, int(size))

    def memory_of_standing_child(self, size: float) -> None:
        self._in_standing_child(0.0, int(size))

    def gpu_burn(self, cycles: float) -> float:
        start, end = (self.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        self.cuda._sleep(int(cycles))
        end.record()
        self.cuda.synchronize()
        return float(start.elapsed_time(end)) / 1000

    def gpu_array(self, size: float) -> None:
        self.torch.empty(int(size), dtype=self.torch.uint8, device="cuda")

    def _joined(self, run: Any) -> None:
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()

    def _start(self) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-I", "-S", "-c", CHILD], **pipes)

    def _asked(self, child: subprocess.Popen[str], seconds: float, size: int) -> float:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"({seconds}, {size})\n")
        child.stdin.flush()
        return float(child.stdout.readline())

    def _in_new_child(self, seconds: float, size: int) -> float:
        child = self._start()
        self._asked(child, seconds, size)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.close()
        child.stdout.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime

    def _in_standing_child(self, seconds: float, size: int) -> float:
        self.child = self.child or self._start()
        return self._asked(self.child, seconds, size)


load = Costs
