"""`modellab calibrate`: sessions beside the baseline, a table, Ctrl-C, and one sentence where nothing can be done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from modellab.runner import calibration

from .conftest import Desk
from .test_run import wait_for


@pytest.fixture(autouse=True)
def one_quiet_machine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_MACHINE", "bench")
    monkeypatch.setattr(calibration, "invalid", lambda result: "")


@pytest.fixture
def accepted(desk: Desk) -> Desk:
    """A project whose case has baselines on this machine class."""
    desk.accept("fake:one-short_v1-cpu-float32")
    return desk


def stored(desk: Desk, suffix: str = ".bench-1t") -> dict[str, Any]:
    folder = desk.root / "baselines" / "asr" / "short_v1"
    found: dict[str, Any] = json.loads((folder / f"fake-one.cpu-float32{suffix}.json").read_text())
    return found


def test_sessions_are_kept_and_told(accepted: Desk) -> None:
    loads = accepted.root / "models" / "fake" / "loads.log"
    before, ledger = loads.read_text().splitlines(), sorted((accepted.root / "mlruns").rglob("*"))
    result = accepted.type("calibrate", "--model", "fake", "--sessions", "5", "--utterances", "6")
    assert result.exit_code == 0, result.output
    sessions = stored(accepted)["sessions"]
    assert len(sessions) == 5
    assert {"rtf", "rtf_cpu", "peak_rss_bytes"} <= sessions[0].keys()
    assert [line for line in result.stderr.splitlines() if line.startswith("fake:one")][4].startswith(
        "fake:one-short_v1-cpu-float32 5/5: rtf "
    )
    heading, row = result.stdout.splitlines()[:2]
    assert " ".join(heading.split()) == (
        "case sessions clock sd sd rtf sees slowdown sd peak sees growth changed may fail"
    )
    assert row.split()[2] == "rtf_cpu"
    assert row.startswith("fake:one-short_v1-cpu-float32  5 ")
    assert row.split()[-3:] == ["0.00", "%", "yes"]
    processes = loads.read_text().splitlines()[len(before) :]
    assert len(set(processes)) == 5, "each session has a process of its own"
    assert sorted((accepted.root / "mlruns").rglob("*")) == ledger, "a calibration is no result"
    assert "noise" not in stored(accepted, ""), "the fake decoder throws no dice"


@pytest.mark.slow
def test_more_sessions_join_those_that_are_there(accepted: Desk) -> None:
    for _ in range(2):
        result = accepted.type("calibrate", "--sessions", "2")
    assert len(stored(accepted)["sessions"]) == 4
    assert result.stdout.splitlines()[1].rstrip().endswith("no: 1 more session is needed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "fakes"), "unknown model 'fakes': did you mean fake?"),
        (("--dataset", "short_v1", "--device", "mps"), "no case has --dataset=short_v1 --device=mps"),
    ],
)
def test_wrong_names(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = desk.type("calibrate", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"modellab: {said}")


def test_a_suite_of_another_tier_is_told_which(desk: Desk) -> None:
    desk.dataset("short_v1", tier="full")
    result = desk.type("calibrate", "--model", "fake")
    assert (result.exit_code, result.stderr) == (
        2, "modellab: no case has --model=fake --tier=smoke: there are some with --tier full\n"
    )  # fmt: skip


def test_without_a_baseline_it_says_how_to_make_one(desk: Desk) -> None:
    result = desk.type("calibrate", "--model", "fake")
    assert result.exit_code == 2
    assert result.stderr == (
        "modellab: nothing to calibrate: fake:one-short_v1-cpu-float32: no accepted speed on bench-1t to calibrate:"
        " make one with `modellab run --model fake:one --dataset short_v1 --update-baselines --reason '...'`\n"
    )


def test_what_cannot_be_calibrated_is_told_beside_what_can(accepted: Desk) -> None:
    accepted.dataset("other_v1")
    result = accepted.type("calibrate", "--model", "fake", "--sessions", "1")
    assert result.exit_code == 0
    assert "not calibrated: fake:one-other_v1-cpu-float32: no accepted speed on bench-1t" in result.stderr


@pytest.mark.slow
def test_a_busy_machine_ends_with_a_status_of_its_own(accepted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "invalid", lambda result: "other processes kept 2.0 of 2 cores busy")
    monkeypatch.setattr(calibration, "RETRIES", 1)
    monkeypatch.setattr(calibration, "PAUSE_S", 0.0)
    result = accepted.type("calibrate", "--model", "fake")
    assert result.exit_code == 3
    assert result.stderr.count("thrown away, other processes kept 2.0 of 2 cores busy") == 2
    assert result.stdout.splitlines()[-1] == "note: fake:one-short_v1-cpu-float32: given up after 2 unusable sessions"
    assert "sessions" not in stored(accepted)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(accepted: Desk) -> None:
    behaviour = accepted.root / "models" / "fake" / "behaviour.json"
    loads = accepted.root / "models" / "fake" / "loads.log"
    script = (
        "import modellab.runner.calibration as room; room.invalid = lambda result: ''; "
        "from modellab.cli import main; main()"
    )
    loads.unlink()
    command = [sys.executable, "-c", script, "calibrate", "--model", "fake", "--sessions", "20"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=accepted.root, text=True, start_new_session=True, **pipes) as child:
        wait_for(loads)
        assert child.stderr is not None
        first = child.stderr.readline()
        behaviour.write_text(json.dumps({"sleep_s": 30}))
        _wait_for_lines(loads, 2)
        child.send_signal(signal.SIGINT)
        said, told = child.communicate(timeout=60)
    assert " 1/20: rtf " in first
    assert child.returncode == 2
    assert "interrupted: the sessions that were finished are kept" in told
    assert "Traceback" not in told
    kept = len(stored(accepted)["sessions"])
    assert kept >= 1
    assert said.splitlines()[1].split()[1] == str(kept)


def _wait_for_lines(path: Path, number: int) -> None:
    wait_for(path)
    end = time.monotonic() + 60
    while len(path.read_text().splitlines()) < number:
        assert time.monotonic() < end, f"{path} never had {number} lines"
        time.sleep(0.05)


# ---------------------------------------------------------------------------- a new machine


@pytest.mark.slow
def test_speed_only_leaves_the_accepted_quality_alone(accepted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = accepted.root / "baselines" / "asr" / "short_v1" / "fake-one.cpu-float32.json"
    before = path.read_bytes()
    monkeypatch.setattr(calibration.CalibrationCase, "noise", lambda case: {"wer": 0.1})  # it draws at random
    assert accepted.type("calibrate", "--sessions", "5", "--speed-only").exit_code == 0
    assert path.read_bytes() == before
    assert accepted.type("calibrate", "--sessions", "1").exit_code == 0
    assert len(stored(accepted)["sessions"]) == 6


@pytest.mark.parametrize(
    "arguments",
    [("--update-baselines",), ("--update-baselines", "--reason", "why"), ("--update-baselines", "--speed-only")],
)
def test_calibrate_accepts_speed_alone_and_with_a_reason(desk: Desk, arguments: tuple[str, ...]) -> None:
    result = desk.type("calibrate", *arguments)
    assert result.exit_code == 2
    assert "accepts speed and memory alone: give it --speed-only and --reason" in result.stderr


@pytest.mark.parametrize("status", [0, 3])
def test_a_new_machine_is_accepted_and_calibrated_at_once(
    accepted: Desk, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    ran = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command[3:])
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr("modellab.cli.calibrate.subprocess.run", run)
    order = ("--model", "fake", "--sessions", "1", "--update-baselines", "--speed-only", "--reason", "a new machine")
    result = accepted.type("calibrate", *order)
    assert result.exit_code == status
    wanted = {"--model=fake", "--tier=smoke", "--update-baselines", "--speed-only", "--reason=a new machine"}
    assert wanted <= set(ran[0])
    assert len(stored(accepted).get("sessions", [])) == (1 if status == 0 else 0)
    assert ("not calibrated: the run that accepts" in result.stderr) is (status != 0)


def test_where_quality_is_accepted_speed_alone_is_advised(accepted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_MACHINE", "another")
    result = accepted.type("calibrate", "--model", "fake")
    assert result.exit_code == 2
    said = "`modellab run --model fake:one --dataset short_v1 --update-baselines --speed-only --reason '...'`"
    assert said in " ".join(result.stderr.split())


@pytest.mark.slow
def test_peaks_that_lie_apart_from_the_accepted_one_are_told(accepted: Desk) -> None:
    path = accepted.root / "baselines" / "asr" / "short_v1" / "fake-one.cpu-float32.bench-1t.json"
    kept = json.loads(path.read_text())
    kept["readings"]["peak_rss_bytes"] /= 2
    path.write_text(json.dumps(kept))
    result = accepted.type("calibrate", "--sessions", "5")
    (note,) = [line for line in result.stdout.splitlines() if "peaks lie" in line]
    assert note.startswith("note: fake:one-short_v1-cpu-float32: ")
    assert note.endswith("MiB from the accepted one: accept its memory again")
