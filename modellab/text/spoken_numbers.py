"""Numbers as they are spoken, in figures: "two hundred and five" is 205, "nineteen ninety" 1990, "oh" a zero only
among digits.

Digits said one by one stay apart ("one two three" is "1 2 3" and not 123), a million and more is a count of millions
("5 million"), so that what was made once is not changed when it is read again.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from modellab.text.english_tables import (
    DECADES,
    DIGITS,
    LAST_WRITTEN_OUT,
    ORDINAL_SCALES,
    ORDINALS,
    SCALES,
    SMALL_ORDINALS,
    TEENS,
    TENS,
)

FIGURES = re.compile(r"[0-9]+(\.[0-9]+)?")
CENTURIES = range(13, 21)  # what the first half of a year is: "ten fifteen" is a time
ZEROS = ("oh", "o")
TIMES = {"double": 2, "triple": 3}
BEGINNINGS = frozenset({*DIGITS, *TEENS, *TENS, *DECADES, *ORDINALS, *ZEROS, *TIMES, "a"})


class Number(NamedTuple):
    """A number that was read: what is written for it, and the position behind it."""

    text: str
    end: int


def figures(words: list[str]) -> list[str]:
    """The words with every spoken number in figures."""
    found: list[str] = []
    i = 0
    while i < len(words):
        number = None
        if words[i] in BEGINNINGS or words[i][0].isdecimal():
            number = _Reader(words).read(i, bool(found) and bool(FIGURES.fullmatch(found[-1])))
        found += number.text.split() if number else [words[i]]
        i = number.end if number else i + 1
    return found


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


class _Reader:
    """Reads one number of a list of words."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def at(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def read(self, i: int, among_figures: bool) -> Number | None:
        """The number that begins at word i; None where none does."""
        word = self.at(i)
        if word in ZEROS:
            return Number("0", i + 1) if among_figures and self._is_digit(i + 1) else None
        if word in TIMES and self._is_digit(i + 1):
            digit = "0" if self.at(i + 1) in ZEROS else str(DIGITS.get(self.at(i + 1), self.at(i + 1)))
            return Number(" ".join([digit] * TIMES[word]), i + 2)
        if word in DECADES:
            return Number(f"{DECADES[word]}s", i + 1)
        if word in ORDINALS:
            return None if ORDINALS[word] <= LAST_WRITTEN_OUT else Number(ordinal(ORDINALS[word]), i + 1)
        if word == "a" and self.at(i + 1) in {"hundred", *SCALES} and self.at(i - 1) != "half":
            return self._cardinal(i + 1, Decimal(1))
        small = self._small(i)
        return self._year(i) or self._cardinal(small[1], small[0]) if small else None

    def _is_digit(self, i: int) -> bool:
        word = self.at(i)
        return word in DIGITS or word in ZEROS or (len(word) == 1 and word.isdecimal())

    def _small(self, i: int) -> tuple[Decimal, int] | None:
        """A number below a hundred in words, or any in figures, and the position behind it."""
        word = self.at(i)
        if word in TENS:
            ones = DIGITS.get(self.at(i + 1), 0)
            return Decimal(TENS[word] + ones), i + 2 if ones else i + 1
        if word in DIGITS or word in TEENS:
            return Decimal(DIGITS.get(word, TEENS.get(word, 0))), i + 1
        return (Decimal(word), i + 1) if FIGURES.fullmatch(word) else None

    def _year(self, i: int) -> Number | None:
        """ "nineteen ninety", "twenty oh five", "nineteen sixties"."""
        word, behind = self.at(i), self.at(i + 1)
        century = TEENS.get(word, TENS.get(word, 0))
        if century not in CENTURIES:
            return None
        if behind in DECADES:
            return Number(f"{century}{DECADES[behind]}s", i + 2)
        if behind in ZEROS and DIGITS.get(self.at(i + 2), 0) > 0:
            return Number(f"{century}0{DIGITS[self.at(i + 2)]}", i + 3)
        if behind in TEENS or behind in TENS:
            rest = self._small(i + 1)
            if rest and self.at(rest[1]) not in {"hundred", *SCALES}:
                return Number(f"{century}{rest[0]}", rest[1])
        return None

    def _cardinal(self, i: int, value: Decimal) -> Number:
        """The whole number whose first part, of this value, ends before word i."""
        if self.at(i) == "point" and (point := self._point(i, value)):
            if " " in point.text:
                return point
            value, i = Decimal(point.text), point.end
            exact = point.text
        else:
            exact = ""
        if self.words[i : i + 3] == ["and", "a", "half"] and not exact:
            value, i = value + Decimal("0.5"), i + 3
        if self.at(i) not in {"hundred", *SCALES}:
            return self._ended(i, value, exact or self.at(i - 1))
        total, last = Decimal(0), 10**15
        while True:
            value, i = self._hundreds(i, value)
            scale = SCALES.get(self.at(i), 0)
            if not scale or scale >= last:
                return self._ended(i, total + value)
            total, last, i = total + value * scale, scale, i + 1
            rest = self._small(i + (self.at(i) == "and"))
            following = self.at(rest[1]) if rest else ""
            if not rest or rest[0] != int(rest[0]) or rest[0] >= scale or SCALES.get(following, 0) >= scale:
                return self._ended(i, total)
            value, i = rest

    def _hundreds(self, i: int, value: Decimal) -> tuple[Decimal, int]:
        if self.at(i) != "hundred":
            return value, i
        value, i = value * 100, i + 1
        rest = self._small(i + (self.at(i) == "and"))
        return (value + rest[0], rest[1]) if rest and rest[0] < 100 and rest[0] == int(rest[0]) else (value, i)

    def _ended(self, i: int, value: Decimal, said: str = "") -> Number:
        """The number, with an ordinal behind its tens or hundreds where there is one."""
        tens, last = self.at(i - 1) in TENS, self.at(i - 1) in {"hundred", *SCALES}
        if last and self.at(i) == "and" and self.at(i + 1) in ORDINALS:
            i += 1
        one = ORDINALS.get(self.at(i), 0)
        if value == int(value) and ((tens and 0 < one < 10) or (last and one)):
            return Number(ordinal(int(value) + one), i + 1)
        if self.at(i) in ORDINAL_SCALES and value == int(value):
            return Number(ordinal(int(value) * ORDINAL_SCALES[self.at(i)]), i + 1)
        return Number(said if FIGURES.fullmatch(said) else written(value), i)

    def _point(self, i: int, value: Decimal) -> Number | None:
        """The digits behind "point"; with a second "point" the parts as they are, as of a version."""
        parts = [str(value)]
        while self.at(i) == "point":
            digits, end = "", i + 1
            while (part := self._small(end)) or (self.at(end) in ZEROS and digits):
                if part and "." in str(part[0]):
                    break
                digits, end = digits + (str(part[0]) if part else "0"), part[1] if part else end + 1
                if part and FIGURES.fullmatch(self.at(end - 1)):
                    break
            if not digits:
                break
            parts, i = [*parts, digits], end
        if len(parts) == 1:
            return None
        return Number(".".join(parts) if len(parts) == 2 and "." not in parts[0] else " point ".join(parts), i)
