"""Numbers in words as figures, for the languages that the library text2num knows beside English.

Both sides of a comparison go through it, so what matters is that figures and words meet: "vingt-et-un" and "21",
"3,14" and "trois virgule un quatre", "5 €" and "cinq euros". It expects words in lower case with single blanks.

- A lone "un", "ein" or "een" stays, because it is an article more often than a number, and a lone figure 1 becomes it:
  "1 chat" is "un chat", and "1 maison" differs from "une maison". "un deux trois" is "1 2 3". "uno", "eins" and "één"
  are numbers where nothing follows them.
- What sounds alike ("neuf", "sei", "acht") becomes a figure on both sides, which costs nothing.
- A million stays a word ("2 million"), so that "2,5 millions" and "deux virgule cinq millions" meet.
- A figure that begins with 0 is read one by one: text2num makes "06 12" of "zéro six douze".
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from modellab.text.numeral_forms import alike, in_parts, scaled_amounts
from modellab.text.numeral_names import LANGUAGES, Numerals
from modellab.text.numeral_signs import spelt_out
from modellab.text.numeral_words import WORDS

TOGETHER = 200  # words that the library reads at a time: it takes quadratic time; a number is not parted
MOST = 400  # words; then even a number is


ALIKE = {
    "percento": "per cento", "porciento": "por ciento", "pourcent": "pour cent", "veintidos": "veintidós",
    "veintitres": "veintitrés", "veintiseis": "veintiséis", "dieciseis": "dieciséis", "én": "en", "ét": "et",
}  # fmt: skip

_BLANKS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[\u00a0\u2007\u2009\u202f']\d{3})+(?!\d)"
                     r"|(?<![\d.,])(?!(?<=[^\d.,\u00a0\u2007\u2009\u202f'][1-9]\d\d )\d{3})"  # it has failed there
                     r"[1-9]\d{0,2}(?= \d{3})(?: [1-9]\d\d)*(?: 0\d\d)(?: \d{3})*+(?!\d)")  # fmt: skip
_POINTS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.]\d|\d)")
_SIGN_BEFORE = re.compile(r"((?<!\w)[rR]\$|[€$£]) ?(\d[\d.,]*\d|\d)")
_COINS_BEHIND = re.compile(r"(?<![\d.,])(\d{1,6}) ?(€|£) ?(\d\d)(?![\d.,]\d|\d)")  # "10 € 50"
_FRENCH = re.compile(r"(?<![\d.,])(?<!\d )[1-9]\d?(?: \d{3})++(?![ .]?\d)")  # "3 200"
_MINUS = re.compile(r"(?<![^\s(])[-\u2212\u2013](?=\d)")
_RANGE = re.compile(
    r"(?<![\d.,/-])([1-9]\d{0,5}(?:[.,]\d{1,3}(?!\d))?) ?[-\u2013] ?"
    r"(?=(?:0|[1-9]\d{0,5})(?![\d/-]| ?[-\u2013] ?\d))"
)
_PAID = re.compile(r"(?<![\d.,])(\d{1,9}),(\d\d) ?([rR]\$|[€$£]|(?i:euros?|d[oó]llars?|dólares|dollari|reais)\b)")
_NO_COINS = re.compile(r"(?<=\d)[.,]00(?= ?(?:[rR]\$|[€$£]|(?i:euros?|d[oó]llars?|dólares|dollari|reais|kroner|kr)\b))")
_PAID_POINTS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?=(?:,\d\d)? ?[€$£])")  # whatever the language
_PLUS = re.compile(r"(?<![^\s(])\+(?=\d)")
_UNIT = re.compile(r"(\d) ?(km|cm|mm|kg|kr|m|g)\b(?![/\u00b2\u00b3'\u2019])")
_PAIR = re.compile(r"(?<!\d )\b(1[3-9]|20) ([1-9]\d)\b(?! \d)")
_NTH = re.compile(r"(?<=\d)\.(?=[\u00ba\u00aa\u00b0]|er\b)|(?<=\bn)\.(?=[\u00ba\u00b0])", re.IGNORECASE)
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
    if known.is_nth_dotted:
        text = _NTH.sub("", text)
    text = spelt_out(text, language)
    if not any(map(str.isdecimal, text)):
        return text
    text = _BLANKS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    if known.points:
        text = _POINTS.sub(lambda found: found[0].replace(".", ""), text)
    else:
        text = _FRENCH.sub(lambda found: found[0].replace(" ", ""), text)
    text = _COINS_BEHIND.sub(r"\1,\3 \2", text)
    text = scaled_amounts(text, language)
    text = _SIGN_BEFORE.sub(r"\2 \1", text)
    text = _NO_COINS.sub("", _PAID_POINTS.sub(lambda found: found[0].replace(".", ""), text))
    text = _MINUS.sub(f"{known.minus} ", text)
    text = _PLUS.sub(f"{WORDS[language].operators['+']} ", text)
    text = _RANGE.sub(rf"\1 {known.to} ", text)
    text = _PAID.sub(rf"\1 \3{known.coins} \2 ", text)
    text = _hours(text, known)
    for sign, word in known.signs.items():
        text = _sign(sign).sub(f" {word} ", text)
    text = _UNIT.sub(lambda found: f"{found[1]} {_unit(found, known)} ", text)
    return _decimals(text, language)


@cache
def _sign(sign: str) -> re.Pattern[str]:
    """A sign of several characters ("n°", "°C") is one in capitals, too, and no part of a word."""
    before, after = r"(?<!\w)" if sign[0].isalpha() else "", r"(?!\w)" if sign[-1].isalpha() else ""
    return re.compile(before + re.escape(sign).replace("°", "[°º]" if len(sign) > 1 else "°") + after, re.IGNORECASE)


def _unit(found: re.Match[str], known: Numerals) -> str:
    """The name of a unit behind its number."""
    alone = found[1] == "1" and not found.string[max(found.start() - 1, 0) : found.start()].strip(" ")
    return known.units[found[2]][not alone] if found[2] in known.units else found[2]


def _hours(text: str, known: Numerals) -> str:
    """ "20h30" and "8:30 Uhr", with the word where it is said."""
    sign, word = known.hour
    if not sign:
        return text

    def _at(found: re.Match[str]) -> str:
        return f"{found[1]} {word} {int(found[2])} "

    if sign == "h":
        text = re.sub(r"(?<![\w.,])([01]?\d|2[0-4]) ?[hH] ?([0-5]\d)(?!\w)", _at, text)
        text = re.sub(r"(?<![\w.,:])([01]?\d|2[0-4]):([0-5]\d)(?![\w:.,]\d)", _at, text)
        return re.sub(r"(?<![\w.,])([01]?\d|2[0-4]) ?[hH](?!\w)", rf"\1 {word.split()[0]} ", text)
    return re.sub(rf"(?i)(?<![\w.,:])([01]?\d|2[0-4]):([0-5]\d)(?: {sign}(?!\w)|(?![\w:.,]\d| ?{sign}))", _at, text)


def _decimals(text: str, language: str) -> str:
    return _DECIMAL.sub(f" {LANGUAGES[language].comma} ", text)


def figures(text: str, language: str) -> str:
    """The text with numbers in figures; words are in lower case, with single blanks and without punctuation."""
    known, words = LANGUAGES[language], text.split()
    words = [part for word in words for part in ALIKE.get(word, in_parts(word, language)).split()]
    done = []
    while words:
        end = _end(words, language)
        done.append(_figures(" ".join(words[:end]), language))
        words = words[end:] if end < len(words) else []
    text = _LONG.sub(lambda found: _millions(int(found[0]), known), " ".join(done))
    text = _ZEROS.sub(lambda found: " ".join(found[0]), text)
    text = alike(text, language)
    if known.pairs:
        text = _PAIR.sub(lambda found: found[0] if int(found[2]) == int(found[1]) + 1 else found[1] + found[2], text)
    text = _halves(language).sub(lambda found: f"{found[1]} {known.comma} 5{found[2] or ''}", text)
    return _single(text, known)


@cache
def _halves(language: str) -> re.Pattern[str]:
    """ "3 et demi" and "1 million et demi": "and a half" behind figures."""
    return re.compile(rf"\b(\d{{1,6}})( million| milliard)? {LANGUAGES[language].half}\b")


def _single(text: str, known: Numerals) -> str:
    """A figure 1 that belongs to no other number as the article that people say."""
    words = text.split()
    if "1" not in words:
        return text
    kept = {"million", "milliard", known.comma}
    for i, word in enumerate(words):
        before, after = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
        among_figures = before[:1].isdecimal() or after[:1].isdecimal() or before == known.comma or after in kept
        if word == "1" and not among_figures:
            words[i] = known.single[0] if after else known.single[1]
    return " ".join(words)


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
    return found.replace("ª", "a").replace("º", "o").replace("ᵒˢ", "os")  # as NFKC writes them


@lru_cache(maxsize=1 << 14)
def _figures(text: str, language: str) -> str:
    known = LANGUAGES[language]
    parts = _scales(language).split(text)  # millions stay words
    read = [_scale(part, language) or _decimals(_read(part, language).strip(), language) for part in parts]
    text = " ".join(filter(None, read))
    text = re.sub(rf"\b(?:{known.one})(?= (?:million|milliard)\b)", "1", text)
    return " ".join(known.small.get(word, _nth(language, word.rstrip("."))) for word in text.split())


@lru_cache(maxsize=1 << 12)
def _nth(language: str, word: str) -> str:
    """An ordinal in figures with one ending."""
    if not word[:1].isdecimal():
        return word
    for pattern, nth in LANGUAGES[language].ordinals.items():
        if found := re.fullmatch(pattern, word):
            return found.expand(nth)
    return word


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
