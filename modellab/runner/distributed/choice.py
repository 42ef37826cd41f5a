"""The executor that a person names: `local`, `local:4`, `queue:FOLDER`, `ray:auto`, `slurm:partition=a100`."""

from __future__ import annotations

from pathlib import Path

from modellab.errors import ConfigError, did_you_mean
from modellab.runner.distributed.executor import Executor
from modellab.runner.distributed.local import Local
from modellab.runner.distributed.ray_executor import RayCluster
from modellab.runner.distributed.shared_folder import SharedFolder
from modellab.runner.distributed.slurm import Slurm

LOCAL = "local"
KINDS = (LOCAL, "queue", "ray", "slurm")


def executor(text: str, workers: int | None = None) -> Executor:
    """The executor of this name; ConfigError for one that nobody knows."""
    kind, _, rest = text.partition(":")
    if workers is not None and (kind == "queue" or (kind == LOCAL and rest)):
        why = "says how many workers itself" if rest.isdecimal() else "starts none: `modellab worker` does, anywhere"
        raise ConfigError(f"workers is {workers}, and executor {text!r} {why}; leave workers out")
    if kind == LOCAL:
        return Local(_count(text, rest) if rest else workers)
    if kind == "queue":
        if not rest:
            raise ConfigError(f"executor is {text!r}: expected queue:FOLDER, a folder that every worker sees")
        return SharedFolder(Path(rest).absolute())
    if kind == "ray":
        if not rest:
            raise ConfigError(f"executor is {text!r}: expected ray:auto, ray:new, ray:HOST:PORT or ray://HOST:PORT")
        return RayCluster(text if rest.startswith("//") else rest, workers)
    if kind == "slurm":
        return Slurm(text, workers)
    raise ConfigError(f"executor is {text!r}: {did_you_mean(kind, KINDS)}")


def is_elsewhere(text: str) -> bool:
    """Whether its workers may be on other machines."""
    return text.partition(":")[0] != LOCAL


def _count(text: str, number: str) -> int:
    if not number.isdecimal() or int(number) < 1:
        raise ConfigError(f"executor is {text!r}: expected local, or local:N with 1 or more workers")
    return int(number)
