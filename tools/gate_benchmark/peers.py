"""How other tools decide about speed, by their own code, imported from their packages.

- pytest-benchmark's regression check on the stored median or mean; the fixed 7 % of TorchBench's detector and plain
  fixed limits are the same check with other numbers
- asv's `is_different` with the default factor 1.1 of `asv continuous`
- the Mann-Whitney U test of Google Benchmark's compare.py, through scipy as there
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.gate_benchmark.contest import Decision, Gate, Score
from tools.gate_benchmark.figures import Bools, Floats
from tools.gate_benchmark.timings import Calls

N = 12  # calls per side: as many as 12 pairs
FIELDS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda times: np.asarray(times.mean(axis=1)),
    "median": lambda times: np.asarray(np.median(times, axis=1)),
    "min": lambda times: np.asarray(times.min(axis=1)),
}
ASV_FACTOR = 1.1
U_ALPHA = 0.05


STORED = (
    ("median", 5, "pytest-benchmark"),
    ("min", 5, "pytest-benchmark"),
    ("median", 7, "TorchBench's limit"),
    ("mean", 5, "fixed"),
    ("mean", 10, "fixed"),
)


def gates() -> list[Gate]:
    """Every peer as it is shipped."""
    u_test_24 = same_run("u_test_24", "Google Benchmark: U test, 24 calls", u_test, (u_score,))
    return [
        *(stored(field, percent, who) for field, percent, who in STORED),
        same_run("same_run_median_5", "same run: median +5 %", fixed("median", 5), (change("median"),)),
        same_run("asv", "asv continuous", asv, (asv_score, change("median")), design="rounds"),
        same_run("u_test_12", "Google Benchmark: U test, 12 calls", u_test, (u_score,)),
        replace(u_test_24, n=2 * N, calls=4 * N),
    ]


def stored(field: str, percent: int, who: str) -> Gate:
    """A limit on what an earlier session gave."""
    name, title = f"stored_{field}_{percent}", f"{who}: stored {field} +{percent} %"
    return Gate(name, title, "stored", "stored", N, N, fixed(field, percent), (change(field),))


def same_run(name: str, title: str, slower: Decision, scores: tuple[Score, ...], design: str = "blocks") -> Gate:
    """A comparison of two versions in one session, not paired."""
    return Gate(name, title, "unpaired", design, N, 2 * N, slower, scores)


def fixed(field: str, percent: float) -> Decision:
    """pytest-benchmark's `--benchmark-compare-fail=FIELD:PERCENT%`."""
    from pytest_benchmark.utils import PercentageRegressionCheck

    check = PercentageRegressionCheck(field, percent)

    def slower(calls: Calls) -> Bools:
        before, after = FIELDS[field](calls.before), FIELDS[field](calls.after)
        rows = zip(before, after, strict=True)
        return np.array([check.fails({field: now}, {field: then}) is not None for then, now in rows])

    return slower


def change(field: str) -> Score:
    """The logarithm of what a limit on FIELD is compared with."""
    return lambda calls: np.log(FIELDS[field](calls.after) / FIELDS[field](calls.before))


def asv(calls: Calls) -> Bools:
    """`asv continuous`: different by its test, and slower by more than the factor."""
    return np.array([score > math.log(ASV_FACTOR) for score in asv_score(calls)])


def asv_score(calls: Calls) -> Floats:
    """log of asv's ratio where its test sees a difference, else minus infinity: what `--factor` is compared with."""
    from asv import _stats
    from asv_runner.statistics import compute_stats

    scores = np.full(len(calls.before), -math.inf)
    for row, (before, after) in enumerate(zip(calls.before.tolist(), calls.after.tolist(), strict=True)):
        (was, was_stats), (now, now_stats) = compute_stats(before, 1), compute_stats(after, 1)
        if _stats.is_different(before, after, was_stats, now_stats):
            scores[row] = math.log(now / was)
    return scores


def u_test(calls: Calls) -> Bools:
    """p below 0.05, and the candidate's mean above."""
    return u_score(calls) > -U_ALPHA


def u_score(calls: Calls) -> Floats:
    """Minus p where the candidate's mean is above, else minus infinity."""
    from scipy.stats import mannwhitneyu

    p = mannwhitneyu(calls.before, calls.after, axis=1, alternative="two-sided").pvalue
    return np.where(calls.after.mean(axis=1) > calls.before.mean(axis=1), -p, -math.inf)
