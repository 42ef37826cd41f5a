"""The normaliser for any language, on which the profiles of single languages are built."""

from __future__ import annotations

import unicodedata

from modellab.text.apostrophes import PLAIN


def basic(text: str) -> str:
    """Any language: NFKC, casefold, punctuation (P) and symbols (S) become spaces, white space collapses.

    Combining marks (M) stay, so that Hindi, Thai and Tamil keep their vowels. Apostrophes, whichever character is
    written for them, and invisible format characters (Cf, such as joiners) leave no gap, so that "don't" stays one
    word. "2.5" becomes "2 5".
    """
    return folded(text.translate(PLAIN))


def folded(text: str) -> str:
    """The same where apostrophes that are letters are known: only ' and U+2019 leave no gap."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(unicodedata.normalize("NFKC", text.translate(_KEPT)).split())


class _Kept(dict[int, str | None]):
    """What becomes of a character."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        category = unicodedata.category(character)
        gone = category == "Cf" or character in "'\u2019"
        self[code] = None if gone else " " if category[0] in "PSC" else character
        return self[code]


_KEPT = _Kept()
