"""A real worker process around a tiny adapter: what it answers, every way it can be lost, and what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from modellab.errors import CrashError, DatasetError, HangError, LoadError, ModelError, ProtocolError, WorkerError
from modellab.runner.worker import Worker, raise_reply
from tests import processes

from .. import tiny
from ..tiny import order, row


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def steady(folder: Path) -> Iterator[Worker]:
    """One worker for all tests that leave it alive; it raises on the bad clip."""
    opened = Worker(threads=2)
    opened.ask("load", order(folder, does="fail"), 60)
    opened.ask("start", {"task": "asr"}, 60)
    yield opened
    opened.close()


def started(folder: Path, does: str, **options: Any) -> Worker:
    opened = Worker(threads=1)
    opened.ask("load", order(folder, does=does, **options), 60)
    opened.ask("start", {"task": "asr"}, 60)
    return opened


def running(pid: int) -> bool:
    try:
        return processes.is_alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


# ---------------------------------------------------------------------------- answers


def test_loading_tells_what_was_loaded(folder: Path) -> None:
    opened = Worker(threads=1)
    try:
        facts = opened.ask("load", order(folder), 60)
    finally:
        opened.close()
    assert facts.keys() == {"load_s", "load_peak_rss_bytes", "weights", "versions", "python", "batches", "allocator"}
    assert facts["weights"] == "package"
    assert facts["load_peak_rss_bytes"] > 2**20
    assert facts["versions"]["numpy"] == np.__version__


def test_an_utterance_is_answered_with_output_and_times(folder: Path, steady: Worker) -> None:
    reply = steady.ask("utterance", row(folder, "good"), 60)
    assert reply["output"] == {"text": "turn on the light ", "language": "2", "segments": []}, "2 threads were asked"
    assert reply["wall_s"] >= 0
    assert reply["cpu_s"] >= 0


METERS = {"peak_rss_bytes", "other_cores", "cores", "reference_version", "reference_arithmetic_s", "reference_walk_s"}


def test_the_meters_are_told_at_the_end(steady: Worker) -> None:
    meters = steady.ask("finish", {"device": "cpu"}, 60)
    assert meters.keys() == METERS, "and no GPU memory where there is no GPU"


def test_a_model_that_raises_goes_on_with_the_next_utterance(folder: Path, steady: Worker) -> None:
    with pytest.raises(ModelError) as caught:
        steady.ask("utterance", row(folder), 60)
    first, *rest = str(caught.value).splitlines()
    assert first == "ValueError: the decoder lost its way"
    assert "in fail" in "\n".join(rest), "the adapter's traceback is there"
    assert steady.ask("utterance", row(folder, "good"), 60)["output"]["text"]


def test_an_output_with_a_wrong_field_is_one_failed_utterance(folder: Path) -> None:
    opened = started(folder, "answer with an object")
    try:
        with pytest.raises(ModelError, match=r"TypeError: .* whose language is a object"):
            opened.ask("utterance", row(folder), 60)
        opened.ask("finish", {"device": "cpu"}, 60)
    finally:
        opened.close()


def test_unusable_audio_is_the_datasets_fault(folder: Path, steady: Worker) -> None:
    with pytest.raises(DatasetError, match=r"none\.wav"):
        steady.ask("utterance", row(folder, "none"), 60)


def test_an_unknown_task_is_told(steady: Worker) -> None:
    with pytest.raises(ModelError, match="unknown task 'ars': did you mean asr"):
        steady.ask("start", {"task": "ars"}, 60)


def test_long_requests_and_replies_fit_through_the_pipes(folder: Path) -> None:
    opened = started(folder, "", times=2**16)
    try:
        long = row(folder, "good")
        long["row"]["text"] = "word " * 2**16
        assert len(opened.ask("utterance", long, 60)["output"]["text"]) == 2**16 * len("turn on the light ")
    finally:
        opened.close()


def test_a_megabyte_on_stdout_is_no_reply(folder: Path) -> None:
    opened = started(folder, "chatter")
    try:
        assert opened.ask("utterance", row(folder), 60)["output"]["text"] == "turn on the light "
        assert "x" * 79 in opened.log.tail()
        assert opened.log.total_bytes > 2**20
    finally:
        opened.close()


# ---------------------------------------------------------------------------- losses


def test_a_model_that_cannot_be_loaded(folder: Path) -> None:
    opened = Worker(threads=1)
    try:
        with pytest.raises(LoadError) as caught:
            opened.ask("load", order(folder, does="fail to load"), 60)
    finally:
        opened.close()
    said = str(caught.value)
    assert said.startswith("the model could not be loaded: OSError: the weights are not what they should be\n")
    assert "in __init__" in said
    assert said.endswith("end of the worker's log:\n  | loading one")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("segfault", "killed by SIGSEGV (segmentation fault)"),
        ("kill", "killed by SIGKILL (out of memory, or killed by hand)"),
        ("exit", "it exited with status 7"),
    ],
)
def test_a_crash_is_told_with_its_reason_and_the_end_of_the_log(folder: Path, does: str, says: str) -> None:
    opened = started(folder, does)
    try:
        with pytest.raises(CrashError) as caught:
            opened.ask("utterance", row(folder), 60)
        first, *rest = str(caught.value).splitlines()
        assert first == f"the worker died during 'utterance': {says}"
        assert rest[:2] == ["end of the worker's log:", "  | loading one"]
        assert ("  | last words" in rest) is (does == "segfault")
        with pytest.raises(CrashError, match="the worker died during 'start'"):
            opened.ask("start", {"task": "asr"}, 60)
    finally:
        opened.close()


def test_a_hang_is_killed(folder: Path) -> None:
    opened = started(folder, "hang")
    try:
        with pytest.raises(HangError) as caught:
            opened.ask("utterance", row(folder), 0.5)
        assert str(caught.value).startswith("no answer to 'utterance' within 0.5 s: the worker was killed\n")
        assert opened.process.returncode == -signal.SIGKILL
    finally:
        opened.close()


def test_a_longer_limit_is_asked_for_before_a_hang_is_believed(folder: Path) -> None:
    opened = started(folder, "")

    def more_s() -> float:
        os.kill(opened.process.pid, signal.SIGCONT)
        return 60.0

    try:
        os.kill(opened.process.pid, signal.SIGSTOP)
        assert "output" in opened.ask("utterance", row(folder, "good"), 0.5, more_s)
        os.kill(opened.process.pid, signal.SIGSTOP)
        with pytest.raises(HangError, match="no answer to 'utterance' within 1 s: the worker was killed"):
            opened.ask("utterance", row(folder, "good"), 0.5, lambda: 1.0)
    finally:
        opened.close()


def test_a_stopped_worker_is_killed_in_time_though_it_reads_nothing(folder: Path) -> None:
    opened = started(folder, "")
    try:
        os.kill(opened.process.pid, signal.SIGSTOP)
        long = row(folder, "good")
        long["row"]["text"] = "word " * 2**16
        with pytest.raises(HangError, match="no answer to 'utterance' within 1 s: the worker was killed"):
            opened.ask("utterance", long, 1)
        assert opened.process.returncode == -signal.SIGKILL
    finally:
        opened.close()


def test_a_worker_that_is_no_longer_trusted_is_killed(folder: Path) -> None:
    opened = started(folder, "fork")
    try:
        with pytest.raises(ProtocolError, match="the model forked during 'utterance', and both processes answer"):
            opened.ask("utterance", row(folder), 60)
        assert opened.process.returncode == -signal.SIGKILL
        with pytest.raises(CrashError):
            opened.ask("finish", {"device": "cpu"}, 60)
    finally:
        opened.close()


def test_a_worker_whose_pipe_is_closed_is_killed(folder: Path) -> None:
    opened = started(folder, "close its pipe")
    try:
        with pytest.raises(CrashError, match="the worker closed its pipe during 'utterance' and went on running"):
            opened.ask("utterance", row(folder), 60)
    finally:
        opened.close()


# ---------------------------------------------------------------------------- what stays behind


def test_close_leaves_no_process_and_no_log(folder: Path, tmp_path: Path) -> None:
    opened = started(folder, "spawn", pid=str(tmp_path / "pid"))
    opened.ask("utterance", row(folder), 60)
    helper = int((tmp_path / "pid").read_text())
    assert running(helper)
    opened.close()
    assert not running(opened.process.pid)
    assert opened.process.returncode is not None
    psutil.wait_procs([psutil.Process(helper)] if running(helper) else [], timeout=10)
    assert not running(helper), "what the model's library started is gone too"
    assert not opened.scratch.path.exists()


def test_twenty_workers_leak_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    quick = shutil.which("true")
    assert quick is not None
    before = psutil.Process().num_fds()
    for _ in range(20):
        opened = Worker(threads=1, python=quick)
        with pytest.raises(CrashError, match="it exited with status 0"):
            opened.ask("start", {"task": "asr"}, 60)
        opened.close()
    assert psutil.Process().num_fds() == before
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_is_not_there_leaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = psutil.Process().num_fds()
    with pytest.raises(WorkerError, match=r"no worker process could be started with .*no_such_python: "):
        Worker(threads=1, python=str(tmp_path / "no_such_python"))
    assert psutil.Process().num_fds() == before
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------- the small parts


@pytest.mark.parametrize(
    ("verb", "kind", "error", "says"),
    [
        ("load", "model", LoadError, "the model could not be loaded: what\nwhere | log"),
        ("utterance", "model", ModelError, "what\nwhere"),
        ("utterance", "dataset", DatasetError, "what"),
        ("finish", "model", ModelError, "what\nwhere"),
    ],
)
def test_a_reply_with_an_error_is_raised(verb: str, kind: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        raise_reply(verb, {"error": "what", "kind": kind, "trace": "where"}, " | log")
    assert type(caught.value) is error
    assert str(caught.value) == says
