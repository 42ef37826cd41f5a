"""What batching changes: a sample of the utterances of a run in batches, run once more one at a time."""

from __future__ import annotations

from modellab.datasets import Dataset
from modellab.plan.matrix import Case
from modellab.runner.distributed.speed_sample import chosen
from modellab.runner.evaluate import Loaded, utterance_of
from modellab.tasks import Task
from modellab.types import Result
from modellab.units import counted

SHOWN = 3  # ids that a sentence names


def company(task: Task, case: Case, data: Dataset, loaded: Loaded, result: Result) -> str:
    """What a sample of the utterances says one at a time, beside what it said in batches; a sentence."""
    if loaded.seeds > 1:
        return "what batches change was not looked at: the model is run with several seeds"
    loaded.ask("start", {"task": task.NAME, "keep": loaded.keep, "warm_up": True})
    places = sorted(chosen(len(result.utterances)))
    different = []
    for place in places:
        alone, together = utterance_of(task, data.rows[place], data, loaded), result.utterances[place]
        same = task.remember(alone.output) == task.remember(together.output)
        if not same or bool(alone.error) != bool(together.error):
            different.append(alone.id)
    many = counted(len(places), "utterance")
    of_all = f"a sample of {many}" if len(places) < len(result.utterances) else f"all {many}"
    if not different:
        return f"in batches of {case.batch} or one at a time: the same outputs in {of_all}"
    first = f", first {', '.join(different[:SHOWN])}" if case.header.privacy == "none" else ""
    return f"batches of {case.batch} change {len(different)} of {of_all}: one at a time other outputs{first}"
