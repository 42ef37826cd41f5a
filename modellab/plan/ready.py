"""A case about to be measured, with all that planning says of it: what comes after needs no planning any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modellab import tasks
from modellab.plan import claims, thresholds
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.tasks import Task
from modellab.types import Rule


@dataclass(frozen=True, slots=True)
class ReadyCase:
    """A case, the task that scores it and the rules that judge it.

    `fault` is what went wrong on the way: whoever measures the case raises it, so that it is that case's ERROR.
    """

    case: Case
    task: Task
    rules: Mapping[str, Rule] = field(default_factory=dict)  # of each metric, of speed, memory and other readings
    is_claimed: bool = False  # its model's makers state figures about it
    fault: Exception | None = None

    @property
    def is_timed(self) -> bool:
        """Whether anything but accepted speed depends on its times: a limit, a claim, what its model hears when."""
        timeless = {metric.name for metric in self.task.METRICS if not metric.clock}
        limited = any(rule.limit is not None for name, rule in self.rules.items() if name not in timeless)
        return limited or self.is_claimed or isinstance(self.task, tasks.Paced) or self.case.key.device != "cpu"


def ready_case(case: Case, project: Project, task: Task | None = None) -> ReadyCase:
    """What a project says of a case. `task` is the one of a benchmark's own, in place of that of the case's name."""
    task = task or tasks.get(case.key.task)
    try:
        return ReadyCase(case, task, thresholds.rules(task, case, project), claims.concern(case))
    except Exception as error:  # noqa: BLE001 - one case ends here, the next one runs
        return ReadyCase(case, task, fault=error)
