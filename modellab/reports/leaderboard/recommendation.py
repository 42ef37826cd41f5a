"""Which model to take, in plain words with their evidence, or that the evidence is too little.

1. Of those measured on the same data, whoever is deprecated, has an open regression or ended in an ERROR is out. Who is
   beyond an absolute limit without ever having kept it is compared like the others and not recommended: that somebody
   else is within its limits does not make it the better one.
2. The best by the task's first metric is held against each other one on the same utterances: paired permutation test,
   two-sided because the same data chose the best, Holm's step-down over the group. Who is not told apart is tied.
3. A tie counts only where a loss of a tenth of the quality scale would have been seen with 80 % power.
4. Of the tied the cheapest is taken: by cost where each has a price, else by RTF, on one machine class. By neither
   where a machine was busy, or sessions are too few to know how far they differ. Where intervals meet, production goes
   before candidate before experimental, then the higher score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.gate.paired_quality import compare
from modellab.plan.score_settings import Scorecard
from modellab.reports.leaderboard.records import Advice, Against, Point, Score, System
from modellab.reports.leaderboard.sentences import Sentence, bare, change, full, several
from modellab.reports.leaderboard.systems import Comparable, origin
from modellab.stats.estimate import Estimate
from modellab.stats.multiple_testing import Hypothesis, rejected

NOT_ENOUGH = "Not enough evidence"
TOLERATED = 0.1  # of the quality scale, 10 points: a tie that could hide more is no tie
STAGES = {"production": 0, "candidate": 1, "": 3}  # of what is experimental, or only claimed, UNTOLD
UNTOLD = 2


@dataclass(frozen=True, slots=True)
class AdviceBasis:
    """What the advice on one task rests on.

    `out` says of whom, and why, that it is not compared, `limited` of whom that it is compared and not recommended.
    """

    field: Comparable
    scores: Mapping[System, Score]
    points: Mapping[System, Point]
    out: Mapping[System, str]
    limited: Mapping[System, str]
    card: Scorecard
    alpha: float

    @property
    def barred(self) -> Mapping[System, str]:
        """Who cannot be recommended, and why."""
        return {**self.limited, **self.out}


def advise(basis: AdviceBasis) -> Advice:
    """The recommendation for one task."""
    field, card = basis.field, basis.card
    if not field.results:
        return _none(f"{NOT_ENOUGH}: there are no two results that may be compared.")
    data = f"{several(field.datasets)} (N {len(field.ids)} utterances)"
    if len(field.ids) < card.fewest:
        return _none(f"{NOT_ENOUGH}: {data}, and {card.fewest} utterances are needed.")
    allowed = [who for who in field.results if who not in basis.out]
    barred: list[Sentence] = [
        (f"{who.name} is not recommended: {why}.",) for who, why in basis.barred.items() if who in field.results
    ]
    if not set(allowed) - set(basis.limited):
        return _none("Nothing can be recommended.", *barred)
    if len(field.results) == 1:
        only: Sentence = (f"{NOT_ENOUGH} to choose: there is only ", *_evidence(basis, allowed[0]), ".")
        return _none(only, *barred)
    best = min(allowed, key=lambda who: (_loss(basis, who), who.order))
    against = _against(basis, best, [who for who in allowed if who != best])
    if best in basis.limited:
        head: Sentence = (f"{NOT_ENOUGH}: the best is beyond a limit, and was never accepted within it.",)
        return Advice(None, (head, *_facts(basis, best, against), *barred), best, (), against)
    if blind := _blind(basis, against):
        tied = tuple(other.who for other in against if not other.apart)
        return Advice(None, (blind, *_facts(basis, best, against), *barred), best, tied, against)
    return _choose(basis, best, against, barred)


def _none(*sentences: str | Sentence) -> Advice:
    return Advice(None, tuple((sentence,) if isinstance(sentence, str) else sentence for sentence in sentences))


def _loss(basis: AdviceBasis, who: System) -> float:
    value = basis.field.metric.value(map(tuple, basis.field.counts(who)))
    return value if basis.field.metric.better == "lower" else -value


def _against(basis: AdviceBasis, best: System, others: Sequence[System]) -> tuple[Against, ...]:
    """The best against each other one, the closest first."""
    field, metric = basis.field, basis.field.metric
    before, clusters = field.counts(best), field.clusters()
    alpha = basis.alpha / max(1, len(others)) / 2
    comparisons = [(who, compare(metric, before, field.counts(who), clusters, alpha)) for who in others]
    sided = [
        Hypothesis(min(1.0, 2 * comparison.p), min(1.0, 2 * comparison.least_p), basis.alpha)
        for _, comparison in comparisons
    ]
    apart = rejected(sided, basis.alpha)
    made = [
        Against(
            who,
            Estimate(
                comparison.change, *(comparison.interval or (math.nan, math.nan)), n=len(before), unit=metric.unit
            ),
            hypothesis.p,
            hit,
            comparison.detects,
            comparison.words,
        )
        for (who, comparison), hypothesis, hit in zip(comparisons, sided, apart, strict=True)
    ]
    return tuple(sorted(made, key=lambda other: (abs(other.change.value), other.who.order)))


def _blind(basis: AdviceBasis, against: Sequence[Against]) -> Sentence:
    """The sentence that the test could have missed too much among those it did not tell apart; () if not."""
    scale = basis.card.scale(basis.field.metric)
    hidden = [other.detects for other in against if not other.apart]
    if scale is None or not hidden:
        return ()
    tolerated, most = TOLERATED * abs(scale.worst - scale.best), max(hidden)
    if most <= tolerated:
        return ()
    unit = basis.field.metric.unit
    head = f"{NOT_ENOUGH}: {1 + len(hidden)} are not told apart on {len(basis.field.ids)} utterances of"
    wanted = (
        f"{head} {several(basis.field.datasets)}, where a loss of ",
        bare(tolerated, unit),
        " has to be seen with 80 % power: ",
    )
    if math.isinf(most):
        return (*wanted, "here none would be. Measure more utterances.")
    return (*wanted, "here only one of ", bare(most, unit), " would be. Measure more utterances.")


def _facts(basis: AdviceBasis, best: System, against: Sequence[Against]) -> list[Sentence]:
    """The best, those that are not told apart from it, and the closest of the others."""
    test = f"paired permutation test, two-sided, Holm over {len(against)} at {100 * basis.alpha:g} %"
    sentences: list[Sentence] = [(f"The best {basis.field.metric.name} has ", *_evidence(basis, best), ".")]
    sentences += [_versus(basis, other, len(against)) for other in against if not other.apart]
    apart = [other for other in against if other.apart]
    if apart:
        many = "One other is" if len(apart) == 1 else f"{len(apart)} others are"
        closest = "" if len(apart) == 1 else "the closest "
        sentences.append((f"{many} worse, {closest}{apart[0].who.name} by ", change(apart[0].change), f" ({test})."))
    return sentences


def _choose(basis: AdviceBasis, best: System, against: tuple[Against, ...], barred: Sequence[Sentence]) -> Advice:
    tied = tuple(other.who for other in against if not other.apart)
    facts = _facts(basis, best, against)
    if not against:
        of = len(basis.field.results)
        lead = f"Take {best.name}{_alone(basis, best)}: the only one of {of} that may be recommended."
        return Advice(best, ((lead,), *facts, *_price(basis, best, best), *barred), best)
    if not tied:
        others = "the other" if len(against) == 1 else f"the {len(against)} others"
        which = f"the best {basis.field.metric.name}, told apart from {others}"
        first: Sentence = (f"Take {best.name}{_alone(basis, best)}: {which}.",)
        return Advice(best, (first, *facts, *_price(basis, best, best), *barred), best, (), against)
    free = [who for who in (best, *tied) if who not in basis.limited]
    choice, why = _cheapest(basis, free) if free != [best] else (None, "all but one are beyond a limit")
    if choice is None:
        first = (f"{NOT_ENOUGH} to choose among {1 + len(tied)} that are tied: {why}.",)
        return Advice(None, (first, *facts, *barred), best, tied, against)
    first = (f"Take {choice.name}: {why}.",)
    return Advice(choice, (first, *facts, *_price(basis, choice, best), *barred), best, tied, against)


def _alone(basis: AdviceBasis, who: System) -> str:
    """What the recommendation does not rest on."""
    speed = basis.scores[who].parts[1]
    return "" if speed.points.known else f" on quality alone (no speed: {speed.words})"


def _cheapest(basis: AdviceBasis, tied: Sequence[System]) -> tuple[System | None, str]:
    """Of those tied in quality, with the reason."""
    metric = basis.field.metric.name
    machines = {basis.points[who].machine for who in tied}
    costs = {who: basis.scores[who].parts[4].measured for who in tied}
    by_cost = all(cost.known for cost in costs.values())
    if not by_cost and len(machines) > 1:
        return None, f"they were timed on several machine classes ({', '.join(sorted(machines))})"
    prices = costs if by_cost else {who: basis.points[who].speed for who in tied}
    if not all(price.known for price in prices.values()):
        return None, f"{next(who.name for who in tied if not prices[who].known)} has no times"
    if doubtful := [who for who in tied if not basis.scores[who].parts[1].points.known]:
        return None, f"the speed of {doubtful[0].name} decides nothing ({basis.scores[doubtful[0]].parts[1].words})"
    cheapest = min(tied, key=lambda who: (prices[who].value, who.order))
    near = [who for who in tied if prices[who].overlaps(prices[cheapest])]
    what = "cost" if by_cost else "RTF"
    if len(near) == 1:
        return cheapest, f"the least {what} of {len(tied)} whose {metric} is not told apart"
    stages = {who: basis.scores[who].stage for who in near}
    choice = min(near, key=lambda who: (STAGES.get(stages[who], UNTOLD), -basis.scores[who].points.value, who.order))
    others = several([who.name for who in near if who != choice])
    ahead = any(STAGES.get(stage, UNTOLD) > STAGES.get(stages[choice], UNTOLD) for stage in stages.values())
    reason = f"its stage is {stages[choice]}" if ahead else "its score is the highest"
    tie = "both" if len(tied) == 2 else f"all {len(tied)}"
    return choice, f"{tie} tied in {metric}; its {what} is not told apart from that of {others}, and {reason}"


def _evidence(basis: AdviceBasis, who: System) -> Sentence:
    """A system with its quality, where and when."""
    quality = basis.scores[who].parts[0].measured
    origins = [origin(basis.field.results[who][dataset]) for dataset in basis.field.datasets]
    runs = several(sorted({f"session {where.session} at commit {where.commit or 'unknown'}" for where in origins}))
    return f"{who.name}, ", full(quality), f" on {several(basis.field.datasets)}, {runs}"


def _versus(basis: AdviceBasis, other: Against, others: int) -> Sentence:
    seen = bare(other.detects, basis.field.metric.unit)
    chance = f" (not small enough among {others}: Holm at {100 * basis.alpha:g} %)" if other.p <= basis.alpha else ""
    told = f", {other.words}, two-sided p {other.p:.2g}{chance}"
    tail: Sentence = (
        ("; a loss of ", seen, " would be seen.") if math.isfinite(other.detects) else ("; no loss would be seen.",)
    )
    return f"{other.who.name} is not told apart from it: ", change(other.change), told, *tail


def _price(basis: AdviceBasis, who: System, best: System) -> list[Sentence]:
    """What it takes, and who would be faster."""
    point, score = basis.points[who], basis.scores[who]
    if not point.speed.known:
        return [(f"{who.name} has no times: what it takes is unknown.",)]
    if not score.parts[1].points.known:
        took: Sentence = ("It took RTF ", full(point.speed), f" on {point.machine}, which decides nothing here: ")
        return [(*took, f"{score.parts[1].words}.")]
    cost = score.parts[4].measured
    priced: Sentence = (", ", full(cost), " for an hour of audio") if cost.known else ()
    peak: Sentence = (", and at its peak ", full(point.memory)) if point.memory.known else ()
    leading = max(
        (
            rated
            for rated in basis.scores.values()
            if rated.compared and rated.who not in basis.barred and rated.points.known
        ),
        key=lambda rated: (rated.points.value, rated.who == who),
    )
    own: Sentence = (
        () if who == best else (f"It has a {basis.field.metric.name} of ", full(score.parts[0].measured), ". ")
    )
    sentences: list[Sentence] = [
        (*own, "It takes RTF ", full(point.speed), f" on {point.machine}", *priced, *peak, ".")
    ]
    if leading.who != who:
        ahead = f"{leading.points.value:.0f} points and {score.points.value:.0f}"
        sentences.append(
            (f"By score {leading.who.name} is ahead ({ahead}): there the weights trade quality for the rest.",)
        )
    faster = [
        other for other in basis.points.values()
        if other.speed.known and other.machine == point.machine and other.speed.value < point.speed.value
        and not other.speed.overlaps(point.speed) and other.who not in basis.barred
        and basis.scores[other.who].parts[1].points.known
    ]  # fmt: skip
    if faster:
        quick = min(faster, key=lambda other: (other.speed.value, other.who.order))
        times = point.speed.value / quick.speed.value
        sentences.append(
            (f"Where speed counts more: {quick.who.name} is {times:.1f} times as fast, with ", full(quick.quality), ".")
        )
    return sentences
