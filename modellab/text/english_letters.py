"""The letters of `modellab_en`: one character for what is written with several, and what becomes of the others.

The tables remember the characters that stay as well, for `str.translate` is slow where a table lacks one.
"""

from __future__ import annotations

import re
import unicodedata

from modellab.text import apostrophes

SHORT, MANY = 200, 12  # characters of a text, and different ones of it that change


class _Table(dict[int, str | int | None]):
    """What becomes of a character; one that it does not have stays."""

    def __missing__(self, code: int) -> str | int | None:
        self[code] = self.becomes(code)
        return self[code]

    def becomes(self, code: int) -> str | int | None:
        """What becomes of a character that is looked up for the first time."""
        return code

    def applied(self, text: str) -> str:
        """As `str.translate`, which is slow beyond ASCII; nothing may become what becomes something else."""
        if text.isascii() or len(text) < SHORT:
            return text.translate(self)
        changed = [character for character in set(text) if self[ord(character)] not in (character, ord(character))]
        if len(changed) > MANY:
            return text.translate(self)
        for character in changed:
            text = text.replace(character, str(self[ord(character)] or ""))
        return text


class _Decimals(_Table):
    """A decimal digit of any script is 0-9."""

    def becomes(self, code: int) -> str | int | None:
        decimal = unicodedata.decimal(chr(code), None)
        return code if decimal is None else str(decimal)


class _Letters(_Table):
    """Letters, marks and figures stay, an apostrophe leaves no gap."""

    def becomes(self, code: int) -> str | int | None:
        category = unicodedata.category(chr(code))
        if code == ord("'") or category == "Cf":
            return None
        if code == ord(BREAK):
            return code
        return " " if category[0] in "PSC" and code != ord(".") else code


BREAK = "\x02"  # between two numbers in words that do not belong together; no text has it behind `plain`
_PLAIN = _Table({
    ord(BREAK): " ",
    **apostrophes.PLAIN, **dict.fromkeys((0x2010, 0x2011, 0x2012), "-"), 0xAD: None, 0x200B: None, 0x2116: "#",
})  # fmt: skip
_LATIN = _Table({ord(letter): written for letter, written in {
    "œ": "oe", "ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i",
}.items()})  # fmt: skip
_DECIMALS, _LETTERS = _Decimals(), _Letters()
_BEHIND_LATIN = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]+")
_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")


def plain(text: str) -> str:
    """The text with one apostrophe and one hyphen, and without soft ones."""
    return _PLAIN.applied(text)


def without_accents(text: str) -> str:
    """Latin letters without their marks, decimal digits of any script as 0-9; other letters keep their marks."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", _LATIN.applied(text))
    text = _DECIMALS.applied(text)
    marks = "".join(character for character in set(text) if unicodedata.category(character) == "Mn")
    text = _BEHIND_LATIN.sub(lambda found: found[0].lstrip(marks), text) if marks else text
    return unicodedata.normalize("NFC", text)


def letters(text: str) -> str:
    """Letters, marks and figures; a point between figures stays."""
    return _LETTERS.applied(_POINT.sub(" ", text) if "." in text else text)
