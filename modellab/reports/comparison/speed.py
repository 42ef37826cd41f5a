"""Times of the same utterances, and memory, in A and in B.

Stored times were not taken in turn: between two sessions the whole machine may be slower. So the standard error of the
log ratio has three parts, added as squares: the spread over utterances (20 % trimmed mean) and, for each side, what
sessions of that model differ by: its calibration sessions, but LEAST at least, because those are taken one after the
other; ASSUMED where there are none. `--against` times both in turn and tells far smaller differences.

The test is two-sided, Student's t with the degrees of freedom of the smaller set (ASSUMED counts as known). One clock
decides: process CPU time on one CPU thread, else CUDA events where both have them, else the wall clock.

Memory is one peak on each side, told apart where they differ by more than PEAK_FRACTION and PEAK_BYTES: stored peaks of
one unchanged model were seen to differ by up to 11 % between sessions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.gate.calibration_noise import FEWEST, Noise
from modellab.gate.limits import MIB
from modellab.gate.timing_validity import invalid
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.quality import both
from modellab.stats import trimmed_mean
from modellab.stats.intervals import student_t
from modellab.stats.trimmed_mean import trimmed
from modellab.types import CaseId, Floats, Result, Utterance
from modellab.types.readings import CLOCKS, judged

LEAST, ASSUMED = 0.10, 0.15  # sd of log(time) between sessions: at least, and where it was not measured
PEAK_FRACTION, PEAK_BYTES = 0.15, 16 * MIB  # of the larger peak; whichever is more
Noises = Callable[[CaseId, str, str], Noise]  # of a case on a machine class, one of "rtf", "rtf_cpu", "rtf_gpu"


@dataclass(frozen=True, slots=True)
class SpeedComparison:
    """One clock on one dataset. `a`, `b` are pooled real-time factors, `ratio` is B's time over A's.

    `excuse` says why a difference is not told though it may look like one; `assumed` that a side has no sessions.
    """

    dataset: str
    clock: str
    a: float
    b: float
    ratio: float
    interval: tuple[float, float]
    p: float
    n: int
    excuse: str = ""
    assumed: bool = False
    adjusted: float | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Peak:
    """One kind of memory on one dataset, in bytes; `margin` is what one model's peaks may differ by."""

    dataset: str
    metric: str
    a: float
    b: float
    margin: float
    told: str = ""


def no_noise(key: CaseId, machine: str, metric: str) -> Noise:  # noqa: ARG001  (the signature of Noises)
    """For results of which no calibration is known."""
    return Noise.of([])


def speeds(case_pair: CasePair, noises: Noises) -> tuple[list[SpeedComparison], list[Peak], str]:
    """Clocks and peaks that both sides have, and the sentence why there are none; '' where there are."""
    a, b = case_pair.results
    if not a.machine or not b.machine or a.machine != b.machine:
        classes = f"{a.machine or 'unknown'}, {b.machine or 'unknown'}"
        return [], [], f"{case_pair.dataset}: measured on different machines ({classes}): speed and memory not compared"
    clock = clock_of([case_pair], noises, case_pair.dataset)
    kinds = judged(a.key.device, "memory") if a.key.device == b.key.device else ("peak_rss_bytes",)
    return [clock] if clock else [], [peak for kind in kinds if (peak := _peak(case_pair, kind))], ""


def decides(case_pairs: Sequence[CasePair]) -> str:
    """The clock that all of these results are compared by."""
    results = [result for case_pair in case_pairs for result in case_pair.results]
    if all(result.key.device == "cpu" and result.provenance.get("threads") == "1" for result in results):
        return "rtf_cpu"
    return "rtf_gpu" if all(math.isfinite(result.readings.get("rtf_gpu", math.nan)) for result in results) else "rtf"


def log_ratios(case_pair: CasePair, clock: str) -> Floats:
    """log(B's time / A's) of each utterance that has both, shape (n,)."""
    column = CLOCKS[clock]
    pairs = both(case_pair)
    return trimmed_mean.log_ratios((_times(y)[column], _times(x)[column]) for x, y in pairs if not (x.error or y.error))


def clock_of(case_pairs: Sequence[CasePair], noises: Noises, dataset: str) -> SpeedComparison | None:
    """The times of all utterances of some case pairs on one machine class; None where fewer than FEWEST have one."""
    from scipy.special import stdtr

    clock = decides(case_pairs)
    ratios = np.concatenate([log_ratios(case_pair, clock) for case_pair in case_pairs])
    if len(ratios) < FEWEST:
        return None
    estimate = trimmed(ratios)
    between = [[noises(result.key, result.machine, clock) for result in case_pair.results] for case_pair in case_pairs]
    every = [noise for pair in between for noise in pair]
    sds = [
        max(max(noise.sd, LEAST) if noise.calibrated else ASSUMED for noise in side)
        for side in zip(*between, strict=True)
    ]
    df = min([estimate.df, *(noise.n - 1 for noise in every if noise.calibrated)])
    error = math.sqrt(estimate.error**2 + sum(sd**2 for sd in sds))
    half = student_t(df) * error
    return SpeedComparison(
        dataset,
        clock,
        _factor([case_pair.results[0] for case_pair in case_pairs], clock),
        _factor([case_pair.results[1] for case_pair in case_pairs], clock),
        math.exp(estimate.mean),
        (math.exp(estimate.mean - half), math.exp(estimate.mean + half)),
        2 * float(stdtr(df, -abs(estimate.mean) / error)),
        len(ratios),
        next((why for case_pair in case_pairs for result in case_pair.results if (why := invalid(result))), ""),
        not all(noise.calibrated for noise in every),
    )


def _times(utterance: Utterance) -> tuple[float, float, float]:
    return utterance.wall_s, utterance.cpu_s, utterance.gpu_s


def _factor(results: Sequence[Result], clock: str) -> float:
    """The real-time factor: as it was read of one result, of several from their utterances. NaN where unknown."""
    if len(results) == 1:
        return results[0].readings.get(clock, math.nan)
    utterances = [item for result in results for item in result.utterances if not item.error]
    return sum(_times(item)[CLOCKS[clock]] for item in utterances) / (
        sum(item.duration_s for item in utterances) or math.nan
    )


def _peak(case_pair: CasePair, kind: str) -> Peak | None:
    a, b = case_pair.results
    if kind not in a.readings or kind not in b.readings:
        return None
    first, second = float(a.readings[kind]), float(b.readings[kind])
    margin = max(PEAK_FRACTION * max(first, second), PEAK_BYTES)
    better = "B" if second < first else "A"
    return Peak(case_pair.dataset, kind, first, second, margin, better if abs(second - first) > margin else "")
