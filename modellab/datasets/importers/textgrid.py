"""Praat's TextGrid: labels over time, in tiers.

Both forms, short and long, are read as Praat reads them: quoted texts, numbers and flags that stand free are values,
anything else is decoration.

Source: Praat manual, TextGrid file formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from modellab.datasets.importers import textfiles
from modellab.errors import DatasetError

VALUE = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"'
    r"|(?<!\S)<(?P<flag>exists|absent)>(?!\S)"
    r"|(?<!\S)(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)"
)
MOST = 10_000_000  # labels of a file


class Label(NamedTuple):
    """A stretch of a tier; `end_s` is `start_s` in a tier of points."""

    start_s: float
    end_s: float
    text: str


class Tier(NamedTuple):
    """A named list of labels."""

    name: str
    labels: list[Label]
    is_points: bool = False


def read(path: Path) -> list[Tier]:
    """The tiers of a file; DatasetError says what of it is none."""
    try:
        return tiers(textfiles.whole(path))
    except ValueError as fault:
        raise DatasetError(f"{path}: it is no whole TextGrid ({fault})") from None


def tiers(text: str) -> list[Tier]:
    """The tiers of a text; ValueError for what is no TextGrid."""
    if "ooTextFile" not in text[:200]:
        raise ValueError("its first line does not say ooTextFile")
    values = _values(text)
    _texts(values, 2)
    _numbers(values, 2)
    if (flag := next(values, None)) != "<exists>":
        return [] if flag == "<absent>" else _fail(flag, "<exists>")
    return [_tier(values) for _ in range(_count(values))]


def _tier(values: Iterator[str | float]) -> Tier:
    kind, name = _texts(values, 2)
    _numbers(values, 2)
    is_points = kind == "TextTier"
    if not is_points and kind != "IntervalTier":
        raise ValueError(f"a tier is {kind[:40]!r}, expected IntervalTier or TextTier")
    labels = []
    for _ in range(_count(values)):
        times = _numbers(values, 1 if is_points else 2)
        labels.append(Label(times[0], times[-1], _texts(values, 1)[0]))
    return Tier(name.strip().strip('"'), labels, is_points)


def _values(text: str) -> Iterator[str | float]:
    for match in VALUE.finditer(text):
        if match["text"] is not None:
            yield "'" + match["text"].replace('""', '"')  # a mark in front: a text, not a flag
        elif match["flag"]:
            yield f"<{match['flag']}>"
        else:
            yield float(match["number"])


def _texts(values: Iterator[str | float], count: int) -> list[str]:
    taken = [next(values, None) for _ in range(count)]
    return [
        value[1:] if isinstance(value, str) and value.startswith("'") else _fail(value, "a text") for value in taken
    ]


def _numbers(values: Iterator[str | float], count: int) -> list[float]:
    taken = [next(values, None) for _ in range(count)]
    return [value if isinstance(value, float) and abs(value) < 1e9 else _fail(value, "a time") for value in taken]


def _count(values: Iterator[str | float]) -> int:
    value = next(values, None)
    return int(value) if isinstance(value, float) and 0 <= value <= MOST else _fail(value, "a count")


def _fail(value: object, wanted: str) -> NoReturn:
    came = "the end of the file" if value is None else repr(value)[:40]
    raise ValueError(f"{came} where {wanted} was expected")
