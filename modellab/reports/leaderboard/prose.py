"""Numbers of a report as text, each with its interval and N, and sentences with numbers in them."""

from __future__ import annotations

import math

from modellab import units
from modellab.reports.leaderboard.records import ComparableGroup, Report, Score
from modellab.reports.leaderboard.sentences import Amount, Sentence
from modellab.stats.estimate import Estimate
from modellab.types import Metric

KNOWN = {"ratio", "1", "s/s", "s", "dB", "LUFS", "words/s", "words/min", "characters/min", "bytes"}
NOTED = "what to know of the cases"


def value(number: float, unit: str, *, signed: bool = False) -> str:
    """A number in its unit; a currency stands behind it.

    >>> value(0.0267, "ratio"), value(0.00123, "USD"), value(float("nan"), "s"), value(0.01, "ratio", signed=True)
    ('2.67 %', '0.00123 USD', '-', '+1.00 %')
    """
    if math.isnan(number):
        return units.MISSING
    if unit not in KNOWN:
        return f"{number:{'+' if signed else ''}.3g} {unit}"
    return units.change(number, unit) if signed else units.value(number, unit)


def span(estimate: Estimate, *, signed: bool = False) -> str:
    """`2.67 % [1.41 %, 3.93 %]`; the number alone where it has no interval."""
    ends = estimate.interval
    text = value(estimate.value, estimate.unit, signed=signed)
    if ends is None or not estimate.known:
        return text
    low, high = (value(end, estimate.unit, signed=signed) for end in ends)
    return f"{text} [{low}, {high}]"


def n(estimate: Estimate) -> str:
    """What a number rests on: `440`, `9 sessions`."""
    if not estimate.n:
        return units.MISSING
    if estimate.of == "utterances":
        return str(estimate.n)
    return f"{estimate.n} {estimate.of if estimate.n != 1 else estimate.of.removesuffix('s')}"


def points(estimate: Estimate) -> str:
    """Points of a score: `92 [89, 94]`."""
    if not estimate.known:
        return units.MISSING
    ends = estimate.interval
    return f"{estimate.value:.0f}" + (f" [{ends[0]:.0f}, {ends[1]:.0f}]" if ends else "")


def text(sentence: Sentence) -> str:
    """A sentence with its numbers written out."""
    return "".join(part if isinstance(part, str) else _amount(part) for part in sentence)


def _amount(amount: Amount) -> str:
    estimate = amount.estimate
    if amount.bare:
        return value(estimate.value, estimate.unit)
    counted = f"{estimate.n} {estimate.of}" if estimate.n != 1 else n(estimate)
    missing = "" if estimate.interval else ", no interval"
    return f"{span(estimate, signed=amount.signed)} (N {counted}{missing})"


def formula(report: Report) -> list[str]:
    """How points and grades come about, with the numbers in force."""
    card = report.scorecard
    weights = card.weights.model_dump()
    whole = sum(weights.values())
    terms = " + ".join(f"{100 * weight / whole:.3g} % {name}" for name, weight in weights.items() if weight)
    lines = [
        f"score = {terms}, each part from 0 to 100 points",
        f"A from {card.grades.A:g} points, B from {card.grades.B:g}, C below; not rated below {card.fewest} utterances",
    ]
    lines += [f"{_scales(report)}; the rest in between, of speed, memory and cost by the logarithm"]
    lines += ["stability: the lowest of success rate, answers that repeat, and RTF between sessions"]
    if not card.prices:
        lines.append("cost: no prices in [tool.modellab.scorecard.prices], so it has no points")
    return lines


def _scales(report: Report) -> str:
    card = report.scorecard
    metrics = {group.metric: Metric(group.metric, group.unit, group.better) for group in report.groups}
    known = [(metric, scale) for metric in metrics.values() if (scale := card.scale(metric))]
    ends = [
        *(
            (units.heading(metric.name), value(on.worst, metric.unit), value(on.best, metric.unit))
            for metric, on in known
        ),
        ("RTF", value(card.speed.worst, "s/s"), value(card.speed.best, "s/s")),
        ("peak memory", value(card.memory.worst, "bytes"), value(card.memory.best, "bytes")),
        ("cost of an hour of audio", value(card.cost.worst, card.currency), value(card.cost.best, card.currency)),
    ]
    return "0 and 100 points: " + ", ".join(f"{name} {worst} and {best}" for name, worst, best in ends)


def weights(group: ComparableGroup) -> list[str]:
    """Which parts are missing, and what the others' weights became; each said once."""
    missing: dict[tuple[str, str, str], list[str]] = {}
    for score in group.scores:
        for part in score.parts:
            if not part.points.known:
                missing.setdefault((part.name, part.words, weights_in_force(score)), []).append(score.who.name)
    return [
        f"{len(names) if len(names) > 1 else names[0]}{' models' if len(names) > 1 else ''}: no {part}"
        f" ({why}), the weights are {left}"
        for (part, why, left), names in missing.items()
    ]


def weights_in_force(score: Score) -> str:
    """The weights in force."""
    return ", ".join(f"{part.name} {100 * part.weight:.0f} %" for part in score.parts if part.weight) or "nothing"


def grade(score: Score) -> str:
    """`A`, `B (A to B)`, `not rated (3 utterances, 20 are needed)`."""
    return f"{score.grade} ({score.grades or score.why})" if score.grades or score.why else score.grade


def advice(group: ComparableGroup) -> list[str]:
    """The recommendation, a sentence an item."""
    return [text(sentence) for sentence in group.advice.sentences]
