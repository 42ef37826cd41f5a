"""Words of seven languages that hold a number or are said in two ways: "fünfjährige", "cinco kilos", "10 euros y 50".

`in_parts` comes before a text's numbers are read, `alike` after.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from modellab.text.numeral_names import LANGUAGES

_GERMAN_PARTS = re.compile(
    r"(?P<number>[a-zäöüß]{3,}?)(?P<rest>jährig\w{0,3}|mal|fach\w{0,3}|köpfig\w{0,3}|stündig\w{0,3}|tägig\w{0,3}"
    r"|minütig\w{0,3}|wöchig\w{0,3}|monatig\w{0,3}|teilig\w{0,3}|stellig\w{0,3}|(?P<decade>er))"
)
_DUTCH_AND = re.compile(r"(?<=twee|drie)en(?=twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)")
_DUTCH_YEAR = re.compile(r"((?:der|veer|vijf|zes|zeven|acht|negen)tien|twintig)(\w{5,})")
_TEN = re.compile(r"[1-9]\d")
_KILOS = {"es": ("kilos?", "kilogramos"), "fr": ("kilos?", "kilogrammes"), "de": ("kilo", "kilogramm"),
          "it": ("chil[oi]", "chilogrammi"), "pt": ("quilos?", "quilogramas"), "nl": ("kilogram", "kilo"),
          "da": ("kilo", "kilogram")}  # fmt: skip
_COINS = r"c[eé]ntimos?|cêntimos?|centavos?|centimes?|centesimi|100o|cents?|øre"
_NOTES = r"(\b\d+ (?:euros?|d[oó]llars?|dólares|dollari|reais|libras|livres|pounds?|kroner))"
_THOUSAND = {"es": "mil", "pt": "mil", "it": "mila", "fr": "mille", "de": "tausend", "nl": "duizend", "da": "tusind"}
_POINTS = {"es": "punto", "fr": "point", "de": "punkt", "it": "punto", "pt": "ponto", "nl": "punt", "da": "punktum"}

_BETWEEN = {"es": "de", "pt": "de", "it": "di", "fr": "de"}  # "3 millones de euros"
_CURRENCY = r"(?<!\w)[rR]\$|[€$£]"
_BY_LETTERS = re.compile(
    rf"(?<=\d) ?(?:(?P<thousand>[kK])|(?P<million>M|Mio|mln)|(?P<milliard>Md|Mrd|mld))\.? ?(?={_CURRENCY})"
)


def scaled_amounts(text: str, language: str) -> str:
    """The text whose currencies stand behind thousands and millions, as they are said.

    >>> scaled_amounts("R$ 3,5 milhões", "pt"), scaled_amounts("5 k€, 3 M€", "fr")
    ('3,5 milhões de R$', "5 mille €, 3 million d'€")
    """
    if not any(sign in text for sign in "€$£"):
        return text

    def in_full(found: re.Match[str]) -> str:
        return f" {_THOUSAND[language] if found['thousand'] else found.lastgroup} "

    before, between = _scaled(language)
    text = before.sub(r"\g<number> \g<scale> \g<sign>", _BY_LETTERS.sub(in_full, text))
    return between.sub(lambda found: f"{found[1]} {_between(language, found[2])}{found[2]}", text)


@cache
def _scaled(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A currency before an amount in thousands or millions, and one behind millions."""
    known = LANGUAGES[language]
    millions = "|".join(filter(None, (known.million, known.milliard, "million", "milliard")))
    scale = rf"(?:{_THOUSAND[language]} )?(?:{millions})|{_THOUSAND[language]}"
    return (
        re.compile(rf"(?i)(?P<sign>{_CURRENCY}) ?(?P<number>\d[\d.,]*\d|\d) ?(?P<scale>{scale})(?!\w)"),
        re.compile(rf"(?i)\b({millions}) ?({_CURRENCY})"),
    )


def _between(language: str, sign: str) -> str:
    if language == "fr" and sign == "€":
        return "d'"
    return f"{_BETWEEN[language]} " if language in _BETWEEN else ""


@lru_cache(maxsize=1 << 14)
def in_parts(word: str, language: str) -> str:
    """A word with its number apart: "fünfmal" is "fünf mal"; other words as they are.

    >>> in_parts("achtziger", "de"), in_parts("einmal", "de"), in_parts("tweeentwintig", "nl")
    ('80er', 'einmal', 'tweeëntwintig')
    """
    if language == "de" and (found := _GERMAN_PARTS.fullmatch(word)):
        value = _value(found["number"], language)
        if found["decade"]:
            return f"{value}er" if _TEN.fullmatch(value) or len(value) == 4 else word
        return f"{value} {found['rest']}" if value.isdecimal() and int(value) > 1 else word
    if language == "nl":
        word = _DUTCH_AND.sub("ën", word)
        if (found := _DUTCH_YEAR.fullmatch(word)) and _TEN.fullmatch(_value(found[2], language)):
            return f"{found[1]} {found[2]}"
    return word


def _value(word: str, language: str) -> str:
    """The figures of a number in one word; the word where it is none."""
    from text_to_num import alpha2digit

    return LANGUAGES[language].small.get(word) or str(alpha2digit(word, language, threshold=0.0))


def alike(text: str, language: str) -> str:
    """The text, whose numbers are figures, with what is said in two ways in one."""
    if not any(map(str.isdecimal, text)):
        return text
    for pattern, replacement in _patterns(language):
        text = pattern.sub(replacement, text)
    return _one_by_one(language).sub(lambda found: found[0].replace(" ", ""), text)


@cache
def _one_by_one(language: str) -> re.Pattern[str]:
    """Decimals that were said one by one."""
    comma = LANGUAGES[language].comma
    return re.compile(rf"(?<= {comma} )[1-9](?: \d){{1,3}}(?! ?\d| {comma})")


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    known = LANGUAGES[language]
    kilo, kilos = _KILOS[language]
    joint = known.coins.strip()
    rules = [
        (rf"(?<=\d) {kilo}\b", f" {kilos}"),
        (rf"{_NOTES} (?:con|y|et|und|e|en|og|com)? ?([1-9]\d?) (?:{_COINS})\b", rf"\1{known.coins} \2"),
        (rf"\b(?<!\d )([1-9]\d{{0,2}}) (?:{_THOUSAND[language]}|1000)\b", r"\g<1>000"),
        (rf"(?<=\d) {_POINTS[language]} (?=\d)", f" {known.comma} "),
    ]
    if joint:
        rules.append((rf"{_NOTES} (?=[1-9]\d$)", rf"\1{known.coins} "))
    if language == "fr":
        rules.append((r"\b(kilom[èe]tres|mètres) heure\b", r"\1 par heure"))
    if language == "pt":
        rules += [(r"\bmillion e (?=\d)", "million "), (r"\bquilómetro", "quilômetro")]
    return tuple((re.compile(pattern), replacement) for pattern, replacement in rules)
