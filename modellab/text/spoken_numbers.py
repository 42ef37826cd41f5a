"""Numbers as they are spoken, in figures: "two hundred and five" is 205, "nineteen ninety" 1990, "oh" a zero only
among digits.

Digits said one by one stay apart ("one two three" is "1 2 3" and not 123), a million and more is a count of millions
("5 million"), so that what was made once is not changed when it is read again.
"""

from __future__ import annotations

from decimal import Decimal

from modellab.text.english_tables import (
    DECADES,
    DIGITS,
    LAST_WRITTEN_OUT,
    MONTHS,
    ORDINAL_SCALES,
    ORDINALS,
    OTHER_DECADES,
    PLURAL_ORDINALS,
    SCALES,
    TEENS,
    TENS,
)
from modellab.text.number_forms import FIGURES, LONGEST, ROUND, Number, nth, ordinal, written
from modellab.text.spoken_fractions import EXACT, EXACT_PARTS, beginning, denominator, of_scale
from modellab.text.spoken_zeros import TIMES, ZEROS, is_digit, oh

CENTURIES = range(13, 21)  # what the first half of a year is: "ten fifteen" is a time, "ten sixty six" none
_HOURS = frozenset(map(str, range(1, 13)))
CONTINUING = frozenset({"hundred", *SCALES, *ORDINAL_SCALES, "point", "and", *EXACT, "fourth", "fourths"})
AROUND = 8  # as many words from a number are looked at
MANY = 500  # words; in a text of more what was read is remembered
LATER = {word for each in (ORDINALS, PLURAL_ORDINALS) for word, value in each.items() if value > LAST_WRITTEN_OUT}
_ARTICLES = ("a", "an", "half", "hundred")
BEGINNINGS = frozenset({*DIGITS, *TEENS, *TENS, *DECADES, *LATER, *ORDINAL_SCALES, *ZEROS, *TIMES, *_ARTICLES})


def figures(words: list[str]) -> list[str]:
    """The words with every spoken number in figures."""
    if BEGINNINGS.isdisjoint(words) and CONTINUING.isdisjoint(words):
        return words
    found: list[str] = []
    reader, i = _Reader(words), 0
    read = reader.remembered if len(words) > MANY else reader.read
    while i < len(words):
        number = None
        if words[i] in BEGINNINGS or (words[i][0].isdecimal() and not reader.is_alone(i)):
            number = read(i, found[-1] if found else "")
        found += number.text.split() if number else [words[i]]
        i = number.end if number else i + 1
    return found


class _Reader:
    """Reads one number of a list of words."""

    def __init__(self, words: list[str]) -> None:
        self.words = [*words, *[""] * AROUND]
        self.at = self.words.__getitem__  # '' before the first word and behind the last
        self.known: dict[tuple[str, ...], tuple[str, int] | None] = {}
        self.joins = True  # whether "and" may be within a number

    def is_alone(self, i: int) -> bool:
        """Whether a figure stays as it is, because nothing behind it belongs to it."""
        return self.at(i + 1) not in CONTINUING

    def remembered(self, i: int, before: str) -> Number | None:
        """The same as `read`; what stands between the same words is read once, but for long numbers."""
        key = (before, *self.words[max(i - AROUND, 0) : i + 2 * AROUND])
        if i < AROUND or key not in self.known:
            number = self.read(i, before)
            if number and number.end > i + AROUND:
                return number
            self.known[key] = (number.text, number.end - i) if number else None
            return number
        known = self.known[key]
        return Number(known[0], i + known[1]) if known else None

    def read(self, i: int, before: str) -> Number | None:
        """The number that begins at word i; None where none does. `before` is what the word before it became."""
        return of_scale(self.at, i) or self._read(i, before)

    def _read(self, i: int, before: str) -> Number | None:
        word = self.at(i)
        if word in ZEROS or (word == "zero" and self.at(i + 2) == "hundred"):
            zero = oh(self.at, i, before)
            if zero is None and word == "oh" and self.at(i + 1) == "point":
                return self._point(i + 1, Decimal(0))
            return Number(*zero) if zero else None
        if word in ("a", "an"):
            return self._article(i)
        if word in DECADES:
            return Number(f"{DECADES[word]}s", i + 1)
        if word in ORDINALS or word in PLURAL_ORDINALS or word in ORDINAL_SCALES:
            return nth(i, word)
        if word in TIMES and is_digit(self.at, i + 1):
            digit = "0" if self.at(i + 1) in ZEROS else str(DIGITS.get(self.at(i + 1), self.at(i + 1)))
            return Number(" ".join([digit] * TIMES[word]), i + 2)
        if word == "hundred":  # "the hundred and first"
            number = self._counted(i, Decimal(1))
            return number if number.text[-1].isalpha() else None
        small = self._small(i)
        return small and (beginning(self.at, *small) or self._year(i, before) or self._counted(small[1], small[0]))

    def _article(self, i: int) -> Number | None:
        """ "a hundred", "a quarter", "a third of": one of them."""
        name, behind = self.at(i + 1), self.at(i + 2)
        if name in {"hundred", *SCALES}:
            return self._counted(i + 1, Decimal(1)) if self.at(i - 1) != "half" else None
        if ROUND.fullmatch(name) or (name == "1" and behind in SCALES):
            return Number("", i + 1)  # "a $100 bill" is "a hundred dollar bill"
        if name in ORDINAL_SCALES and behind == "of":
            return Number(ordinal(ORDINAL_SCALES[name]), i + 2)
        if name in ("half", "quarter"):
            return Number(f"1 {name}", i + 2)
        part = denominator(self.at, i + 1)
        return (
            Number(f"1 {part.name}", part.end) if part and not part.many and self.at(part.end) in ("of", "") else None
        )

    def _counted(self, i: int, value: Decimal) -> Number:
        """A whole number. "between one hundred and two" are two where no other "and" follows."""
        number = self._cardinal(i, value)
        if number.end < i + 2 or "and" not in self.words[i : number.end]:
            return number
        begin = i - 1
        while begin > 0 and self.at(begin - 1) not in ("between", "and") and i - begin < 3:
            begin -= 1
        if self.at(begin - 1) != "between":
            return number
        if self.at(number.end) == "and" and self._small(number.end + 1):
            return number
        self.joins = False
        try:
            return self._cardinal(i, value)
        finally:
            self.joins = True

    def _behind_and(self, i: int) -> int:
        return i + 1 if self.joins and self.at(i) == "and" else i

    def _small(self, i: int) -> tuple[Decimal, int] | None:
        """A number below a hundred in words, or any in figures, and the position behind it."""
        word = self.at(i)
        if word in TENS:
            ones = DIGITS.get(self.at(i + 1), 0)
            return Decimal(TENS[word] + ones), i + 2 if ones else i + 1
        if word in DIGITS or word in TEENS:
            return Decimal(DIGITS.get(word, TEENS.get(word, 0))), i + 1
        return (Decimal(word), i + 1) if len(word) <= LONGEST and FIGURES.fullmatch(word) else None

    def _year(self, i: int, before: str) -> Number | None:
        """ "nineteen ninety", "twenty oh five", "nineteen sixties", "nineteen hundreds"."""
        word, behind = self.at(i), self.at(i + 1)
        century = TEENS.get(word, TENS.get(word, 0))
        if behind in TENS and self.at(i + 2) in PLURAL_ORDINALS:  # "ten sixty fourths"
            return None
        if 10 <= century < 13 and behind in TENS and (rest := self._small(i + 1)) and rest[0] >= 60:
            return Number(f"{century}{rest[0]}", rest[1]) if self.at(rest[1]) not in {"hundred", *SCALES} else None
        if word == "two" and behind == "thousands":
            return Number("2000s", i + 2)
        if century not in CENTURIES:
            return None
        if behind in DECADES or behind in OTHER_DECADES:
            return Number(f"{century}{DECADES.get(behind) or OTHER_DECADES[behind]}s", i + 2)
        if behind in ZEROS and DIGITS.get(self.at(i + 2), 0) > 0:
            return Number(f"{century}0{DIGITS[self.at(i + 2)]}", i + 3)
        if behind in TEENS or behind in TENS:
            rest = self._small(i + 1)
            if rest and self.at(rest[1]) not in {"hundred", *SCALES} and not self._no_year(i, century, rest, before):
                return Number(f"{century}{rest[0]}", rest[1])
        return None

    def _no_year(self, i: int, century: int, rest: tuple[Decimal, int], before: str) -> bool:
        """Whether somebody counts ("twelve thirteen fourteen") or tells minutes and seconds ("ten fifteen thirty")."""
        following = self._small(rest[1])
        in_a_row = before == str(century - 1) or (following is not None and following[0] == rest[0] + 1)
        step = rest[0] - century
        in_tens = before == str(century - step) or (following is not None and following[0] == rest[0] + step)
        if step > 0 and step % 10 == century % 10 == 0 and in_tens:  # "ten twenty thirty"
            return True
        hour = before in _HOURS and self.at(i - 2) not in MONTHS
        return (rest[0] == century + 1 and in_a_row) or (hour and century < 19 and rest[0] < 60)

    def _cardinal(self, i: int, value: Decimal) -> Number:
        """The whole number whose first part, of this value, ends before word i."""
        point, exact = self._point(i, value), ""
        if point and " " in point.text:
            return point
        if point:
            exact, value, i = point.text, Decimal(point.text), point.end
        elif isinstance(parts := self._parts(i, value), Number):
            return parts
        elif parts:
            value, i = parts
        if self.at(i) not in {"hundred", *SCALES}:
            return self._ended(i, value, exact or self.at(i - 1))
        return self._scaled(i, value)

    def _scaled(self, i: int, value: Decimal) -> Number:
        """The number whose first part, of this value, is before "hundred" or a scale at word i."""
        total, last = Decimal(0), 10**15
        while True:
            value, i = self._hundreds(i, value, last)
            if (point := self._point(i, value)) and " " not in point.text and self.at(point.end) in SCALES:
                value, i = Decimal(point.text), point.end  # "one hundred point five million"
            scale = SCALES.get(self.at(i), 0)
            if not scale or scale >= last:
                return self._with_parts(i, total, value)
            total, last, i = total + value * scale, scale, i + 1
            start = self._behind_and(i)
            rest_ = self._small(start)
            if not rest_ or not self._goes_on(*rest_, scale):
                return self._with_parts(i, total, Decimal(0), scale)
            value, i = rest_

    def _goes_on(self, value: Decimal, i: int, scale: int) -> bool:
        """Whether a small number that ends before word i is the rest of one that a scale has just ended."""
        if value != int(value) or value >= scale:
            return False
        value, i = self._hundreds(i, value, scale)
        return value < scale and SCALES.get(self.at(i), 0) < scale

    def _hundreds(self, i: int, value: Decimal, last: int) -> tuple[Decimal, int]:
        """The value with "hundred" and what is behind it; `last` is the scale that was before."""
        if self.at(i) != "hundred":
            return value, i
        value, i = value * 100, i + 1
        rest = self._small(self._behind_and(i))
        if not rest or rest[0] >= 100 or rest[0] != int(rest[0]):
            return value, i
        following = self.at(rest[1])
        if rest[0] < 10 and self.at(rest[1] - 2) != "and" and is_digit(self.at, rest[1]):
            return value, i  # "eight hundred five five five"
        another = following == "hundred" or SCALES.get(following, 0) >= last  # "one hundred and two hundred"
        return (value, i) if another else (value + rest[0], rest[1])

    def _with_parts(self, i: int, total: Decimal, value: Decimal, scale: int = 1) -> Number:
        """The number with decimals or "and a half" behind it, of its last `scale` where that is a million or more."""
        whole = int(total + value)
        if whole == total + value and (point := self._point(i, Decimal(whole))):
            return point
        parts = self._parts(i, total + value)
        if isinstance(parts, Number):
            return parts
        if parts and scale > SCALES["thousand"]:
            return Number(written(total + (parts[0] - total) * scale), parts[1])
        return Number(written(parts[0]), parts[1]) if parts else self._ended(i, value, total=total)

    def _parts(self, i: int, value: Decimal) -> Number | tuple[Decimal, int] | None:
        """What "and a half", "and three quarters" make of a whole number; others are "2 and 1 third"."""
        if self.at(i) != "and" or not self.joins or value != int(value):
            return None
        count, end = (Decimal(1), i + 2) if self.at(i + 1) in ("a", "an") else self._small(i + 1) or (Decimal(0), i)
        part = denominator(self.at, end)
        if part is None and end > i + 2 and self.at(end - 1) in TENS:  # "five thirty seconds"
            part = denominator(self.at, end - 1)
        if part is None or not 0 < count < 100 or count != int(count):
            return None
        if part.many == (count == 1) and self.at(end) != "quarter":  # "two and three quarter inches"
            return None
        if part.value in EXACT_PARTS and count < part.value:
            return value + count * EXACT_PARTS[part.value], part.end
        return Number(f"{written(value)} and {count} {part.name}", part.end)

    def _ended(self, i: int, value: Decimal, said: str = "", total: Decimal = Decimal(0)) -> Number:
        """The number, with an ordinal behind its tens or hundreds where there is one."""
        tens, last = self.at(i - 1) in TENS, self.at(i - 1) in {"hundred", *SCALES}
        if last and self.at(i) == "and" and self.at(i + 1) in ORDINALS and self.joins:
            i += 1
        one, many = ORDINALS.get(self.at(i), 0), PLURAL_ORDINALS.get(self.at(i), 0)
        if value == int(value) and ((tens and 0 < one < 10) or (last and one)):
            return Number(ordinal(int(total + value) + one), i + 1)
        if tens and 2 < many < 10:
            return Number(f"{ordinal(int(total + value) + many)}s", i + 1)
        if self.at(i) in ORDINAL_SCALES and value == int(value) and value:
            return Number(ordinal(int(total + value * ORDINAL_SCALES[self.at(i)])), i + 1)
        return Number(said if FIGURES.fullmatch(said) else written(total + value), i)

    def _point(self, i: int, value: Decimal) -> Number | None:
        """The digits behind "point"; with a second "point" the parts as they are, as of a version."""
        if self.at(i) != "point":
            return None
        parts = [str(value)]
        while self.at(i) == "point":
            digits, end = "", i + 1
            while (part := self._small(end)) or self.at(end) in ZEROS:
                if part and "." in str(part[0]):
                    break
                digits, end = digits + (str(part[0]) if part else "0"), part[1] if part else end + 1
                if part and FIGURES.fullmatch(self.at(end - 1)):
                    break
            if not digits:
                break
            parts.append(digits)
            i = end
        if len(parts) == 1:
            return None
        return Number(".".join(parts) if len(parts) == 2 and "." not in parts[0] else " point ".join(parts), i)
