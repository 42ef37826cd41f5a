"""`modellab ui` and `modellab sync`: MLflow's pages, and what the ledger has still to send there."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError, TrackingError
from modellab.system import interrupt


def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this computer.")] = 5000) -> None:
    """Open the tracked results in MLflow.

    Serves MLflow's pages on this computer until Ctrl-C.
    """
    from modellab import tracking
    from modellab.tracking import store

    folder = common.project().mlruns
    uri = store.address(folder)
    if store.is_server(uri):
        common.say(f"results go to the server at {store.shown(uri)} (MLFLOW_TRACKING_URI): open it in a browser")
        return
    if uri != store.own(folder):
        raise ConfigError(f"MLFLOW_TRACKING_URI is {uri}, expected a server or nothing: unset it to see {folder}")
    store.check_pages()
    _check_database(folder)
    _check_port(port)
    _hold(port)
    common.say(f"http://127.0.0.1:{port} (MLflow takes a while to start; Ctrl-C ends it)")
    for experiment, views in tracking.ui_links(folder, port).items():
        for view, address in views.items():
            common.say(f"  {experiment:8} {view:9} {address}")
    sys.stdout.flush()
    tracking.tell_when_it_answers(port)
    interrupt.become(tracking.ui_command(folder, port), tracking.ui_environment())


def _check_database(folder: Path) -> None:
    from modellab.results import ledger
    from modellab.tracking import store

    database = store.database(folder)
    if database.is_file() and database.stat().st_size:
        return
    if ledger.files(folder):
        raise TrackingError(f"{database} does not exist yet: `modellab sync` makes it from the results in the ledger")
    raise TrackingError(f"{database} does not exist yet, nothing has been measured here: `modellab run` does that")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be used ({error.strerror}): is something running there? --port takes another"
            ) from error


def _hold(port: int) -> None:
    """Keep a second `ui` off the port in the seconds before MLflow listens: a folder is ours while this process lives.

    MLflow itself would end with status 0 where the port was taken meanwhile.
    """
    from modellab.system import leftovers

    leftovers.sweep()
    try:
        held = leftovers.Folder("ui", f"{os.getuid()}-{port}", wait=False)
    except BlockingIOError as error:
        raise ConfigError(f"another `modellab ui` has port {port}, --port takes another") from error
    held.hand_on()  # MLflow takes this process over, and the lock with it


def sync(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Move the project's database aside and write it anew from the ledger.")
    ] = False,
) -> None:
    """Send MLflow the results and promotions that it lacks.

    The ledger has all results; each is sent exactly once. The Model Registry is made to say what baselines/lifecycle/
    says.
    """
    import dataclasses

    from modellab import tracking
    from modellab.lifecycle import stages
    from modellab.results import ledger
    from modellab.tracking import registry
    from modellab.tracking.pushing import sentence

    project = common.project()
    folder = project.mlruns
    if not (ledger.files(folder) or stages.files(project.baselines)):
        raise TrackingError(f"there are no results in {folder / 'ledger'}: `modellab run` makes some")
    report = tracking.rebuild(folder, project.root) if rebuild else tracking.sync(folder, root=project.root)
    common.say(sentence(dataclasses.asdict(report) | {"warnings": []}))
    for warning in report.warnings:
        common.say(f"warning: {warning}", err=True)
    if new := registry.mirror(folder, project.baselines)[0]:
        common.say(f"{new} new version{'s' * (new > 1)} in the Model Registry")
