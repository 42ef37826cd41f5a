"""A number and its 95 % interval from what was measured once, and from the same thing measured again.

- rates of sums (WER, RTF, chrF): jackknife over units with Student's t, as for changes in `gate/paired.py`. Units are
  clusters (speakers, recordings) where the dataset names them. Percentiles, whose shares are histograms, have no
  jackknife: 1,000 bootstrap draws of units with a fixed seed (Efron & Tibshirani 1993, ch. 11 and 13).
- a rate without a single error has no spread to go by: its far end is 3.69 errors (-ln 0.025) over the whole bottom, as
  if one unit could err once (the rule of three, two-sided).
- amounts of a whole run (peak memory) and RTF where there are sessions of the same code: Student's t of the logarithms
  between sessions, since another session differs by more than another utterance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from modellab.gate.paired_quality import bottom_of, by_unit, costs, jackknife_error
from modellab.gate.timing_validity import invalid, too_busy
from modellab.reports.leaderboard.records import Estimate
from modellab.rescoring.entry import measurement, standing
from modellab.results.entry import Entry
from modellab.types import Floats, Metric, Result, Share, Utterance, top_over_bottom

NO_ERROR = -math.log(0.025)
HISTOGRAM = 12  # sums of a share above which it is one
DRAWS, SEED = 1_000, 20240229
FEWEST_SESSIONS = 3
RTF = Metric("rtf", unit="s/s", better="lower", kind="speed")
SAME_CODE = ("dataset_digest", "weights", "threads")


def rate(metric: Metric, shares: Sequence[Share], clusters: Sequence[str] | None = None) -> Estimate:
    """The pooled metric over utterances; NaN without any. Ends stay inside [0, 1] where the rate does."""
    if not shares:
        return Estimate(math.nan, unit=metric.unit)
    rows = np.array(shares, dtype=float)
    value, units = float(metric.rate(rows.sum(axis=0))), by_unit(rows, clusters)
    low, high = _interval(metric, value, units)
    return Estimate(value, *_inside(metric, rows, value, low, high), n=len(rows), unit=metric.unit)


def of(metric: Metric, utterances: Iterable[Utterance]) -> Estimate:
    """The same of a result's utterances."""
    own = [each for each in utterances if metric.name in each.shares]
    return rate(metric, [each.shares[metric.name] for each in own], [each.cluster for each in own])


def _interval(metric: Metric, value: float, units: Floats) -> tuple[float, float]:
    if len(units) < 2 or not math.isfinite(value):
        return math.nan, math.nan
    if units.shape[1] > HISTOGRAM:
        return _bootstrap(metric, units)
    error = (
        jackknife_error(metric, np.zeros_like(units), units) if metric.rate is not top_over_bottom else _error(units)
    )
    if not math.isfinite(error):
        return math.nan, math.nan
    half = _t(len(units) - 1) * error
    return value - half, value + half


def _error(units: Floats) -> float:
    """Jackknife standard error of top/bottom; NaN where leaving one out leaves no bottom."""
    left = top_over_bottom(units.sum(axis=0) - units)
    left, n = left[np.isfinite(left)], len(units)
    return math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum())) if len(left) > 1 else math.nan


def _bootstrap(metric: Metric, units: Floats) -> tuple[float, float]:
    n = len(units)
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    values = np.asarray(metric.rate(drawn @ units), dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _inside(metric: Metric, rows: Floats, value: float, low: float, high: float) -> tuple[float, float]:
    """The ends of a plain rate cut to where it can be; for one without any error the rule of three."""
    if metric.rate is not top_over_bottom or rows.min() < 0 or not math.isfinite(low):
        return low, high
    bounded = metric.unit == "ratio" and bool((rows[:, 0] <= rows[:, 1]).all())
    low, high = max(0.0, low), min(1.0, high) if bounded else high
    bottom = bottom_of(rows)
    if metric.unit == "ratio" and bottom > 0 and not costs(metric, rows).any():
        far = min(1.0, NO_ERROR / bottom)
        return (value, value + far) if metric.better == "lower" else (value - far, value)
    return low, high


def _t(freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


# ---------------------------------------------------------------------------- speed and memory


def repeats(entry: Entry, every: Iterable[Entry]) -> list[Entry]:
    """The entry and other sessions of the same thing: case, machine class, weights, data, options and versions."""
    mine = measurement(entry)
    others = [other for other in every if other.result and measurement(other) != mine and _same(entry, other)]
    return [*standing(others), entry]


def _same(a: Entry, b: Entry) -> bool:
    if a.key != b.key or a.result is None or b.result is None or a.result.machine != b.result.machine:
        return False
    alike = all(a.result.provenance.get(name) == b.result.provenance.get(name) for name in SAME_CODE)
    return alike and dict(a.versions) == dict(b.versions) and dict(a.settings) == dict(b.settings)


def speed(groups: Sequence[Sequence[Entry]]) -> Estimate:
    """Wall-clock RTF pooled over datasets; each group is the entry that counts, last, behind its repeats.

    Of a group whose last session is in doubt the newest that is not counts, if there is one. The interval is that
    between sessions where some dataset has three that are not in doubt, else over utterances.
    """
    results = [entry.result for group in groups if (entry := _sound(group) or group[-1]).result]
    shares = list(chain.from_iterable(_times(result) for result in results))
    if shares:
        found = rate(RTF, shares)
    else:  # what is accepted has no lengths: only its reading
        readings = [result.readings.get("rtf", math.nan) for result in results]
        number = readings[0] if len(readings) == 1 else math.nan
        n = sum(len(result.utterances) for result in results) if math.isfinite(number) else 0
        found = Estimate(number, n=n, unit="s/s")
    return _between(found, [_readings(group, "rtf", sound=True) for group in groups])


def doubt(groups: Sequence[Sequence[Entry]]) -> str:
    """Why the speed must not decide anything; '' where it may.

    A busy machine, or a clock that is in doubt, says nothing; one session says nothing of how far sessions differ.
    """
    for group in groups:
        if not _sound(group) and (result := group[-1].result):
            return f"on {group[-1].key.dataset} its times are in doubt: {invalid(result)}"
    if session_spread(groups)[1]:
        return ""
    most = max((len(_readings(group, "rtf", sound=True)) for group in groups), default=0)
    return f"{most} session{'s' * (most != 1)}, {FEWEST_SESSIONS} are needed to know how far sessions differ"


def mark(groups: Sequence[Sequence[Entry]]) -> str:
    """The same in a word or two, for a table: busy, in doubt, 1 session; '' where the speed may decide something."""
    if not doubt(groups):
        return ""
    results = [group[-1].result for group in groups if not _sound(group)]
    if results:
        return "busy" if any(result and too_busy(result) for result in results) else "in doubt"
    most = max((len(_readings(group, "rtf", sound=True)) for group in groups), default=0)
    return f"{most} session{'s' * (most != 1)}"


def _sound(group: Sequence[Entry]) -> Entry | None:
    """The newest session whose clocks are not in doubt."""
    return next((entry for entry in reversed(group) if entry.result and not invalid(entry.result)), None)


def _times(result: Result) -> list[Share]:
    good = [u for u in result.utterances if not u.error and math.isfinite(u.wall_s + u.duration_s) and u.duration_s > 0]
    return [(u.wall_s, u.duration_s) for u in good]


def memory(groups: Sequence[Sequence[Entry]]) -> Estimate:
    """The highest peak over datasets, in bytes: of the GPU on CUDA, else of the process. `n` counts sessions."""
    results = [group[-1].result for group in groups if group[-1].result]
    name = "peak_vram_bytes" if any("peak_vram_bytes" in result.readings for result in results) else "peak_rss_bytes"
    peaks = [result.readings.get(name, math.nan) for result in results]
    known = [peak for peak in peaks if math.isfinite(peak)]
    if not known:
        return Estimate(math.nan, of="sessions", unit="bytes")
    found = Estimate(max(known), n=1, of="sessions", unit="bytes")
    return _between(found, [_readings(group, name) for group in groups])


def _readings(group: Sequence[Entry], name: str, *, sound: bool = False) -> list[float]:
    """The logarithm of a reading in each session; `sound` leaves those out whose clocks are in doubt."""
    results = [entry.result for entry in group if entry.result]
    values = [result.readings.get(name, math.nan) for result in results if not (sound and invalid(result))]
    return [math.log(value) for value in values if value > 0 and math.isfinite(value)]


def spread(sessions: Sequence[Sequence[float]]) -> tuple[float, int, int]:
    """The sd of logarithms between sessions, its degrees of freedom, and the sessions; NaN with too few."""
    enough = [values for values in sessions if len(values) >= FEWEST_SESSIONS]
    freedom, count = sum(len(values) - 1 for values in enough), sum(map(len, enough))
    if not enough:
        return math.nan, 0, 0
    squares = math.fsum(float(np.var(values, ddof=1)) * (len(values) - 1) for values in enough)
    return math.sqrt(squares / freedom), freedom, count


def session_spread(groups: Sequence[Sequence[Entry]]) -> tuple[float, int, int]:
    """The same of RTF, sessions in doubt left out."""
    return spread([_readings(group, "rtf", sound=True) for group in groups])


def _between(found: Estimate, sessions: Sequence[Sequence[float]]) -> Estimate:
    sd, freedom, count = spread(sessions)
    if not found.known or not freedom:
        return found
    half = _t(freedom) * sd
    low, high = found.value * math.exp(-half), found.value * math.exp(half)
    return Estimate(found.value, low, high, count, "sessions", found.unit)
