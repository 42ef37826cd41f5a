"""Units, dates and coins in `modellab_en`, behind numbers that are figures by now.

Who writes "$5", "90°" or "10 km" does not tell whether it was said with an s: "a $5 bill" is "a five dollar bill". So
behind a number other than 1 the name of a currency, a degree or an abbreviated unit always has one.
"""

from __future__ import annotations

import re
from decimal import Decimal

from modellab.text import english_money as money
from modellab.text import english_tables as tables
from modellab.text.number_forms import FIGURES, ordinal, written

AMOUNTS = frozenset({*tables.DIGITS, *tables.TEENS, *tables.TENS, "hundred", *tables.SCALES})
NOTES = frozenset(name.split()[-1] for names in money.CURRENCIES.values() for name in names)
_COINS = {
    name: coins[1] for sign, coins in (("$", money.CENTS), ("€", money.CENTS), ("£", money.PENCE))
    for name in money.CURRENCIES[sign]
}  # fmt: skip
_BEHIND_AMOUNTS = frozenset(
    "a an each per for and or but is was in on at to from with i you he she it we they more less".split()  # noqa: SIM905
)
COINS = frozenset(name for names in money.COINS.values() for name in names)


def _many(name: str) -> str:
    return tables.ALIKE.get(name, f"{name}s")


_TIMES = frozenset({"hour", "minute", "second", "year", "week", "month"})  # "a five minute walk" needs no s
_MANY = {
    **{one: many for one, many in money.CURRENCIES.values() if " " not in one},
    **{name: _many(name) for name in tables.UNITS.values() if " " not in name and name not in _TIMES},
    "degree": "degrees",
}
_BEHIND_DEGREES = {
    "c": "celsius", "f": "fahrenheit", "centigrade": "celsius", "n": "north", "s": "south", "e": "east", "w": "west",
}  # fmt: skip
_KNOWN = frozenset({*tables.UNITS, *tables.PER, *tables.AREAS, *_MANY, *_BEHIND_DEGREES, "k", "an", "a"})
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
    if before in ("degree", "degrees") and _counts(words, i - 2) and word in _BEHIND_DEGREES:
        return _BEHIND_DEGREES[word]
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


_DAY = re.compile(r"(?:[12]?\d|3[01])(?:st|nd|rd|th)?")
_BEFORE_DAYS = frozenset({*tables.DAYS_SHORT.values(), "on", "since", "until", "till"})  # "on 3 March"


def dates(words: list[str]) -> list[str]:
    """The day beside a month is an ordinal: "March 3", "3 March" and "March third" are read alike."""
    if tables.MONTHS.isdisjoint(words):
        return words
    words = [word for i, word in enumerate(words) if not _is_within_a_date(words, i)]
    return [ordinal(int(word)) if word.isdecimal() and _is_day(words, i) else word for i, word in enumerate(words)]


def _is_within_a_date(words: list[str], i: int) -> bool:
    """Whether a word is the "the" or the "of" in "the third of March", which is written 3 March."""
    if words[i] == "the":
        day, of, month = [*words[i + 1 : i + 4], "", "", ""][:3]
        return _is_nth(day) and of == "of" and month in tables.MONTHS
    return words[i] == "of" and i > 0 and _is_nth(words[i - 1]) and not tables.MONTHS.isdisjoint(words[i + 1 : i + 2])


def _is_nth(word: str) -> bool:
    return word in tables.SMALL_ORDINALS.values() or bool(_DAY.fullmatch(word))


def _is_day(words: list[str], i: int) -> bool:
    """Whether figures are a day: behind a month, behind "to" and another day, or before a month that is no verb."""
    if len(words[i]) > 2 or not 1 <= int(words[i]) <= 31:
        return False
    before, behind = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
    if before in tables.MONTHS:
        return True
    if before == "to" and i > 2 and words[i - 3] in tables.MONTHS:
        return words[i - 2][0].isdecimal() or words[i - 2] in tables.SMALL_ORDINALS.values()
    if behind not in ("may", "march"):
        return behind in tables.MONTHS
    year = words[i + 2] if i + 2 < len(words) else ""
    return before in _BEFORE_DAYS or (len(year) == 4 and year.isdecimal())


def coins(words: list[str]) -> list[str]:
    """ "two dollars and seven cents" without its "and", "two dollars fifty" with its cents."""
    if NOTES.isdisjoint(words):
        return words
    words = [
        word for i, word in enumerate(words) if word != "brazilian" or words[i + 1 : i + 2] not in (["reais"], ["real"])
    ]
    words = [part for i, word in enumerate(words) for part in ((word, _coin(words, i)) if _coin(words, i) else (word,))]
    return [
        word
        for i, word in enumerate(words)
        if not (word == "and" and i and words[i - 1] in NOTES and words[i + 2 : i + 3] and words[i + 2] in COINS)
    ]


def _coin(words: list[str], i: int) -> str:
    """What the figures at word i count where they end an amount: the cents of "two dollars fifty"; else ''."""
    word, note = words[i], words[i - 1] if i > 1 else ""
    if note not in _COINS or not (len(word) == 2 and word.isdecimal() and word >= "10" and words[i - 2].isdecimal()):
        return ""
    return _COINS[note] if i + 1 == len(words) or words[i + 1] in _BEHIND_AMOUNTS else ""
