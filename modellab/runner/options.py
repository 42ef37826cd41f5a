"""What a person asks of a run, apart from its cases: one record for the command line, scripts and other doors."""

from __future__ import annotations

from dataclasses import dataclass

from modellab.errors import ConfigError


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

    def __post_init__(self) -> None:
        if self.speed_only and not self.accepts:
            raise ConfigError("speed_only says what a run accepts, and it accepts nothing: give it a reason, too")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads is {self.threads}, expected 1 or more")
        if self.against or self.against_env:
            for name, given in (("in_process", self.in_process), ("a reason", self.accepts)):
                if given:
                    raise ConfigError(f"{name} cannot go with against, which times two processes and accepts nothing")

    @property
    def accepts(self) -> bool:
        """Whether the results become the baselines."""
        return bool(self.reason.strip())
