"""Letters that people write in two ways and Unicode's normal forms do not join, by language (ISO 639-1, else 639-3).

They come in pairs, what is written and what it becomes, for texts in lower case and NFKC that still have their joiners.
"""

from __future__ import annotations

ZWJ, ZWNJ = "\u200d", "\u200c"
Pairs = tuple[tuple[str, str], ...]

_CHILLU: Pairs = (  # Malayalam: consonant, virama and joiner against the letter that Unicode 5.1 brought
    *((f"{consonant}\u0d4d{ZWJ}", chillu) for consonant, chillu in zip("ണനരറലളകമയഴ", "ൺൻർർൽൾൿൔൕൖ", strict=True)),
    ("ൻ്റ", "ന്റ"),
)
_BENGALI: Pairs = ((f"\u09a4\u09cd{ZWJ}", "\u09ce"),)  # khanda ta
_MARATHI: Pairs = ((f"\u0930\u094d{ZWJ}", "\u0931\u094d"),)  # the eyelash form of ra
_TAMIL: Pairs = (("ஸ்ரீ", "ஶ்ரீ"),)
_THAI: Pairs = (  # nikhahit before the tone mark, e twice for ae
    *((f"\u0e4d{tone}\u0e32", f"{tone}\u0e4d\u0e32") for tone in "\u0e48\u0e49\u0e4a\u0e4b"),
    ("\u0e40\u0e40", "\u0e41"),
)
_LAO: Pairs = (
    *((f"\u0ecd{tone}\u0eb2", f"{tone}\u0ecd\u0eb2") for tone in "\u0ec8\u0ec9\u0eca\u0ecb"),
    ("\u0ec0\u0ec0", "\u0ec1"),
)
_ROMANIAN: Pairs = (("ş", "ș"), ("ţ", "ț"))  # cedilla, comma below
_ETH: Pairs = (("ð", "đ"),)  # their capitals look alike
_PERSIAN: Pairs = (("\u06d5\u0654", "هٔ"), ("ۀ", "هٔ"))
_URDU: Pairs = (("ه", "ہ"), ("ة", "ۃ"), ("\u06d5\u0654", "ۂ"), ("ۀ", "ۂ"))
_ARABIC: Pairs = (("ی", "ي"), ("ک", "ك"), ("ہ", "ه"))  # a Persian keyboard
_HEBREW: Pairs = (("װ", "וו"), ("ױ", "וי"), ("ײ", "יי"), ("\u05f4", ""))  # Yiddish letters; gershayim
PAIRS: dict[str, Pairs] = {
    "ml": _CHILLU, "bn": _BENGALI, "as": _BENGALI, "mr": _MARATHI, "ne": _MARATHI, "kok": _MARATHI, "ta": _TAMIL,
    "th": _THAI, "lo": _LAO, "ro": _ROMANIAN, "vi": _ETH, "hr": _ETH, "bs": _ETH, "sr": _ETH, "sl": _ETH,
    "fr": (("œ", "oe"), ("æ", "ae")),
    "fa": _PERSIAN, "ur": _URDU, "lah": _URDU, "ckb": ((f"ه{ZWNJ}", "ە"),), "ar": _ARABIC, "arz": _ARABIC,
    "he": _HEBREW, "yi": _HEBREW, "az": (("ǝ", "ə"), ("ә", "ə")), "yo": (("\u0329", "\u0323"),),
}  # fmt: skip
AFTER = {"uz": "og"}  # letters behind which an apostrophe is part of the letter
EVERYWHERE = frozenset({"haw", "to", "sm", "ty"})  # an apostrophe is a letter, the glottal stop
OKINA = "\u02bb"


def joined(text: str, language: str) -> str:
    """The text with each of these letters in one way.

    >>> joined("şi ţara", "ro"), joined("o'zbek", "uz")
    ('și țara', 'oʻzbek')
    """
    for written, letter in PAIRS.get(language, ()):
        text = text.replace(written, letter)
    for letter in AFTER.get(language, ""):
        text = text.replace(f"{letter}'", f"{letter}{OKINA}")
    return text.replace("'", OKINA) if language in EVERYWHERE else text
