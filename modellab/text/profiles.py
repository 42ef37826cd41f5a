"""What a language's writing leaves to taste, taken away before texts are compared; everything else stays.

Each profile is `basic` (NFKC, casefold, punctuation to blanks, combining marks kept) with decimal digits of every
script as 0-9, and:

| languages | what else | why |
|---|---|---|
| ar, arz, ur, fa, ps, ckb | vowel signs, tanwin, shadda, sukun and tatweel go | ordinary text leaves them out |
| fa, ur, ps, ckb | Arabic yeh and kaf become the Persian letters | keyboards mix them |
| he, yi | points and cantillation go | as in Arabic |
| he | gershayim and quotes between letters leave no gap | keyboards have no gershayim |
| ru, be | ё is е | the dots are optional |
| tr, az, crh | I is ı and İ is i | casefold knows only English |
| ro, ml, bn and others | the pairs of `letters` | Unicode does not join them |
| uz, haw, to, sm, ty | an apostrophe is a letter (in uz behind o and g) | oʻ is another letter than o |
| fr, it, ca, oc, br | an apostrophe parts words | l'eau is two words |
| fr, es, pt, de, nl, da, it | numbers in words and in figures are one | see `numerals` |
| zh, yue, wuu, ja, th, lo, km, my | a blank between characters, marks with their letter | no blanks between words |

Kept on purpose, because they tell words apart: hamza and the kinds of alef, nukta and every vowel sign of Indic
scripts, tones of Thai and Vietnamese, umlauts and accents, traditional and simplified Han (a model that writes the
other one is charged), kana as written. In other languages words are not turned into figures: `folds_numbers`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from modellab.text import letters, numeral_names, numerals
from modellab.text.apostrophes import PLAIN
from modellab.text.folding import folded

UNSPACED = frozenset({"zh", "yue", "wuu", "ja", "th", "lo", "km", "my"})
APOSTROPHE_PARTS = frozenset({"fr", "it", "ca", "oc", "br"})
QUOTES_WITHIN = frozenset({"he", "yi"})
_QUOTE_WITHIN = re.compile(r"(?<=[\u05d0-\u05ea])[\"\u201c\u201d\u2033](?=[\u05d0-\u05ea])")
_POWER = re.compile(r"(?<=\d)(?=[⁰¹²³⁴-⁹])")  # which NFKC makes one number of: "10⁵" is not "105"
UNSPACED_SCRIPTS = r"\p{Han}\p{scx=Hira}\p{scx=Kana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"


def _gone(*ranges: tuple[int, int]) -> dict[int, None]:
    return {code: None for first, last in ranges for code in range(first, last + 1)}


_HARAKAT = _gone((0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x0652), (0x0670, 0x0670))
_PERSIAN = {**_HARAKAT, ord("ي"): "ی", ord("ى"): "ی", ord("ك"): "ک"}
_POINTS = _gone((0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7))
_TURKIC = {ord("I"): "ı", ord("İ"): "i"}
_RUSSIAN = {ord("ё"): "е"}
_CAPITALS: dict[str, dict[int, str]] = dict.fromkeys(("tr", "az", "crh"), _TURKIC)
_LETTERS: dict[str, dict[int, Any]] = {
    **dict.fromkeys(("ar", "arz"), _HARAKAT),
    **dict.fromkeys(("fa", "ur", "ps", "ckb"), _PERSIAN),
    **dict.fromkeys(("he", "yi"), _POINTS),
    **dict.fromkeys(("ru", "be"), _RUSSIAN),
}


def normalise(text: str, language: str) -> str:
    """The text as it is scored in a language (ISO 639-1, else 639-3); one without a profile gets `basic` and digits.

    >>> normalise("Ёлка, ещё!", "ru"), normalise("l'eau", "fr"), normalise("我愛Python。", "zh")
    ('елка еще', 'l eau', '我 愛 python')
    """
    text = text.translate(PLAIN)
    if language in numeral_names.LANGUAGES:
        text = numerals.before(text, language)
    text = unicodedata.normalize("NFKC", _POWER.sub(" ", text)).translate(PLAIN).translate(_CAPITALS.get(language, {}))
    text = letters.joined(unicodedata.normalize("NFKC", text.casefold()), language)
    if language in APOSTROPHE_PARTS:
        text = text.replace("'", " ")
    if language in QUOTES_WITHIN:
        text = _QUOTE_WITHIN.sub("", text)
    text = "".join(_digit(character) for character in folded(text).translate(_LETTERS.get(language, {})))
    text = folded(text)  # what is left may compose anew
    if language in numeral_names.LANGUAGES:
        text = numerals.figures(text, language)
    return " ".join(_characters().findall(text)) if language in UNSPACED else text


def folds_numbers(language: str) -> bool:
    """Whether a number in words and in figures is the same text in a language."""
    return language in numeral_names.LANGUAGES or language == "en"


def _digit(character: str) -> str:
    """A decimal digit of any script as 0-9, anything else as it is."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


@cache
def _characters() -> Any:
    """Matches one character of a script without blanks with its marks, or a run of anything else."""
    import regex

    return regex.compile(rf"[{UNSPACED_SCRIPTS}]\p{{M}}*|[^\s{UNSPACED_SCRIPTS}]+")
