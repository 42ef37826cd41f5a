"""Diarization: who spoke when, reference and hypothesis compared in seconds of speakers.

Exact sweep over the boundaries: no frames, no rounding. Where two people speak at once, a second counts twice.

Conventions
-----------
Turns are (start_s, end_s, speaker), in any order; a speaker who overlaps himself counts once. Names of the two sides
need not agree: hypothesis speakers are mapped one to one to reference speakers so that mapped pairs share the most
time (Hungarian algorithm), over the scored time of the whole recording, or over that of the UEM, with what collars and
`skip_overlap` leave out, as md-eval.pl does. In each scored instant, with R reference and H
hypothesis speakers of whom C are mapped pairs:

    miss        max(0, R - H)       false alarm    max(0, H - R)       confusion    min(R, H) - C
    DER = (miss + false alarm + confusion) / R, summed over time: may exceed 1, lower is better

What is scored is `uem` without a collar around every reference boundary. A collar has two conventions, and each writes
the same number for another width:

    "nist"        collar_s on EACH side of a boundary, as md-eval.pl's -c does
    "pyannote"    collar_s IN ALL, half of it on each side, as pyannote.metrics' `collar` does

so 0.25 of the first is 0.5 of the second. `skip_overlap` leaves out where the reference has more than one speaker.

JER is 1 - |ref and hyp| / |ref or hyp| of each reference speaker and its mapped one (1 where there is none), averaged
over reference speakers, in [0, 1], lower is better. A short speaker counts as much as a long one.

Sources: NIST, Rich Transcription 2009 evaluation plan (DER); Ryant et al., Second DIHARD evaluation plan (JER).
Deviations: from md-eval.pl, unless `mapped` is given, in DER with a collar or without overlaps: it maps speakers over
what is not scored as well, so its DER is never lower (in 12 of 748 recordings by 0.1 to 0.5 s of errors, in the others
the same). With `mapped`, or where all is scored, none; but a UEM must be given, and NON-LEX lines, around which md-eval
scores nothing, are passed over. From pyannote.metrics none for turns that do not
overlap their own speaker, which it counts twice. From dscore: it maps speakers for JER by the least sum of JER instead
of the longest common time; its JER is never higher than this one. Where several mappings have the longest common time,
pyannote.metrics takes any of them and this one that of the least JER.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from modellab.metrics.vad import intersect, merge, subtract
from modellab.types import Floats, Ratio, Region, Turn

Collar = Literal["nist", "pyannote"]
COLLARS: tuple[Collar, ...] = ("nist", "pyannote")
TIE_S = 1e-7  # two mappings whose common times differ by less are the same


@dataclass(frozen=True, slots=True)
class Diarization:
    """One recording compared once, in seconds of speakers. `mapping`: hypothesis name -> reference name."""

    speech_s: float
    miss_s: float
    false_alarm_s: float
    confusion_s: float
    jaccard_errors: Mapping[str, float]  # reference name -> its JER
    mapping: Mapping[str, str]
    n_hypothesis: int  # speakers in the scored time

    def der(self) -> Ratio:
        """All errors over reference speech, from 0 up, lower is better. Without speech the false alarms remain."""
        return Ratio(self.miss_s + self.false_alarm_s + self.confusion_s, self.speech_s)

    def miss(self) -> Ratio:
        """Speech that the hypothesis gives to nobody, over reference speech, in [0, 1], lower is better."""
        return Ratio(self.miss_s, self.speech_s)

    def false_alarm(self) -> Ratio:
        """Speech of surplus speakers, over reference speech, from 0 up, lower is better."""
        return Ratio(self.false_alarm_s, self.speech_s)

    def confusion(self) -> Ratio:
        """Speech given to the wrong speaker, over reference speech, in [0, 1], lower is better."""
        return Ratio(self.confusion_s, self.speech_s)

    def jer(self) -> Ratio:
        """The sum of the speakers' Jaccard errors over the number of reference speakers, in [0, 1], lower is better."""
        return Ratio(sum(self.jaccard_errors.values()), float(len(self.jaccard_errors)))

    def speaker_count_error(self) -> Ratio:
        """Speakers too many or too few, of one recording, from 0 up, lower is better."""
        return Ratio(float(abs(self.n_hypothesis - len(self.jaccard_errors))))


def compare(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    uem: Iterable[tuple[float, float]],
    *,
    skip_overlap: bool = False,
    mapped: Iterable[tuple[float, float]] | None = None,
) -> Diarization:
    """Score a hypothesis against a reference within `uem`, from which collars are taken beforehand: see `scored`.

    Speakers are mapped over what is scored, or over `mapped`, overlaps included: see the module.

    >>> compared = compare([Turn(0, 2, "a"), Turn(2, 4, "b")], [Turn(0, 3, "x"), Turn(3, 5, "y")], [(0, 5)])
    >>> compared.der(), compared.confusion_s, compared.mapping
    (Ratio(top=2.0, bottom=4.0), 1.0, {'x': 'a', 'y': 'b'})
    """
    time = _timeline(reference, hypothesis, merge(uem), skip_overlap)
    reference_s, hypothesis_s, common_s = time.reference_s(), time.hypothesis_s(), time.common_s()
    mapping = _mapping(reference_s, hypothesis_s, common_s)
    if mapped is not None:
        every = _timeline(reference, hypothesis, merge(mapped), skip_overlap=False)
        mapping = _mapping(every.reference_s(), every.hypothesis_s(), every.common_s())
    n_ref, n_hyp = time.reference.sum(axis=0), time.hypothesis.sum(axis=0)
    possible_s = _sum(time.lengths_s * np.minimum(n_ref, n_hyp))
    return Diarization(
        speech_s=sum(reference_s.values()),
        miss_s=_sum(time.lengths_s * np.maximum(0, n_ref - n_hyp)),
        false_alarm_s=_sum(time.lengths_s * np.maximum(0, n_hyp - n_ref)),
        confusion_s=max(0.0, possible_s - sum(common_s.get((ref, hyp), 0.0) for hyp, ref in mapping.items())),
        jaccard_errors=_jaccard_errors(reference_s, hypothesis_s, common_s, mapping),
        mapping=mapping,
        n_hypothesis=len(hypothesis_s),
    )


def scored(
    uem: Iterable[tuple[float, float]], reference: Iterable[Turn], collar_s: float = 0.0, collar: Collar = "nist"
) -> list[Region]:
    """The stretches of `uem` that no collar takes away.

    >>> scored([(0, 4)], [Turn(1, 3, "a")], 0.5, "nist")
    [Region(start_s=0, end_s=0.5), Region(start_s=1.5, end_s=2.5), Region(start_s=3.5, end_s=4)]
    """
    side_s = collar_s if collar == "nist" else collar_s / 2
    edges = [edge for turn in reference for edge in (turn.start_s, turn.end_s)]
    return subtract(merge(uem), merge((edge - side_s, edge + side_s) for edge in edges))


def covered(uem: Iterable[tuple[float, float]], duration_s: float) -> list[Region]:
    """What of `uem` lies in a recording."""
    return intersect(merge(uem), [Region(0.0, duration_s)])


@dataclass(frozen=True, slots=True)
class _Timeline:
    """The scored time cut at every boundary of either side: shape (n,) the pieces' lengths, (speakers, n) who speaks.

    Speakers are sorted by name. Sums run from left to right, so that they are the same to the bit on every machine.
    """

    names: tuple[list[str], list[str]]
    lengths_s: Floats
    reference: npt.NDArray[np.bool_]
    hypothesis: npt.NDArray[np.bool_]

    def reference_s(self) -> dict[str, float]:
        """Seconds of each reference speaker who speaks in the scored time."""
        return self._spoken_s(0, self.reference)

    def hypothesis_s(self) -> dict[str, float]:
        """Seconds of each hypothesis speaker who speaks in the scored time."""
        return self._spoken_s(1, self.hypothesis)

    def common_s(self) -> dict[tuple[str, str], float]:
        """Seconds in which both speak, of each (reference, hypothesis) pair that has any."""
        common: dict[tuple[str, str], float] = {}
        for ref, active in zip(self.names[0], self.reference, strict=True):
            pieces = np.flatnonzero(active)
            both_s = _row_sums(self.hypothesis[:, pieces], self.lengths_s[pieces])
            common |= {(ref, hyp): seconds for hyp, seconds in zip(self.names[1], both_s, strict=True) if seconds}
        return common

    def _spoken_s(self, side: int, active: npt.NDArray[np.bool_]) -> dict[str, float]:
        sums = zip(self.names[side], _row_sums(active, self.lengths_s), strict=True)
        return {name: seconds for name, seconds in sums if seconds}


def _timeline(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], uem: Sequence[Region], skip_overlap: bool
) -> _Timeline:
    """One sweep over the boundaries of both sides and of the UEM."""
    ref, hyp = sorted({turn.speaker for turn in reference}), sorted({turn.speaker for turn in hypothesis})
    row = [{name: i for i, name in enumerate(ref)}, {name: i for i, name in enumerate(hyp, len(ref))}]
    rows = [*(row[0][turn.speaker] for turn in reference), *(row[1][turn.speaker] for turn in hypothesis)]
    rows += [len(ref) + len(hyp)] * len(uem)
    edges_s = np.array([(span[0], span[1]) for span in (*reference, *hypothesis, *uem)], dtype=float).reshape(-1, 2)
    whole = edges_s[:, 1] > edges_s[:, 0]
    times_s, place = np.unique(edges_s[whole], return_inverse=True)
    first, last = place.reshape(-1, 2).T
    changes = np.zeros((len(ref) + len(hyp) + 1, max(1, len(times_s))), dtype=np.int32)
    who = np.array(rows, dtype=int)[whole]
    np.add.at(changes, (who, first), 1)
    np.add.at(changes, (who, last), -1)
    active = np.cumsum(changes, axis=1, out=changes)[:, :-1] > 0
    n_ref = active[: len(ref)].sum(axis=0)
    kept = active[-1] & active[:-1].any(axis=0) & ((n_ref <= 1) | (not skip_overlap))
    return _Timeline((ref, hyp), np.diff(times_s)[kept], active[: len(ref), kept], active[len(ref) : -1, kept])


def _row_sums(active: npt.NDArray[np.bool_], lengths_s: Floats) -> list[float]:
    """The summed length of the pieces of each row, shape (rows, n) -> rows, from left to right."""
    who, piece = np.nonzero(active)
    return [float(seconds) for seconds in np.bincount(who, weights=lengths_s[piece], minlength=len(active))]


def _sum(lengths_s: Floats) -> float:
    """The exact sum, rounded once."""
    return math.fsum(lengths_s.tolist())


def _mapping(
    reference_s: Mapping[str, float], hypothesis_s: Mapping[str, float], common_s: Mapping[tuple[str, str], float]
) -> dict[str, str]:
    """Hypothesis name -> reference name, one to one, with the most common time; pairs without any are left out.

    Of mappings with the same common time the one with the least JER is taken, so that names do not matter.
    """
    if not common_s:
        return {}
    from scipy.optimize import linear_sum_assignment

    def worth(ref: str, hyp: str) -> float:
        both_s = common_s.get((ref, hyp), 0.0)
        return both_s + TIE_S * both_s / (reference_s[ref] + hypothesis_s[hyp] - both_s)

    worths = [[worth(ref, hyp) for ref in reference_s] for hyp in hypothesis_s]
    pairs = zip(*linear_sum_assignment(worths, maximize=True), strict=True)
    reference, hypothesis = list(reference_s), list(hypothesis_s)
    return {hypothesis[h]: reference[r] for h, r in pairs if worths[h][r] > 0}


def _jaccard_errors(
    reference_s: Mapping[str, float],
    hypothesis_s: Mapping[str, float],
    common_s: Mapping[tuple[str, str], float],
    mapping: Mapping[str, str],
) -> dict[str, float]:
    errors = dict.fromkeys(reference_s, 1.0)
    for hyp, ref in mapping.items():
        if (both_s := common_s.get((ref, hyp), 0.0)) > 0:
            errors[ref] = 1 - both_s / (reference_s[ref] + hypothesis_s[hyp] - both_s)
    return errors
