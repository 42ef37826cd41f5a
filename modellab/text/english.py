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
from functools import cache

from modellab.text import english_money as money
from modellab.text import english_signs as signs
from modellab.text import english_tables as tables
from modellab.text.english_addresses import addresses
from modellab.text.english_letters import BREAK, SHORT, letters, plain, without_accents
from modellab.text.english_romans import in_figures
from modellab.text.english_rules import BEFORE_FOLDING, replaced, rules
from modellab.text.english_units import coins, dates, is_unit, units
from modellab.text.library import spelling_file
from modellab.text.spoken_numbers import figures
from modellab.text.written_numbers import in_words

LONG = 2000  # characters
MOST_ROUNDS = 6  # until nothing changes; two are usual
LAST_MARKS = " .,;:!?\u2026'\u2019\u201d\"\u00bb\u2013\u2014"  # at the end of a text they are not looked at


def modellab_en(text: str) -> str:
    """English in its normal form; the words of other scripts as `basic` has them."""
    if len(text) > LONG and not text.isascii() and not _ENGLISH.search(_characters(text)):
        return _word_by_word(text)
    return _in_rounds(text)


def _in_rounds(text: str) -> str:
    for _ in range(MOST_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _word_by_word(text: str) -> str:
    """A long text without a letter or a figure of English: no rule looks further than a word, and many repeat."""
    text = unicodedata.normalize("NFKC", text)
    words = text.split()
    different = set(words)
    if _ENGLISH.search("".join(different)) or len(different) > len(words) // 2:
        return _in_rounds(text)
    known = {word: _in_rounds(word) for word in different}
    return " ".join(filter(None, map(known.__getitem__, words)))


def _once(text: str) -> str:
    text = plain(text.rstrip(LAST_MARKS))
    if _WRITTEN.search(_characters(text)) or any(each in text for each in signs.STRETCHES):
        text = replaced(text, BEFORE_FOLDING)
    text = plain(unicodedata.normalize("NFKC", text))
    text = without_accents(_letters_together(text).casefold())
    characters = _characters(text)
    if _MARKED.search(characters) or any(each in text for each in _UNMARKED):
        text = _said(text, characters)
    return _words(text.split())


def _said(text: str, characters: str) -> str:
    """The text in words and figures alone. `characters` are those that it has."""
    before, behind, beside_figures = rules()
    has_figures = _FIGURE.search(characters)
    text = _without_marks(text)
    if "." in text:
        text = addresses(text)
    text = replaced(text, before)
    if has_figures:
        text = in_words(text)
    if _SYMBOL.search(characters):
        text = _SYMBOLS.sub(_symbol if _WORD.search(text) else " ", text)
    text = replaced(text, behind)
    if has_figures:
        text = replaced(text, beside_figures)
    if _BREAKING.search(characters):
        text = _BREAKS.sub(_parted, text)
    return letters(text)


def _words(words: list[str]) -> str:
    """The words in full, in figures and in American spelling."""
    if not tables.FILLERS.isdisjoint(words):
        words = [word for i, word in enumerate(words) if word not in tables.FILLERS or is_unit(words, i)]
    if not _SHORT.isdisjoint(words):
        full = (_in_full(words, i, word) if word in _SHORT else word for i, word in enumerate(words))
        words = [part for word in full for part in word.split()]
    words = figures(words)
    if BREAK in words:
        words = [word for word in words if word != BREAK]
    words = coins(dates(units(words)))
    spelling = _spelling()
    return " ".join([spelling.get(word, word) for word in words])


def _characters(text: str) -> str:
    """What characters a text has, each once; a short one as it is."""
    return text if len(text) < SHORT else "".join(set(text))


# ---------------------------------------------------------------------------- letters

_INITIALS = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}(?![\w])|(?<![\w.])(?:[^\W\d_]\.)+[^\W\d_](?![\w.'])")
_SPELT = re.compile(r"(?<![\w'.-])[A-Za-z](?: [A-Za-z])+(?:'s)?(?![\w'-]|\.\w)")
_HALVES_OF_A_DAY = re.compile(  # "seven forty five a m"
    rf"\b({'|'.join((*tables.DIGITS, *tables.TEENS, *tables.TENS))}|\d+|o'clock|oclock) ([ap]) m\b(?!')", re.IGNORECASE
)
_BOTH_T = re.compile(r"\b(a) (t)( and t)\b", re.IGNORECASE)  # the company
_BEFORE_FIGURES = re.compile(rf" (?:\d|(?:{'|'.join((*tables.DIGITS, *tables.TEENS, *tables.TENS))})\b)", re.IGNORECASE)
_WORDS = "aioAIO"
_SPECIAL = frozenset({*tables.FILLERS, *tables.ALWAYS, *tables.BY_PERIOD, *tables.PLACES, *tables.UNITS})


def _letters_together(text: str) -> str:
    """The text with initials and spelt letters as words, and Roman numerals in figures."""
    if " t and t" in text.casefold():
        text = _BOTH_T.sub(r"\1\2\3", text)
    if " m" in text or " M" in text:
        text = _HALVES_OF_A_DAY.sub(r"\1 \2m", text)
    if "." in text:
        text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    if len(text) < SHORT or any(len(word) == 1 for word in set(text.split())):
        text = _SPELT.sub(_together, text)
    return in_figures(text) if _CAPITALS.search(_characters(text)) else text


def _together(found: re.Match[str]) -> str:
    """Spelt letters as one word; an article before capitals stays one, and "i a m" may be anything."""
    whole = found[0].removesuffix("'s")
    letters = whole.split()
    article = "a " if letters[0] == "a" and letters[1].isupper() else ""
    letters = letters[1:] if article else letters
    joined = "".join(letters)
    told = sum(letter not in _WORDS for letter in letters) > 1 or joined == "AI" or joined.lower() == "ie"
    told = told or (
        letters[0] not in _WORDS
        and letters[-1] not in "aA"
        and _BEFORE_FIGURES.match(found.string, found.end()) is not None
    )
    return f"{article}{joined}{found[0][len(whole) :]}" if told and joined.lower() not in _SPECIAL else found[0]


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


_SPOKEN = "|".join((*tables.DIGITS, *tables.TEENS, *tables.TENS))
_BREAKS = re.compile(
    rf"(?<![a-z])(?P<before>{_SPOKEN}|hundred|(?P<scale>{'|'.join(tables.SCALES)}))"
    rf"(?P<marks>[,;:.!?\u2026)\"]{{1,4}} {{1,3}}| {{1,3}}[\u2013\u2014] {{1,3}})"
    rf"(?=(?:{_SPOKEN}|{'|'.join(tables.ORDINALS)})\b)"
)


def _parted(found: re.Match[str]) -> str:
    """Two numbers in words with a mark between them are two: "twenty, thirty". Not "one thousand, two hundred"."""
    return found[0] if found["scale"] and found["marks"].startswith(",") else f"{found['before']} {BREAK} "


@cache
def _spelling() -> dict[str, str]:
    spellings: dict[str, str] = json.loads(spelling_file().read_text(encoding="utf-8"))
    return spellings


# ---------------------------------------------------------------------------- signs and marks

_WRITTEN = re.compile(rf"[\d{re.escape(signs.CHARACTERS)}]")
_MARKED = re.compile(r"[^a-z ]")  # without it no rule applies, but for these
_UNMARKED = ("uh huh", "rock n roll")
_CAPITALS = re.compile(r"[IVX]")
_FIGURE = re.compile(r"\d")
_BREAKING = re.compile(r"[,;:.!?\u2026)\"\u2013\u2014]")
_ENGLISH = re.compile(rf"[A-Za-z\d%°{money.SIGNS}]")  # without it every rule looks at one word
_WORD = re.compile(r"[^\W_]")
_BRACKETS = re.compile(r"(?:\[|<(?![\s\d]))[^\]>]*[\]>]")  # "3 < 5" is none
_SYMBOL = re.compile(rf"[%°{money.SIGNS}]")
_SYMBOLS = re.compile(
    rf"(?P<percent>%)|(?P<degrees>°)(?: ?(?P<scale>[cf])\b)?|(?<![^\W_])(?P<currency>[{money.SIGNS}])(?![^\W_])"
)


def _symbol(found: re.Match[str]) -> str:
    """The word for a sign that stands alone; where the text has no word at all, no sign has one."""
    if found["currency"]:
        return f" {money.names(found['currency'])[0]} "
    if found["degrees"]:
        return f" degrees {'celsius' if found['scale'] == 'c' else 'fahrenheit' if found['scale'] else ''} "
    return " percent "
