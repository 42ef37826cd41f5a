"""What a person asks of a run, apart from its cases: one record for the command line, scripts and other doors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modellab.errors import ConfigError

MOST_IN_A_BATCH = 4096


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run: plain values, so that they can be pickled or sent as JSON. ConfigError for a contradiction.

    `reason` makes the results the accepted ones and is stored beside them; without one they are held to those.
    """

    reason: str = ""
    speed_only: bool = False  # with a reason: only speed and memory are accepted
    strict_baselines: bool = False  # a missing quality baseline, or one whose case is gone, is red
    undecided_fails: bool = False  # an INCONCLUSIVE quality is red
    strict_matrix: bool = False  # a missing device, package or weight file is an ERROR instead of a skip
    threads: int | None = None  # each model may use; None: as pyproject.toml says
    download: bool = False  # fetch missing weights from the hub
    in_process: bool = False  # load models in this process, for a debugger
    preprocessing: str = ""  # a chain for all audio, in place of those of datasets and variants; `none` for none
    against: str = ""  # compare speed and memory with a git revision, MODEL:VARIANT or :VARIANT, timed in turn
    against_env: str = ""  # the same with another environment
    executor: str = ""  # workers that share each dataset: local:N, queue:FOLDER, ray:auto, slurm:...; '': none
    workers: int | None = None  # of the executor; None: as many as it says, or has
    shard_audio_s: float = 600.0  # seconds of audio that a worker is given at once
    batch: int = 1  # utterances in one call of the models that take several; of runs with an executor
    resume: str = ""  # the session whose distributed cases are gone on with

    def __post_init__(self) -> None:
        if self.speed_only and not self.accepts:
            raise ConfigError("speed_only says what a run accepts, and it accepts nothing: give it a reason, too")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads is {self.threads}, expected 1 or more")
        self._check_executor()
        if self.against or self.against_env:
            for name, given in (("in_process", self.in_process), ("a reason", self.accepts)):
                if given:
                    raise ConfigError(f"{name} cannot go with against, which times two processes and accepts nothing")

    def _check_executor(self) -> None:
        for name, given in (("workers", self.workers is not None), ("resume", self.resume), ("batch", self.batch > 1)):
            if given and not self.executor:
                raise ConfigError(f"{name} is for runs with an executor: give one, such as local:2")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers is {self.workers}, expected 1 or more")
        if not 1 <= self.batch <= MOST_IN_A_BATCH:
            raise ConfigError(f"batch is {self.batch}, expected 1 to {MOST_IN_A_BATCH} utterances in one call")
        if not 0 < self.shard_audio_s < math.inf:
            raise ConfigError(f"shard_audio_s is {self.shard_audio_s:g}, expected seconds of audio above 0")
        given_too = (
            ("in_process", self.in_process),
            ("against", self.against or self.against_env),
            ("speed_only", self.speed_only),
        )
        for name, given in given_too if self.executor else ():
            if given:
                raise ConfigError(f"{name} cannot go with an executor, whose workers measure quality: leave one out")

    @property
    def accepts(self) -> bool:
        """Whether the results become the baselines."""
        return bool(self.reason.strip())
