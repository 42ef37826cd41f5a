"""Numbers of which each has to be one: what is missing, NaN, infinite or absurd must not decide anything in silence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modellab.errors import MALFORMED, BaselineError, NumberError
from modellab.types.readings import CLOCKS, LIMITED, REFERENCE
from modellab.types.spooled import Table

if TYPE_CHECKING:
    from modellab.types import Counts, Metric

LEAST_S = 1e-9  # no clock tells less, but for nothing at all
TOGETHER = {"reference_version": REFERENCE, "other_cores": ("cores",)}  # a reading that says nothing without others
MOST = 1e15  # no count, time or size of a speech model is beyond; sums of such numbers stay finite


def is_number(value: object) -> bool:
    """A finite int or float that is not absurd; true and false are none.

    >>> [is_number(x) for x in (0, 1.5, True, None, "1", float("nan"), float("inf"), 10**400)]
    [True, True, False, False, False, False, False, False]
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST <= value <= MOST


def numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers; NumberError for one that is none.

    >>> numbers({"peak_rss_bytes": 3})
    {'peak_rss_bytes': 3.0}
    """
    named = {}
    for name, value in data.items():
        if not is_number(value):
            raise NumberError(str(name), f"{_shown(value)} is no finite number")
        named[str(name)] = float(value)
    return named


def counts(data: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """One utterance's counts by metric; ValueError for one that is none.

    >>> counts({"wer": [1, 8]})
    {'wer': (1.0, 8.0)}
    """
    by_metric = {}
    for metric, counted in data.items():
        if not isinstance(counted, list) or not counted or not all(map(is_number, counted)):
            raise ValueError(f"{metric} is {_shown(counted)}, finite numbers were expected")
        if len(counted) == 2 and counted[1] < 0:  # of a rate the lower number
            raise ValueError(f"{metric} is {_shown(counted)}: nothing counts {counted[1]:g} of anything")
        by_metric[str(metric)] = tuple(map(float, counted))
    return by_metric


def judgeable(counted: Mapping[str, Counts], metrics: Iterable[Metric]) -> Mapping[str, Counts]:
    """What a task's `score` gave, as it is; ValueError where a metric that can fail a case has a NaN or an infinity."""
    for name in (metric.name for metric in metrics if metric.judged()):
        if not all(map(math.isfinite, counted.get(name, ()))):
            raise ValueError(f"{name} is {list(counted[name])}: no change of it could be judged")
    return counted


class Alike:
    """`counts` of utterances that belong together: each has the metrics of the first, of as many numbers.

    >>> read = Alike()
    >>> read({"wer": [1, 8]}), read({"wer": [0, 3]})
    ({'wer': (1.0, 8.0)}, {'wer': (0.0, 3.0)})
    """

    def __init__(self) -> None:
        self.widths: dict[str, int] | None = None

    def __call__(self, data: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
        by_metric = counts(data)
        widths = {name: len(counted) for name, counted in by_metric.items()}
        self.widths = widths if self.widths is None else self.widths
        if widths != self.widths:
            names = sorted(name for name in widths.keys() | self.widths if widths.get(name) != self.widths.get(name))
            there, first = ([by_name.get(name, 0) for name in names] for by_name in (widths, self.widths))
            raise ValueError(f"{', '.join(names)} has {there} numbers, and {first} in the first utterance")
        return by_metric


def spreads(data: Mapping[str, Any]) -> dict[str, float]:
    """Named standard deviations and fractions: numbers of which none is below 0."""
    named = numbers(data)
    for name, value in named.items():
        if value < 0:
            raise NumberError(name, f"{value:g} is below 0")
    return named


def readings(data: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a case, none below 0. Null may be what nothing is judged by, such as a first call that raised.

    A model that translates text has no length to divide by, so all its clocks are null.
    """
    none = (*LIMITED, *CLOCKS) if all(data.get(clock) is None for clock in CLOCKS) else LIMITED
    named = spreads({name: value for name, value in data.items() if value is not None or name not in none})
    for name, beside in TOGETHER.items():
        for other in beside if name in named else ():
            if not named.get(other):
                raise NumberError(other, f"it is {'0' if other in named else 'missing'}, and {name} is there")
    return named


def kept(counted: tuple[float, ...], where: str) -> tuple[float, ...]:
    """Counts of a result that become the baseline; BaselineError for what is no number."""
    if not counted or not all(map(is_number, counted)):
        raise BaselineError(
            f"{where} is {list(counted)}, and a baseline holds finite numbers only: nothing was accepted"
        )
    return counted


def times(clocks: Sequence[Any]) -> tuple[float, ...]:
    """One utterance's seconds: wall, CPU and perhaps GPU, none below 0."""
    if not isinstance(clocks, list) or len(clocks) not in (2, 3):
        raise ValueError(f"{_shown(clocks)} was found, 2 or 3 times in seconds were expected")
    if not all(is_number(time) and (time >= LEAST_S or time == 0) for time in clocks):
        raise ValueError(f"its times are {_shown(clocks)}, finite seconds were expected")
    return tuple(map(float, clocks))


def mapped[T, U](table: Table[T], change: Callable[[T], U]) -> Table[U]:
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
