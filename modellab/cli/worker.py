"""`modellab worker`: compute for others, shards from a shared folder or whole runs from a server's queue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common

Queue = Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder that `--executor queue:FOLDER` names.")]
Runs = Annotated[bool, typer.Option("--runs", help="Measure the runs that were asked of the server, instead.")]
Idle = Annotated[float, typer.Option(metavar="S", min=0, help="End after so many seconds without a shard.")]


def worker(queue: Queue = None, runs: Runs = False, idle: Idle = 600.0) -> None:
    """Compute for others, in the project here: shards of runs with --executor queue:FOLDER, or whole runs.

    Any scheduler can start any number of these, at any time, on any machine that sees the folder and the project's data
    and weights. SIGTERM, SIGUSR2, SIGHUP, Ctrl-C: finish the utterance, give back the rest, leave, with the status that
    shells give to a signal (143): whoever counts on status 0 starts another one.
    With --runs: the runs of a server's queue, one after the other; [tool.modellab.serve] of this project names the
    database that the server has, on PostgreSQL.
    """
    from modellab.errors import ConfigError

    if runs == (queue is not None):
        raise ConfigError("expected one of --queue FOLDER (shards of runs) and --runs (what a server was asked for)")
    if queue is None:
        _serve()
        return
    from modellab.runner.distributed.puller import Puller

    if not queue.is_dir():
        raise ConfigError(f"there is no folder {queue}: expected one that the run's machine and this one share")
    puller = Puller(queue.absolute(), common.project().root, lambda line: common.say(f"modellab worker: {line}"))
    puller.work(idle)
    if puller.left_by:
        raise typer.Exit(128 + puller.left_by)


def _serve() -> None:
    """Become the process that takes runs: a program of the server's, beside which the command line is no layer."""
    from modellab.system import extras, interrupt

    extras.need("serve", "`modellab worker --runs`")
    project = common.project()
    interrupt.become([*interrupt.command("modellab.server.jobs.work"), str(project.root)])
