"""What a red case prints: each red metric with its change, then the utterances that did most damage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from modellab import datasets, diagnosis, units
from modellab.datasets import decoded_length
from modellab.errors import told
from modellab.reports.case import worst_utterances
from modellab.results import other_answers, withheld
from modellab.runner.outcome import Outcome
from modellab.system import escape
from modellab.tasks import Surveyed, Task
from modellab.types import Metric, Result, Utterance, Verdict

WORST = 5
MOST_KINDS = 4


def text(outcome: Outcome, task: Task, baselines: Path | None = None) -> str:
    """The failure message of a case; `baselines` is where other models' answers are looked up."""
    if outcome.error:
        return escape.lines(f"{outcome.case.key}: ERROR\n{outcome.error}")
    red = [verdict for verdict in outcome.verdicts if verdict.red]
    lines = [f"{outcome.case.key}: {outcome.status}", *(metric_line(verdict) for verdict in red)]
    lines += [f"  note: {note}" for note in outcome.notes]
    if any(verdict.kind in {"quality", "sanity"} for verdict in red):
        try:
            if outcome.case.header.privacy != "none":
                lines += ["", *_worst_numbers(outcome, task)]
            else:
                lines += ["", *_worst_lines(outcome, task), *_suspicions(outcome, task, baselines)]
        except Exception as error:  # noqa: BLE001 - the verdict is told whatever happens to its illustration
            lines += [f"  what did most damage cannot be shown: {told(error)}"]
    return escape.lines("\n".join(lines))


def _suspicions(outcome: Outcome, task: Task, baselines: Path | None) -> list[str]:
    """What kind of failure it looks like."""
    assert outcome.result is not None, "a quality verdict without a result"
    data = datasets.load(outcome.case.dataset)
    others = other_answers.asked(baselines, outcome.result) if baselines else diagnosis.no_others
    findings = diagnosis.suspect(task, outcome.result, data, outcome.accepted, others)
    return ["", "  what it looks like:", *(f"  {finding}" for finding in findings[:MOST_KINDS])] if findings else []


def metric_line(verdict: Verdict) -> str:
    """A red metric in one line: its baseline, its value, the change with its interval, and why."""
    now, then = units.value(verdict.now, verdict.unit), units.value(verdict.baseline, verdict.unit)
    if verdict.kind == "speed":
        change, ends = units.relative(verdict.change), verdict.interval
        span = f" [{units.relative(ends[0])}, {units.relative(ends[1])}]" if ends else ""
    else:
        change = units.change(verdict.change, verdict.unit)
        span = f" {units.interval(verdict.interval, verdict.unit)}"
    numbers_part = f"baseline {then}, now {now}, change {change}{span}".rstrip()
    return f"  {verdict.title}: {numbers_part}: {verdict.status}" + (f" ({verdict.why})" if verdict.why else "")


def _worst(result: Result, outcome: Outcome, metric: Metric) -> list[Utterance]:
    """The utterances that did damage, the most first, so many at most; the first of all where none did."""
    ordered = worst_utterances.worst_first(result.utterances, outcome.accepted, metric, WORST)
    did = [utterance for utterance in ordered if worst_utterances.damage(utterance, outcome.accepted, metric) > 0]
    return did or ordered[:1]


def _counted(worst: Sequence[Utterance]) -> str:
    return "the utterance" if len(worst) == 1 else f"the {len(worst)} utterances"


def _worst_numbers(outcome: Outcome, task: Task) -> list[str]:
    """The worst utterances of a private dataset: their hashes, and what was wrong in numbers."""
    assert outcome.result is not None, "a quality verdict without a result"
    metric = task.METRICS[0]
    worst = _worst(outcome.result, outcome, metric)
    lines = [f"  {_counted(worst)} that did most damage, by {'its hash' if len(worst) == 1 else 'their hashes'}:"]
    for utterance in worst:
        name = f"utterance {utterance.id}"
        lines.append(f"  {name}  {withheld.edits(utterance.counts)}")
        lines.append(f"  {' ' * len(name)}  {worst_utterances.was(utterance, outcome.accepted, metric)}")
        if utterance.error:
            lines.append(f"  {' ' * len(name)}  the model raised: {utterance.error}")
    return lines


def _worst_lines(outcome: Outcome, task: Task) -> list[str]:
    result, metric = outcome.result, task.METRICS[0]
    assert result is not None, "a quality verdict without a result"
    rows, options = datasets.load(outcome.case.dataset).rows, outcome.case.header.model_dump()
    worst = _worst(result, outcome, metric)
    by_id = {utterance.id: utterance for utterance in worst}
    samples = {id: decoded_length.stored(task, row, options, by_id[id]) for row in rows if (id := row["id"]) in by_id}
    lines = [f"  {_counted(worst)} that did most damage:"]
    for utterance in worst:
        shown: Sequence[str] = task.show(samples[utterance.id], utterance.output)
        first, *rest = shown or [""]
        lines.append(f"  {utterance.id}  {first}")
        lines += [f"  {' ' * len(utterance.id)}  {line}" for line in rest]
        lines.append(f"  {' ' * len(utterance.id)}  {worst_utterances.was(utterance, outcome.accepted, metric)}")
        if utterance.error:
            lines.append(f"  {' ' * len(utterance.id)}  the model raised: {utterance.error.splitlines()[0]}")
    if hasattr(task, "overview"):
        pairs = zip(rows, result.utterances, strict=True)
        every = [decoded_length.stored(task, row, options, utterance) for row, utterance in pairs]
        table = cast(Surveyed, task).overview(every, [utterance.output for utterance in result.utterances])
        lines += ["", *(f"  {line}" for line in table)]
    return lines
