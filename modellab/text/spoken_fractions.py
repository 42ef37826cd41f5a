"""The lower number of a fraction in words: "halves", "a sixteenth", "sixty fourths", "thirty seconds"."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from modellab.text.english_tables import (
    DENOMINATORS,
    LAST_WRITTEN_OUT,
    ORDINALS,
    PARTS,
    PLURAL_ORDINALS,
    SCALES,
    TENS,
)
from modellab.text.number_forms import Number, ordinal, written

_COUNTS = {"a": 1, "an": 1, "one": 1, "1": 1, "three": 3, "3": 3}
EXACT_PARTS = {2: Decimal("0.5"), 4: Decimal("0.25"), 8: Decimal("0.125")}  # "two and a half" is 2.5
EXACT = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "quarters": Decimal("0.25")}


class Denominator(NamedTuple):
    """A lower number that was read: its value, what `modellab_en` calls it, whether that is many, and where it ends."""

    value: int
    name: str
    many: bool
    end: int


def denominator(at: Callable[[int], str], i: int) -> Denominator | None:
    """The one that begins at word i; None where none does. Up to the tenth only what cannot be an ordinal alone is."""
    name, end, tens = at(i), i + 1, 0
    if name in TENS and (at(end) in ORDINALS or at(end) in PLURAL_ORDINALS):
        name, end, tens = at(end), end + 1, TENS[name]
    nth = ORDINALS.get(name, 0) or PLURAL_ORDINALS.get(name, 0)
    if tens and nth >= LAST_WRITTEN_OUT:
        return None
    value = tens + nth if tens or nth > LAST_WRITTEN_OUT else PARTS.get(name, 0)
    if not value:
        return None
    many = name == "halves" or name in PLURAL_ORDINALS or (name in PARTS and name.endswith("s"))
    names = DENOMINATORS.get(value, (ordinal(value), f"{ordinal(value)}s"))
    return Denominator(value, names[many], many, end)


def beginning(at: Callable[[int], str], count: Decimal, i: int) -> Number | None:
    """The fraction of which `count` ends before word i and that is no ordinal: "three fourths", "three quarter"."""
    if count in (1, 3) and at(i) in ("fourth", "fourths", "quarter"):
        return Number(f"{count} {'quarter' if count == 1 else 'quarters'}", i + 1)
    if at(i) == "thirty" and at(i + 1) == "seconds" and count in range(1, 32):
        return Number(f"{count} 32nds", i + 2)
    return None


def of_scale(at: Callable[[int], str], i: int) -> Number | None:
    """Halves and quarters of a million, a billion, a percent that begin at word i: "half a million" is 500000."""
    count, end = (1, i) if at(i) == "half" else (_COUNTS.get(at(i), 0), i + 1)
    part = EXACT.get(at(end), Decimal(0)) * count
    if not 0 < part < 1:
        return None
    end += 2 if at(end + 1) == "of" else 1
    end += at(end) in ("a", "an", "one", "1")
    if at(end) == "percent":
        return Number(f"{part} percent", end + 1)
    return Number(written((part * SCALES[at(end)]).to_integral_value()), end + 1) if at(end) in SCALES else None
