"""Broken utterances: they are counted and tested, never summed. A loop of 18 or of 1,000 words is one of them.

An utterance is broken when it lost a large part of what there was to lose (`types.Gross`: half of its words, and at
least three), or all that was still right of it, and at least two words. An unchanged model breaks at most one in a
hundred from one run to the next: measured were 0.2 % between engines and precisions of one model, 0.7 % between systems
of different makers on Earnings-21 (2.3 % the worst pair). So many broken ones that such a model would have them in one
suite of 500 are red, whatever else is known.

- p: binomial. That some utterances break more easily than others only makes many of them less likely (Hoeffding 1956).
- speakers: what breaks together does harm to that. Within a named speaker the count is beta-binomial with a correlation
  of 0.05 (between real systems: median 0.005, most 0.036). And a model that hears each speaker differently in every run
  breaks up to one in forty. Where speakers are named, so many broken ones must be rare at 1.74 % alone, too.
- wrecked: where a smaller loss is broken already (3 % of a recording's speech by DER) and happens more often, half of
  everything is a second question with a tenth of the level: four recordings of four without a word are no chance.
- excuse: a model that mends as much as it breaks has only changed. The rate is at least three times what was mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from modellab.stats.intervals import costs
from modellab.stats.permutation import STORED
from modellab.types import Break, Floats, Gross, Metric, Rule, Verdict

BROKEN = 0.2  # fraction of the suite's alpha; the rest is that of the swapping (`suite_alpha.SWAPPED`)
TOGETHER = 0.05  # correlation of breaks within a speaker
HEARD = 0.0174  # of the utterances break, each alone, where every speaker is heard differently in every run
EXCUSE = 3.0  # times what was mended
MOST_AGAIN = 20  # utterances that are run once more
CONFIRMED = 0.05  # so unlikely must be what breaks again, of a model that breaks `often`
WRECKED = Gross(0.5, 0.0, 0.01)  # what nobody calls a matter of taste
RESERVED = 0.1  # fraction of the level for what is wrecked, where that is a question of its own
LAST = 2.0  # words that an utterance loses at least where it loses all that was right: rounding flips single ones
COMMON = 0.05  # what an unchanged model would have in one case of twenty may be acquitted


def gross(metric: Metric, rule: Rule) -> Gross | None:
    """When an utterance is broken by this metric of this case; None where none ever is."""
    given = {"share": rule.broken_share, "least": rule.broken_least, "often": rule.broken_often}
    known = {name: value for name, value in given.items() if value is not None}
    return (metric.gross or Gross())._replace(**known) if metric.gross or known else None


@dataclass(frozen=True)
class Breaks:
    """What broke and what was mended in one case. `lost`, `bottom` and `now` are of every utterance, shape (n,).

    `lost` is what it lost since the baseline, `now` all that it lacks now. `sizes` are the numbers of utterances of
    each speaker, [1, 1, ...] where none is `named`.
    """

    gross: Gross
    lost: Floats
    bottom: Floats
    now: Floats
    sizes: tuple[int, ...]
    named: bool = False

    @cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """The broken utterances, the largest loss first."""
        places = np.flatnonzero(broken(self.lost, self.bottom, self.gross, self.before))
        return places[np.argsort(-self.lost[places], kind="stable")]

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def before(self) -> Floats:
        """What every utterance lacked in the baseline, shape (n,)."""
        return np.asarray(self.now - self.lost)

    @cached_property
    def p(self) -> float:
        """The chance that an unchanged model breaks, or wrecks, so many: the smaller one, weighed by their levels."""
        chance, fraction = self._chance(self.gross, named=self.named), own_fraction(self.gross)
        if fraction == 1.0:
            return chance
        worse = self.gross._replace(share=WRECKED.share, often=min(self.gross.often, WRECKED.often))
        return min(1.0, chance / fraction, self._chance(worse) / RESERVED)

    def _chance(self, how: Gross, *, named: bool = False) -> float:
        count = int(broken(self.lost, self.bottom, how, self.before).sum())
        return break_p(count, int(self._mended(how).sum()), self.sizes, how.often, named=named)

    def _mended(self, how: Gross) -> npt.NDArray[np.bool_]:
        """Which utterances were broken and no longer are. One that still lacks everything is not: its loop ended."""
        nothing = (self.now >= self.bottom - STORED) & (self.bottom > _needed(self.bottom, how))
        return np.asarray(broken(-self.lost, self.bottom, how, self.now) & ~nothing)


def own_fraction(how: Gross) -> float:
    """The fraction of the level that is for what is broken; the rest is for what is wrecked, where less is broken."""
    return 1.0 if how.share >= WRECKED.share else 1.0 - RESERVED


def find(metric: Metric, how: Gross, before: Floats, after: Floats, clusters: Sequence[str] | None = None) -> Breaks:
    """What broke between two sides of shape (n, k), paired by row."""
    bottom = before[:, 1] if before.shape[1] > 1 else np.zeros(len(before))
    now = costs(metric, after)
    return Breaks(
        how, now - costs(metric, before), bottom, now, tuple(sizes(len(before), clusters)), is_named(clusters)
    )


def broken(lost: Floats, bottom: Floats, how: Gross, before: Floats | None = None) -> npt.NDArray[np.bool_]:
    """Which utterances broke, shape (n,). What is no number is not; nor is what had nothing to lose, without `least`.

    `before` is what each lacked in the baseline (nothing if None): what had little left and lost it all is broken too.

    >>> broken(np.array([18.0, 2.0, 5.0]), np.array([10.0, 2.0, 10.0]), Gross()).tolist()
    [True, False, True]
    >>> broken(np.array([2.0, 2.0]), np.array([3.0, 10.0]), Gross(), before=np.array([1.0, 1.0])).tolist()
    [True, False]
    """
    needed = _needed(bottom, how)
    if before is not None:
        needed = np.where(_has_left(bottom, before, how), np.minimum(needed, _rest(bottom, before, how)), needed)
    is_broken: npt.NDArray[np.bool_] = (needed > 0) & (lost >= needed - STORED)
    return is_broken


def _needed(bottom: Floats, how: Gross) -> Floats:
    """What an utterance has to lose to be broken."""
    return np.maximum(how.share * bottom, how.least)


def _has_left(bottom: Floats, before: Floats, how: Gross) -> npt.NDArray[np.bool_]:
    """Which utterances had words right that can be lost; none of fewer than `least` words: those flip as a whole."""
    return np.asarray((how.least >= 1) & (bottom >= how.least) & (bottom - before > STORED))


def _rest(bottom: Floats, before: Floats, how: Gross) -> Floats:
    """All that was still right of an utterance, and more than the single word that rounding flips."""
    return np.maximum(bottom - before, least_rest(how))


def least_rest(how: Gross) -> float:
    """How many words are the least that an utterance may lose as its last."""
    return max(LAST, how.least - 1)


def told(how: Gross) -> str:
    """When an utterance is broken, in words.

    >>> told(Gross()), told(Gross(0.03, 0.0, 0.1))
    ('50 % of an utterance, 3 or more, or all that was left, 2 or more', '3 % of an utterance, 0 or more')
    """
    words = f"{100 * how.share:g} % of an utterance, {how.least:g} or more"
    return f"{words}, or all that was left, {least_rest(how):g} or more" if how.least >= 1 else words


def break_p(count: int, mended: int, sizes: Sequence[int], often: float, *, named: bool = False) -> float:
    """The chance that an unchanged model breaks `count` or more of so many utterances of each speaker.

    Of `named` speakers the larger of two: they break together at `often`, or each utterance alone at `HEARD`, unless
    somebody has set `often` to less than is built in.

    >>> round(break_p(4, 0, [1] * 10, 0.01), 8), round(break_p(1, 0, [1] * 40, 0.01), 2)
    (2e-06, 0.33)
    """
    together = _break_p(count, mended, sizes, often)
    if not named or often < Gross().often:
        return together
    return max(together, _break_p(count, mended, [1] * sum(sizes), max(often, HEARD)))


def _break_p(count: int, mended: int, sizes: Sequence[int], often: float) -> float:
    from scipy.special import bdtrc

    utterances = sum(sizes)
    if not 0 < count <= utterances:
        return float(count <= 0)
    rate = min(1.0, max(often, EXCUSE * mended / utterances))
    if max(sizes) == 1 or rate == 1.0:
        return float(bdtrc(count - 1, utterances, rate))
    below = np.ones(1)  # chances of 0, 1, ... count - 1 broken ones
    for size, times in zip(*np.unique(sizes, return_counts=True), strict=True):
        one = _beta_binomial(int(size), min(int(size), count - 1), rate)
        for _ in range(times):
            below = np.convolve(below, one)[:count]
    return max(0.0, 1.0 - float(below.sum()))


def _beta_binomial(size: int, most: int, rate: float) -> Floats:
    """Chances of 0, 1, ... `most` of `size`, whose rate differs between speakers."""
    from scipy.special import betaln, gammaln

    k = np.arange(most + 1)
    a, b = (share * (1 - TOGETHER) / TOGETHER for share in (rate, 1 - rate))
    ways = gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)
    return np.asarray(np.exp(ways + betaln(k + a, size - k + b) - betaln(a, b)))


def named(verdicts: Iterable[Verdict]) -> tuple[Break, ...]:
    """The broken utterances of a case, each once, whichever metric and comparison found it; what repeats first."""
    by_id = {one.id: one for verdict in reversed(list(verdicts)) for one in verdict.breaks}
    return tuple(sorted(by_id.values(), key=lambda one: (one.again is False, one.again is None, -one.lost)))


def urgency(breaks: Sequence[Break]) -> int:
    """What comes first: 0 where one broke again, 1 where none was asked, 2 where none did."""
    states = {one.again for one in breaks}
    return 0 if True in states else 1 if None in states else 2


def fewest(sizes: Sequence[int], level: float, often: float, *, named: bool = False) -> int | None:
    """So many broken utterances have a p of `level` or less where nothing was mended; None where no number has.

    >>> [fewest([1] * n, 0.002 / 30, 0.01) for n in (10, 20, 40, 100, 400)]
    [4, 4, 5, 8, 15]
    >>> [fewest([1] * n, 0.002 / 30, 0.01, named=True) for n in (10, 20, 40, 100, 400)]
    [4, 5, 6, 10, 20]
    """
    return next((k for k in range(1, sum(sizes) + 1) if break_p(k, 0, sizes, often, named=named) <= level), None)


def confirmed(asked: int, again: int, often: float) -> bool:
    """Whether so many of those that were run once more broke again that it is no chance.

    >>> confirmed(5, 1, 0.01), confirmed(20, 1, 0.01), confirmed(20, 2, 0.01), confirmed(3, 0, 0.01)
    (True, False, True, False)
    """
    from scipy.special import bdtrc

    return again >= 1 and float(bdtrc(again - 1, asked, often)) <= CONFIRMED


def sizes(count: int, clusters: Sequence[str] | None = None) -> list[int]:
    """The numbers of utterances of each speaker; one without a name stands alone."""
    if clusters is None:
        return [1] * count
    named = [name for name in clusters if name]
    together = np.unique(np.array(named), return_counts=True)[1].tolist() if named else []
    return [1] * (len(clusters) - len(named)) + together


def is_named(clusters: Sequence[str] | None) -> bool:
    """Whether any utterance has a named speaker or recording."""
    return any(clusters or ())
