"""Word errors of two runs on the same utterances: where benign differences and damage come from.

A source gives, for every utterance, the number of words and the errors of two systems of equal standing. A benign
change of a fraction `churn` of the transcripts: those utterances get the errors of the one system before and of the
other after, whichever is which by the toss of a coin. Damage: a hit utterance gets errors on top.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tools.gate_benchmark.figures import Bools, Floats

MODEL = Path(__file__).parent / "data" / "word_errors.json"
BASELINES = Path(__file__).parents[2] / "baselines" / "asr" / "asr_lab_v1"
FEWEST_WORDS = 3
Rows = npt.NDArray[np.intp]
ALIKE = 0.05  # systems whose word error rates differ by no more


@dataclass(frozen=True, slots=True)
class Errors:
    """Words, errors before and after, and the errors that a hit adds; all (runs, utterances)."""

    words: Floats
    before: Floats
    after: Floats
    luck: Floats  # uniform: an utterance is hit where this is below the fraction that is
    hit: Floats
    typical: float  # expected (words / errors of a hit): what turns a WER into a fraction of utterances

    def damaged(self, wer: float) -> Errors:
        """The same with the expected WER raised by `wer`; more than one hit per utterance does not happen."""
        after = self.after + np.where(self.luck < wer * self.typical, self.hit, 0.0)
        return Errors(self.words, self.before, after, self.luck, self.hit, self.typical)


class Source(Protocol):
    """Where word errors come from."""

    @property
    def name(self) -> str:
        """Its key in the figures."""
        ...

    @property
    def title(self) -> str:
        """What it is, in words."""
        ...

    def draw(self, generator: np.random.Generator, runs: int, utterances: int, churn: float) -> Errors:
        """Clean runs: a fraction `churn` of the utterances changed benignly."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """Two systems' errors as counts with shared causes; fitted by `fit.py` to seven real systems.

    words = least + negative binomial. An utterance is hard by a factor with mean 1 (gamma, variance `difficulty`). Both
    systems make `rate` errors per word: some in common (Poisson), the rest each on its own, in `own` bursts per word
    whose length is geometric with mean `burst`. `speaker`: variance of a factor on a system's own errors that all
    utterances of a speaker share; only used where speakers are asked for.
    """

    words_mean: float
    words_variance: float
    rate: float
    difficulty: float
    own: float
    burst: float
    speaker: float
    name: str = "model"
    title: str = "counts with shared causes, fitted to seven real systems"

    def draw(self, generator: np.random.Generator, runs: int, utterances: int, churn: float) -> Errors:
        words, one, other = self.systems(generator, (runs, utterances))
        return _churned(generator, words, one, other, churn, self.damage(generator, words))

    def systems(
        self, generator: np.random.Generator, shape: tuple[int, int], speakers: int = 0
    ) -> tuple[Floats, Floats, Floats]:
        """Words and the errors of two systems; with `speakers`, utterances of one follow each other."""
        words = self.lengths(generator, shape)
        load = words * _gamma(generator, self.difficulty, shape)
        common = generator.poisson(load * (self.rate - self.own * self.burst))
        one, other = (common + self.bursts(generator, load * self._habit(generator, shape, speakers)) for _ in range(2))
        return words, one.astype(float), other.astype(float)

    def lengths(self, generator: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Words per utterance."""
        mean = self.words_mean - FEWEST_WORDS
        spread = (self.words_variance - mean) / mean**2
        return FEWEST_WORDS + generator.poisson(mean * _gamma(generator, spread, shape)).astype(float)

    def bursts(self, generator: np.random.Generator, load: Floats) -> Floats:
        """A system's own errors: the sum of a Poisson number of geometric lengths."""
        number = generator.poisson(load * self.own)
        more = generator.negative_binomial(np.maximum(number, 1), 1 / self.burst)
        return np.where(number > 0, number + more, 0).astype(float)

    def damage(self, generator: np.random.Generator, words: Floats) -> tuple[Floats, float]:
        """Errors that a hit adds: what one system makes more than another where it makes more."""
        _, one, other = self.systems(generator, (1, 20_000))
        positive = (one - other)[one > other]
        return generator.choice(positive, words.shape), self.words_mean / float(positive.mean())

    def _habit(self, generator: np.random.Generator, shape: tuple[int, int], speakers: int) -> Floats:
        if not speakers:
            return np.ones(shape)
        return np.repeat(_gamma(generator, self.speaker, (shape[0], speakers)), shape[1] // speakers, axis=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """Real utterances, resampled: words (n,), errors per system (n, systems), whether a pair's transcripts differ."""

    name: str
    title: str
    words: Floats
    errors: Floats
    changed: Mapping[tuple[int, int], Rows]  # pair of systems -> rows with different transcripts

    def draw(self, generator: np.random.Generator, runs: int, utterances: int, churn: float) -> Errors:
        shape = (runs, utterances)
        pairs = sorted(self.changed)
        pair = np.array(pairs)[generator.integers(0, len(pairs), runs)]
        row = generator.integers(0, len(self.words), shape)
        moved = generator.random(shape) < churn
        for number, (one, other) in enumerate(pair.tolist()):  # a changed transcript is one that does differ
            row[number, moved[number]] = generator.choice(self.changed[one, other], int(moved[number].sum()))
        one, other = (np.take_along_axis(self.errors[row], pair[:, None, [side]], axis=2)[..., 0] for side in (0, 1))
        positive = np.concatenate(
            [gain[gain > 0] for a, b in pairs for gain in [self.errors[:, b] - self.errors[:, a]]]
        )
        hit = generator.choice(positive, shape), float(self.words.mean() / positive.mean())
        return _churned(generator, self.words[row], one, other, 1.0, hit, moved)


def model() -> Model:
    """The fitted parameters that are shipped."""
    return Model(**json.loads(MODEL.read_text(encoding="utf-8"))["parameters"])


def lab() -> Counted:
    """The project's own accepted transcripts: engines and precisions of one set of weights on asr_lab_v1."""
    files = [path for path in sorted(BASELINES.glob("*whisper*.json")) if "readings" not in path.read_text("utf-8")]
    runs = [json.loads(path.read_text(encoding="utf-8"))["utterances"] for path in files]
    ids = sorted(runs[0])
    counts = np.array([[run[id]["shares"]["wer"] for run in runs] for id in ids], dtype=float)
    texts = np.array([[run[id]["output"] for run in runs] for id in ids])
    pairs = permutations(range(len(runs)), 2)
    changed = {(a, b): np.flatnonzero(texts[:, a] != texts[:, b]) for a, b in pairs}
    title = f"{len(runs)} engines and precisions of whisper-lab on asr_lab_v1, resampled"
    return Counted(
        "lab", title, counts[:, 0, 1], counts[..., 0], {pair: rows for pair, rows in changed.items() if len(rows)}
    )


def read_counts(path: Path) -> tuple[list[str], Floats, Floats]:
    """Speakers, words (n,) and errors (n, systems) of a file of counts: [recording, speaker, words, [errors, ...]]."""
    with path.open(encoding="utf-8") as lines:
        next(lines)
        rows = [row for row in map(json.loads, lines) if row[2] >= FEWEST_WORDS]
    speakers = [f"{recording}/{speaker}" for recording, speaker, *_ in rows]
    return speakers, np.array([row[2] for row in rows], float), np.array([row[3] for row in rows], float)


def counted(path: Path) -> Counted:
    """The counts of a file; systems of like quality are compared with each other, and any utterance may change."""
    _, words, errors = read_counts(path)
    changed = {(a, b): np.arange(len(words)) for a, b in alike(words, errors)}
    return Counted("counts", f"{errors.shape[1]} systems' counts from a file, resampled", words, errors, changed)


def alike(words: Floats, errors: Floats) -> Iterable[tuple[int, int]]:
    """Ordered pairs of systems whose WER differs by at most ALIKE."""
    wer = errors.sum(axis=0) / words.sum()
    return [(a, b) for a, b in permutations(range(len(wer)), 2) if abs(wer[a] - wer[b]) <= ALIKE]


def _churned(
    generator: np.random.Generator,
    words: Floats,
    one: Floats,
    other: Floats,
    churn: float,
    damage: tuple[Floats, float],
    moved: Bools | None = None,
) -> Errors:
    changed = generator.random(words.shape) < churn if moved is None else moved
    swapped = generator.random(words.shape) < 0.5
    before = np.where(changed & swapped, other, one)
    after = np.where(changed & ~swapped, other, one)
    return Errors(words, before, after, generator.random(words.shape), *damage)


def _gamma(generator: np.random.Generator, variance: float, shape: tuple[int, ...]) -> Floats:
    """Factors with mean 1."""
    return generator.gamma(1 / variance, variance, shape) if variance > 0 else np.ones(shape)
