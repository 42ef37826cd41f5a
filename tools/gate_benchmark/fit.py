"""Fit the model of word errors to counts of real systems: `python -m tools.gate_benchmark --fit --counts FILE`.

By moments, each the median over the pairs of systems (21 for seven), so that one odd system decides nothing:

- what two systems' errors have in common per utterance gives `difficulty`
- the variance of their difference per word, and how often they make equally many errors, give `own` and `burst`
- what the differences of one speaker's utterances have in common gives `speaker`
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from tools.gate_benchmark.figures import Floats, generator
from tools.gate_benchmark.words import MODEL, Model, read_counts

LONGEST_BURST = 6.0
SIMULATED = 100_000  # utterances
STEPS = 20


def fit(path: Path, steps: int = STEPS, utterances: int = SIMULATED) -> Model:
    """The parameters; unshared causes are bisected over the length of bursts, in so many steps."""
    speakers, words, errors = read_counts(path)
    rate = float(np.median(errors.sum(axis=0) / words.sum()))
    seen = moments(words, errors)
    low, high = 1.0, LONGEST_BURST
    for _ in range(steps):
        burst = (low + high) / 2
        model = _model(words, rate, seen, burst)
        low, high = (burst, high) if simulated(model, utterances)["changed"] > seen["changed"] else (low, burst)
    model = _model(words, rate, seen, (low + high) / 2)
    return replace(model, speaker=_speaker(speakers, words, errors) / (model.own * model.burst) ** 2)


def write(path: Path) -> None:
    """Fit and store, with how well the model tells what it was fitted to, and what it was not."""
    model = fit(path)
    _, words, errors = read_counts(path)
    parameters = {name: round(value, 5) for name, value in asdict(model).items() if not isinstance(value, str)}
    data = {
        "what": "word errors of two systems on the same utterances, fitted by moments to seven systems on Earnings-21",
        "parameters": parameters,
        "real": {name: round(value, 4) for name, value in moments(words, errors).items()},
        "model": {name: round(value, 4) for name, value in simulated(model).items()},
    }
    MODEL.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def moments(words: Floats, errors: Floats) -> dict[str, float]:
    """Medians over pairs of systems: what the model is to reproduce. Per word unless its name says otherwise."""
    rates = errors.sum(axis=0) / words.sum()
    rest = errors - rates * words[:, None]
    pairs = [_of_pair(words, rates, rest, errors, pair) for pair in combinations(range(len(rates)), 2)]
    return {name: float(np.median([pair[name] for pair in pairs])) for name in pairs[0]}


def simulated(model: Model, utterances: int = SIMULATED) -> dict[str, float]:
    """The same of the model, of so many utterances."""
    words, one, other = model.systems(generator("fit"), (1, utterances))
    return moments(words[0], np.stack([one[0], other[0]], axis=1))


def _of_pair(words: Floats, rates: Floats, rest: Floats, errors: Floats, pair: tuple[int, int]) -> dict[str, float]:
    a, b = pair
    difference = errors[:, b] - errors[:, a]
    centred = rest[:, b] - rest[:, a]
    more = difference[difference > 0]
    return {
        "common": float((rest[:, a] * rest[:, b]).mean() / (rates[a] * rates[b]) / (words**2).mean()),
        "variance": float((centred**2).sum() / words.sum()),
        "changed": float((difference != 0).mean()),
        "discordant": float(np.abs(difference).sum() / words.sum()),
        "errors_of_a_hit": float(more.mean()),
        "correlation": float(np.corrcoef(rest[:, a], rest[:, b])[0, 1]),
    }


def _model(words: Floats, rate: float, seen: dict[str, float], burst: float) -> Model:
    """With bursts of this length, `own` gives the variance of the difference and `difficulty` what is in common."""
    own = min(seen["variance"] / (2 * burst * (2 * burst - 1)), rate / burst)
    poisson = (rate - own * burst) * words.mean() / (rate**2 * (words**2).mean())
    return Model(float(words.mean()), float(words.var()), rate, max(0.0, seen["common"] - poisson), own, burst, 0.0)


def _speaker(speakers: list[str], words: Floats, errors: Floats) -> float:
    """What two utterances of a speaker have in common in a system's rate: covariance per word and word."""
    _, unit = np.unique(np.array(speakers), return_inverse=True)
    rates = errors.sum(axis=0) / words.sum()
    weight = (np.bincount(unit, words) ** 2).sum() - (words**2).sum()
    shared = []
    for a, b in combinations(range(len(rates)), 2):
        rest = errors[:, b] - errors[:, a] - (rates[b] - rates[a]) * words
        shared.append(((np.bincount(unit, rest) ** 2).sum() - (rest**2).sum()) / weight / 2)
    return float(np.median(shared))
