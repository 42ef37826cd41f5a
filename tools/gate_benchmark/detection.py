"""Damage through the gate's own functions: how often a bad case is red in suites whose other cases only churn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from modellab.gate import settle
from modellab.stats.intervals import costs
from modellab.types import Verdict
from tools.gate_benchmark import suites
from tools.gate_benchmark.figures import Floats, generator
from tools.gate_benchmark.suites import CALM, WER, Drawn, drawn, judged, verdicts
from tools.gate_benchmark.unchanged import NOISES, Noise, int8, owners

Json = dict[str, Any]
Harm = Callable[[np.random.Generator, Floats, Floats], Floats]  # words and errors of a case -> errors with the damage
CASES = (1, 10, 30, 100)
SPEAKERS = Noise("four speakers", int8, 4)
RECORDINGS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of damage. `wanted` is the fraction of suites in which it has to be red; None: it is only told."""

    title: str
    utterances: int
    harm: Harm
    noise: Noise = NOISES["int8"]
    cases: tuple[int, ...] = CASES
    wanted: float | None = 0.95


def silent(share: float) -> Harm:
    """So large a fraction of the utterances comes out empty."""

    def harm(rng: np.random.Generator, n_words: Floats, after: Floats) -> Floats:
        worse = after.copy()
        chosen = rng.permutation(len(n_words))[: round(share * len(n_words))]
        worse[chosen] = n_words[chosen]
        return worse

    return harm


def more(points: float) -> Harm:
    """Further errors in all utterances: so large a fraction of the words."""
    return lambda rng, n_words, after: np.minimum(after + rng.poisson(points * n_words), 2 * n_words)


def garbage(rng: np.random.Generator, n_words: Floats, after: Floats) -> Floats:  # noqa: ARG001
    """Other words in all utterances."""
    return n_words + rng.poisson(0.2 * n_words)


def one_speaker(rng: np.random.Generator, n_words: Floats, after: Floats) -> Floats:  # noqa: ARG001
    """The first of four speakers is not heard at all."""
    return np.where(owners(len(n_words), 4) == 0, n_words, after)


def seven(rng: np.random.Generator, n_words: Floats, after: Floats) -> Floats:
    """Seven utterances lose two words each."""
    worse = after.copy()
    worse[rng.permutation(len(n_words))[:7]] += 2
    return worse


def looped(rng: np.random.Generator, n_words: Floats, after: Floats) -> Floats:
    """One utterance ends in a loop of 18 words."""
    worse = after.copy()
    worse[rng.integers(len(n_words))] += 18
    return worse


QUIET = Noise(
    "nothing else changes", lambda rng, n_words: (side := np.minimum(rng.poisson(0.05 * n_words), n_words), side)
)
ROWS = {
    "empty 25 % of 20": Row("25 % empty", 20, silent(0.25)),
    "empty 10 % of 40": Row("10 % empty", 40, silent(0.10), wanted=None),
    "empty 10 % of 100": Row("10 % empty", 100, silent(0.10)),
    "+10 points on 40": Row("+10 points of WER on all", 40, more(0.10)),
    "garbage on 10": Row("all garbage", 10, garbage),
    "garbage on 5": Row("all garbage", 5, garbage, cases=(1, 10, 30)),
    "one of 4 speakers of 40": Row("one of four speakers silent", 40, one_speaker, SPEAKERS),
    "seven of 40": Row("seven lose two words each", 40, seven, QUIET),
    "one loop in 40": Row("one loop of 18 words", 40, looped, wanted=None),
    "+10 points on 400": Row("+10 points of WER on all, the others churn", 400, more(0.10), NOISES["redrawn"]),
}  # fmt: skip
AT_DETECTS = ((40, 1), (40, 30), (100, 1), (100, 30), (400, 1), (400, 30), (400, 100))


def tasks(tries: int) -> Iterator[tuple[str, int, int, int]]:
    """(row, cases, utterances, tries) of every cell."""
    for name, row in ROWS.items():
        for cases in row.cases:
            yield name, cases, row.utterances, tries
    for cases in CASES:
        yield "der", cases, RECORDINGS, tries
    for utterances, cases in AT_DETECTS:
        yield "detects", cases, utterances, tries


def measured(name: str, cases: int, utterances: int, tries: int) -> Json:
    """How many of the tries are red, and for `detects` what was printed on average."""
    rng = generator("detection", name, cases, utterances)
    if name == "detects":
        outcomes = [_at_detects(rng, cases, utterances) for _ in range(tries)]
        return {
            "tries": tries,
            "red": sum(hit for hit, _ in outcomes),
            "size": float(np.mean([s for _, s in outcomes])),
        }
    if name == "der":
        return {"tries": tries, "red": sum(_der(rng, cases) for _ in range(tries))}
    row = ROWS[name]
    hits = 0
    for _ in range(tries):
        clean = drawn(row.noise, rng, cases, utterances)
        worse = clean.damaged(0, row.harm(rng, clean.words[0], clean.after[0]), rng)
        hits += _red(worse, cases)
    return {"tries": tries, "red": hits}


def _red(worse: Drawn, cases: int) -> bool:
    """Whether the first case is red when its suite is settled."""
    suite = [judged(worse.sides(0), worse.clusters, cases), *verdicts(worse, cases)[1:]]
    return any(verdict.red for verdict in settle(suite)[0])


def _der(rng: np.random.Generator, cases: int) -> bool:
    """DER rises by 4.5 points (standard deviation 1) in all of six recordings; the others jitter."""
    seconds, base = rng.uniform(200.0, 900.0, RECORDINGS), rng.uniform(0.04, 0.12, RECORDINGS)
    worse = suites.sides_of_der(seconds, base, base + rng.normal(0.045, 0.01, RECORDINGS))
    calm: list[tuple[Verdict, ...]] = [(CALM,)] * (cases - 1)
    return any(verdict.red for verdict in settle([judged(worse, (), cases), *calm])[0])


def _at_detects(rng: np.random.Generator, cases: int, utterances: int) -> tuple[bool, float]:
    """(red, size): damage as large as the case's `detects` after a settled clean suite, of the sizes of its errors."""
    clean = drawn(NOISES["int8"], rng, cases, utterances)
    suite = [judged(clean.sides(0), (), cases), *verdicts(clean, cases)[1:]]
    size = settle(suite)[0][0].detects or 0.0
    n_words, before = clean.words[0], clean.before[0]
    sizes = costs(WER, np.c_[before, n_words])
    sizes = sizes[sizes > 0] if (sizes > 0).any() else np.ones(1)
    hits = rng.poisson(size * n_words.sum() / sizes.mean()) if np.isfinite(size) else 0
    worse = clean.after[0].copy()
    np.add.at(worse, rng.integers(len(n_words), size=hits), rng.choice(sizes, hits))
    return _red(clean.damaged(0, worse, rng), cases), size
