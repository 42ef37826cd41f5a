"""Commands that end with all that they started."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from modellab.system import process_group
from tests import processes

PARENT = """
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(f"{child.pid} whole")
child.wait()
"""


def test_what_it_wrote_and_how_it_ended() -> None:
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = process_group.run([sys.executable, "-c", script], 60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_too_slow_it_ends_with_its_children(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    for limit_s in (2, 10, 60):  # until the machine was quick enough for it to have had a child
        with pytest.raises(subprocess.TimeoutExpired):
            process_group.run([sys.executable, "-c", PARENT, str(told)], limit_s)
        if told.exists() and told.read_text().endswith("whole"):
            break
    child = int(told.read_text().split()[0])
    deadline = time.monotonic() + 60
    while psutil.pid_exists(child) and processes.is_alive(psutil.Process(child)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not (psutil.pid_exists(child) and processes.is_alive(psutil.Process(child)))
