"""`modellab worker`: compute shards of runs that others have started, from a shared folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common


def worker(
    queue: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder that `--executor queue:FOLDER` names.")],
    idle: Annotated[float, typer.Option(metavar="S", min=0, help="End after so many seconds without work.")] = 600.0,
) -> None:
    """Compute shards of runs with --executor queue:FOLDER, in the project here.

    Any scheduler can start any number of these, at any time, on any machine that sees the folder and the project's data
    and weights. SIGTERM and SIGUSR2: finish the utterance, give back the rest, leave.
    """
    from modellab.errors import ConfigError
    from modellab.runner.distributed.puller import Puller

    if not queue.is_dir():
        raise ConfigError(f"there is no folder {queue}: expected one that the run's machine and this one share")
    Puller(queue.absolute(), common.project().root, lambda line: common.say(f"modellab worker: {line}")).work(idle)
