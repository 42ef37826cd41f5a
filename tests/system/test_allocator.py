"""The allocator of workers: settled by variables, told in a sentence, harmless where there is no glibc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.runner.worker import Worker
from modellab.system import allocator

from ..tiny import order

ROOT = Path(__file__).parents[2]
GLIBC = allocator._glibc()
SETTLED = "malloc_mmap_threshold=33554432 malloc_trim_threshold=67108864"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "default"),
        (allocator.ENVIRONMENT, SETTLED),
        ({"MALLOC_ARENA_MAX": "1"}, "malloc_arena_max=1"),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, "glibc_tunables=glibc.malloc.arena_max=2"),
        ({"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2"}, "default"),
        ({"LD_PRELOAD": "/usr/lib/libjemalloc.so.2", "MALLOC_ARENA_MAX": "1"}, "libjemalloc.so.2"),
        ({"LD_PRELOAD": "/usr/lib/libfaketime.so.1"}, "default"),
    ],
)
@pytest.mark.skipif(not GLIBC, reason="no glibc here")
def test_the_setting_is_described(variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MALLOC_")] + ["LD_PRELOAD", "GLIBC_TUNABLES"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert allocator.described() == said


def test_without_glibc_nothing_is_set_and_nothing_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert allocator.described() == "default"
    allocator.trim()


@pytest.mark.skipif(not GLIBC, reason="no glibc here")
def test_every_worker_has_it_whatever_the_parent_was_started_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "4096")
    (tmp_path / "adapter.py").write_text("def load(setting):\n    return object()\n")
    worker = Worker(threads=1)
    try:
        facts = worker.ask("load", order(tmp_path), 60)
    finally:
        worker.close()
    assert facts["allocator"] == SETTLED


HELD = """
import sys
from modellab.runner.meters import process as meter
from modellab.system import allocator
blocks = [bytearray(4 << 20) for _ in range(10)]
del blocks
if "trim" in sys.argv:
    allocator.trim()
meter.reset_peak()
print(meter.peak_rss_bytes())
"""


@pytest.mark.skipif(not GLIBC, reason="no glibc here")
def test_what_the_heap_keeps_of_loading_is_given_back_before_a_peak_is_measured() -> None:
    def resident_bytes(*arguments: str) -> int:
        command = [sys.executable, "-c", HELD, *arguments]
        done = subprocess.run(
            command, env={**os.environ, **allocator.ENVIRONMENT}, cwd=ROOT, capture_output=True, check=True, text=True
        )
        return int(done.stdout)

    kept, given_back = resident_bytes(), resident_bytes("trim")
    assert kept - given_back > 30 * 2**20, "40 MiB were freed, and stay in the heap without a trim"
