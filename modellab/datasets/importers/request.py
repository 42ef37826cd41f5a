"""What a person asks of an import, and how it went."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from modellab.datasets.importers.records import LeftOut


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks of an import; what is left out is found out, or the default of the command.

    `channel` is `all`, `mix` or a number from 0 on, for rows that name none. `sample` rows are taken of all, by the
    values of the keys `by`, or all rows of as many `whole_speakers` as have so many. `where` is an expression over a
    row. `most_left_out` is the part of the rows that may be faulty. `revision` and `only` are for a place elsewhere:
    which of its states, and which files. `preset` is the name of the public set that this is; `target_language` what
    is translated into; `judge` who listens to speech synthesis. `run_commands` is said anew each time, and never
    written down.
    """

    task: str = ""
    language: str = ""
    licence: str = ""
    tier: str = "full"
    normaliser: str = "auto"
    form: str = ""
    copy: bool = False
    channel: str = ""
    min_s: float = 0.0
    max_s: float = math.inf
    sample: int = 0
    by: tuple[str, ...] = ()
    seed: int = 0
    whole_speakers: bool = False
    most_left_out: float = 0.05
    dry_run: bool = False
    where: str = ""
    private: bool = False  # names and texts stay on this machine
    revision: str = ""
    only: tuple[str, ...] = ()
    preset: str = ""
    target_language: str = ""
    judge: str = ""
    run_commands: bool = False


@dataclass(slots=True)
class Report:
    """How an import went.

    `refused` says why nothing was written; '' where something was. `changes` is what is different from an earlier
    import, where there was one to compare with.
    """

    folder: Path
    form: str
    why: str
    place: Path
    task: str = ""
    language: str = ""
    read: int = 0
    sound: int = 0
    taken: int = 0
    filtered: int = 0
    audio_s: float = 0.0
    speakers: int = 0
    left: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    digest: str = ""
    refused: str = ""
    changes: list[str] | None = None

    @property
    def faults(self) -> int:
        """Rows that were left out, but for those that the source leaves out itself."""
        return sum(not row.meant for row in self.left)
