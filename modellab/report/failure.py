"""What a red case prints: each red metric with its change, then the utterances that did most damage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from modellab import dataset
from modellab.report import numbers
from modellab.suite import Outcome
from modellab.tasks import Surveyed, Task
from modellab.types import Accepted, Metric, Share, Utterance, Verdict

WORST = 5


def text(outcome: Outcome, task: Task) -> str:
    """The failure message of a case."""
    if outcome.error:
        return f"{outcome.cell.key}: ERROR\n{outcome.error}"
    red = [verdict for verdict in outcome.verdicts if verdict.red]
    lines = [f"{outcome.cell.key}: {outcome.status}", *(_metric_line(verdict) for verdict in red)]
    lines += [f"  note: {note}" for note in outcome.notes]
    if any(verdict.kind in {"quality", "sanity"} for verdict in red):
        lines += ["", *_worst_lines(outcome, task)]
    return "\n".join(lines)


def _metric_line(verdict: Verdict) -> str:
    now, then = numbers.value(verdict.now, verdict.unit), numbers.value(verdict.baseline, verdict.unit)
    if verdict.kind == "speed":
        change, ends = numbers.share(verdict.change), verdict.interval
        span = f" [{numbers.share(ends[0])}, {numbers.share(ends[1])}]" if ends else ""
    else:
        change = numbers.change(verdict.change, verdict.unit)
        span = f" {numbers.interval(verdict.interval, verdict.unit)}"
    numbers_part = f"baseline {then}, now {now}, change {change}{span}".rstrip()
    return f"  {verdict.title}: {numbers_part}: {verdict.status}" + (f" ({verdict.why})" if verdict.why else "")


def _worst_lines(outcome: Outcome, task: Task) -> list[str]:
    result, metric = outcome.result, task.METRICS[0]
    assert result is not None, "a quality verdict without a result"
    cases = {row["id"]: row for row in dataset.load(outcome.cell.dataset).rows}
    options = outcome.cell.header.model_dump()
    worst = sorted(result.utterances, key=lambda utterance: -_damage(utterance, outcome.accepted, metric))[:WORST]
    lines = [f"  the {len(worst)} utterances that did most damage:"]
    for utterance in worst:
        if _damage(utterance, outcome.accepted, metric) <= 0 and utterance is not worst[0]:
            break
        shown: Sequence[str] = task.show(task.read(cases[utterance.id], options), utterance.output)
        first, *rest = shown or [""]
        lines.append(f"  {utterance.id}  {first}")
        lines += [f"  {' ' * len(utterance.id)}  {line}" for line in rest]
        lines.append(f"  {' ' * len(utterance.id)}  {_was(utterance, outcome.accepted, metric)}")
        if utterance.error:
            lines.append(f"  {' ' * len(utterance.id)}  the model raised: {utterance.error.splitlines()[0]}")
    if hasattr(task, "overview"):
        every = [task.read(cases[utterance.id], options) for utterance in result.utterances]
        table = cast(Surveyed, task).overview(every, [utterance.output for utterance in result.utterances])
        lines += ["", *(f"  {line}" for line in table)]
    return lines


def _damage(utterance: Utterance, accepted: Accepted | None, metric: Metric) -> float:
    """How much more the utterance costs than in the baseline; without one, what it costs."""
    then = accepted.shares.get(utterance.id, {}).get(metric.name) if accepted else None
    return _cost(utterance.shares[metric.name], metric) - (_cost(then, metric) if then else 0.0)


def _cost(share: Share, metric: Metric) -> float:
    """What an utterance adds to the bad side of a rate: its errors, or what it lacks to a full score."""
    return share[0] if metric.better == "lower" else sum(share[1:2]) - share[0]


def _was(utterance: Utterance, accepted: Accepted | None, metric: Metric) -> str:
    now = numbers.value(metric.value([utterance.shares[metric.name]]), metric.unit)
    then = accepted.shares.get(utterance.id, {}).get(metric.name) if accepted else None
    if then is None:
        return f"{metric.name} {now} (no baseline)"
    return f"{metric.name} {now} (was {numbers.value(metric.value([then]), metric.unit)})"
