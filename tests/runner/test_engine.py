"""The engine in this process, as --in-process has it: what an adapter is given, and adapters that are none."""

from __future__ import annotations

import gc
import math
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from modellab.errors import WeightsError
from modellab.runner.engine import Engine, pin_threads
from modellab.runner.meters import process
from modellab.runner.worker import InProcess
from modellab.types import Setting

from .. import tiny
from ..tiny import order, row


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pinned threads and imported adapters are forgotten after each test."""
    for name in process.THREAD_VARIABLES:
        monkeypatch.setenv(name, "1")
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("modellab_adapter_"):
            del sys.modules[name]


class Watched:
    """Something of which a weak reference tells whether it is still there."""

    def __init__(self, held: object) -> None:
        self.held = held


@pytest.fixture
def handle() -> InProcess:
    return InProcess(threads=1)


def test_an_adapter_is_given_its_setting(tmp_path: Path, handle: InProcess) -> None:
    folder = tiny.write_adapter(tmp_path / "mine", "def load(setting):\n    return setting\n")
    (folder / "w.bin").write_bytes(b"weights")
    handle.ask("load", {**order(folder, beam_size=1), "weights": "path:w.bin", "threads": 3}, 60)
    assert handle.engine.model == Setting(
        model="mine",
        variant="one",
        weights=folder / "w.bin",
        device="cpu",
        precision="float32",
        threads=3,
        options={"beam_size": 1},
    )


def test_missing_weights_are_told_before_the_adapter_is_imported(tmp_path: Path, handle: InProcess) -> None:
    folder = tiny.write_adapter(tmp_path / "mine", "raise RuntimeError('imported')\n")
    with pytest.raises(WeightsError, match=r"w\.bin does not exist"):
        handle.ask("load", {**order(folder), "weights": "path:w.bin"}, 60)


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        pytest.param(None, FileNotFoundError, r"adapter\.py does not exist: a model folder needs an", id="no file"),
        pytest.param(
            "x = 1", AttributeError, r"adapter\.py has no `load`: it must define load\(setting\)", id="no load"
        ),
        pytest.param("import no_such_engine", ModuleNotFoundError, "no_such_engine", id="no engine"),
        pytest.param("def load(", SyntaxError, "was never closed", id="not Python"),
    ],
)
def test_an_adapter_that_is_none(
    tmp_path: Path, handle: InProcess, code: str | None, error: type[Exception], says: str
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    if code is not None:
        tiny.write_adapter(folder, code)
    with pytest.raises(error, match=says):
        handle.ask("load", order(folder), 60)


def test_the_collector_rests_while_an_adapter_is_imported_and_no_longer(tmp_path: Path, handle: InProcess) -> None:
    code = "import gc\n\nON = gc.isenabled()\n\n\ndef load(setting):\n    return ON, gc.isenabled()\n"
    handle.ask("load", order(tiny.write_adapter(tmp_path / "mine", code)), 60)
    assert handle.engine.model == (False, True)
    with pytest.raises(ModuleNotFoundError):
        handle.ask("load", order(tiny.write_adapter(tmp_path / "odd", "import no_such_engine")), 60)
    assert gc.isenabled()


def test_siblings_of_two_adapters_are_kept_apart(tmp_path: Path) -> None:
    said = []
    for name in ("first", "second"):
        folder = tiny.write_adapter(
            tmp_path / name, "from .words import TEXT\n\n\ndef load(setting):\n    return TEXT\n"
        )
        (folder / "words.py").write_text(f"TEXT = {name!r}\n")
        handle = InProcess(threads=1)
        handle.ask("load", order(folder), 60)
        said.append(handle.engine.model)
    assert said == ["first", "second"]


def test_a_models_error_comes_as_it_is(tmp_path: Path, handle: InProcess) -> None:
    folder = tiny.write(tmp_path / "tiny")
    handle.ask("load", order(folder, does="fail"), 60)
    handle.ask("start", {"task": "asr"}, 60)
    assert handle.ask("utterance", row(folder, "good"), 60)["output"]["text"] == "turn on the light "
    with pytest.raises(ValueError, match="the decoder lost its way"):
        handle.ask("utterance", row(folder), 60)
    handle.close()
    assert handle.engine.model is None


def test_a_fresh_start_has_fresh_meters(tmp_path: Path, handle: InProcess) -> None:
    folder = tiny.write(tmp_path / "tiny")
    handle.ask("load", order(folder), 60)
    handle.ask("start", {"task": "asr"}, 60)
    first = handle.engine.load_meter
    hoard = bytearray(64 * 2**20)
    hoard[::4096] = b"x" * len(hoard[::4096])
    del hoard
    peak = handle.ask("finish", {"device": "cpu"}, 60)["peak_rss_bytes"]
    handle.ask("start", {"task": "asr"}, 60)
    assert handle.engine.load_meter is not first
    assert handle.ask("finish", {"device": "cpu"}, 60)["peak_rss_bytes"] < peak


class FakeEvent:
    def record(self) -> None: ...

    def elapsed_time(self, end: FakeEvent) -> float:
        return 1500.0


def test_old_objects_are_looked_through_again_only_where_much_was_made(handle: InProcess) -> None:
    def full_collections() -> int:
        before = int(gc.get_stats()[2]["collections"])
        handle.ask("start", {"task": "asr"}, 60)
        return int(gc.get_stats()[2]["collections"]) - before

    handle.ask("start", {"task": "asr"}, 60)
    assert full_collections() == 0
    loop: list[object] = []
    loop.append(loop)
    watched = weakref.ref(made := Watched(loop))
    loop.append(made)
    del loop, made
    assert full_collections() == 0
    assert watched() is None, "what was made since is collected all the same"
    young, middle, _ = gc.get_threshold()
    many = 3 * young * middle  # Python 3.13 waits for three times as many as 3.12
    kept = [[] for _ in range(many)]  # type: ignore[var-annotated]
    assert full_collections() >= 1
    assert len(kept) == many


def test_on_cuda_the_gpu_times_the_call_and_its_clocks_are_watched(tmp_path: Path, handle: InProcess) -> None:
    gpu = SimpleNamespace(Event=lambda enable_timing: FakeEvent(), synchronize=lambda: None)
    reasons = iter([0x40, 0x0])
    handle.engine = Engine(process.Gpu(lambda: gpu, lambda: None, lambda: 0, lambda function: next(reasons)))
    folder = tiny.write(tmp_path / "tiny")
    handle.ask("load", {**order(folder), "device": "cuda"}, 60)
    handle.ask("start", {"task": "asr"}, 60)
    assert [handle.ask("utterance", row(folder, "good"), 60)["gpu_s"] for _ in range(2)] == [1.5, 1.5]
    assert handle.ask("finish", {"device": "cuda"}, 60)["gpu_throttled"] == 0.5


def test_on_a_cpu_no_gpu_is_asked(tmp_path: Path, handle: InProcess) -> None:
    handle.engine = Engine(process.Gpu(ask_driver=lambda function: pytest.fail("there is no driver to ask")))
    folder = tiny.write(tmp_path / "tiny")
    handle.ask("load", order(folder), 60)
    handle.ask("start", {"task": "asr"}, 60)
    assert math.isnan(handle.ask("utterance", row(folder, "good"), 60)["gpu_s"])
    assert "gpu_throttled" not in handle.ask("finish", {"device": "cpu"}, 60)


def test_threads_are_pinned_for_what_is_imported_next() -> None:
    pin_threads(3)
    assert os.environ["OMP_NUM_THREADS"] == "3"
