"""The process that MLflow runs in: its command, its environment, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from modellab.system import cache
from modellab.tracking import store


def command(folder: Path, root: Path | None) -> list[str]:
    """What to run; it announces what it has reached."""
    return [
        *(sys.executable, "-m", "modellab.tracking", str(folder), "--announce"),
        *(("--root", str(root)) if root else ()),
    ]


def environment(uri: str) -> dict[str, str]:
    """Ours, with modellab on the path and the address, which may hold a password: no argument shows it.

    An installation without bytecode, in an environment that keeps Python from writing it, would compile MLflow's 1000
    files in each session, for 5 s: there the bytecode goes to modellab's cache.
    """
    given = os.environ | {"PYTHONPATH": store.python_path(), "MLFLOW_TRACKING_URI": uri}
    spec = find_spec("mlflow")
    compiled = spec and spec.origin and Path(spec.origin).with_name("__pycache__").is_dir()
    if not compiled and given.get("PYTHONDONTWRITEBYTECODE") and "PYTHONPYCACHEPREFIX" not in given:
        del given["PYTHONDONTWRITEBYTECODE"]
        given["PYTHONPYCACHEPREFIX"] = str(cache.home() / "bytecode")
    return given


def end(child: subprocess.Popen[bytes]) -> None:
    """End a child that leads a group, with all it started. Its number is nobody else's until it has been waited for."""
    if child.returncode is None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of which none is left
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
