"""modellab's own gates as contestants: the functions of `modellab.gate` themselves, row by row."""

from __future__ import annotations

import numpy as np

from modellab.gate import paired_speed, speed
from modellab.gate.calibration_noise import Noise, Session, unexplained
from modellab.stats.trimmed_mean import trimmed
from tools.gate_benchmark.contest import Gate
from tools.gate_benchmark.figures import Bools, Floats
from tools.gate_benchmark.timings import PAIRS, TURNS, Calls, trimmed_means

EQUAL = 12  # pairs: as many calls as the unpaired tests get
METRIC, PART = "rtf_cpu", "reference_arithmetic_s"


def gates() -> list[Gate]:
    """The paired mode, its second stage alone at the unpaired tests' cost, and the stored mode."""
    duet_gate = Gate(
        "modellab_duet",
        "modellab: pairs, confirmed",
        kind="modellab",
        design="pairs",
        n=PAIRS,
        calls=2 * paired_speed.FIRST,
        slower=confirmed,
        scores=(both,),
        clean=clean_calls,
        flagged=2 * PAIRS,
        tuned_calls=tuned_calls,
        factor=20,
    )
    stored_gate = Gate(
        "modellab_stored",
        "modellab: stored, confirmed",
        kind="modellab stored",
        design="referenced",
        n=2 * TURNS,
        calls=TURNS,
        slower=stored,
        scores=(stored_score,),
        clean=stored_calls,
        flagged=2 * TURNS,
    )
    look = Gate("modellab_12_pairs", "(12 pairs, one look)", "part", "pairs", EQUAL, 2 * EQUAL, one_look, (one_score,))
    return [duet_gate, look, stored_gate]


# ---------------------------------------------------------------------------- pairs


def log_ratios(calls: Calls) -> Floats:
    """What a duet is judged by, (sessions, pairs)."""
    return np.asarray(np.log(calls.after / calls.before))


def looks_slower(ratios: Floats) -> Bools:
    """The first look at each session."""
    return np.array([paired_speed.looks_slower(row[: paired_speed.FIRST]) for row in ratios], dtype=bool)


def confirmed(calls: Calls) -> Bools:
    """A first look, and fresh pairs that decide."""
    ratios = log_ratios(calls)
    seen = looks_slower(ratios)
    seen[seen] = [paired_speed.confirmed(row[paired_speed.FIRST :]) for row in ratios[seen]]
    return seen


def clean_calls(calls: Calls) -> float:
    """Timed calls of a clean case, on average: a first look, and for some a confirmation."""
    return 2 * (paired_speed.FIRST + paired_speed.SECOND * float(looks_slower(log_ratios(calls)).mean()))


def both(calls: Calls) -> Floats:
    """The trimmed mean that both stages reach: tuned, one limit holds for both."""
    ratios = log_ratios(calls)
    return np.minimum(means(ratios[:, : paired_speed.FIRST]), means(ratios[:, paired_speed.FIRST :]))


def tuned_calls(calls: Calls, limit: float) -> float:
    """Timed calls of a clean case where both stages are held to one limit on the trimmed mean."""
    first = means(log_ratios(calls)[:, : paired_speed.FIRST])
    return 2 * (paired_speed.FIRST + paired_speed.SECOND * float((first > limit).mean()))


def one_look(calls: Calls) -> Bools:
    """The second stage alone."""
    return np.array([paired_speed.confirmed(row) for row in log_ratios(calls)], dtype=bool)


def one_score(calls: Calls) -> Floats:
    """Its trimmed mean."""
    return means(log_ratios(calls))


def means(ratios: Floats) -> Floats:
    """The trimmed mean of each row."""
    return np.array([trimmed(row).mean for row in ratios])


# ---------------------------------------------------------------------------- stored


def looks(calls: Calls) -> list[tuple[Session, Session, list[Session]]]:
    """Of each row: the run, its confirmation, and the calibration sessions, relative to the oldest, accepted one."""
    halves = slice(None, TURNS), slice(TURNS, None)
    fresh = np.stack(
        [[trimmed_means(np.log(side[:, half])) for side in (calls.after, calls.before)] for half in halves]
    )
    fresh = np.moveaxis(fresh, 2, 0) - calls.history[:, None, 0]
    history = calls.history[:, 1:] - calls.history[:, :1]
    rows = zip(fresh.tolist(), history.tolist(), strict=True)
    return [(_session(run), _session(again), [_session(session) for session in past]) for (run, again), past in rows]


def stored(calls: Calls) -> Bools:
    """Slower than the history allows, and so once more."""
    return np.array([_exceeds(run, past) and _exceeds(again, past) for run, again, past in looks(calls)])


def stored_calls(calls: Calls) -> float:
    """Timed calls of a clean case's model, on average; the reference workload is timed as often."""
    return TURNS * (1 + float(np.mean([_exceeds(run, past) for run, _, past in looks(calls)])))


def stored_score(calls: Calls) -> Floats:
    """What the limit is compared with, above the sessions' mean, in both looks."""
    scores = []
    for run, again, past in looks(calls):
        centre = Noise.of([unexplained(session, METRIC, [PART]) for session in past]).mean
        scores.append(min(unexplained(look, METRIC, [PART]) for look in (run, again)) - centre)
    return np.array(scores)


def _exceeds(run: Session, past: list[Session]) -> bool:
    return speed.exceeds(run, past, METRIC)


def _session(levels: list[float]) -> Session:
    return {METRIC: levels[0], PART: levels[1]}
