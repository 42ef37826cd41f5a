"""The Pareto front: who is beaten both in quality and in speed (or memory), on the same data and machine class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from modellab.reports.leaderboard.records import Point, Score, System
from modellab.stats.estimate import Estimate


def front(scores: Sequence[Score], machines: dict[System, str], better: Literal["lower", "higher"]) -> list[Point]:
    """A point for each score that was compared. Speed and memory count on the machine class that most were run on."""
    own = [score for score in scores if score.compared]
    if not own:
        return []
    usual = max(Counter(machines[score.who] for score in own).items(), key=lambda item: (item[1], item[0]))[0]
    points = [_point(score, machines[score.who]) for score in own]
    known = [point for point in points if point.machine == usual and point.quality.known]
    judged = []
    for point in points:
        if point not in known or not point.speed.known:
            judged.append(point)
            continue
        rivals = [other for other in known if other is not point and other.speed.known]
        beaten = [other.who.name for other in rivals if _clearly(other, point, better)]
        judged.append(
            replace(
                point,
                front=not any(
                    _beats(other.quality, point.quality, other.speed, point.speed, better) for other in rivals
                ),
                memory_front=point.memory.known
                and not any(
                    _beats(other.quality, point.quality, other.memory, point.memory, better)
                    for other in rivals
                    if other.memory.known
                ),
                beaten_by=tuple(sorted(beaten)),
            )
        )
    return judged


def _point(score: Score, machine: str) -> Point:
    quality, speed, memory = (part.measured for part in score.parts[:3])
    return Point(score.who, quality, speed, memory, machine, front=False, memory_front=False, doubt=score.doubt)


def _beats(
    ours: Estimate, theirs: Estimate, cheap: Estimate, dear: Estimate, better: Literal["lower", "higher"]
) -> bool:
    """No worse in either and better in one, by the values alone."""
    sign = 1 if better == "lower" else -1
    good, cheaper = sign * (theirs.value - ours.value), dear.value - cheap.value
    return good >= 0 and cheaper >= 0 and (good > 0 or cheaper > 0)


def _clearly(one: Point, other: Point, better: Literal["lower", "higher"]) -> bool:
    """Better in quality and in speed by intervals that do not meet."""
    apart = not one.quality.overlaps(other.quality) and not one.speed.overlaps(other.speed)
    return apart and _beats(one.quality, other.quality, one.speed, other.speed, better)
