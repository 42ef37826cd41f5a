"""Data sets of timings: clean sessions of every kind that a gate asks for. What is slower is made so by multiplying."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from modellab.gate import paired_speed
from tools.gate_benchmark import noise
from tools.gate_benchmark.figures import Floats
from tools.gate_benchmark.noise import CALL_S, Noise
from tools.gate_benchmark.traces import Traces

PAIRS = paired_speed.FIRST + paired_speed.SECOND
HISTORY = 20  # calibration sessions that the stored mode knows, beside the accepted one
TURNS = 12  # calls of the model and of the reference workload, in turn, in a session of the stored mode


@dataclass(frozen=True, slots=True)
class Calls:
    """Times of what was there before and of the candidate, both (sessions, calls).

    `history` has earlier sessions' levels (trimmed mean of the logarithm) of model and reference workload, (sessions,
    1 + HISTORY, 2); where it has any, `before` are the reference workload's times, in turn with the candidate's.
    """

    before: Floats
    after: Floats
    history: Floats = field(default_factory=lambda: np.empty((0, 0, 2)))

    def slowed(self, effect: float) -> Calls:
        """The same with a candidate slower by a fraction."""
        return replace(self, after=self.after * (1 + effect))

    def first(self, rows: int) -> Calls:
        """The first sessions."""
        return Calls(self.before[:rows], self.after[:rows], self.history[:rows])


class Data(Protocol):
    """Clean sessions to draw from."""

    @property
    def name(self) -> str:
        """Its key in the figures."""
        ...

    @property
    def title(self) -> str:
        """What it is, in words."""
        ...

    @property
    def longest(self) -> int:
        """So many calls per side it has to offer."""
        ...

    @property
    def independent(self) -> int | None:
        """Sessions that are not drawings of each other; None: all."""
        ...

    def stored(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        """n calls of an earlier session, n of today's."""
        ...

    def blocks(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        """n calls of the one, then n of the other, in one session."""
        ...

    def rounds(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        """n / 2 calls of each in turn, twice (where the data allow it)."""
        ...

    def pairs(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        """n pairs, each in random order."""
        ...

    def referenced(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        """A history of sessions, and n calls of the candidate in turn with n of the reference workload."""
        ...


@dataclass(frozen=True, slots=True)
class Simulated:
    """Sessions of a noise model, all different."""

    name: str
    title: str
    noise: Noise
    longest: int = 1000
    independent: int | None = None

    def stored(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        return Calls(*(noise.same(self.noise, generator, sessions, n) for _ in range(2)))

    def blocks(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        both = noise.same(self.noise, generator, sessions, 2 * n)
        return Calls(both[:, :n], both[:, n:])

    def rounds(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        quarters = noise.same(self.noise, generator, sessions, 2 * n).reshape(sessions, 2, 2, n // 2)
        return Calls(quarters[:, :, 0].reshape(sessions, n), quarters[:, :, 1].reshape(sessions, n))

    def pairs(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        both = noise.same(self.noise, generator, sessions, 2 * n).reshape(sessions, n, 2)
        return _either(generator, both[..., 0], both[..., 1])

    def referenced(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        durations_s = np.tile([1.0, noise.REFERENCE_SHARE], n) * CALL_S
        now = self._beside_reference(generator, sessions, durations_s)
        past = [self._beside_reference(generator, sessions, durations_s[: 2 * TURNS]) for _ in range(1 + HISTORY)]
        history = np.stack([trimmed_means(np.log(np.moveaxis(times, 2, 1))) for times in past], axis=1)
        return Calls(now[..., 1], now[..., 0], history)

    def _beside_reference(self, generator: np.random.Generator, sessions: int, durations_s: Floats) -> Floats:
        """Model and reference workload in turn, (sessions, turns, 2)."""
        times = noise.calls(self.noise, generator, sessions, durations_s).reshape(sessions, -1, 2)
        times[..., 0] *= np.exp(generator.normal(0, noise.RESIDUAL * self.noise.session, (sessions, 1)))
        return times


@dataclass(frozen=True, slots=True)
class Recorded:
    """Sessions of real traces by one clock, drawn again and again.

    A and B do the same, so their names may be swapped.
    """

    name: str
    title: str
    traces: Traces
    work: str
    clock: str

    @property
    def longest(self) -> int:
        """Calls of an arm in a row."""
        return int(self.traces.runs.shape[2])

    @property
    def independent(self) -> int | None:
        """Sessions, however often they are drawn."""
        return len(self.traces.runs)

    def stored(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        arms = np.stack(self.traces.sequential(self.work, self.clock))
        now = generator.integers(1, arms.shape[1], sessions)
        then = now - np.minimum(generator.integers(1, 6, sessions), now)  # one to five sessions before
        arm = generator.integers(0, 2, sessions)
        return Calls(arms[arm, then, :n], arms[arm, now, :n])

    def blocks(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        a, b = self.traces.sequential(self.work, self.clock)
        rows = generator.integers(0, len(a), sessions)
        return _either(generator, a[rows, :n], b[rows, :n], whole=True)

    def rounds(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        return self.blocks(generator, sessions, n)

    def pairs(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        a, b = self.traces.pairs(self.work, self.clock)
        rows = generator.integers(0, len(a), sessions)[:, None]
        turns = generator.permuted(np.tile(np.arange(a.shape[1]), (sessions, 1)), axis=1)[:, :n]
        again = generator.integers(0, a.shape[1], (sessions, max(0, n - a.shape[1])))  # more pairs than turns
        turns = np.concatenate([turns, again], axis=1)
        return _either(generator, a[rows, turns], b[rows, turns])

    def referenced(self, generator: np.random.Generator, sessions: int, n: int) -> Calls:
        both = np.stack(self.traces.pairs(self.work, self.clock))[:, :, :n]
        reference = self.traces.reference(self.clock)[:, :n]
        levels = [trimmed_means(np.log(times[..., :TURNS])) for times in (both, np.stack([reference] * 2))]
        now = generator.integers(1 + HISTORY, both.shape[1], sessions)
        arm = generator.integers(0, 2, sessions)
        before = now[:, None] - np.arange(1 + HISTORY, 0, -1)
        return Calls(reference[now], both[arm, now], np.stack(levels, axis=-1)[arm[:, None], before])


def trimmed_means(values: Floats) -> Floats:
    """The 20 % trimmed mean over the last axis."""
    cut = int(0.2 * values.shape[-1])
    ordered = np.sort(values, axis=-1)
    return np.asarray(ordered[..., cut : values.shape[-1] - cut].mean(axis=-1))


def _either(generator: np.random.Generator, a: Floats, b: Floats, *, whole: bool = False) -> Calls:
    """A and B, or B and A: drawn for every pair, or for the whole session."""
    swapped = generator.random((len(a), 1) if whole else a.shape) < 0.5
    return Calls(np.where(swapped, b, a), np.where(swapped, a, b))
