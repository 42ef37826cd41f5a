"""Numbers of which each has to be one: what is missing, NaN, infinite or absurd must not decide anything in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from modellab.errors import BaselineError
from modellab.spool import Table

MOST = 1e15  # no count, time or size of a speech model is beyond; sums of such numbers stay finite
TOLD = ("load_s", "first_call_s", "latency_p50_s", "latency_p95_s", "latency_p99_s")  # accepted and never judged by
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class NumberError(ValueError):
    """A stored number is none; `name` is the key or utterance that holds it."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


def is_number(value: object) -> bool:
    """A finite int or float that is not absurd; true and false are none.

    >>> [is_number(x) for x in (0, 1.5, True, None, "1", float("nan"), float("inf"), 10**400)]
    [True, True, False, False, False, False, False, False]
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST <= value <= MOST


def numbers(data: Mapping[str, Any], missing: Collection[str] = ()) -> dict[str, float]:
    """Named numbers; NumberError for one that is none. A null of a name in `missing` says that there is none: left out.

    >>> numbers({"peak_rss_bytes": 3}), numbers({"rtf": None}, missing=("rtf",))
    ({'peak_rss_bytes': 3.0}, {})
    """
    found = {}
    for name, value in data.items():
        if value is None and name in missing:
            continue
        if not is_number(value):
            raise NumberError(str(name), f"{_shown(value)} is no finite number")
        found[str(name)] = float(value)
    return found


def shares(data: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """One utterance's counts by metric; ValueError for one that is none.

    >>> shares({"wer": [1, 8]})
    {'wer': (1.0, 8.0)}
    """
    found = {}
    for metric, share in data.items():
        if not isinstance(share, list) or not share or not all(map(is_number, share)):
            raise ValueError(f"{metric} is {_shown(share)}, finite numbers were expected")
        found[str(metric)] = tuple(map(float, share))
    return found


def readings(data: Mapping[str, Any], clocks: Sequence[str]) -> dict[str, float]:
    """The numbers of a case. Null may be what nothing is judged by, such as a first call that raised.

    A model that translates text has no length to divide by, so all its clocks are null.
    """
    return numbers(data, (*TOLD, *clocks) if all(data.get(clock) is None for clock in clocks) else TOLD)


def kept(share: tuple[float, ...], where: str) -> tuple[float, ...]:
    """A share of a result that becomes the baseline; BaselineError for one that is no number."""
    if not share or not all(map(is_number, share)):
        raise BaselineError(f"{where} is {list(share)}, and a baseline holds finite numbers only: nothing was accepted")
    return share


def times(clocks: Sequence[Any]) -> tuple[float, ...]:
    """One utterance's seconds: wall, CPU and perhaps GPU, none below 0."""
    if not isinstance(clocks, list) or len(clocks) not in (2, 3):
        raise ValueError(f"{_shown(clocks)} was found, 2 or 3 times in seconds were expected")
    if not all(is_number(time) and time >= 0 for time in clocks):
        raise ValueError(f"its times are {_shown(clocks)}, finite seconds were expected")
    return tuple(map(float, clocks))


def each[T, U](table: Table[T], change: Callable[[T], U]) -> Table[U]:
    """`table.mapped(change)`, where an error names the first utterance that it is about."""
    try:
        return table.mapped(change)
    except MALFORMED as error:
        name = next((name for name, value in table.items() if not _changes(value, change)), "")
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise NumberError(name, what) from error


def _changes[T, U](value: T, change: Callable[[T], U]) -> bool:
    try:
        change(value)
    except MALFORMED:
        return False
    return True


def _shown(value: object) -> str:
    return "null" if value is None else repr(value).replace("None", "null")[:60]
