"""How much memory a model's process may take, by what a container may have."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from modellab.plan.serve_settings import Serve
from modellab.server.fleet import memory

MACHINE = int(psutil.virtual_memory().total)


@pytest.mark.parametrize(
    ("of_2", "of_1", "bytes_"),
    [
        ("2147483648\n", None, 2**31),
        (None, "2147483648\n", 2**31),
        ("max\n", None, MACHINE),
        (None, "9223372036854771712\n", MACHINE),  # what version 1 says where there is no limit
        (None, None, MACHINE),
    ],
)
def test_a_container_has_what_its_control_group_says(
    of_2: str | None, of_1: str | None, bytes_: int, tmp_path: Path
) -> None:
    files = (tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes")
    for path, text in zip(files, (of_2, of_1), strict=True):
        if text is not None:
            path.write_text(text)
    assert memory.installed(files) == min(bytes_, MACHINE)
    assert memory.of_worker(Serve(), "cpu", files) == round(memory.SHARE * min(bytes_, MACHINE))
    assert memory.of_worker(Serve(worker_memory_mb=100), "cpu") == 100_000_000
    assert memory.of_worker(Serve(), "cuda") == 0, "a GPU's driver reserves addresses"
