"""What a case is held to: the accepted results of it that this project and this machine have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modellab.results import baselines
from modellab.runner.outcome import ResourceBaselines
from modellab.types import CaseId, QualityBaseline


@dataclass(frozen=True, slots=True)
class HeldTo:
    """The last baseline and the pinned release, of quality and of speed and memory; None where there is none."""

    accepted: QualityBaseline | None
    pinned: QualityBaseline | None
    resources: ResourceBaselines = (None, None)
    machines: Sequence[str] = ()  # the machine classes that have accepted speed and memory of the case

    @classmethod
    def of(cls, folder: Path, key: CaseId, machine_class: str) -> HeldTo:
        """What is accepted of a case; without a `machine_class` nothing of speed and memory, which a base judges then.

        Raises BaselineError for a file that cannot be read.
        """
        roots = (folder, folder / baselines.PINNED)
        accepted, pinned = (baselines.load(root, key) for root in roots)
        machines = baselines.other_machines(folder, key)
        if not machine_class:
            return cls(accepted, pinned, machines=machines)
        last, released = (baselines.load_resources(root, key, machine_class) for root in roots)
        return cls(accepted, pinned, (last, released), machines)
