"""Speed against a reference that runs beside the candidate: pairs of calls in turn, so that what slows the machine
slows both sides of a pair.

A pair gives log(candidate's time / reference's time). Two stages keep false alarms rare and a clean case cheap:

1. FIRST pairs. Slower-looking: the trimmed mean is at least ln(1 + margin) and p <= 0.08. Anything else passes, if
   the pairs exclude what is asked for: the one-sided 95 % limit of the change lies below ASKED above the margin (or the
   rule's `sensitivity`). Else it is INCONCLUSIVE: a machine too busy to see a slowdown is no proof that there is none.
2. SECOND fresh pairs, which decide alone (what drew attention to them is not counted again): REGRESSED when their
   trimmed mean is at least ln(1 + margin) and p <= 0.35 alpha. The sizes and levels see the smallest slowdown among
   those that keep a suite of thirty cases in which nothing got slower below 1 % red runs, with 16 calls when nothing
   looks slower and 50 otherwise (tried on simulated and recorded noise, see docs/performance/gate.md).

Where the first eight pairs spread so much that this would not do, both stages take more (`first_pairs`, `second_pairs`,
up to MOST_FIRST and MOST_SECOND). The spread alone decides how many, never the mean, so the levels stay what they are.

The test is Yuen's (1974) one-sided t on the 20 % trimmed mean. Randomised interleaving: Bulej et al. 2020 (duet
benchmarking); Abedi & Brecht 2017 (randomised multiple interleaved trials).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from modellab.gate.limits import held
from modellab.stats.trimmed_mean import Trimmed, trimmed
from modellab.types import Floats, Rule, Status, Verdict
from modellab.types.readings import unit

FIRST = 8  # pairs of the first look
SECOND = 17  # fresh pairs of the confirmation
LOOK = 0.08  # p of the first look
ALPHA = 0.01
SHARE = 0.35  # of alpha: the p of the confirmation
MARGIN = 0.01  # a fraction: slower by less than this does not matter
POWER = 0.8
ASKED = 0.04  # a fraction above the margin: a slowdown that a paired run has to see or to exclude
EXCLUDED = 0.90  # two-sided, so that 95 % lie below the upper end
MOST_FIRST, MOST_SECOND = 32, 51
WORST = 8.0  # detects: no spread asks for a larger logarithm than this (a factor of 3,000)


def looks_slower(log_ratios: Floats, margin: float = MARGIN) -> bool:
    """Whether the first pairs, shape (n,), n >= 2, give reason for a confirmation."""
    return _slower(trimmed(log_ratios), margin, LOOK)


def confirmed(log_ratios: Floats, margin: float = MARGIN, alpha: float = ALPHA) -> bool:
    """Whether fresh pairs, shape (n,), n >= 2, show by themselves that the candidate is slower."""
    return _slower(trimmed(log_ratios), margin, SHARE * alpha)


def asked(rule: Rule) -> float:
    """The slowdown, a fraction, that a PASS has to exclude."""
    if rule.sensitivity is not None:
        return rule.sensitivity
    return (MARGIN if rule.margin is None else rule.margin) + ASKED


def first_pairs(log_ratios: Floats, rule: Rule) -> int:
    """How many pairs the first look takes, from the spread of its first ones, shape (n,), n >= 2.

    So many that the limit of an unchanged model lies half-way to what is asked for; FIRST at least, MOST_FIRST at most.
    """
    change = trimmed(log_ratios)
    half = change.interval(EXCLUDED)[1] - change.mean
    needed = len(log_ratios) * (half / (math.log1p(asked(rule)) / 2)) ** 2
    return min(MOST_FIRST, max(FIRST, math.ceil(needed)))


def second_pairs(log_ratios: Floats, rule: Rule) -> int:
    """How many fresh pairs confirm: the fewest that see what is asked for with 80 % power, MOST_SECOND at most."""
    margin = MARGIN if rule.margin is None else rule.margin
    for pairs in range(SECOND, MOST_SECOND, 2):
        if detects(log_ratios, pairs, margin, rule.alpha) <= asked(rule):
            return pairs
    return MOST_SECOND


def detects(log_ratios: Floats, pairs: int = SECOND, margin: float = MARGIN, alpha: float = ALPHA) -> float:
    """The smallest slowdown, as a fraction, that both stages see with 80 % power, from the spread of measured pairs.

    `pairs` is the size of the confirmation; the first look takes half as many, as FIRST and SECOND do. With s the
    trimmed mean's standard error for one pair, that of n pairs is s / sqrt(n). A stage sees a slowdown d when Student's
    t passes its critical value, which has the noncentral t distribution with noncentrality d sqrt(n) / s, and when the
    mean passes the margin: the rarer of the two counts. Both stages are independent, so their powers multiply, and d is
    where the product is 0.8. For 17 pairs that is about 1.3 standard deviations of a pair, or a third of one above
    the margin.
    """
    change = trimmed(log_ratios)
    one = change.error * math.sqrt(len(log_ratios))  # standard error of a single pair, the trimming's loss included
    low, high = math.log1p(margin), WORST
    for _ in range(40):
        middle = (low + high) / 2
        seen = _power(middle, one, max(2, pairs // 2), margin, LOOK) * _power(middle, one, pairs, margin, SHARE * alpha)
        low, high = (low, middle) if seen >= POWER else (middle, high)
    return math.expm1(high)


def assess(
    metric: str,
    first: Floats,
    second: Floats | None,
    rule: Rule,
    now: float,
    base: float,
    versus: str,
    invalid: str = "",
    load: str = "",
) -> Verdict:
    """The verdict on one clock of a paired run; only pairs with a time on both sides count.

    `first` and `second` hold log ratios, shapes (>= FIRST,) and (>= SECOND,); `second` is None where the first look
    asked for none. `now` and `base` are the two sides' RTF in s/s, `versus` names the reference, `invalid` says why
    the clocks prove little, `load` what else the machine did. `change` is a fraction of the reference's time, from the
    pairs that decided.
    """
    margin = MARGIN if rule.margin is None else rule.margin
    plain = Verdict(metric, unit(metric), "speed", Status.PASS, now, base, versus=versus, alpha=rule.alpha)
    first = first[np.isfinite(first)]
    second = None if second is None else second[np.isfinite(second)]
    if (few := _too_few(first, second)) and len(first) < FIRST:
        return held(replace(plain, status=Status.INCONCLUSIVE, why=few), rule)
    spread = first if second is None or few else np.concatenate([first, second])
    confirming = second_pairs(first, rule) if second is None or few else len(second)
    mde = detects(spread, confirming, margin, rule.alpha)
    decided = first if second is None or few else second
    change = trimmed(decided)
    low, high = change.interval()
    measured = replace(
        plain,
        change=math.expm1(change.mean),
        interval=(math.expm1(low), math.expm1(high)),
        p=change.p_above(),
        detects=mde,
    )
    status, why = Status.PASS, ""
    if looks_slower(first, margin):
        status, why = _confirm(change, second, few, margin, rule.alpha, invalid)
    elif change.mean <= -math.log1p(mde) and 1 - change.p_above() <= rule.alpha:
        status = Status.IMPROVED
    last = decided if looks_slower(first, margin) else first
    if status is Status.PASS and (unseen := _unseen(last, confirming, rule)):
        status, why = Status.INCONCLUSIVE, unseen + (f": {load}" if load else "")
    red = status is Status.REGRESSED
    return held(replace(measured, status=status, why=why, red=red), rule)


def _slower(change: Trimmed, margin: float, alpha: float) -> bool:
    return change.mean >= math.log1p(margin) and change.p_above() <= alpha


def _unseen(log_ratios: Floats, confirming: int, rule: Rule) -> str:
    """Why these pairs are too coarse for a PASS, in a sentence; '' where they exclude what is asked for.

    A pair of processes may be faster than another for as long as it lives, which its pairs do not show: so the case
    must also be one that would have seen it, confirmation included.
    """
    change, pairs = trimmed(log_ratios), len(log_ratios)
    upper = change.interval(EXCLUDED)[1]
    if upper < math.log1p(asked(rule)):
        mde = detects(log_ratios, confirming, MARGIN if rule.margin is None else rule.margin, rule.alpha)
        return f"sees a change of {mde:.1%} or more, {asked(rule):.1%} is asked for" if mde > asked(rule) else ""
    return (
        f"{pairs} pairs cannot exclude that it is {asked(rule):.1%} slower"
        f" ({math.expm1(change.mean):+.1%}, up to {math.expm1(upper):+.1%})"
    )


def _too_few(first: Floats, second: Floats | None) -> str:
    """Why the pairs are too few to decide; '' when they suffice."""
    for pairs, needed in ((first, FIRST), (second, SECOND)):
        if pairs is not None and len(pairs) < needed:
            return f"{len(pairs)} pairs with a time on both sides, {needed} are needed"
    return ""


def _confirm(
    first: Trimmed, second: Floats | None, few: str, margin: float, alpha: float, invalid: str
) -> tuple[Status, str]:
    """What becomes of a case whose first pairs look slower."""
    change = f"{math.expm1(first.mean):+.1%}"
    if second is None or few:
        return Status.INCONCLUSIVE, few or f"{change} slower at first look: {SECOND} fresh pairs must confirm it"
    if not _slower(first, margin, SHARE * alpha):
        return Status.PASS, ""
    if invalid:
        return Status.INCONCLUSIVE, f"looks slower, but {invalid}"
    return Status.REGRESSED, f"{change} slower in {len(second)} fresh pairs, {margin:.1%} is allowed"


def _power(effect: float, one: float, pairs: int, margin: float, alpha: float) -> float:
    """The chance that `pairs` pairs show a log slowdown `effect`; `one` is the standard error of a single pair."""
    from scipy.special import nctdtr, ndtr, stdtrit

    if one == 0.0:
        return float(effect >= math.log1p(margin))
    error, df = one / math.sqrt(pairs), pairs - 2 * int(0.2 * pairs) - 1
    critical = float(stdtrit(df, 1 - alpha))
    significant = 1 - float(nctdtr(df, effect / error, critical))
    material = float(ndtr((effect - math.log1p(margin)) / error))
    return min(significant, material)
