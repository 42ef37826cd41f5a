"""Units, dates and coins in `modellab_en`, behind numbers that are figures by now.

Who writes "$5", "90°" or "10 km" does not tell whether it was said with an s: "a $5 bill" is "a five dollar bill". So
behind a number other than 1 the name of a currency, a degree or an abbreviated unit always has one.
"""

from __future__ import annotations

from decimal import Decimal

from modellab.text import english_money as money
from modellab.text import english_tables as tables
from modellab.text.number_forms import FIGURES, ordinal, written

AMOUNTS = frozenset({*tables.DIGITS, *tables.TEENS, *tables.TENS, "hundred", *tables.SCALES})
NOTES = frozenset(name.split()[-1] for names in money.CURRENCIES.values() for name in names)
COINS = frozenset(name for names in money.COINS.values() for name in names)


def _many(name: str) -> str:
    return tables.ALIKE.get(name, f"{name}s")


_TIMES = ("hour", "minute", "second", "year")  # nobody abbreviates them so often that "a five minute walk" needs it
_MANY = {
    **{one: many for one, many in money.CURRENCIES.values() if " " not in one},
    **{name: _many(name) for name in tables.UNITS.values() if " " not in name and name not in _TIMES},
    "degree": "degrees",
}
_KNOWN = frozenset({*tables.UNITS, *tables.PER, *tables.AREAS, *_MANY, "k", "an", "a"})
_AREAS = frozenset(tables.AREAS.values())
_RATED = frozenset({*NOTES, "miles", "mile", "kilometers", "kilometer", "meters", "feet"})  # "miles an hour"


def is_unit(words: list[str], i: int) -> bool:
    """Whether "mm" is a unit, because it is behind a number, and no filler."""
    return (
        words[i] in tables.UNITS
        and i > 0
        and (words[i - 1] in AMOUNTS or words[i - 1] in tables.PARTS or words[i - 1][-1].isdecimal())
    )


def units(words: list[str]) -> list[str]:
    """Units behind a number in full, "k" as thousands, "an hour" behind miles as "per hour"."""
    if _KNOWN.isdisjoint(words):
        return words
    found = list(words)
    for i, word in enumerate(words):
        if i and word in _KNOWN and (name := _in_full(words, i)):
            found[i] = name
            if word == "k":
                found[i - 1] = ""
    return " ".join(found).split()


def _in_full(words: list[str], i: int) -> str:
    """What the unit at word i is called; '' if it stays. What "k" becomes takes the number's place as well."""
    word, before = words[i], words[i - 1]
    if word in ("a", "an"):
        rated = before in _RATED and _counts(words, i - 2) and not tables.RATES.isdisjoint(words[i + 1 : i + 2])
        return "per" if rated else ""
    if before == "per" and i > 1:
        return tables.PER.get(word, "")
    if before in ("square", "cubic") and i > 1 and _counts(words, i - 2):
        name = tables.AREAS.get(word, word)
        return _many(name) if words[i - 2] != "1" and name in _AREAS else name
    if before not in tables.SCALES and not FIGURES.fullmatch(before):
        return ""
    if word == "k":
        return _thousands(words, i)
    if name := tables.UNITS.get(word, ""):
        return name if before == "1" else _many(name)
    return "" if before == "1" else _MANY.get(word, "")


def _counts(words: list[str], i: int) -> bool:
    return i >= 0 and (words[i] in tables.SCALES or words[i][0].isdecimal())


def _thousands(words: list[str], i: int) -> str:
    """ "12 k" is 12000; digits one by one ("four oh one k") and what is no count of thousands stay."""
    one_by_one = i > 1 and words[i - 2][0].isdecimal()
    value = words[i - 1]
    if one_by_one or not FIGURES.fullmatch(value) or not 0 < Decimal(value) < 1000:
        return ""
    thousands = Decimal(value) * 1000
    return written(thousands.to_integral_value() if thousands == int(thousands) else thousands)


def dates(words: list[str]) -> list[str]:
    """The day behind a month is an ordinal: "March 3" and "March third" are read alike."""
    if tables.MONTHS.isdisjoint(words):
        return words
    days = (i for i, word in enumerate(words) if i and words[i - 1] in tables.MONTHS and word.isdecimal())
    found = list(words)
    for i in days:
        if len(words[i]) <= 2 and 1 <= int(words[i]) <= 31:
            found[i] = ordinal(int(words[i]))
    return found


def coins(words: list[str]) -> list[str]:
    """ "two dollars and seven cents" without its "and"."""
    if "and" not in words or NOTES.isdisjoint(words):
        return words
    return [
        word
        for i, word in enumerate(words)
        if not (word == "and" and i and words[i - 1] in NOTES and words[i + 2 : i + 3] and words[i + 2] in COINS)
    ]
