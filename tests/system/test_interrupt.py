"""Ctrl-C while a program is still imported: no word, and the signal's own status."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modellab.system import interrupt

STUCK = "import pathlib, time\npathlib.Path({there!r}).touch()\ntime.sleep(60)\n"


@pytest.mark.parametrize(
    ("stuck", "command"),
    [
        pytest.param("stuck", interrupt.command("stuck"), id="any module"),
        pytest.param("typer", [sys.executable, "-m", "modellab", "models"], id="the command line"),
        pytest.param("uvicorn", [*interrupt.command("modellab.server"), ".", "{}"], id="the server"),
        pytest.param("_pytest", interrupt.command("pytest"), id="what `modellab run` becomes"),
    ],
)
def test_it_ends_without_a_word(tmp_path: Path, stuck: str, command: list[str]) -> None:
    there = tmp_path / "there"
    (tmp_path / f"{stuck}.py").write_text(STUCK.format(there=str(there)))
    with started(command, tmp_path) as child:
        wait_for(there)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)
    assert said == ("", "")
    assert child.returncode == -signal.SIGINT


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    ("stuck", "command"),
    [
        pytest.param("typer", [sys.executable, "-m", "modellab", "run"], id="modellab run"),
        pytest.param("_pytest", interrupt.command("pytest"), id="what it becomes"),
        pytest.param("conftest", interrupt.command("pytest"), id="while pytest keeps what is written"),
    ],
)
def test_a_run_that_a_scheduler_ends_says_so(tmp_path: Path, stuck: str, command: list[str], name: str) -> None:
    there, number = tmp_path / "there", getattr(signal, name)
    (tmp_path / f"{stuck}.py").write_text(STUCK.format(there=str(there)))
    with started(command, tmp_path) as child:
        wait_for(there)
        child.send_signal(number)
        said = child.communicate(timeout=60)
    assert said == ("", f"modellab: stopped by {name} before anything was run\n")
    assert child.returncode == -number


@pytest.mark.parametrize("takes_over", ["stopping.AsCtrlC().listen()", "interrupt.pytest_sessionstart()"])
def test_once_it_runs_it_is_nothing_of_the_kind(takes_over: str) -> None:
    code = (
        "import signal\n"
        "from modellab.runner import stopping\n"
        "from modellab.system import interrupt\n"
        "interrupt.tells_of_it()\n"
        "assert interrupt.is_early(signal.getsignal(signal.SIGTERM))\n"
        f"{takes_over}\n"
        "assert not interrupt.is_early(signal.getsignal(signal.SIGTERM))\n"
        "assert not interrupt.is_early(signal.getsignal(signal.SIGHUP))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_copy_of_the_process_is_ended_without_a_word() -> None:
    code = (
        "import os, signal\n"
        "from modellab.system import interrupt\n"
        "interrupt.tells_of_it()\n"
        "if child := os.fork():\n"
        "    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) + 100)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, capture_output=True, text=True)
    assert (told.returncode, told.stdout, told.stderr) == (100 - signal.SIGTERM, "", "")


def test_where_the_work_begins_it_is_python_s_own(tmp_path: Path) -> None:
    there = tmp_path / "there"
    (tmp_path / "works.py").write_text(
        "from modellab.system import interrupt\n"
        "interrupt.raises()\n"
        f"try:\n    {STUCK.format(there=str(there)).replace(chr(10), chr(10) + '    ').rstrip()}\n"
        "except KeyboardInterrupt:\n    raise SystemExit(7)\n"
    )
    with started(interrupt.command("works"), tmp_path) as child:
        wait_for(there)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == 7


def test_who_ignores_it_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt.ends_at_once()
        interrupt.raises()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_that_it_became_is_known() -> None:
    error = ImportError("initialization failed")  # as an extension module has it
    error.__context__ = KeyboardInterrupt()
    assert interrupt.is_cause(error)
    assert not interrupt.is_cause(ImportError("no module named x"))


def started(command: list[str], folder: Path) -> subprocess.Popen[str]:
    """The command, in a folder whose modules it finds first, with a Ctrl-C that is not ignored."""
    return subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_for(path: Path, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)
