"""How `modellab_en` writes numbers: whole ones by millions, ordinals up to the tenth as words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from modellab.text.english_tables import (
    LAST_WRITTEN_OUT,
    ORDINAL_SCALES,
    ORDINALS,
    PLURAL_ORDINALS,
    SCALES,
    SMALL_ORDINALS,
)

FIGURES = re.compile(r"[0-9]+(\.[0-9]+)?")
ROUND = re.compile(r"10{2,3}|100000")  # what "a hundred" and "a hundred thousand" are
LONGEST = 15  # figures of a number that is reckoned with; longer ones are as they are


class Number(NamedTuple):
    """A number that was read: what is written for it, and the position behind it."""

    text: str
    end: int


def written(value: Decimal) -> str:
    """A number as `modellab_en` writes it: groups of millions and more by name.

    >>> written(Decimal("2500000")), written(Decimal("1990")), written(Decimal("2.5"))
    ('2 million 500000', '1990', '2.5')
    """
    if value != value.to_integral_value():
        return f"{value:f}"
    rest, parts = int(value), []
    for name, scale in sorted(SCALES.items(), key=lambda each: -each[1]):
        if scale > SCALES["thousand"] and rest >= scale:
            parts += [str(rest // scale), name]
            rest %= scale
    return " ".join([*parts, *([str(rest)] if rest or not parts else [])])


def ordinal(value: int) -> str:
    """1 is "first", 21 is "21st"."""
    if value in SMALL_ORDINALS:
        return SMALL_ORDINALS[value]
    ending = "th" if 10 <= value % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def nth(i: int, word: str) -> Number | None:
    """An ordinal at word i; up to the tenth they stay words."""
    if word in ORDINAL_SCALES:
        return Number(ordinal(ORDINAL_SCALES[word]), i + 1)
    value, many = ORDINALS.get(word, 0) or PLURAL_ORDINALS[word], "" if word in ORDINALS else "s"
    return None if value <= LAST_WRITTEN_OUT else Number(f"{ordinal(value)}{many}", i + 1)
