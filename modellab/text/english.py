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
from collections.abc import Callable, Iterable
from functools import cache

from modellab.text import english_money as money
from modellab.text import english_tables as tables
from modellab.text.english_letters import letters, plain, without_accents
from modellab.text.library import spelling_file
from modellab.text.quantities import apart
from modellab.text.spoken_numbers import FIGURES, figures, ordinal
from modellab.text.written_numbers import in_words

MOST_ROUNDS = 6  # until nothing changes; two are usual
LAST_MARKS = " .,;:!?\u2026'\u2019\u201d\"\u00bb\u2013\u2014"  # at the end of a text they are not looked at

Rule = tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]  # applied where the first is in the text


def modellab_en(text: str) -> str:
    """English in its normal form; the words of other scripts as `basic` has them."""
    for _ in range(MOST_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _once(text: str) -> str:
    text = plain(text.rstrip(LAST_MARKS))
    if _WRITTEN.search(text):
        text = _replaced(text, _BEFORE_FOLDING)
    text = plain(unicodedata.normalize("NFKC", text))
    if "." in text:
        text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = _SPELT.sub(_together, text)
    text = without_accents(text.casefold())
    if _MARKED.search(text):
        text = _without_marks(text)
        text = in_words(_replaced(text, _rules()[0]))
        if _SYMBOL.search(text):
            text = _SYMBOLS.sub(_symbol if _WORD.search(text) else " ", text)
        text = letters(_replaced(text, _rules()[1]))
    words = text.split()
    if not tables.FILLERS.isdisjoint(words):
        words = [word for i, word in enumerate(words) if word not in tables.FILLERS or _is_unit(words, i)]
    if not _SHORT.isdisjoint(words):
        full = (_in_full(words, i, word) if word in _SHORT else word for i, word in enumerate(words))
        words = [part for word in full for part in word.split()]
    words = _coins(_dates(_units(figures(words))))
    spelling = _spelling()
    return " ".join([spelling.get(word, word) for word in words])


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


def _without_marks(text: str) -> str:
    """The text without what is between [ or < and the next ] or >; looks no further than to the last of these."""
    if "[" not in text and "<" not in text:
        return text
    end = max(text.rfind("]"), text.rfind(">")) + 1
    return _BRACKETS.sub(" ", text[:end]) + text[end:]


# ---------------------------------------------------------------------------- words


_SHORT = frozenset(
    {*tables.PLACES, *tables.ALWAYS, *money.ALIKE, "dot", "per", "cent", "minus", "negative"}
)  # for which `_in_full` has something else, mostly


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
    if word in ("minus", "negative") and _begins_number(words, i + 1 + (words[i + 1 : i + 2] == ["point"])):
        return "minus"
    return tables.ALWAYS.get(word) or money.ALIKE.get(word, word)


def _begins_number(words: list[str], i: int) -> bool:
    return i < len(words) and figures(words[i : i + 1])[0][0].isdecimal()


def _is_unit(words: list[str], i: int) -> bool:
    """ "mm" behind a number is a unit, else a filler."""
    return (
        words[i] in tables.UNITS
        and i > 0
        and (words[i - 1] in _AMOUNTS or words[i - 1] in tables.PARTS or words[i - 1][-1].isdecimal())
    )


def _units(words: list[str]) -> list[str]:
    """Abbreviated units behind a number in full."""
    if _UNITS.isdisjoint(words):
        return words
    found = list(words)
    for i, word in enumerate(words):
        if i and word in tables.UNITS and (words[i - 1] in tables.SCALES or FIGURES.fullmatch(words[i - 1])):
            name = tables.UNITS[word]
            found[i] = name if words[i - 1] == "1" else tables.ALIKE.get(name, f"{name}s")
    return " ".join(found).split()


def _dates(words: list[str]) -> list[str]:
    """The day behind a month is an ordinal: "March 3" and "March third" are read alike."""
    if tables.MONTHS.isdisjoint(words):
        return words
    days = (i for i, word in enumerate(words) if i and words[i - 1] in tables.MONTHS and word.isdecimal())
    found = list(words)
    for i in days:
        if len(words[i]) <= 2 and 1 <= int(words[i]) <= 31:
            found[i] = ordinal(int(words[i]))
    return found


_UNITS = frozenset(tables.UNITS)
_AMOUNTS = frozenset({*tables.DIGITS, *tables.TEENS, *tables.TENS, "hundred", *tables.SCALES})
_NOTES = frozenset(name.split()[-1] for names in money.CURRENCIES.values() for name in names)
_COINS = frozenset(name for names in money.COINS.values() for name in names)


def _coins(words: list[str]) -> list[str]:
    """ "two dollars and seven cents" without its "and"."""
    if "and" not in words or _NOTES.isdisjoint(words):
        return words
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

_WRITTEN = re.compile(r"\d|[" + "".join(tables.VULGAR) + "]")
_GAP = "[\u00a0\u2007\u2009\u202f']"  # between thousands, and never between two numbers


def _grouped(found: re.Match[str]) -> str:
    """Thousands with blanks or apostrophes between them, with commas."""
    decimals = re.match(r",\d", found.string[found.end() : found.end() + 2])
    return re.sub(r"\D", "" if decimals else ",", found[0])


_BEFORE_FOLDING: list[Rule] = [
    ("", re.compile(rf"(?<![\d.,])[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})++(?!\d)"),
     _grouped),
    ("", re.compile(r"(?<![\d.,])(?!(?<=[^\d.,][1-9]\d\d )\d{3})"  # behind a group that has failed it fails, too
                    r"[1-9]\d{0,2}(?= \d{3})(?: [1-9]\d\d)*(?: 0\d\d)(?: \d{3})*+(?!\d)"),
     _grouped),
    ("", re.compile(rf"(?<=[\d{''.join(tables.VULGAR)}])(?=[{''.join(tables.VULGAR)}])"), " "),
    ("", re.compile(rf"[{''.join(tables.VULGAR)}]"), lambda found: tables.VULGAR[found[0]]),
    ("", re.compile(r"(?<=\d) ?[\u00ba\u02da](?![^\W_]{2})"), "°"),
    ("²", re.compile(r"(?<=\d)²"), " squared "),
    ("³", re.compile(r"(?<=\d)³"), " cubed "),
]  # fmt: skip


def _telephone(found: re.Match[str]) -> str:
    """Seven figures one by one; "100-1500" is a range."""
    round_ones = not int(found[1]) % 50 and not int(found[2]) % 50 and found[2][0] != "0"
    return found[0] if round_ones else f" {apart(found[0])} "


def _iso(found: re.Match[str]) -> str:
    months = ("january february march april may june july august september october november december").split()  # noqa: SIM905
    return f" {months[int(found[2]) - 1]} {ordinal(int(found[3]))} {found[1]} "


def _symbol(found: re.Match[str]) -> str:
    """The word for a sign that stands alone; where the text has no word at all, no sign has one."""
    if found["currency"]:
        return f" {money.names(found['currency'])[0]} "
    if found["degrees"]:
        return f" degrees {'celsius' if found['scale'] == 'c' else 'fahrenheit' if found['scale'] else ''} "
    return " percent "


_MARKED = re.compile(r"[^a-z ]|uh huh")  # without it no rule applies
_WORD = re.compile(r"[^\W_]")
_BRACKETS = re.compile(r"(?:\[|<(?![\s\d]))[^\]>]*[\]>]")  # "3 < 5" is none
_SYMBOL = re.compile(rf"[%°{money.SIGNS}]")
_SYMBOLS = re.compile(
    rf"(?P<percent>%)|(?P<degrees>°)(?: ?(?P<scale>[cf])\b)?|(?<![^\W_])(?P<currency>[{money.SIGNS}])(?![^\W_])"
)
_REPLACED: tuple[tuple[str, str, str | Callable[[re.Match[str]], str]], ...] = (  # where the first is in the text
    ("(", rf"\((?:{tables.SOUNDS})\)", " "),
    ("uh", r"(?<!\w)uh[- ]huh(?!\w)", "uhhuh"),
    (".", r"\be\.?g\.(?!\w)", "eg "),
    (".", r"\bo\.k\.", "ok "),
    ("ph", r"\bph\.? ?d\b\.?", "phd "),
    ("'", r"(?<=\d)'(?=\d)", " "),
    (".", r"\b(\w+)\.(com|org|net|io|gov|edu|uk)\b", r"\1 dot \2"),
    *(("'", pattern, full) for pattern, full in tables.CONTRACTIONS),
    (".", rf"\b({'|'.join(tables.BY_PERIOD)})\.(?!\d)", lambda found: tables.BY_PERIOD[found[1]] + " "),
    ("-", rf"\b({tables.PREFIXES})-(?=[a-z])", r"\1"),
    ("km/h", r"(?<=\d) ?km/h\b", " kph"),
    (".", r"\(?(?<!\d)(\d{3})\)?[- .](\d{3})[-.](\d{4})(?!\d)", lambda found: f" {apart(found[0])} "),
    ("-", r"\(?(?<!\d)(\d{3})\)?[- .](\d{3})[-.](\d{4})(?!\d)", lambda found: f" {apart(found[0])} "),
    ("-", r"(?<![\d-])(\d{3})-(\d{4})(?![\d-])", _telephone),
    ("-", r"(?<![\d-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])", _iso),
    ("#", r"# ?(?=\d)", " number "),
    ("no.", r"\bno\. ?(?=\d)", " number "),
)  # fmt: skip
_LAST: tuple[tuple[str, str, str], ...] = (
    ("", r"([a-z])(?=\d)", r"\1 "),
    ("", r"(\d)(?=[a-z])(?!(?:(?:st|nd|rd|th)s?|s)\b)", r"\1 "),
    ("&", r"&", " and "),
    ("@", r"@", " at "),
    ("=", r"(?<=\d)\s*=\s*(?=\d|minus|plus|point)", " equals "),
)


def _replaced(text: str, rules: Iterable[Rule]) -> str:
    for trigger, pattern, replacement in rules:
        if trigger in text:
            text = pattern.sub(replacement, text)
    return text


@cache
def _rules() -> tuple[list[Rule], list[Rule]]:
    """The rules before and behind numbers, compiled when they are first needed."""
    first: list[Rule] = [(trigger, re.compile(pattern), replacement) for trigger, pattern, replacement in _REPLACED]
    return first, [(trigger, re.compile(pattern), replacement) for trigger, pattern, replacement in _LAST]
