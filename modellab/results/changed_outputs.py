"""Which answers are other ones than those accepted, and in what, where no error rate tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from modellab.metrics import casing_punctuation
from modellab.tasks import Task
from modellab.types import QualityBaseline, Result, Rule, Utterance


def changed(
    task: Task, result: Result, accepted: QualityBaseline, remember: Callable[[Any], Any] | None = None
) -> Iterator[tuple[Utterance, Any, Any]]:
    """The utterances whose answer is not the accepted one, with both as a baseline keeps them; None if it raised.

    `remember` says what a baseline keeps of an output, if not the task.
    """
    kept = remember or task.remember
    for utterance in result.utterances:
        before = accepted.outputs.get(utterance.id)
        now = None if utterance.error else kept(utterance.output)
        if before != now:
            yield utterance, before, now


def unmoved(task: Task, result: Result, accepted: QualityBaseline, rules: Mapping[str, Rule]) -> str:
    """The sentence on texts that changed while no judged metric of theirs did; '' for none.

    A normaliser leaves out casing, punctuation and spacing. People who read the transcripts do not.
    """
    names = [metric.name for metric in task.METRICS if metric.judged(rules.get(metric.name, Rule()).margin)]
    pairs = [
        (before, now)
        for utterance, before, now in changed(task, result, accepted)
        if isinstance(before, str) and isinstance(now, str) and _same(utterance, accepted, names)
    ]
    if not pairs:
        return ""
    count = f"{len(pairs)} of {len(result.utterances)} outputs changed"
    return f"{count} in what no judged metric counts: {casing_punctuation.told(pairs)}"


def _same(utterance: Utterance, accepted: QualityBaseline, names: list[str]) -> bool:
    """Whether all accepted counts of these metrics are those of now, as exactly as a baseline keeps them."""
    then = accepted.counts.get(utterance.id, {})
    both = [(utterance.counts[name], then[name]) for name in names if name in then and name in utterance.counts]
    return all(len(a) == len(b) and np.allclose(a, b, rtol=1e-4, equal_nan=True) for a, b in both)
