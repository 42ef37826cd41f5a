"""Simulated timings: what a continuous-integration machine adds to a call that always does the same work.

log(time) = the session's level + a slow drift (Ornstein-Uhlenbeck) + independent noise, and now and then a hiccup.
The sessions' spread is published (2.66 % on GitHub's hosted runners and 0.56 % on bare metal: CodSpeed, "Benchmarks in
CI without noise"; 5 % between runs: Quansight on scikit-image); drift and hiccups are assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tools.gate_benchmark.figures import Floats

CALL_S = 2.0
REFERENCE_SHARE = 0.3  # a call of the reference workload lasts so much of a call of the model
RESIDUAL = 0.4  # of the sessions' spread: what the reference workload does not share with the model


@dataclass(frozen=True, slots=True)
class Noise:
    """The parts of the noise; spreads are standard deviations of the logarithm."""

    session: float
    drift: float
    drift_s: float  # time constant of the drift
    call: float
    hiccups: float  # fraction of calls
    hiccup: float  # mean relative length of one (exponential)
    slow: float = 0.0  # fraction of sessions that land on a slower machine
    slower: float = 1.35


NOISE = {
    "bare": Noise(session=0.0056, drift=0.004, drift_s=60, call=0.004, hiccups=0.01, hiccup=0.05),
    "gha": Noise(session=0.0266, drift=0.015, drift_s=45, call=0.012, hiccups=0.05, hiccup=0.15),
    "mixed": Noise(session=0.05, drift=0.025, drift_s=45, call=0.02, hiccups=0.10, hiccup=0.30, slow=0.15),
}


def calls(noise: Noise, generator: np.random.Generator, sessions: int, durations_s: Floats) -> Floats:
    """Times of consecutive calls relative to an idle machine's, shape (sessions, len(durations_s))."""
    level = generator.normal(0, noise.session, sessions)
    level += math.log(noise.slower) * (generator.random(sessions) < noise.slow)
    drift = generator.normal(0, noise.drift, sessions)
    logs = np.empty((sessions, len(durations_s)))
    for column, duration_s in enumerate(durations_s):
        kept = math.exp(-duration_s / noise.drift_s)
        drift = kept * drift + math.sqrt(1 - kept * kept) * generator.normal(0, noise.drift, sessions)
        logs[:, column] = level + drift
    logs += generator.normal(0, noise.call, logs.shape)
    hiccup = (generator.random(logs.shape) < noise.hiccups) * generator.exponential(noise.hiccup, logs.shape)
    return np.exp(logs) * (1 + hiccup)


def same(noise: Noise, generator: np.random.Generator, sessions: int, n: int) -> Floats:
    """`calls` of CALL_S each."""
    return calls(noise, generator, sessions, np.full(n, CALL_S))
