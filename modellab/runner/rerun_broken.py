"""The broken utterances of a case: run once more in a fresh process, and shown with their texts.

What looks slow is measured twice, and so is what broke. The first of the broken utterances go through a freshly loaded
model; a run that cannot be made counts as not asked, never as an acquittal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from modellab import gate
from modellab.datasets import Dataset, decoded_length
from modellab.errors import ModellabError, told
from modellab.gate.breaks import MOST_AGAIN
from modellab.plan.matrix import Case
from modellab.results import withheld
from modellab.runner.evaluate import Loaded, once_more
from modellab.tasks import Recalled, Task
from modellab.types import Break, Counts, QualityBaseline, Result, Rule, Utterance, Verdict
from modellab.types.utterances import ids

MOST_LINES = 8  # of one utterance
MOST_CHARACTERS = 400  # of a line

Again = Mapping[str, Mapping[str, Counts]]  # utterance -> metric -> its counts in the further run


class Source(Protocol):
    """Where a loaded model is from: the pool."""

    def get(self, case: Case) -> Loaded: ...
    def close(self) -> None: ...


def to_run_again(
    result: Result, sides: Sequence[QualityBaseline | None], task: Task, rules: Mapping[str, Rule]
) -> list[str]:
    """The ids of what broke since any of the accepted results, the baseline's first."""
    broken = [id for side in sides for id in gate.to_run_again(result, side, task.METRICS, rules)]
    return list(dict.fromkeys(broken))[:MOST_AGAIN]


def run_again(
    task: Task, data: Dataset, case: Case, source: Source, names: Sequence[str]
) -> tuple[Again | None, list[str]]:
    """What a freshly loaded model makes of these utterances; None, and a note, where it cannot be told."""
    if not names:
        return None, []
    source.close()
    try:
        utterances = once_more(task, data, source.get(case), names)
    except ModellabError as error:
        source.close()
        first = withheld.message(told(error)) if data.is_private else told(error).splitlines()[0]
        many = "1 broken utterance" if len(names) == 1 else f"{len(names)} broken utterances"
        return None, [f"{many} could not be run again in a fresh process: {first}"]
    return {utterance.id: utterance.counts for utterance in utterances if utterance.id in names}, []


def shown(
    verdicts: Sequence[Verdict], task: Task, data: Dataset, result: Result, sides: Mapping[str, QualityBaseline | None]
) -> tuple[Verdict, ...]:
    """The verdicts with the texts of what broke: the reference, what was said before, what is said now.

    `sides` holds what was accepted, by the name of what a verdict was compared with.
    """
    wanted = {broken.id for verdict in verdicts for broken in verdict.breaks}
    if not wanted:
        return tuple(verdicts)
    places = {id: place for place, id in enumerate(ids(result.utterances)) if id in wanted}
    utterances = {id: result.utterances[place] for id, place in places.items()}
    rows = {id: row for row in data.rows if (id := str(row["id"])) in wanted}
    samples = {id: decoded_length.stored(task, row, data.options, utterances[id]) for id, row in rows.items()}

    def lines(broken: Break, versus: str) -> Break:
        accepted = sides.get(versus)
        before = accepted.outputs.get(broken.id) if accepted else None
        return replace(broken, lines=_lines(task, samples[broken.id], utterances[broken.id], before))

    return tuple(
        replace(verdict, breaks=tuple(lines(broken, verdict.versus) for broken in verdict.breaks))
        for verdict in verdicts
    )


def _lines(task: Task, sample: object, now: Utterance, before: object) -> tuple[str, ...]:
    """Reference over hypothesis, then what was said before."""
    lines = task.show(sample, None if now.error else now.output)
    if isinstance(before, str):
        lines = [*lines, f"was  {before}" if before else "was  (nothing)"]
    elif before is not None and isinstance(task, Recalled):
        lines = [*lines, *(f"was  {line}" for line in task.show(sample, task.recall(before)))]
    if now.error:
        lines = [*lines, f"the model raised: {now.error.splitlines()[0]}"]
    return tuple(line[:MOST_CHARACTERS] for line in lines[:MOST_LINES])
