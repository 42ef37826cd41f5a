"""Whole suites through the gate's own functions: how often one is red though nothing got worse."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from modellab.gate import breaks, case, decision, detectable_effect, joint, paired_quality, settle, suite_alpha
from modellab.gate.case import Sides
from modellab.stats import intervals, multiple_testing, permutation
from modellab.stats.intervals import by_unit
from modellab.tasks import asr, diarization
from modellab.types import Metric, Rule, Status, Verdict, gate_counts
from tools.gate_benchmark import unchanged
from tools.gate_benchmark.figures import Bools, Floats, generator
from tools.gate_benchmark.unchanged import NOISES, Noise

Json = dict[str, Any]
WER, CER = asr.METRICS[:2]
DER, JER = (next(metric for metric in diarization.METRICS if metric.name == name) for name in ("der", "jer"))
RULE = Rule()
DECIDING = (
    *(breaks, case, decision, gate_counts, joint, paired_quality, detectable_effect, suite_alpha),
    *(intervals, multiple_testing, permutation),
)
CELLS = 2_000_000  # utterances drawn at a time
CALM = Verdict("wer", "ratio", "quality", Status.INCONCLUSIVE, 0.0, p=1.0, least_p=1.0, adjusted_p=1.0)
ONE_SIDED = 0.90  # two-sided confidence whose upper end is the one-sided bound of 95 %


@dataclass(frozen=True, slots=True)
class Effort:
    """How many suites are drawn: by the number of cases, over all numbers of utterances."""

    suites: dict[int, int]
    utterances: tuple[int, ...]
    recordings: tuple[int, ...] = (4, 6, 8, 10, 20)
    tries: int = 200  # of each row of detection

    def suites_of(self, cases: int, utterances: int) -> int:
        """Suites of one cell: fewer where they are large."""
        whole = self.suites[cases]
        return max(2, round(whole / len(self.utterances) * (0.4 if utterances >= 1000 else 1.0)))


FULL = Effort({1: 600, 10: 300, 30: 300, 100: 120}, (10, 20, 40, 100, 400, 2000), tries=100)
QUICK = Effort({1: 300, 30: 45}, (10, 40, 400), (6, 10), 20)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cases of one noise: errors of words and letters of both runs, shape (cases, utterances)."""

    words: Floats
    before: Floats
    after: Floats
    letters: tuple[Floats, Floats]
    clusters: tuple[str, ...] = ()

    def sides(self, row: int) -> list[Sides]:
        """One case, metric by metric."""
        n_words = self.words[row]
        pairs = ((WER, n_words, self.before, self.after), (CER, unchanged.LETTERS * n_words, *self.letters))
        return [Sides(m, RULE, np.c_[one[row], bottom], np.c_[other[row], bottom]) for m, bottom, one, other in pairs]

    def damaged(self, row: int, after: Floats, rng: np.random.Generator) -> Drawn:
        """The same with other errors after in one case."""
        worse = self.after.copy()
        worse[row] = after
        return replace(self, after=worse, letters=unchanged.letters(rng, self.before, worse))


def drawn(noise: Noise, rng: np.random.Generator, cases: int, utterances: int) -> Drawn:
    """So many cases."""
    n_words = unchanged.words(rng, (cases, utterances))
    before, after = noise.draw(rng, n_words)
    names = tuple(f"s{who}" for who in unchanged.owners(utterances, noise.speakers)) if noise.speakers else ()
    return Drawn(n_words, before, after, unchanged.letters(rng, before, after), names)


def judged(sides: Sequence[Sides], clusters: Sequence[str], family: int) -> tuple[Verdict, ...]:
    """The gate's verdicts on one case."""
    return tuple(_verdict(seen, family) for seen in case.seen(sides, clusters or None, family))


def _verdict(seen: case.Seen, family: int) -> Verdict:
    answer, metric = decision.decide(seen, family), seen.sides.metric
    return Verdict(
        metric.name, metric.unit, metric.kind, answer.status, seen.found.now, seen.found.baseline, seen.found.change,
        why=answer.why, red=answer.status is Status.REGRESSED, p=seen.found.p, least_p=seen.found.least_p,
        pending=answer.pending, adjusted_p=seen.p, basis=seen.found.basis,
    )  # fmt: skip


def verdicts(cases: Drawn, family: int) -> list[tuple[Verdict, ...]]:
    """Of every case; where the answer is plain without the gate, what its suite needs to know of it."""
    plain, least = foregone(cases, family)
    return [
        (replace(CALM, least_p=float(least[row])),) if plain[row] else judged(cases.sides(row), cases.clusters, family)
        for row in range(len(cases.words))
    ]


def foregone(cases: Drawn, family: int) -> tuple[Bools, Floats]:
    """(which cases are neither red nor can become so, the least p of each).

    With S = sum of differences / root of the sum of their squares p is at least 3/32 for S <= 1 (Dvořák & Tiwary 2020),
    by words and by letters; and fewer utterances broke than are red at once.
    """
    ends = cases.before, cases.after
    low = np.ones(len(cases.words), dtype=bool)
    counts = np.zeros(len(cases.words))
    for one, other in (ends, cases.letters):
        difference = np.array([by_unit(row[:, None], cases.clusters or None)[:, 0] for row in other - one])
        strength = difference.sum(axis=1) / np.sqrt(np.maximum((difference**2).sum(axis=1), 1e-12))
        low &= strength <= 1.0
        counts = np.maximum(counts, (difference != 0).sum(axis=1))
    how = breaks.gross(WER, RULE)
    assert how is not None
    sizes = breaks.sizes(cases.words.shape[1], cases.clusters or None)
    named = breaks.is_named(cases.clusters)
    needed = breaks.fewest(sizes, breaks.BROKEN * RULE.alpha / family, how.often, named=named) or math.inf
    few = breaks.broken(cases.after - cases.before, cases.words, how, cases.before).sum(axis=1) < needed
    return low & few, 2.0 ** -np.minimum(counts, 1000)


def code() -> str:
    """A digest of what decides on quality: which state of the gate a figure is of.

    Of the statements alone: what moved to another of these modules, a comment or a docstring changes no verdict.
    """
    texts = (Path(str(module.__file__)).read_text(encoding="utf-8") for module in DECIDING)
    deciding = sorted(statement for text in texts for statement in statements(text))
    return sha256("\n".join(deciding).encode()).hexdigest()[:12]


def statements(text: str) -> list[str]:
    """The source, statement by statement, without its imports, comments and docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return [ast.unparse(node) for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]


def red(suite: list[tuple[Verdict, ...]]) -> bool:
    """Whether a suite is red when it has been settled."""
    return any(verdict.red for verdicts in settle(suite) for verdict in verdicts)


def false_alarms(name: str, cases: int, utterances: int, suites: int) -> int:
    """How many suites of an unchanged model are red."""
    rng, n_red = generator("suites", name, cases, utterances), 0
    at_once = max(1, CELLS // (cases * utterances))
    for start in range(0, suites, at_once):
        count = min(at_once, suites - start)
        answers = verdicts(drawn(NOISES[name], rng, count * cases, utterances), cases)
        n_red += sum(red(answers[i * cases : (i + 1) * cases]) for i in range(count))
    return n_red


def recordings(cases: int, count: int, suites: int) -> int:
    """The same of DER on few recordings: all jitter by 0.3 points, one in ten jumps by 3 to 25 in either run."""
    rng = generator("suites", "der", cases, count)
    return sum(red([judged(_der(rng, count), (), cases) for _ in range(cases)]) for _ in range(suites))


def _der(rng: np.random.Generator, count: int) -> list[Sides]:
    seconds, base = rng.uniform(200.0, 900.0, count), rng.uniform(0.04, 0.12, count)
    counts = [base + rng.normal(0, 0.003, count) + jumps(rng, count) for _ in "ab"]
    return sides_of_der(seconds, *(np.maximum(share, 0.0) for share in counts))


def sides_of_der(seconds: Floats, before: Floats, after: Floats) -> list[Sides]:
    """DER over seconds of speech, and JER over four speakers that is twice as high."""
    pairs: tuple[tuple[Metric, Floats, float], ...] = ((DER, seconds, 1.0), (JER, np.full(len(seconds), 4.0), 2.0))
    return [
        Sides(metric, RULE, *(np.c_[factor * share * bottom, bottom] for share in (before, after)))
        for metric, bottom, factor in pairs
    ]


def jumps(rng: np.random.Generator, count: int) -> Floats:
    """Speakers swapped in one recording of ten."""
    return np.where(rng.random(count) < 0.1, rng.uniform(0.03, 0.25, count), 0.0)


def tasks(effort: Effort) -> Iterator[tuple[str, int, int, int]]:
    """(noise, cases, utterances or recordings, suites) of every cell."""
    for cases in effort.suites:
        for name in NOISES:
            for utterances in effort.utterances:
                if utterances >= NOISES[name].speakers:
                    yield name, cases, utterances, effort.suites_of(cases, utterances)
        for count in effort.recordings:
            yield "der", cases, count, max(2, effort.suites[cases] // (4 * len(effort.recordings)))


def measured(name: str, cases: int, utterances: int, suites: int) -> Json:
    """One cell."""
    drawn_from = (cases, utterances, suites)
    hits = recordings(*drawn_from) if name == "der" else false_alarms(name, *drawn_from)
    return {"suites": suites, "red": hits}
