"""Everything that can break, each with a clear error and nothing lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from tests import processes

from .conftest import FakeProject

BROKEN = 3  # exit status: no regression, but no measurement either


def add_dataset(fake_project: FakeProject, name: str = "second_v1") -> None:
    """A second case for the same model, to see what becomes of it."""
    fake_project.dataset(name)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param({"segfault_on": 3}, "the worker died during 'utterance': killed by SIGSEGV*", id="segfault"),
        pytest.param({"kill_on": 3}, "killed by SIGKILL (out of memory, or killed by hand)", id="killed for memory"),
        pytest.param({"exit_on": 3}, "it exited with status 7", id="exits"),
        pytest.param({"hang_on": 3}, "no answer to 'utterance' within 2 s: the worker was killed*", id="hangs"),
        pytest.param({"fail_to_load": True}, "the model could not be loaded: OSError: the weights are not*", id="load"),
        pytest.param({"raise_always": True}, "every one of 8 utterances raised; the first: RuntimeError*", id="raises"),
        pytest.param({"return_none": True}, "*returned None, expected a Transcript*", id="returns nothing"),
    ],
)
def test_a_lost_model_is_one_failed_case(fake_project: FakeProject, behaviour: dict[str, Any], words: str) -> None:
    fake_project.configure(timeout_s=2)
    fake_project.behave(chatter_words=2, **behaviour)
    result = fake_project.run()
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*fake:one-short_v1-cpu-float32: ERROR*", f"*{words}*"])
    assert [entry["status"] for entry in fake_project.ledger()] == ["ERROR"]


def test_a_crash_shows_the_end_of_the_log(fake_project: FakeProject) -> None:
    fake_project.behave(chatter_words=3, segfault_on=3)
    result = fake_project.run()
    result.stdout.fnmatch_lines(["*end of the worker's log:*", "*| chatter chatter chatter*"])


@pytest.mark.slow
def test_the_next_case_gets_a_fresh_worker(fake_project: FakeProject) -> None:
    add_dataset(fake_project)
    fake_project.behave(segfault_on=12)  # 9 calls are the first case's
    result = fake_project.run()
    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes().get("deselected", 0))
    fake_project.behave(segfault_on=3)
    (fake_project.model / "loads.log").unlink()
    fake_project.run()
    assert len({line.split()[1] for line in fake_project.loads()}) == 2, "two processes: the first one died"


def test_a_model_is_loaded_once_for_all_its_datasets(fake_project: FakeProject) -> None:
    add_dataset(fake_project)
    fake_project.run().assert_outcomes(passed=2)
    assert len(fake_project.loads()) == 1


def test_one_raised_utterance_is_counted_and_told(fake_project: FakeProject) -> None:
    fake_project.behave(raise_on=[5])
    result = fake_project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*success_rate: baseline -, now 87.50 %*is below the limit 1*",
            "*note: the model raised on 1 of 8 utterances: RuntimeError: the decoder lost its way*",
        ]
    )


def test_a_megabyte_on_stdout_disturbs_nothing(fake_project: FakeProject) -> None:
    fake_project.behave(chatter_words=131_072)
    result = fake_project.run()
    assert result.ret == 0
    assert "chatter" not in result.stdout.str()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda path: path.unlink(), "002.flac*", id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), "002.flac*", id="empty"),
        pytest.param(lambda path: path.write_text("not audio at all"), "002.flac*", id="not audio"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:900]), "002.flac*", id="truncated"),
        pytest.param(
            lambda path: soundfile.write(path, np.full(16000, np.nan), 16000, "FLOAT", format="WAV"), "NaN", id="NaN"
        ),
    ],
)
def test_unusable_audio_names_the_file(fake_project: FakeProject, damage: Any, words: str) -> None:
    damage(fake_project.root / "golden/short_v1/audio/002.flac")
    result = fake_project.run()
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*fake:one-short_v1-cpu-float32: ERROR*", f"*{words}*"])


def test_odd_but_usable_audio_runs(fake_project: FakeProject) -> None:
    for number, (rate_hz, channels) in enumerate([(8000, 1), (96000, 1), (44100, 2)]):
        tone = 0.1 * np.sin(np.arange(rate_hz * 2) / 9)
        soundfile.write(
            fake_project.root / f"golden/short_v1/audio/{number:03}.flac", np.column_stack([tone] * channels), rate_hz
        )
        fake_project.answer((32000 - 24000) // 160, "two seconds of anything")
    result = fake_project.run()
    assert result.ret == 0, result.stdout.str()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("{ not json", "is not a baseline*Restore it with git*", id="not JSON"),
        pytest.param('{"format": 99}', "has format 99, expected 1*", id="another format"),
        pytest.param('{"format": 1, "header": {}}', "is not a baseline (KeyError*", id="half of it"),
    ],
)
def test_a_damaged_baseline_names_the_file(fake_project: FakeProject, content: str, words: str) -> None:
    fake_project.accept()
    path = fake_project.root / "baselines/asr/short_v1/fake-one.cpu-float32.json"
    path.write_text(content)
    result = fake_project.run()
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"*fake-one.cpu-float32.json {words}"])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for temporary files of a test's own."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_a_ledger_without_a_place_is_told_and_kept_elsewhere(
    fake_project: FakeProject, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(place))
    (fake_project.root / "mlruns").write_text("a file where the folder should be")
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*cannot be written*results are kept in*modellab sync*"])


def start(fake_project: FakeProject) -> subprocess.Popen[bytes]:
    """pytest on the project, in a process of its own, hanging in its second case."""
    add_dataset(fake_project)
    fake_project.behave(hang_on=12)
    command = [sys.executable, "-m", "pytest", "benchmarks", "-k", "fake", "--no-mlflow", "-p", "no:cacheprovider"]
    process = subprocess.Popen(command, cwd=fake_project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    folder = fake_project.root / "mlruns" / "ledger"
    deadline = time.monotonic() + 180
    while not any(b"\n" in path.read_bytes() for path in folder.glob("*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(fake_project.ledger()) == 1, "the first case is on disk while the second one runs"
    return process


def worker_of(fake_project: FakeProject) -> psutil.Process:
    return psutil.Process(int(fake_project.loads()[-1].split()[1]))


def gone(process: psutil.Process) -> bool:
    psutil.wait_procs([process], timeout=20)
    return not processes.is_alive(process)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (signal.SIGINT, "the session was interrupted before"),
        pytest.param(signal.SIGTERM, "stopped by SIGTERM", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, "stopped by SIGHUP, as of a terminal that was closed", marks=pytest.mark.slow),
    ],
)
def test_a_session_that_is_stopped_keeps_finished_cases_and_ends_the_worker(
    fake_project: FakeProject, number: signal.Signals, why: str
) -> None:
    process = start(fake_project)
    worker = worker_of(fake_project)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert b"modellab scorecard" in output
    assert b"Traceback" not in output
    assert gone(worker)
    finished, unfinished = fake_project.ledger()
    assert (finished["status"], unfinished["status"]) == ("NEW", "ERROR")
    assert unfinished["error"] == f"not run: {why}"


@pytest.mark.slow
def test_kill_9_of_pytest_keeps_finished_cases_and_ends_the_worker(fake_project: FakeProject) -> None:
    process = start(fake_project)
    worker = worker_of(fake_project)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert gone(worker)
    assert [entry["status"] for entry in fake_project.ledger()] == ["NEW"]


@pytest.mark.slow
def test_what_a_killed_session_leaves_is_swept_at_the_next_start(
    fake_project: FakeProject, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(place))
    process = start(fake_project)
    process.kill()
    process.communicate(timeout=60)
    assert list(place.glob("modellab*")), "of the worker, which nobody could remove"
    monkeypatch.setattr("tempfile.tempdir", str(place))
    fake_project.behave()
    assert fake_project.run().ret == 0
    assert list(place.glob("modellab*")) == []


def test_a_full_disk_between_the_two_files_of_a_baseline_leaves_both(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_project.machine = "machine-1"
    fake_project.accept()
    before = {path: path.read_bytes() for path in (fake_project.root / "baselines").rglob("*.json")}
    assert len(before) == 2
    real = Path.open

    def opened(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if mode == "w" and "machine-1" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", opened)
    fake_project.answer(0, "something else")
    result = fake_project.run("--update-baselines", "--reason", "no room")
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*could not be written*stays as it was*"])
    there = fake_project.root / "baselines"
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before


def test_kill_9_of_the_worker_costs_one_case(fake_project: FakeProject) -> None:
    process = start(fake_project)
    worker_of(fake_project).kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == BROKEN
    assert b"killed by SIGKILL" in output
    assert sorted(entry["status"] for entry in fake_project.ledger()) == ["ERROR", "NEW"]


def test_no_log_file_stays_behind(fake_project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(logs))
    fake_project.run()
    assert not list(logs.glob("modellab*"))


@pytest.mark.slow
def test_in_process_gives_the_same_but_for_times_that_prove_nothing(fake_project: FakeProject) -> None:
    fake_project.accept()
    result = fake_project.run_subprocess("--in-process")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*fake:one*short_v1*0.00 %*", "*its times prove nothing: the model ran in the run's own*"]
    )


def test_a_baseline_that_cannot_be_written_is_told(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def opened(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if mode == "w" and "baselines" in path.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", opened)
    result = fake_project.run("--update-baselines", "--reason", "no room")
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*fake:one-short_v1-cpu-float32: ERROR*", "*could not be written*stays as it was*"])


def test_a_scorecard_without_a_place_is_told(fake_project: FakeProject) -> None:
    result = fake_project.run("--scorecard", str(fake_project.root / "no" / "such" / "folder.md"))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*the scorecard could not be written to *folder.md: No such file or directory*"])
