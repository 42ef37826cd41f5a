"""What --against sees on a real model: the injected slowdown, and the table."""

from __future__ import annotations

import time
from pathlib import Path

from modellab.models import adapter_code
from modellab.types import Status, Verdict
from tools.against_power import Run, slowed, table

from ..make import case

ORIGINAL = """
import time


class Model:
    name = "plain"

    def transcribe(self, audio):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return f"heard {audio}"


def load(setting):
    return Model()
"""


def run(slower: float, status: Status, red: bool = False) -> Run:
    return Run(slower, Verdict("rtf_cpu", "s/s", "speed", status, 0.1, detects=0.03), red, 2.5, 30.0)


def test_the_injected_slowdown_is_the_share_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "adapter.py").write_text(ORIGINAL)
    plain = case(folder=tmp_path / "fake")
    assert slowed(plain, 0.0, tmp_path) is plain
    slow = slowed(plain, 1.0, tmp_path)
    assert slow.folder.name == "fake"
    model = adapter_code.load(slow.folder, "adapter").load(None)
    start = time.process_time()
    assert model.transcribe("this") == "heard this"
    assert time.process_time() - start >= 0.1, "twice the call's CPU time"
    assert model.name == "plain"


def test_the_table_counts_red_first_and_then_what_is_left_open() -> None:
    runs = [run(0.0, Status.PASS), run(0.0, Status.INCONCLUSIVE), run(0.05, Status.REGRESSED, True)]
    runs += [run(0.05, Status.PASS, True), run(0.05, Status.PASS)]
    assert list(table(runs))[2:] == [
        "| unchanged | 2 | 0 | 1 | 1 | 3.0% | 2.5 to 2.5 | 30 |",
        "| 5% | 3 | 2 | 0 | 1 | 3.0% | 2.5 to 2.5 | 30 |",
    ]
