"""What seven languages say for the signs, abbreviations and Roman numerals that are written beside numbers and names.

`spelt_out` comes before punctuation and capitals go: "3/4" is "3 cuartos", "2 + 2 = 4" "2 más 2 igual a 4", "Dr. Klee"
"doktor Klee", "siglo XXI" "siglo 21", "1.5.2020" "1 5 2020", "ana@uni.es" "ana arroba uni punto es".
"""

from __future__ import annotations

import re
from functools import cache

from modellab.text.numeral_names import LANGUAGES
from modellab.text.numeral_words import WORDS, Words

_VULGAR = dict(zip("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞", (
    "1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "2/5", "3/5", "4/5", "1/6", "5/6", "1/8", "3/8", "5/8", "7/8",
), strict=True))  # fmt: skip
_ONE = re.compile(f"(?<=\\d)(?=[{''.join(_VULGAR)}])")
_SIGN = re.compile(f"[{''.join(_VULGAR)}]")
_FRACTION = re.compile(r"(?<![\w.,/])(?:(\d{1,6}) )?(\d)/(\d{1,2})(?![\w/]|[.,]\d)")
_OPERATOR = re.compile(r"(?<=\d) ?([×·*÷+=]) ?(?=[-\u2212]?\d)")
_TAKEN_AWAY = re.compile(r"(?<=\d) ?[-\u2212\u2013] ?(?=\d{1,9}(?:[.,]\d{1,9})? ?=)")  # "5 - 3 = 2"
_DATE = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)(?![\d]|\.\d)")
_VERSION = re.compile(
    r"(?i)\b(?:v|vers\w{2,5}) ?\d+(?:\.\d+)+(?![\d,])"
    r"|(?<![\d.,])(?!\d{1,3}(?:\.\d{3})+(?!\.?\d))\d+(?:\.\d+){3,}(?![\d,])"
)
_DOLLARS = re.compile(r"(?<!\w)(?:US?|U\$S|CA?|AU?|MX)\$(?= ?\d)")
_AND = re.compile(r"(?<=\w) ?& ?(?=\w)")
_ADDRESS = re.compile(
    r"(?<!\S)(?:https?://)?[\w+-]+(?:\.[\w+-]+)*+(?:@[\w-]+(?:\.[\w-]+)*+)?(?:/[\w/-]*+(?:\.\w+)*+)?(?=[.,;:!?)]*(?:\s|$))"
)
_HOST = re.compile(
    r"^(?:www\.|https?:)|@|\.(?:com|org|net|edu|gov|io|eu|info|es|fr|de|it|pt|br|nl|be|dk|at|ch|mx|ar|co|uk)(?:/|$)"
)
_FULL_HOUR = re.compile(r"(?<![\d:.,])([01]?\d|2[0-4]):00(?![:.]?\d)")
_NO_MINUTES = re.compile(r"(?<![\w.,:])([01]?\d|2[0-4]) ?[hH] ?00(?!\w)")
_SQUARE = re.compile(r"(?<!\d)(\d++) ?(k?m|cm|mm)([²³23])(?!\w)")
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_FROM_RAISED = str.maketrans(f"{_RAISED}⁻", "0123456789\u2212")
_POWER = re.compile(rf"(?:(?<=\d)|(?<=(?<!\w)[a-ln-zA-LN-Z])(?!⁰))(⁻?[{_RAISED}]++)")  # "m²" is an area
_COMPARED = re.compile(r"(?<=\w) ?([<>≤≥]) ?(?=[-\u2212]?\d)")
_BEFORE_FIGURES = re.compile(r"([±§])\1? ?(?=\d)")
_PLUS_PLUS = re.compile(r"(?<!\w)([A-Z])\+\+(?!\w)")
_SHARP = re.compile(r"(?<!\w)([CF])#(?!\w)")
_ROMAN = r"(?=[IVXL]{2})(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_NO_NUMERALS = frozenset({"XL", "LI", "LL"})  # a size
_RULERS = (
    "Alfonso|Carlos?|Charles|Felipe|Fernando|Filips|Francisco|Francesco|François|Franz|Friedrich|Heinrich|Henri|Isabel"
    "|Jaime|Johann|João|Juan Carlos|Juan|Karel|Karl|Louis|Ludwig|Luigi|Luís|Napoleone?|Otto|Pedro|Philippe|Pietro"
    "|Umberto|Vittorio|Wilhelm|Willem"
)


def spelt_out(text: str, language: str) -> str:
    """The text with these in words; of a language that `numeral_words.WORDS` has.

    >>> spelt_out("3/4 + ½", "de"), spelt_out("Sra. López, siglo XXI", "es")
    ('3 viertel + 1 halb', 'señora López, siglo 21')
    """
    known = WORDS[language]
    for pattern, full in _abbreviations(language):
        text = pattern.sub(full, text)
    if "." in text:
        text = _ADDRESS.sub(lambda found: _address(found[0], known), text)
    text = _AND.sub(f" {known.ampersand} ", text)
    text = _SHARP.sub(r"\1 sharp", _PLUS_PLUS.sub(rf"\1 {known.signs['++']}", text))
    text = _roman(text, known, language)
    return _figures_spelt_out(text, known, language) if any(map(str.isnumeric, text)) else text


def _figures_spelt_out(text: str, known: Words, language: str) -> str:
    text = _SIGN.sub(lambda found: _VULGAR[found[0]], _ONE.sub(" ", text))
    text = _DATE.sub(r"\1 \2 \3", text)
    text = _VERSION.sub(lambda found: found[0].replace(".", f" {known.dot} "), text)
    text = _DOLLARS.sub("$", text)
    text = _FRACTION.sub(lambda found: _fraction(found, known, LANGUAGES[language].single[0]), text)
    text = _BEFORE_FIGURES.sub(lambda found: f" {known.signs[found[1]]} ", text)
    text = _COMPARED.sub(lambda found: f" {known.signs[found[1]]} ", text)
    text = _TAKEN_AWAY.sub(f" {LANGUAGES[language].minus} ", text)
    text = _OPERATOR.sub(lambda found: f" {known.operators['×' if found[1] in '*·' else found[1]]} ", text)
    if known.clock:
        text = re.sub(rf"(?i)(?<![\w.,:])([01]?\d|2[0-4])\.([0-5]\d)(?= {known.clock}\b)", r"\1:\2", text)
    if known.at_hour:
        text = re.sub(rf"(?i)\b({known.at_hour}) ([01]?\d|2[0-4])\.([0-5]\d)(?![\d.,])", r"\1 \2:\3", text)
    if known.hours:
        text = re.sub(r"(?<=\d) ?h(?:rs?)?\b\.?", f" {known.hours}", text)
    text = _powers(_squares(text, known, language), known)
    is_h = LANGUAGES[language].hour[0] == "h"
    text = _FULL_HOUR.sub(r"\1h" if is_h else r"\1", _NO_MINUTES.sub(r"\1h", text) if is_h else text)
    if known.minutes:
        text = re.sub(r"(?<![\w.,:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:.,]\d|:)", rf"\1 {known.minutes} \2", text)
    if known.score:
        text = re.sub(r"(?<![\w.,:])(\d{1,2}):(\d)(?![\w:]|[.,]\d)", rf"\1 {known.score} \2", text)
    text = re.sub(rf"(?<=\d) ?(km|m)/{known.hour}\b", lambda found: f" {known.per_hour[found[1] == 'm']} ", text)
    if known.degrees_count:
        text = re.sub(rf"(?<![\d.,])(\d{{1,3}})\.?° (?=[a-zà-ú]{{3}})(?!{known.degrees_count})", r"\1º ", text)
        text = re.sub(r"(?<![\d.,])1\.?°(?! ?[CF]\b)", "1º", text)
    return text


def _squares(text: str, known: Words, language: str) -> str:
    """ "5 m²" is "5 metros cuadrados"."""
    units = LANGUAGES[language].units

    def named(found: re.Match[str]) -> str:
        many = found[1] != "1"
        form = known.raised[found[3] in "³3"].split("|")[-1 if many else 0]
        return f"{found[1]} {form.format(units[found[2]][many])} "

    return _SQUARE.sub(named, text)


def _powers(text: str, known: Words) -> str:
    """ "5²" is "5 al cuadrado", "10⁻³" "10 elevado a −3"."""

    def named(found: re.Match[str]) -> str:
        power = found[1]
        form = known.signs[power] if power in known.signs else known.signs["^"].format(power.translate(_FROM_RAISED))
        return f" {form} "

    return _POWER.sub(named, text)


def _fraction(found: re.Match[str], known: Words, single: str) -> str:
    """ "3/4" is "3 cuartos" and "2 1/2" "2 y medio"; what has no such name stays."""
    whole, top, bottom = found[1], int(found[2]), int(found[3])
    if not 0 < top < bottom or bottom not in known.parts:
        return found[0]
    one, many = known.parts[bottom]
    if bottom == 2:
        return f"{whole} {known.and_half}" if whole else known.half
    part = f"{top} {many}" if top > 1 else f"{single} {one}"
    return f"{whole} {known.ampersand if known.joins_parts else ''} {part}" if whole else part


def _address(stretch: str, known: Words) -> str:
    if not _HOST.search(stretch):
        return stretch
    said = stretch.removeprefix("https://").removeprefix("http://")
    for sign, word in (("@", known.at), (".", known.dot), ("/", known.slash)):
        said = said.replace(sign, f" {word} ")
    return said


@cache
def _abbreviations(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns with what they are read as; in one with a capital letter capitals count."""
    return tuple(
        (re.compile(rf"(?<![\w.]){pattern}(?!\w)", 0 if re.search(r"[A-Z]", pattern) else re.IGNORECASE), full)
        for pattern, full in WORDS[language].abbreviations
    )


@cache
def _roman_patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    known = WORDS[language]
    ending = rf"(?P<ending>{known.roman_ending})" if known.roman_ending else "(?P<ending>)"
    behind = re.compile(rf"\b(?P<before>(?i:{known.numbered})) (?P<numeral>{_ROMAN}|[IVX]){ending}?(?![\w'’-])")
    name = re.compile(
        rf"\b(?P<before>(?:{_RULERS})(?= [IV]\b)|[A-ZÀ-Þ][a-zà-ÿ]{{2,15}}) "
        rf"(?P<numeral>{_ROMAN}|[IV]){ending}?(?![\w'’-])"
        if known.roman_after_name
        else r"(?!)"
    )
    return behind, name


def _roman(text: str, known: Words, language: str) -> str:
    """Roman numerals in figures: behind a word that is numbered, behind a name, before "siècle" and "secolo"."""
    if not re.search(r"\b[IVX]", text):
        return text
    behind, name = _roman_patterns(language)
    text = behind.sub(lambda found: f"{found['before']} {_value(found['numeral'])}{found['ending'] or ''}", text)
    if known.roman_before:
        text = re.sub(rf"\b({_ROMAN}|[IVX]){known.roman_before}", lambda found: _before(found, known), text)
    return name.sub(lambda found: _named(found, known), text)


def _before(found: re.Match[str], known: Words) -> str:
    return f"{_value(found[1])}{known.ordinal if known.ordinal == 'º' else found[2]}"


def _named(found: re.Match[str], known: Words) -> str:
    """A ruler: "Luis 14", "Felipe 6º", "Lodewijk de 14e"."""
    numeral, before = found["numeral"], found["before"]
    is_ruler = re.fullmatch(_RULERS, before)
    if numeral in _NO_NUMERALS or (len(numeral) == 1 and not is_ruler):
        return found[0]
    value = _value(numeral)
    if found["ending"] and known.roman_after_name == "{}":  # "François Ier"
        return f"{before} {value}{found['ending']}"
    return (
        f"{before} {known.roman_after_name.format(value if value > known.last_ordinal else f'{value}{known.ordinal}')}"
    )


def _value(numeral: str) -> int:
    """What a numeral is worth: a smaller figure before a larger one is taken away."""
    values = [_VALUES[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
