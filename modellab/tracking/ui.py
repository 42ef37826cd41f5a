"""How to open MLflow's pages on the project's own database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from modellab.system import interrupt
from modellab.tracking import sqlite, store, ui_views

ANSWERS = """
import os, socket, sys, time
of, port, begun = int(sys.argv[1]), int(sys.argv[2]), time.monotonic()
try:
    while os.getppid() == of:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        print(f"it answers, after {time.monotonic() - begun:.0f} s", flush=True)
        break
except KeyboardInterrupt:
    pass
"""


def ui_command(folder: Path, port: int = 5000) -> list[str]:
    """The command that serves MLflow's pages on this computer only; run it with `ui_environment()`.

    One worker: MLflow's default of four costs 40 ms on every request and four times the memory.
    """
    uri, artifacts = store.own(folder), (folder.absolute() / "artifacts").as_uri()
    where = ["--backend-store-uri", uri, "--registry-store-uri", uri, "--default-artifact-root", artifacts]
    return [
        *interrupt.command("mlflow"),
        "server",
        *where,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--uvicorn-opts",
        "--log-level warning",
    ]


def ui_environment() -> dict[str, str]:
    """The environment for `ui_command`: this one, without telemetry, MLflow's job runner and warnings to developers."""
    return store.ENVIRONMENT | {"PYTHONWARNINGS": "ignore"} | os.environ


def tell_when_it_answers(port: int) -> subprocess.Popen[bytes]:
    """Have a small process say so: the one that asks for it becomes MLflow's, which says nothing to people."""
    return subprocess.Popen([sys.executable, "-S", "-c", ANSWERS, str(os.getpid()), str(port)], start_new_session=True)


def ui_links(folder: Path, port: int = 5000) -> dict[str, dict[str, str]]:
    """Experiment -> view -> address, for the experiments that the database has now."""
    page = f"http://127.0.0.1:{port}/"
    return {
        name: {view: page + fragment for view, fragment in ui_views.links(id).items()}
        for name, id in sorted(sqlite.experiment_ids(store.database(folder)).items())
    }
