"""Noises of an unchanged model: what differs between two runs of it though nothing got worse.

Each gives the words of every utterance and the errors of both runs, shape (cases, utterances), drawn alike on either
side. Utterances have 14 words on average and errors that come in bursts (Poisson with a gamma rate); `churn` is the
fraction of transcripts that are drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.gate_benchmark.figures import Floats

Pair = tuple[Floats, Floats]  # errors before and after
Draw = Callable[[np.random.Generator, Floats], Pair]
LETTERS = 5.0  # of a word
RATE = 0.08


@dataclass(frozen=True, slots=True)
class Noise:
    """A kind of noise. `speakers` named in each case; 0: utterances stand alone. `kept`: the promise covers it."""

    title: str
    draw: Draw
    speakers: int = 0
    kept: bool = True


def words(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """The words of each utterance: at least 3, 14 on average."""
    return np.asarray(3.0 + rng.poisson(rng.gamma(2.0, 5.5, shape)), dtype=np.float64)


def errors(rng: np.random.Generator, n_words: Floats, rate: Floats | float = RATE) -> Floats:
    """Errors of one run, never more than there are words."""
    wrong = rng.poisson(n_words * rate * rng.gamma(0.5, 2.0, n_words.shape)).astype(float)
    return np.asarray(np.minimum(wrong, n_words), dtype=np.float64)


def letters(rng: np.random.Generator, before: Floats, after: Floats) -> Pair:
    """Wrong letters beside wrong words: one to five for each, those of the words that are wrong on both sides alike."""
    both = np.minimum(before, after)
    alike = _letters(rng, both)
    return alike + _letters(rng, before - both), alike + _letters(rng, after - both)


def _letters(rng: np.random.Generator, wrong: Floats) -> Floats:
    return np.asarray(wrong + rng.binomial(4 * wrong.astype(int), 0.5))


def churned(rng: np.random.Generator, n_words: Floats, churn: float) -> Pair:
    """A fraction of the transcripts drawn anew on one side."""
    before, anew = errors(rng, n_words), errors(rng, n_words)
    return before, np.where(rng.random(n_words.shape) < churn, anew, before)


def churn(share: float) -> Draw:
    """So many transcripts are others."""
    return lambda rng, n_words: churned(rng, n_words, share)


def hit(often: float, what: Callable[[np.random.Generator, Floats, Floats], Floats]) -> Draw:
    """Beside churn of a fifth, one utterance in so many goes wrong in either run: `what(rng, words, errors)`."""

    def draw(rng: np.random.Generator, n_words: Floats) -> Pair:
        before, after = (
            np.where(rng.random(n_words.shape) < often, what(rng, n_words, side), side)
            for side in churned(rng, n_words, 0.2)
        )
        return before, after

    return draw


def loop(rng: np.random.Generator, n_words: Floats, side: Floats) -> Floats:
    """A loop of 5 to 30 words at the end."""
    return side + rng.integers(5, 31, n_words.shape)


def empty(_: np.random.Generator, n_words: Floats, side: Floats) -> Floats:  # noqa: ARG001
    """Nothing comes out."""
    return n_words


def heavy(rng: np.random.Generator, n_words: Floats, side: Floats) -> Floats:
    """Errors without a bound: Pareto tails."""
    return side + np.minimum(np.ceil(n_words * 0.3 * (rng.pareto(1.1, n_words.shape) + 1.0)), 5_000.0)


def zero_inflated(rng: np.random.Generator, n_words: Floats) -> Pair:
    """Nearly no errors, and one utterance in a hundred all wrong, in either run."""
    before, after = (
        np.where(rng.random(n_words.shape) < 0.01, n_words, np.where(rng.random(n_words.shape) < 0.05, 1.0, 0.0))
        for _ in "ab"
    )
    return before, after


def flaky(rng: np.random.Generator, n_words: Floats) -> Pair:
    """Four utterances in a hundred break in one run of four."""
    weak = rng.random(n_words.shape) < 0.04
    before, after = (
        np.where(weak & (rng.random(n_words.shape) < 0.25), n_words, side) for side in churned(rng, n_words, 0.2)
    )
    return before, after


def int8(rng: np.random.Generator, n_words: Floats) -> Pair:
    """Kernels of another CPU: 15 % of the utterances differ by one word, whichever way."""
    before, after = (side + (rng.random(n_words.shape) < 0.075) for side in [errors(rng, n_words)] * 2)
    return before, after


def by_speaker(speakers: int) -> Draw:
    """Every speaker is heard better or worse, each run in its own way: all of one's utterances change together."""

    def draw(rng: np.random.Generator, n_words: Floats) -> Pair:
        whose = owners(n_words.shape[1], speakers)
        before, after = (
            errors(rng, n_words, RATE * rng.gamma(4.0, 0.25, (len(n_words), speakers))[:, whose]) for _ in "ab"
        )
        return before, after

    return draw


def owners(utterances: int, speakers: int) -> npt.NDArray[np.intp]:
    """Who says each utterance."""
    return np.arange(utterances) * speakers // utterances


def own_rate(rng: np.random.Generator, n_words: Floats) -> Pair:
    """Each run breaks a fraction of its own: 1 % on average, standard deviation 1.4 %."""
    before, after = (
        np.where(rng.random(n_words.shape) < rng.gamma(0.51, 0.0196, (len(n_words), 1)), n_words, side)
        for side in churned(rng, n_words, 0.2)
    )
    return before, after


NOISES = {
    "plain": Noise("gamma-Poisson errors, 10 % of the transcripts change", churn(0.1)),
    "redrawn": Noise("more than assumed: every transcript is another, 1.9 in 100 break", churn(1.0), kept=False),
    "loops": Noise("3 in 1,000 end in a loop of 5 to 30 words", hit(0.003, loop)),
    "empties": Noise("3 in 1,000 are empty", hit(0.003, empty)),
    "zeros": Noise("zero-inflated: 1 in 100 all wrong", zero_inflated),
    "pareto": Noise("Pareto tails in 1 of 100", hit(0.01, heavy)),
    "speakers20": Noise("changes by speaker, 20 speakers", by_speaker(20), 20),
    "speakers4": Noise("few clusters: 4 speakers", by_speaker(4), 4),
    "speakers2": Noise("few clusters: 2 speakers", by_speaker(2), 2),
    "speaker1": Noise("one named speaker", by_speaker(1), 1),
    "flaky": Noise("flaky decoder: 4 in 100 utterances break in one run of 4", flaky),
    "int8": Noise("int8 on another CPU: 15 % change by a word", int8),
    "breaks2": Noise("more than assumed: 2 in 100 are empty in either run", hit(0.02, empty), kept=False),
    "breaks3": Noise("more than assumed: 3 in 100 are empty in either run", hit(0.03, empty), kept=False),
    "own_rate": Noise("a run has a rate of its own: 1 % empty, sd 1.4 %", own_rate, kept=False),
}
