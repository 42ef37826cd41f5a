"""Is this result worse than what was accepted? Pure functions: a Result and what was accepted in, Verdicts out.

- quality.py: what the model said; paired.py compares utterance by utterance, family.py counts the whole suite's tests
- speed.py: paired log ratios of the model call's time
- memory.py: peak memory against a margin
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from modellab.gate import memory, quality, speed
from modellab.gate.quality import Setting
from modellab.types import Accepted, Metric, Pace, Result, Rule, Status, Verdict

__all__ = ["Setting", "judge", "judge_pace", "worst"]

ORDER = list(Status)


def judge(
    result: Result,
    accepted: Accepted | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    setting: Setting = quality.ALONE,
) -> list[Verdict]:
    """The verdicts on what the model said, one for each metric of its task."""
    return quality.judge(result, accepted, metrics, rules, setting)


def judge_pace(result: Result, pace: Pace | None, others: Sequence[str] = ()) -> list[Verdict]:
    """The verdicts on speed and memory. Never red without a baseline of this very machine class.

    `others` are the machine classes that do have one: with them the answer is NOT_COMPARABLE, without any NEW.
    """
    verdicts = [*speed.judge(result, pace), *memory.judge(result, pace)]
    if pace is not None or not others:
        return verdicts
    why = f"accepted on {', '.join(others)}, this is {result.machine}"
    return [replace(verdict, status=Status.NOT_COMPARABLE, why=why) for verdict in verdicts]


def worst(verdicts: Iterable[Verdict]) -> Status:
    """The status of a whole case: red verdicts first, then quality before speed and memory, then the sternest."""
    ranked = sorted(verdicts, key=lambda verdict: (verdict.red, _tells(verdict), ORDER.index(verdict.status)))
    return ranked[-1].status if ranked else Status.PASS


def _tells(verdict: Verdict) -> bool:
    """Whether a verdict says something of the case: 'other machine' must not hide 'quality improved'."""
    return verdict.kind == "quality" or verdict.status not in {Status.NEW, Status.NOT_COMPARABLE}
