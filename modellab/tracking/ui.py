"""How to open MLflow's pages on the project's own database."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modellab.tracking import sqlite, store, ui_views


def ui_command(folder: Path, port: int = 5000) -> list[str]:
    """The command that serves MLflow's pages on this computer only; run it with `ui_environment()`.

    One worker: MLflow's default of four costs 40 ms on every request and four times the memory.
    """
    uri, artifacts = store.own(folder), (folder.absolute() / "artifacts").as_uri()
    where = ["--backend-store-uri", uri, "--default-artifact-root", artifacts]
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        *where,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]


def ui_environment() -> dict[str, str]:
    """The environment for `ui_command`: this one, without telemetry and without MLflow's job runner."""
    return store.ENVIRONMENT | os.environ


def ui_links(folder: Path, port: int = 5000) -> dict[str, dict[str, str]]:
    """Experiment -> view -> address, for the experiments that the database has now."""
    page = f"http://127.0.0.1:{port}/"
    return {
        name: {view: page + fragment for view, fragment in ui_views.links(id).items()}
        for name, id in sorted(sqlite.experiment_ids(store.database(folder)).items())
    }
