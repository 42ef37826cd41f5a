"""What a child has started ends with it, in whatever session and below whatever parent it is by then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from modellab.errors import CrashError, HangError
from modellab.system import descendants, leftovers
from modellab.system.json_child import JsonChild

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the environment of a process is read from /proc")
CODE = """
import os, subprocess, sys, time
from modellab.system import json_child

DAEMON = '''
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
print(os.getpid(), flush=True)
sys.stdout = open(os.devnull, "w")
os.dup2(sys.stdout.fileno(), 1)
time.sleep(600)
'''

def answer(order):
    if order["verb"] == "daemon":
        command = [sys.executable, "-c", DAEMON]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
            return {"pid": int(child.stdout.readline())}
    if order["verb"] == "sleep":
        time.sleep(600)
    if order["verb"] == "crash":
        os.kill(os.getpid(), 9)
    return {}

json_child.run(answer)
"""
SLEEPER = [sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(600)"]


def is_gone(pid: int) -> bool:
    """Whether a process ends within half a minute; one that nobody has waited for has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def close(child: JsonChild) -> None:
    child.close()


def let_hang(child: JsonChild) -> None:
    with pytest.raises(HangError):
        child.ask("sleep", {}, 0.2)


def let_crash(child: JsonChild) -> None:
    with pytest.raises(CrashError):
        child.ask("crash", {}, 60)
    child.close()


@pytest.mark.parametrize("end", [close, let_hang, let_crash])
def test_a_daemon_of_a_child_ends_with_it(end: Callable[[JsonChild], None], tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CODE)
    child = JsonChild([sys.executable, str(tmp_path / "child.py")])
    try:
        daemon = child.ask("daemon", {}, 60)["pid"]
        assert psutil.Process(daemon).ppid() != child.process.pid, "it has another parent by now"
        assert os.getsid(daemon) != os.getsid(child.process.pid)
        end(child)
        assert is_gone(daemon)
    finally:
        child.close()


def test_one_childs_end_is_not_anothers(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CODE)
    first, second = (JsonChild([sys.executable, str(tmp_path / "child.py")]) for _ in range(2))
    try:
        daemon = second.ask("daemon", {}, 60)["pid"]
        first.close()
        assert second.ask("echo", {}, 60) == {}
        assert psutil.Process(daemon).is_running()
    finally:
        first.close()
        second.close()
    assert is_gone(daemon)


def test_marks_of_all_processes_above_are_kept() -> None:
    outer, environment = descendants.marked({"PATH": "/bin"})
    inner, environment = descendants.marked(environment)
    assert environment == {"PATH": "/bin", descendants.MARKS: f"{outer},{inner}"}


HOLD = """
import subprocess, sys, tempfile
tempfile.tempdir = sys.argv[1]
from modellab.system.leftovers import Folder
folder = Folder("worker")
env = {"TMPDIR": str(folder.path)}
left = subprocess.Popen(eval(sys.argv[2]), env=env, stdout=subprocess.PIPE, start_new_session=True)
left.stdout.readline()
print(left.pid, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_parent_could_not_end_the_next_session_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    command = [sys.executable, "-c", HOLD, str(tmp_path), repr(SLEEPER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        left = int(parent.stdout.readline())
        assert leftovers.sweep() == []
        assert psutil.Process(left).is_running(), "its parent lives"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert len(leftovers.sweep()) == 1
    assert is_gone(left)
