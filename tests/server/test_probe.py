"""The process that looks at uploads: a file that brings it down is told so, and the next one is looked at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from modellab.errors import AudioError
from modellab.server.probe import Probe
from modellab.system.json_child import JsonChild
from tests.server.test_bad_input import GOOD


@pytest.fixture
def probe() -> Iterator[Probe]:
    opened = Probe()
    yield opened
    opened.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").write_bytes(GOOD)
    return tmp_path / "a.wav"


def child() -> psutil.Process:
    """The process of the only probe that is open here."""
    (found,) = [each for each in psutil.Process().children() if "modellab.server.probe" in " ".join(each.cmdline())]
    return found


def test_a_decoder_that_crashes_takes_nothing_with_it(
    probe: Probe, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert probe.duration_s(clip) == 0.5
    asks, ask = threading.Event(), JsonChild.ask

    def told(self: JsonChild, *order: Any) -> Any:
        asks.set()
        return ask(self, *order)

    monkeypatch.setattr(JsonChild, "ask", told)
    process = child()
    process.suspend()  # so that it is at work for as long as it takes
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(probe.duration_s, clip)
        assert asks.wait(60)
        process.send_signal(signal.SIGSEGV)
        process.resume()
        with pytest.raises(AudioError, match="brought the decoder down"):
            asked.result(timeout=60)
    assert probe.duration_s(clip) == 0.5


def test_one_that_ended_at_rest_is_no_files_fault(probe: Probe, clip: Path) -> None:
    assert probe.duration_s(clip) == 0.5
    process = child()
    process.kill()
    psutil.wait_procs([process], timeout=30)
    assert probe.duration_s(clip) == 0.5
