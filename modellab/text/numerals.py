"""Numbers in words as figures, for the languages that the library text2num knows beside English.

Both sides of a comparison go through it, so what matters is that figures and words meet: "vingt-et-un" and "21",
"3,14" and "trois virgule un quatre", "5 €" and "cinq euros". It expects words in lower case with single blanks.

- A lone "un", "ein" or "uno" stays, because it is an article more often than a number; "un deux trois" is "1 2 3". A
  lone figure 1 stays one, too.
- What sounds alike ("neuf", "sei", "acht") becomes a figure on both sides, which costs nothing.
- A million stays a word ("2 million"), so that "2,5 millions" and "deux virgule cinq millions" meet.
- A figure that begins with 0 is read one by one: text2num makes "06 12" of "zéro six douze".
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

TOGETHER = 200  # words that the library reads at a time: it takes quadratic time; a number is not parted
MOST = 400  # words; then even a number is


class Numerals(NamedTuple):
    """What a language calls the things beside its numbers; patterns of words in lower case without marks removed."""

    small: dict[str, str]  # numbers that the library leaves as words where they stand alone
    one: str  # the word for one before a million
    comma: str  # decimals, in words
    million: str
    milliard: str  # '' where people say a thousand millions
    signs: dict[str, str]
    points: bool = True  # between thousands; else blanks


LANGUAGES: dict[str, Numerals] = {
    "fr": Numerals({"deux": "2", "zéro": "0"}, "une?", "virgule", "millions?", "milliards?",
                   {"%": "pour cent", "€": "euros", "$": "dollars", "£": "livres", "°": "degrés"}, points=False),
    "es": Numerals({"dos": "2", "cero": "0"}, "un", "coma", "mill(?:ón|ones)", "",
                   {"%": "por ciento", "€": "euros", "$": "dólares", "£": "libras", "°": "grados"}),
    "pt": Numerals({"dois": "2", "duas": "2", "zero": "0"}, "um", "vírgula", "milh(?:ão|ões)", "",
                   {"%": "por cento", "€": "euros", "$": "dólares", "£": "libras", "°": "graus"}),
    "de": Numerals({"zwei": "2", "zwo": "2", "null": "0"}, "eine?", "komma", "million(?:en)?", "milliarden?",
                   {"%": "prozent", "€": "euro", "$": "dollar", "£": "pfund", "°": "grad"}),
    "nl": Numerals({"twee": "2", "nul": "0"}, "een|één", "komma", "miljoen", "miljard",
                   {"%": "procent", "€": "euro", "$": "dollar", "£": "pond", "°": "graden"}),
    "da": Numerals({"to": "2", "nul": "0"}, "en", "komma", "million(?:er)?", "milliard(?:er)?",
                   {"%": "procent", "€": "euro", "$": "dollar", "£": "pund", "°": "grader"}),
    "it": Numerals({"due": "2", "zero": "0"}, "un", "virgola", "milion[ei]", "miliard[oi]",
                   {"%": "per cento", "€": "euro", "$": "dollari", "£": "sterline", "°": "gradi"}),
}  # fmt: skip
ALIKE = {"percento": "per cento", "porciento": "por ciento", "pourcent": "pour cent"}

_BLANKS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[\u00a0\u2007\u2009\u202f']\d{3})+(?!\d)"
                     r"|(?<![\d.,])(?!(?<=[^\d.,\u00a0\u2007\u2009\u202f'][1-9]\d\d )\d{3})"  # it has failed there
                     r"[1-9]\d{0,2}(?= \d{3})(?: [1-9]\d\d)*(?: 0\d\d)(?: \d{3})*+(?!\d)")  # fmt: skip
_POINTS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.]\d|\d)")
_SIGN_BEFORE = re.compile(r"([€$£]) ?(\d[\d.,]*\d|\d)")
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
_ZEROS = re.compile(r"\b0\d+")
_LONG = re.compile(r"\b[1-9]\d{6,14}\b")


def version() -> str:
    """The library's version, which determines the output with this file."""
    from importlib.metadata import version as installed

    return installed("text2num")


def before(text: str, language: str) -> str:
    """Thousands together, decimals and signs in words: what punctuation would be lost with."""
    known = LANGUAGES[language]
    text = text.replace("\u2011", "-")
    text = _BLANKS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    if known.points:
        text = _POINTS.sub(lambda found: found[0].replace(".", ""), text)
    text = _SIGN_BEFORE.sub(r"\2 \1", text)
    for sign, word in known.signs.items():
        text = text.replace(sign, f" {word} ") if any(map(str.isdecimal, text)) else text
    return _decimals(text, language)


def _decimals(text: str, language: str) -> str:
    return _DECIMAL.sub(f" {LANGUAGES[language].comma} ", text)


def figures(text: str, language: str) -> str:
    """The text with numbers in figures; words are in lower case, with single blanks and without punctuation."""
    known, words = LANGUAGES[language], text.split()
    words = [ALIKE.get(word, word) for word in words]
    done = []
    while words:
        end = _end(words, language)
        done.append(_figures(" ".join(words[:end]), language))
        words = words[end:] if end < len(words) else []
    text = _LONG.sub(lambda found: _millions(int(found[0]), known), " ".join(done))
    return _ZEROS.sub(lambda found: " ".join(found[0]), text)


def _end(words: list[str], language: str) -> int:
    """How many words are read together."""
    end = TOGETHER
    while end < min(len(words), MOST) and (_is_number(words[end], language) or _is_number(words[end - 1], language)):
        end += 1
    return end


@lru_cache(maxsize=1 << 14)
def _is_number(word: str, language: str) -> bool:
    return word.isdecimal() or _read(word, language, 0.0) != word


def _read(text: str, language: str, threshold: float = 3.0) -> str:
    from text_to_num import alpha2digit

    found = str(alpha2digit(text, language, threshold=threshold))
    return found.replace("ª", "a").replace("º", "o")  # as NFKC writes them


@lru_cache(maxsize=1 << 14)
def _figures(text: str, language: str) -> str:
    known = LANGUAGES[language]
    parts = _scales(language).split(text)  # millions stay words
    read = [_scale(part, language) or _decimals(_read(part, language).strip(), language) for part in parts]
    text = " ".join(filter(None, read))
    text = re.sub(rf"\b(?:{known.one})(?= (?:million|milliard)\b)", "1", text)
    return " ".join(known.small.get(word, word.rstrip(".")) for word in text.split())


@cache
def _scales(language: str) -> re.Pattern[str]:
    known = LANGUAGES[language]
    names = "|".join(filter(None, (known.million, known.milliard)))
    return re.compile(rf"\b({names})\b")


def _scale(word: str, language: str) -> str:
    known = LANGUAGES[language]
    if re.fullmatch(known.million, word):
        return "million"
    return "milliard" if known.milliard and re.fullmatch(known.milliard, word) else ""


def _millions(value: int, known: Numerals) -> str:
    """ "2500000" as "2 million 500000"."""
    parts = []
    for size, name in ((10**9, "milliard"), (10**6, "million")):
        if value >= size and (name == "million" or known.milliard):
            parts += [str(value // size), name]
            value %= size
    return " ".join([*parts, *([str(value)] if value else [])])
