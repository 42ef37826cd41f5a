"""Points from 0 to 100 and a grade: weighted parts, each from a measured number by a stated scale.

    points(quality) = 100 (worst - value) / (worst - best)                       between 0 and 100
    points(speed, memory, cost) = 100 log(worst / value) / log(worst / best)      between 0 and 100
    points(stability) = the lowest of: success rate, drift of repeated answers, spread of RTF between sessions
    score = sum of weight x points over the parts that could be had, their weights scaled to add up to 1

The ends of a part's interval are the points of the ends of the number's interval. The score's are the weighted parts'
distances added as squares: the parts are taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain

from modellab import tasks
from modellab.plan.score_settings import PARTS, Scale, Scorecard, Tenfold
from modellab.plan.score_settings import Part as PartName
from modellab.reports.leaderboard import estimates
from modellab.reports.leaderboard.records import Part, Score, System
from modellab.reports.leaderboard.systems import result_of
from modellab.results.entry import Entry
from modellab.stats import intervals
from modellab.stats.estimate import Estimate
from modellab.types import Metric

NOT_RATED = "not rated"
SUCCESS = Scale(worst=0.8, best=1.0)
DRIFT = Scale(worst=0.2, best=0.0)
SPREAD = Scale(worst=0.5, best=0.0)  # sd of log RTF between sessions
NOTHING = Estimate(math.nan)
Groups = Sequence[Sequence[Entry]]  # for each dataset the entry that counts, last, after its repeats


def points(scale: Scale, value: float) -> float:
    """0 to 100; NaN for a value that is none.

    >>> points(Scale(worst=0.5, best=0.0), 0.05), points(Tenfold(worst=1.0, best=0.01), 0.1)
    (90.0, 50.0)
    """
    if math.isnan(value):
        return math.nan
    if isinstance(scale, Tenfold):
        fraction = math.log(scale.worst / value) / math.log(scale.worst / scale.best) if value > 0 else 1.0
    else:
        fraction = (scale.worst - value) / (scale.worst - scale.best)
    return round(100 * min(1.0, max(0.0, fraction)), 6)


def on(scale: Scale, measured: Estimate) -> Estimate:
    """An estimate in points."""
    ends = sorted(points(scale, end) for end in (measured.low, measured.high)) if measured.interval else []
    low, high = ends or (math.nan, math.nan)
    return Estimate(points(scale, measured.value), low, high, measured.n, measured.of, "1")


def score(
    who: System, groups: Groups, drift: Sequence[Entry], card: Scorecard, *, compared: bool, stage: str = ""
) -> Score:
    """The score of one system from its results; `drift` are those of its stability cases."""
    metric = tasks.get(who.task).METRICS[0]
    speed = estimates.speed(groups)
    by_part = {
        "quality": _quality(metric, groups, card),
        "speed": _speed(speed, groups, card),
        "memory": _memory(groups, card),
        "stability": _stability(groups, drift),
        "cost": _cost(speed, groups, card),
    }
    wanted = {name: getattr(card.weights, name) for name in PARTS}
    whole = math.fsum(wanted[name] for name in PARTS if by_part[name][0].known)
    parts = tuple(
        Part(name, wanted[name] / whole if whole and by_part[name][0].known else 0.0, *by_part[name]) for name in PARTS
    )
    total = _total(parts)
    why = _lacks(parts, wanted, whole, card)
    grade = NOT_RATED if why else letter(total.value, card)
    datasets, doubt = tuple(group[-1].key.dataset for group in groups), estimates.mark(groups) if speed.known else ""
    return Score(who, total, grade, "" if why else _span(total, card), why, parts, datasets, compared, stage, doubt)


def letter(value: float, card: Scorecard) -> str:
    """The grade of so many points."""
    return "A" if value >= card.grades.A else "B" if value >= card.grades.B else "C"


def _span(total: Estimate, card: Scorecard) -> str:
    ends = [letter(end, card) for end in (total.high, total.low)] if total.interval else []
    return f"{ends[0]} to {ends[1]}" if len(set(ends)) > 1 else ""


def _lacks(parts: Sequence[Part], wanted: Mapping[PartName, float], whole: float, card: Scorecard) -> str:
    """Why there is no grade; '' where there is one."""
    quality = parts[0]
    if not quality.points.known:
        return quality.words
    if quality.measured.n < card.fewest:
        return f"{quality.measured.n} utterances, {card.fewest} are needed"
    if whole < sum(wanted.values()) / 2:
        known = ", ".join(part.name for part in parts if part.points.known)
        return f"less than half of the weights could be had ({known})"
    return ""


def _total(parts: Sequence[Part]) -> Estimate:
    there = [part for part in parts if part.weight]
    if not there:
        return NOTHING
    value = math.fsum(part.weight * part.points.value for part in there)
    spans = [(part.weight, part.points) for part in there if part.points.interval]
    down = math.sqrt(math.fsum((weight * (estimate.value - estimate.low)) ** 2 for weight, estimate in spans))
    up = math.sqrt(math.fsum((weight * (estimate.high - estimate.value)) ** 2 for weight, estimate in spans))
    low, high = (max(0.0, value - down), min(100.0, value + up)) if spans else (math.nan, math.nan)
    return Estimate(value, low, high, parts[0].measured.n, "utterances", "1")


# ---------------------------------------------------------------------------- the parts

Made = tuple[Estimate, Estimate, str]  # points, what was measured, words


def _quality(metric: Metric, groups: Groups, card: Scorecard) -> Made:
    scale = card.scale(metric)
    utterances = list(chain.from_iterable(result_of(group[-1]).utterances for group in groups))
    several = len(groups) > 1
    own = [
        (f"{group[-1].key.dataset}/" if several else "", u) for group in groups for u in result_of(group[-1]).utterances
    ]
    kept = [(where, u) for where, u in own if metric.name in u.counts]
    clusters = [f"{where}{u.cluster}" if u.cluster else "" for where, u in kept]
    measured = intervals.rate(metric, [u.counts[metric.name] for _, u in kept], clusters)
    if scale is None:
        return NOTHING, measured, f"no scale for {metric.name}: set scorecard.quality.{metric.name}"
    if not measured.known:
        return NOTHING, measured, f"no {metric.name} in {len(utterances)} utterances"
    return on(scale, measured), measured, f"{metric.name} from {scale.worst:g} (0) to {scale.best:g} (100)"


def _speed(speed: Estimate, groups: Groups, card: Scorecard) -> Made:
    if not speed.known:
        return NOTHING, speed, "no times"
    if why := estimates.doubt(groups):
        return NOTHING, speed, why
    machines = ", ".join(_machines(groups))
    return on(card.speed, speed), speed, f"RTF from {card.speed.worst:g} (0) to {card.speed.best:g} (100) on {machines}"


def _memory(groups: Groups, card: Scorecard) -> Made:
    peak = estimates.memory(groups)
    if not peak.known:
        return NOTHING, peak, "no peak memory"
    ends = (f"{end / 2**20:.0f} MiB ({mark})" for end, mark in ((card.memory.worst, 0), (card.memory.best, 100)))
    return on(card.memory, peak), peak, f"peak memory from {' to '.join(ends)}"


def _cost(speed: Estimate, groups: Groups, card: Scorecard) -> Made:
    machines = _machines(groups)
    prices = {machine: card.price(machine) for machine in machines}
    unknown = [machine for machine, price in prices.items() if price is None]
    if unknown or not speed.known:
        why = f"no price for {unknown[0]} in scorecard.prices" if unknown else "no times"
        return NOTHING, Estimate(math.nan, unit=card.currency), why
    if why := estimates.doubt(groups):
        return NOTHING, Estimate(math.nan, unit=card.currency), why
    if len(set(prices.values())) > 1:
        return NOTHING, Estimate(math.nan, unit=card.currency), "measured on machines of several prices"
    price = prices[machines[0]] or 0.0
    cost = Estimate(price * speed.value, price * speed.low, price * speed.high, speed.n, speed.of, card.currency)
    why = f"{price:g} {card.currency} an hour of {machines[0]} x RTF, from {card.cost.worst:g} to {card.cost.best:g}"
    return on(card.cost, cost), cost, why


def _stability(groups: Groups, drift: Sequence[Entry]) -> Made:
    """The weakest of what is known of it."""
    success = Metric("success_rate", unit="ratio", better="higher")
    utterances = chain.from_iterable(result_of(group[-1]).utterances for group in groups)
    counts = [u.counts["success_rate"] for u in utterances if "success_rate" in u.counts]
    known: list[Made] = []
    if counts:
        rate = intervals.rate(success, counts)
        known.append((on(SUCCESS, rate), rate, f"success rate {100 * rate.value:.1f} % of {rate.n}"))
    for entry in drift:
        metric = tasks.get("stability").METRICS[0]
        rate = intervals.of(metric, result_of(entry).utterances)
        words = f"{100 * rate.value:.1f} % of repeated answers differ ({entry.key.dataset}, {rate.n} clips)"
        known.append((on(DRIFT, rate), rate, words))
    sd, freedom, sessions = estimates.session_spread(groups)
    if freedom:
        width = Estimate(sd, *_sd_ends(sd, freedom), n=sessions, of="sessions")
        known.append((on(SPREAD, width), width, f"RTF varies by {100 * sd:.1f} % between {sessions} sessions"))
    there = [part for part in known if part[0].known]
    if not there:
        return NOTHING, NOTHING, "no stability case, no success rate, fewer than 3 sessions"
    weakest = min(there, key=lambda part: part[0].value)
    return weakest[0], weakest[1], "; ".join(words for _, _, words in there)


def _sd_ends(sd: float, freedom: int) -> tuple[float, float]:
    """95 % interval of a standard deviation, by chi-squared."""
    from scipy.special import chdtri

    return sd * math.sqrt(freedom / float(chdtri(freedom, 0.025))), sd * math.sqrt(
        freedom / float(chdtri(freedom, 0.975))
    )


def _machines(groups: Groups) -> list[str]:
    return sorted({result_of(group[-1]).machine or "an unknown machine" for group in groups})
