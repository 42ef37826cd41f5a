"""Voice activity detection: reference and hypothesis regions compared in seconds.

Exact interval arithmetic: no frames, no rounding.

Conventions
-----------
Regions are (start_s, end_s), half open, in any order; overlapping ones are merged and what lies outside
[0, duration_s] is cut off. Every scored second is one of: hit (speech, found), false alarm (no speech, found), miss
(speech, not found), or correctly rejected.

`collar_s` seconds on EACH side of every reference boundary are not scored (NIST's convention). Known deviation:
pyannote.metrics' `collar` is the total width, so `collar_s=0.25` here is `collar=0.5` there; taken for the same, ours
forgives more and errors come out lower.

Edges: each start (end) of a reference region is held against the nearest start (end) of the hypothesis, and counts as
missed if there is none within REACH_S: joining two sentences over a short pause misses two edges, it is no huge error.

Source: precision, recall and F-measure over durations as in pyannote.metrics' DetectionPrecision, DetectionRecall and
DetectionPrecisionRecallFMeasure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from modellab.types import Counts, Ratio, Region

Pairs = Iterable[tuple[float, float]]
REACH_S = 0.5  # how far from a reference edge the hypothesis' edge may be


@dataclass(frozen=True, slots=True)
class Detection:
    """One clip compared once: seconds of each outcome, and where the errors are."""

    hit_s: float
    false_alarms: tuple[Region, ...]
    misses: tuple[Region, ...]

    @property
    def false_alarm_s(self) -> float:
        return total_s(self.false_alarms)

    @property
    def miss_s(self) -> float:
        return total_s(self.misses)

    def precision(self) -> Ratio:
        """hit / (hit + false alarm), in [0, 1], higher is better. No bottom where nothing was found."""
        return Ratio(self.hit_s, self.hit_s + self.false_alarm_s)

    def recall(self) -> Ratio:
        """hit / (hit + miss), in [0, 1], higher is better. No bottom where there is nothing to find."""
        return Ratio(self.hit_s, self.hit_s + self.miss_s)

    def f1(self) -> Ratio:
        """2 hit / (2 hit + false alarm + miss), in [0, 1], higher is better; without speech the false alarms remain."""
        return Ratio(2 * self.hit_s, 2 * self.hit_s + self.false_alarm_s + self.miss_s)

    def false_alarm(self) -> Counts:
        """Seconds called speech that are not; lower is better."""
        return (self.false_alarm_s,)

    def miss(self) -> Counts:
        """Seconds of speech that were not found; lower is better."""
        return (self.miss_s,)


def compare(reference: Pairs, hypothesis: Pairs, duration_s: float, collar_s: float = 0.0) -> Detection:
    """Score a hypothesis against a reference.

    >>> compare([(1.0, 3.0)], [(0.5, 2.0)], duration_s=4.0)
    Detection(hit_s=1.0, false_alarms=(Region(start_s=0.5, end_s=1.0),), misses=(Region(start_s=2.0, end_s=3.0),))
    """
    clip = [Region(0.0, duration_s)]
    speech, detected = intersect(merge(reference), clip), intersect(merge(hypothesis), clip)
    if collar_s > 0:
        edges = merge((edge - collar_s, edge + collar_s) for region in speech for edge in region)
        scored = subtract(clip, edges)
        speech, detected = intersect(speech, scored), intersect(detected, scored)
    hits = intersect(speech, detected)
    return Detection(total_s(hits), tuple(subtract(detected, speech)), tuple(subtract(speech, detected)))


@dataclass(frozen=True, slots=True)
class Edges:
    """How far off the starts and the ends are, in seconds and unsigned; an edge that was missed has no distance."""

    onsets_s: tuple[float, ...]
    offsets_s: tuple[float, ...]
    missed: int

    def onset_error(self) -> Ratio:
        """Mean distance of the starts that were found, in s; lower is better. No bottom where none was."""
        return Ratio(math.fsum(self.onsets_s), len(self.onsets_s))

    def offset_error(self) -> Ratio:
        """Mean distance of the ends that were found, in s; lower is better. No bottom where none was."""
        return Ratio(math.fsum(self.offsets_s), len(self.offsets_s))

    def miss_rate(self) -> Ratio:
        """Fraction of the reference's starts and ends with none of the hypothesis within reach, in [0, 1]."""
        return Ratio(self.missed, self.missed + len(self.onsets_s) + len(self.offsets_s))


def edges(reference: Pairs, hypothesis: Pairs, duration_s: float, reach_s: float = REACH_S) -> Edges:
    """Compare the edges of two sides.

    >>> edges([(1.0, 3.0)], [(1.25, 3.0), (3.25, 4.0)], duration_s=4.0)
    Edges(onsets_s=(0.25,), offsets_s=(0.0,), missed=0)
    """
    clip = [Region(0.0, duration_s)]
    speech, detected = intersect(merge(reference), clip), intersect(merge(hypothesis), clip)
    near = []
    for side in (0, 1):
        all_s = [min((abs(own[side] - other[side]) for other in detected), default=math.inf) for own in speech]
        near.append(tuple(distance_s for distance_s in all_s if distance_s <= reach_s))
    return Edges(near[0], near[1], 2 * len(speech) - len(near[0]) - len(near[1]))


# ---------------------------------------------------------------------------- intervals: sorted, disjoint, not empty


def merge(pairs: Pairs) -> list[Region]:
    """Sort, drop empty regions, join those that overlap or touch.

    >>> merge([(3, 4), (0, 1), (1, 2), (5, 5)])
    [Region(start_s=0, end_s=2), Region(start_s=3, end_s=4)]
    """
    merged: list[Region] = []
    for start_s, end_s in sorted((start_s, end_s) for start_s, end_s in pairs if end_s > start_s):
        if merged and start_s <= merged[-1].end_s:
            merged[-1] = Region(merged[-1].start_s, max(merged[-1].end_s, end_s))
        else:
            merged.append(Region(start_s, end_s))
    return merged


def intersect(left: list[Region], right: list[Region]) -> list[Region]:
    """What is in both of two merged lists."""
    common: list[Region] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start_s, end_s = max(left[i].start_s, right[j].start_s), min(left[i].end_s, right[j].end_s)
        if start_s < end_s:
            common.append(Region(start_s, end_s))
        if left[i].end_s <= right[j].end_s:
            i += 1
        else:
            j += 1
    return common


def subtract(whole: list[Region], holes: list[Region]) -> list[Region]:
    """What of a merged list is not in another one."""
    edges = [-math.inf, *(edge for hole in holes for edge in hole), math.inf]
    gaps = [Region(start_s, end_s) for start_s, end_s in zip(edges[::2], edges[1::2], strict=True)]
    return intersect(whole, gaps)


def total_s(regions: Iterable[Region]) -> float:
    """Summed length in seconds."""
    return math.fsum(region.end_s - region.start_s for region in regions)
