"""Word error rate: false alarms and the smallest damage seen, for so many utterances and so much benign churn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from modellab.gate import breaks, decision
from modellab.gate.case import Sides
from modellab.gate.decision import margin
from modellab.tasks import asr
from modellab.types import Metric, Rule, Status
from tools.gate_benchmark.contest import finite
from tools.gate_benchmark.figures import POWER, Bools, Floats, clopper_pearson, generator, suite_red
from tools.gate_benchmark.words import Errors, Model, Source

METRIC: Metric = next(metric for metric in asr.METRICS if metric.name == "wer")
RULE = Rule(margin=METRIC.margin, margin_relative=METRIC.margin_relative)
UTTERANCES = (100, 300, 1000, 2620)  # 2620: LibriSpeech test-clean
CHURN = (0.02, 0.05, 0.10, 0.25, 1.0)
MIDDLE = (1000, 0.05)
COUNTED = "counted"  # the gate's rule that counts what broke; figures without it are of the one before, which had a cap
Z = 2.326  # one in a hundred, one-sided
HIGHEST = 0.5  # WER
FROM, STEP, STEPS = 0.7, 1.1, 40  # of a first guess: where the power of the gate itself is measured
SPEAKERS = 40
HITS = (1, 2, 3)  # errors added to an utterance


@dataclass(frozen=True, slots=True)
class Effort:
    """Runs drawn per cell: clean ones, and damaged ones."""

    clean: int = 6000
    damaged: int = 300
    finely: int = 5  # times as many damaged ones in the cell that a figure to reach is about
    cells: tuple[tuple[int, float], ...] = tuple(product(UTTERANCES, CHURN))


FULL = Effort()
QUICK = Effort(200, 60, 1, tuple(product((100, 1000), (0.05, 1.0))))


@dataclass(frozen=True, slots=True)
class Sums:
    """What every rule starts from; all (runs,)."""

    words: Floats
    before: Floats
    after: Floats

    @property
    def change(self) -> Floats:
        """Of the word error rate."""
        return (self.after - self.before) / self.words


def sums(errors: Errors) -> Sums:
    """Added over utterances."""
    return Sums(*(side.sum(axis=1) for side in (errors.words, errors.before, errors.after)))


# ---------------------------------------------------------------------------- the rules


def modellab(errors: Errors) -> Bools:
    """modellab's gate: `decision.alone`, called wherever the answer is not plain without it."""
    answer, plain = foregone(errors)
    rows = np.flatnonzero(~plain)
    answer[rows] = [judged(errors.words[row], errors.before[row], errors.after[row]) for row in rows]
    return answer


def judged(words: Floats, before: Floats, after: Floats, clusters: list[str] | None = None, rule: Rule = RULE) -> bool:
    """The gate itself on one run; is it red?"""
    first, second = (np.stack([side, words], axis=1) for side in (before, after))
    return decision.alone(Sides(METRIC, rule, first, second), clusters).status is Status.REGRESSED


def foregone(errors: Errors) -> tuple[Bools, Bools]:
    """(answer, whether it is plain): runs which need no permutations for the gate's answer to be known.

    Less than the margin is never red. With S = sum of differences / root of the sum of their squares, p is at least
    3/32 for S <= 1 (Dvořák & Tiwary 2020) and at most exp(-S^2 / 2) for any (Hoeffding 1963). Many small differences
    behave as the normal distribution does. So many broken utterances as might be red at once are left to the gate.
    """
    total = sums(errors)
    difference = errors.after - errors.before
    squares = (difference**2).sum(axis=1)
    fourth = (difference**4).sum(axis=1) / np.maximum(squares, 1) ** 2
    strength = difference.sum(axis=1) / np.sqrt(np.maximum(squares, 1))
    baseline = total.before / total.words
    limit = np.array([margin(METRIC, RULE, rate) for rate in baseline])
    material = total.change >= limit * (1 - 1e-9)
    low, high = np.where(fourth < 0.02, 1.9, 1.0), np.where(fourth < 0.02, 2.9, 3.6)
    how = breaks.gross(METRIC, RULE)
    assert how is not None
    needed = breaks.fewest([1] * errors.words.shape[1], breaks.BROKEN * RULE.alpha, how.often) or math.inf
    unbroken = breaks.broken(difference, errors.words, how, errors.before).sum(axis=1) < needed
    green = ~material | ((strength <= low) & unbroken)
    red = (total.change >= 1.01 * limit) & (strength >= high) & ((difference != 0).sum(axis=1) >= 14)
    return red.copy(), green | red


def paired_z(errors: Errors) -> Bools:
    """Paired, ratio estimator, normal approximation: z above 2.326."""
    total, n = sums(errors), errors.words.shape[1]
    rest = errors.after - errors.before - total.change[:, None] * errors.words
    error = np.sqrt((rest**2).sum(axis=1) * n / (n - 1)) / total.words
    return np.asarray(total.change > Z * error)


def unpaired(errors: Errors) -> Bools:
    """Two standard errors, as lm-eval prints one beside each score: z above 2.326."""
    total, n = sums(errors), errors.words.shape[1]
    variance = np.zeros(len(total.words))
    for side in (errors.before, errors.after):
        rest = side - (side.sum(axis=1) / total.words)[:, None] * errors.words
        variance += (rest**2).sum(axis=1) * n / (n - 1) / total.words**2
    return total.change > Z * np.sqrt(variance)


def relative(share: float) -> Callable[[Errors], Bools]:
    """Worse by more than a fraction of the baseline."""
    return lambda errors: (total := sums(errors)).after > (1 + share) * total.before


def absolute(wer: float) -> Callable[[Errors], Bools]:
    """Worse by more than so much WER."""
    return lambda errors: sums(errors).change > wer


GATES: dict[str, tuple[str, Callable[[Errors], Bools]]] = {
    "modellab": ("modellab", modellab),
    "paired_z": ("paired z", paired_z),
    "unpaired": ("unpaired interval", unpaired),
    "relative_5": ("+5 % relative", relative(0.05)),
    "relative_10": ("+10 % relative", relative(0.10)),
    "absolute_0.5": ("+0.5 % absolute", absolute(0.005)),
    "absolute_1": ("+1 % absolute", absolute(0.01)),
}

# ---------------------------------------------------------------------------- the measuring


def cell(source: Source, utterances: int, churn: float, effort: Effort) -> dict[str, Any]:
    """Every gate in one cell."""
    clean = list(batches(source, "clean", effort.clean, utterances, churn))
    finely = effort.finely if (utterances, churn) == MIDDLE else 1
    damaged = list(batches(source, "damaged", effort.damaged * finely, utterances, churn))
    by_gate = {}
    for name, (title, gate) in GATES.items():
        false_alarm = share(gate, clean)
        by_gate[name] = {
            "title": title,
            "false_alarm": false_alarm,
            "false_alarm_bounds": list(clopper_pearson(false_alarm * effort.clean, effort.clean)),
            "suite30_red": suite_red(false_alarm),
            "mde80": finite(smallest(gate, damaged)),
        }
    by_gate["modellab"]["rule"] = COUNTED
    return by_gate


def outdated(cells: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether some cell was measured with a rule of the gate that is no more."""
    ours = [gates["modellab"] for gates in cells.values() if "modellab" in gates]
    return any(gate.get("rule") != COUNTED for gate in ours)


def batches(source: Source, what: str, runs: int, utterances: int, churn: float) -> Iterator[Errors]:
    """Runs in bundles of bounded memory."""
    rng = generator(source.name, what, utterances, churn)
    size = max(1, 400_000 // utterances)
    for start in range(0, runs, size):
        yield source.draw(rng, min(size, runs - start), utterances, churn)


def share(gate: Callable[[Errors], Bools], runs: list[Errors], wer: float = 0.0) -> float:
    """How many of the runs are red with so much damage."""
    return float(np.concatenate([gate(errors.damaged(wer)) for errors in runs]).mean())


def smallest(gate: Callable[[Errors], Bools], runs: list[Errors]) -> float:
    """The damage, in WER, seen with 80 % power; infinite where none is.

    Halved for a cheap rule. The gate itself is asked around the paired z test's answer; between two of these points
    its power is taken to be straight.
    """
    if gate is not modellab:
        return halved(lambda wer: share(gate, runs, wer))
    guess = halved(lambda wer: share(paired_z, runs, wer))
    if not math.isfinite(guess):
        return math.inf
    points: list[tuple[float, float]] = []
    for wer in (guess * FROM * STEP**step for step in range(STEPS)):
        points.append((wer, share(gate, runs, wer)))
        if points[-1][1] >= POWER:
            break
    else:
        return math.inf
    if len(points) == 1:
        return halved(lambda wer: share(gate, runs, wer))
    (below, low), (above, high) = points[-2:]
    return below + (above - below) * (POWER - low) / (high - low)


def halved(power: Callable[[float], float], steps: int = 12) -> float:
    """Halving the interval up to HIGHEST, finer where effects are small."""
    if power(HIGHEST) < POWER:
        return math.inf
    low, high = math.log(1e-4), math.log(HIGHEST)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if power(math.exp(middle)) >= POWER else (middle, high)
    return math.exp(high)


def hit_sizes(model: Model, runs: int) -> dict[str, float | None]:
    """The damage that modellab sees in MIDDLE if each utterance hit gets so many errors, no more and no less."""
    drawn = list(batches(model, "damaged", runs, *MIDDLE))
    by_size = {}
    for size in HITS:
        same = [
            replace(errors, hit=np.full_like(errors.hit, size), typical=model.words_mean / size) for errors in drawn
        ]
        by_size[str(size)] = finite(smallest(modellab, same))
    return by_size


def clustered(model: Model, runs: int, utterances: int = 1000) -> dict[str, Any]:
    """Two systems of equal standing that differ by speaker: false alarms with and without naming the speakers."""
    words, one, other = model.systems(generator("clustered"), (runs, utterances), SPEAKERS)
    named = [str(unit) for unit in np.repeat(np.arange(SPEAKERS), utterances // SPEAKERS)]
    ways = {"speakers named": named, "utterances taken as independent": None}
    figures: dict[str, Any] = {"utterances": utterances, "speakers": SPEAKERS, "runs": runs}
    for part, rule in (("false_alarm", RULE), ("by_test", replace(RULE, broken_least=math.inf))):
        figures[part] = {
            title: float(np.mean([judged(*row, clusters, rule) for row in zip(words, one, other, strict=True)]))
            for title, clusters in ways.items()
        }
    return figures
