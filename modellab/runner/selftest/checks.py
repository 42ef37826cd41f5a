"""What is known beside what was measured, and whether the two agree."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

TIME_FRACTION, TIME_S = 0.02, 0.001
MEMORY_FRACTION, MEMORY_BYTES = 0.01, 2e6
State = Literal["ok", "failed", "undecided"]


@dataclass(frozen=True, slots=True)
class Check:
    """One clock or one peak on one piece of work. Seconds or bytes, as `unit` says; medians over `trials`.

    `off` is the median distance between measured and known.
    """

    name: str
    meter: str
    unit: Literal["s", "bytes"]
    known: float
    measured: float
    off: float
    tolerance: float
    trials: int
    state: State
    why: str = ""


def tolerance(unit: str, known: float) -> float:
    """How far off a meter may be: 2 % or 1 ms of time, 1 % or 2 MB of memory, whichever is more.

    >>> tolerance("s", 0.01), tolerance("s", 0.5), tolerance("bytes", 1e9)
    (0.001, 0.01, 10000000.0)
    """
    fraction, least = (TIME_FRACTION, TIME_S) if unit == "s" else (MEMORY_FRACTION, MEMORY_BYTES)
    return max(fraction * known, least)


def check(
    name: str, meter: str, unit: Literal["s", "bytes"], pairs: Sequence[tuple[float, float]], busy: str = ""
) -> Check:
    """The check on pairs (known, measured), at least one. `busy` says why the machine may be to blame for a clock."""
    known, measured = (statistics.median(side) for side in zip(*pairs, strict=True))
    off = statistics.median(abs(of_meter - of_work) for of_work, of_meter in pairs)
    allowed = tolerance(unit, known)
    excuse = busy if unit == "s" else ""
    state: State = "ok" if off <= allowed else "undecided" if excuse else "failed"
    return Check(name, meter, unit, known, measured, off, allowed, len(pairs), state, "" if state == "ok" else excuse)


def worst(checks: Iterable[Check]) -> State:
    """What all of them say together: one failure fails the machine.

    >>> worst([])
    'ok'
    """
    states = {check.state for check in checks}
    return "failed" if "failed" in states else "undecided" if "undecided" in states else "ok"


def sentence(checks: Sequence[Check]) -> str:
    """The failed checks in words, the first with its numbers; '' where none failed."""
    failed = [check for check in checks if check.state == "failed"]
    if not failed:
        return ""
    first, more = failed[0], len(failed) - 1
    text = (
        f"{first.name}, {first.meter}: {shown(first.measured, first.unit)} instead of {shown(first.known, first.unit)}"
    )
    return text + (f", and {more} more" if more else "")


def shown(amount: float, unit: str) -> str:
    """Seconds as milliseconds, bytes as MB.

    >>> shown(0.1003, "s"), shown(67_108_864, "bytes")
    ('100.30 ms', '67.11 MB')
    """
    return f"{1e3 * amount:.2f} ms" if unit == "s" else f"{amount / 1e6:.2f} MB"
