"""The normaliser for any language, on which the profiles of single languages are built."""

from __future__ import annotations

import unicodedata


def basic(text: str) -> str:
    """Any language: NFKC, casefold, punctuation (P) and symbols (S) become spaces, white space collapses.

    Combining marks (M) stay, so that Hindi, Thai and Tamil keep their vowels. Apostrophes and invisible format
    characters (Cf, such as joiners) leave no gap, so that "don't" stays one word. "2.5" becomes "2 5".
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = []
    for character in folded:
        category = unicodedata.category(character)
        if category == "Cf" or character in "'\u2019":
            continue
        kept.append(" " if category[0] in "PSC" else character)
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).split())
