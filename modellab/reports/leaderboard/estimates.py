"""What a report's numbers rest on: rates over utterances, and what was measured again in other sessions.

Rates and their intervals are those of `stats/intervals.py`. Amounts of a whole run (peak memory), and RTF where there
are sessions of the same code, have Student's t of the logarithms between sessions, since another session differs by
more than another utterance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from modellab.gate.timing_validity import invalid, too_busy
from modellab.results.entry import SAME_CODE, Entry
from modellab.results.rescored import measurement, standing
from modellab.stats.estimate import Estimate
from modellab.stats.intervals import rate, student_t
from modellab.types import Counts, Metric, Result

FEWEST_SESSIONS = 3
RTF = Metric("rtf", unit="s/s", better="lower", kind="speed")
SAME_RTF = 1e-6  # the fraction by which a sum over stored times may differ from the reading


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
    """Wall-clock RTF pooled over datasets; each group is the entry that counts, last, after its repeats.

    It is the reading `rtf`, which verdicts, pages and MLflow have too. Of a group whose last session is in doubt the
    newest that is not counts, if there is one. The interval is that between sessions where some dataset has three that
    are not in doubt, else over utterances; there is none over utterances whose times are of another pass than the
    reading, as in results of old that were measured more than once.
    """
    results = [entry.result for group in groups if (entry := _sound(group) or group[-1]).result]
    times = [_times(result) for result in results]
    if any(times) and all(_are_read(*pair) for pair in zip(results, times, strict=True)):
        estimate = rate(RTF, list(chain.from_iterable(times)))
    else:
        estimate = _read(results)
    return _between(estimate, [_readings(group, "rtf", sound=True) for group in groups])


def _are_read(result: Result, times: Sequence[Counts]) -> bool:
    """Whether the result's RTF is that of these times, (seconds of computing, of audio) each."""
    known, audio_s = result.readings.get("rtf", math.nan), math.fsum(length for _, length in times)
    return math.isnan(known) or (
        audio_s > 0 and math.isclose(known, math.fsum(wall for wall, _ in times) / audio_s, rel_tol=SAME_RTF)
    )


def _read(results: Sequence[Result]) -> Estimate:
    """RTF without an interval, from readings; of several results only where each knows how long its audio was."""
    readings = [result.readings.get("rtf", math.nan) for result in results]
    lengths = [result.readings.get("audio_s", math.nan) for result in results]
    if len(readings) == 1:
        number = readings[0]
    else:
        audio_s = math.fsum(lengths) or math.nan
        number = math.fsum(rtf * length for rtf, length in zip(readings, lengths, strict=True)) / audio_s
    n = sum(len(result.utterances) for result in results) if math.isfinite(number) else 0
    return Estimate(number, n=n, unit="s/s")


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


def _times(result: Result) -> list[Counts]:
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
    peak = Estimate(max(known), n=1, of="sessions", unit="bytes")
    return _between(peak, [_readings(group, name) for group in groups])


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


def _between(estimate: Estimate, sessions: Sequence[Sequence[float]]) -> Estimate:
    sd, freedom, count = spread(sessions)
    if not estimate.known or not freedom:
        return estimate
    half = student_t(freedom) * sd
    low, high = estimate.value * math.exp(-half), estimate.value * math.exp(half)
    return Estimate(estimate.value, low, high, count, "sessions", estimate.unit)
