"""The languages of Whisper as its engines call them: what a row or a request says is spoken, in their codes."""

from __future__ import annotations

from collections.abc import Iterable

from modellab.text import languages

NORWEGIAN = {"nb": "no"}  # Whisper has one code for Bokmål and what is not said more closely


def told(language: str, known: Iterable[str]) -> str:
    """The engine's own code for a language; ValueError for one that its checkpoint was not taught.

    >>> [told(name, ("en", "no", "tl", "jw")) for name in ("eng", "nb-NO", "fil", "jv")]
    ['en', 'no', 'tl', 'jw']
    """
    short = languages.code(language)
    own = {languages.code(name): name for name in known}
    code = own.get(NORWEGIAN.get(short, short))
    if code is None:
        raise ValueError(f"this checkpoint was not taught {language!r}, one of its {len(own)} languages was expected")
    return code
