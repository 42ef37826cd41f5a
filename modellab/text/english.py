"""`modellab_en`: English as it is said, however it is written.

Its rules are in the order of this file: what is not speech goes, letters that are spelt come together, figures are
written as they are read aloud, abbreviations and contractions in full, numbers in figures again, American spelling.
Everything is applied until nothing changes any more, so that a normalised text is its own normal form. Letters of
other scripts keep their marks. `docs/normalisers.md` has each rule with an example; each is a test.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cache

from modellab.text import english_tables as tables
from modellab.text.library import spelling_file
from modellab.text.spoken_numbers import figures, ordinal, written

MOST_ROUNDS = 6  # until nothing changes; two are usual
IDENTIFIER = 7  # as many figures without commas are read one by one, unless they end in 000

_PLAIN = str.maketrans({
    **dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"), **dict.fromkeys("\u2010\u2011\u2012\u2212", "-"),
    **tables.VULGAR, "\u00ad": None, "\u200b": None,
})  # fmt: skip
_LATIN = {"œ": "oe", "ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
_TABLE = str.maketrans(_LATIN)

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def modellab_en(text: str) -> str:
    """English in its normal form; the words of other scripts as `basic` has them."""
    for _ in range(MOST_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _once(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = _SPELT.sub(_together, text)
    text = _without_accents(text.casefold())
    if _MARKED.search(text):
        for pattern, replacement in _rules():
            text = pattern.sub(replacement, text)
        text = _letters(text)
    words = [word for word in text.split() if word not in tables.FILLERS]
    words = [part for i, word in enumerate(words) for part in _in_full(words, i, word).split()]
    words = _dates(figures(words))
    return " ".join(_spelling().get(word, word) for word in _coins(words))


# ---------------------------------------------------------------------------- letters

_INITIALS = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}(?![\w])|(?<![\w.])(?:[^\W\d_]\.)+[^\W\d_](?![\w.'])")
_SPELT = re.compile(r"(?<![\w'.-])[A-Za-z](?: [A-Za-z])+(?![\w'-]|\.\w)")
_WORDS = "aioAIO"
_SPECIAL = frozenset({*tables.FILLERS, *tables.ALWAYS, *tables.BY_PERIOD, *tables.PLACES, *tables.UNITS})


def _together(found: re.Match[str]) -> str:
    """Spelt letters as one word; an article before capitals stays one, and "i a m" may be anything."""
    letters = found[0].split()
    article = "a " if letters[0] == "a" and letters[1].isupper() else ""
    letters = letters[1:] if article else letters
    joined = "".join(letters)
    told = sum(letter not in _WORDS for letter in letters)
    return article + joined if told > 1 and joined.lower() not in _SPECIAL else found[0]


def _without_accents(text: str) -> str:
    """Latin letters without their marks, decimal digits of any script as 0-9; other letters keep their marks."""
    if text.isascii():
        return text
    kept: list[str] = []
    for character in unicodedata.normalize("NFD", text.translate(_TABLE)):
        if (decimal := unicodedata.decimal(character, None)) is not None:
            character = str(decimal)
        marked = unicodedata.category(character) == "Mn" and kept and kept[-1].isascii() and kept[-1].isalpha()
        if not marked:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _letters(text: str) -> str:
    """Letters, marks and figures; a point between figures stays, an apostrophe leaves no gap."""
    kept = []
    for i, character in enumerate(text):
        category = unicodedata.category(character)
        if character == "." and 0 < i < len(text) - 1 and text[i - 1].isdecimal() and text[i + 1].isdecimal():
            kept.append(character)
        elif character != "'" and category != "Cf":
            kept.append(" " if category[0] in "PSC" else character)
    return "".join(kept)


# ---------------------------------------------------------------------------- words


def _in_full(words: list[str], i: int, word: str) -> str:
    """An abbreviation or a short form in full."""
    if word in tables.PLACES:
        behind = words[i + 1] if i + 1 < len(words) else ""
        is_place = i > 0 and (not behind or behind in tables.BEHIND_A_PLACE or behind[0].isdecimal())
        return tables.PLACES[word][is_place]
    if word == "dot" and 0 < i < len(words) - 1 and words[i - 1].isdecimal() and words[i + 1].isdecimal():
        return "point"
    if word == "per" and words[i + 1 : i + 2] == ["cent"]:
        return "percent"
    if word == "cent" and words[i - 1 : i] == ["per"]:
        return ""
    if word in ("minus", "negative") and words[i + 1 : i + 2] and figures(words[i + 1 : i + 2])[0][0].isdecimal():
        return "minus"
    return tables.ALWAYS.get(word, word)


def _dates(words: list[str]) -> list[str]:
    """The day behind a month is an ordinal: "March 3" and "March third" are read alike."""
    days = (i for i, word in enumerate(words) if i and words[i - 1] in tables.MONTHS and word.isdecimal())
    found = list(words)
    for i in days:
        if len(words[i]) <= 2 and 1 <= int(words[i]) <= 31:
            found[i] = ordinal(int(words[i]))
    return found


_NOTES = frozenset(name for names in tables.CURRENCIES.values() for name in names)
_COINS = frozenset(name for names in tables.COINS.values() for name in names)


def _coins(words: list[str]) -> list[str]:
    """ "two dollars and seven cents" without its "and"."""
    return [
        word
        for i, word in enumerate(words)
        if not (word == "and" and i and words[i - 1] in _NOTES and words[i + 2 : i + 3] and words[i + 2] in _COINS)
    ]


@cache
def _spelling() -> dict[str, str]:
    spellings: dict[str, str] = json.loads(spelling_file().read_text(encoding="utf-8"))
    return spellings


# ---------------------------------------------------------------------------- what is written in figures


def _apart(figure: str) -> str:
    return " " + " ".join(character for character in figure if character.isdecimal()) + " "


def _counted(number: str, names: tuple[str, str]) -> str:
    return f"{number} {names[0] if number == '1' else names[1]}"


def _money(found: re.Match[str]) -> str:
    sign, whole, parts, scale = found["sign"], found["whole"].replace(",", ""), found["parts"], found["scale"]
    if scale or (parts and len(parts) != 2):
        amount = whole + (f".{parts}" if parts else "")
        return f" {amount} {scale or ''} {tables.CURRENCIES[sign][1]} "
    coins = _counted(str(int(parts)), tables.COINS[sign]) if parts and int(parts) else ""
    notes = _counted(written(Decimal(whole)), tables.CURRENCIES[sign]) if int(whole) or not coins else ""
    return f" {notes} {coins} "


def _time(found: re.Match[str]) -> str:
    hour, minute, half = int(found["hour"]), found["minute"], found["half"] or ""
    if minute == "00":
        return f" {hour} {half or 'oclock'} "
    return f" {hour} {minute if minute[0] != '0' else f'0 {minute[1]}'} {half} "


def _iso(found: re.Match[str]) -> str:
    months = ("january february march april may june july august september october november december").split()  # noqa: SIM905
    return f" {months[int(found[2]) - 1]} {ordinal(int(found[3]))} {found[1]} "


def _fraction(found: re.Match[str]) -> str:
    whole, top, bottom = found["whole"], found["top"], found["bottom"]
    if whole and 8 % int(bottom) == 0:
        return f" {Decimal(whole) + Decimal(top) / Decimal(bottom)} "
    return f" {whole or ''} {_counted(top, tables.PARTS[bottom])} " if int(top) < int(bottom) else f" {top} {bottom} "


def _unit(found: re.Match[str]) -> str:
    name = tables.UNITS[found[2]]
    return f"{found[1]} {name if found[1] == '1' else tables.ALIKE.get(name, f'{name}s')} "


def _grouped(found: re.Match[str]) -> str:
    return f" {written(Decimal(found[0].replace(',', '')))} "


def _unbroken(found: re.Match[str]) -> str:
    figure = found[0]
    named = figure[0] == "0" or (len(figure) >= IDENTIFIER and not figure.endswith("000"))
    return _apart(figure) if named else f" {written(Decimal(figure))} " if len(figure) >= IDENTIFIER else figure


def _small_ordinal(found: re.Match[str]) -> str:
    value = int(found[1])
    return f" {ordinal(value)} " if value else found[0]


_SCALES = "hundred|thousand|million|billion|trillion"
_MARKED = re.compile(r"[^a-z ]|uh huh")  # without it no rule applies
_NOT_IN_NUMBER = r"(?<![\w.,])"
_REPLACED: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"[\[<][^\]>]*[\]>]", " "),
    (rf"\((?:{tables.SOUNDS})\)", " "),
    (r"(?<!\w)uh[- ]huh(?!\w)", "uhhuh"),
    (r"\be\.?g\.(?!\w)", "eg "),
    (r"\bo\.k\.", "ok "),
    (r"\bph\.? ?d\b\.?", "phd "),
    (r"(?<=\d)'(?=\d)", " "),
    (r"\b(\w+)\.(com|org|net|io|gov|edu|uk)\b", r"\1 dot \2"),
    *((pattern, full) for pattern, full in tables.CONTRACTIONS),
    (rf"\b({'|'.join(tables.BY_PERIOD)})\.(?!\d)", lambda found: tables.BY_PERIOD[found[1]] + " "),
    (rf"\b({tables.PREFIXES})-(?=[a-z])", r"\1"),
    (r"\(?(?<!\d)(\d{3})\)?[- .](\d{3})[-.](\d{4})(?!\d)", lambda found: _apart(found[0])),
    (r"(?<![\d-])(\d{3})-(\d{4})(?![\d-])", lambda found: _apart(found[0])),
    (r"(?<![\d-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])", _iso),
    (r"(?<![\d:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?: ?(?P<half>am|pm)\b)?(?!:?\d)", _time),
    (rf"(?P<sign>[$£€¥]) ?(?P<whole>\d[\d,]*)(?:\.(?P<parts>\d+))?(?: ?(?P<scale>{_SCALES})\b)?", _money),
    (r"¢ ?(\d+)|(\d+) ?¢", lambda found: f" {_counted(found[1] or found[2], tables.COINS['$'])} "),
    (r"(\d) ?% ?", r"\1 percent "),
    (r"(\d) ?° ?c\b", r"\1 degrees celsius "),
    (r"(\d) ?° ?f\b", r"\1 degrees fahrenheit "),
    (r"(\d) ?°", r"\1 degrees "),
    (rf"{_NOT_IN_NUMBER}(?:(?P<whole>\d+)[ -])?(?P<top>\d)[/\u2044](?P<bottom>[23458])(?![\d/.])", _fraction),
    (rf"{_NOT_IN_NUMBER}\d{{1,3}}(?:,\d{{3}})+(?![\d,])(?!\.\d)", _grouped),
    (r"(?<=\d),(?=\d{3}(?:\D|$))", ""),
    (r"\d+(?:\.\d+){2,}", lambda found: " " + found[0].replace(".", " point ") + " "),
    (r"(?<![\w.])\.(\d+)(?![\d.])", lambda found: f" point {_apart(found[1])}"),
    (r"(?<![\w.])- ?(?=\d)(?<!\d - )", " minus "),
    (r"(?<![\w.])\+ ?(?=\d)", " plus "),
    (r"(?:#|\bno\.) ?(?=\d)", " number "),
    (r"(?<=\d) ?[\u2013\u2014] ?(?=\d)|(?<=\d)-(?=\d)", " to "),
    (r"(?<!\w)'?(\d{2}|\d{4})'?s\b", r" \1s "),
    (r"\b([1-9]|10)(?:st|nd|rd|th)\b", _small_ordinal),
    (rf"{_NOT_IN_NUMBER}(\d+(?:\.\d+)?) ?({'|'.join(tables.UNITS)})\b\.?", _unit),
    (r"(?<![\w.])\d+(?![\w.]|,\d)|(?<![\w.])\d+(?=\.(?!\d))", _unbroken),
    (r"([a-z])(?=\d)", r"\1 "),
    (r"(\d)(?=[a-z])(?!(?:st|nd|rd|th|s)\b)", r"\1 "),
    (r"&", " and "),
    (r"@", " at "),
    (r"(?<=\d) ?= ?(?=\d)", " equals "),
)  # fmt: skip


@cache
def _rules() -> list[Rule]:
    """The same compiled, when they are first needed."""
    return [(re.compile(pattern), replacement) for pattern, replacement in _REPLACED]
