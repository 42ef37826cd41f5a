"""Which script a text is written in: the cheapest sign that a model answered in the wrong language."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from modellab.types import Ratio


def foreign(text: str, scripts: Sequence[str]) -> Ratio:
    """Letters of none of these scripts (ISO 15924) out of all letters. Marks, digits and signs are not counted.

    >>> foreign("привет hi", ("Cyrl",))
    Ratio(top=2, bottom=8)
    """
    letters = [character for character in text if unicodedata.category(character)[0] == "L"]
    return Ratio(sum(not _of(tuple(scripts)).match(letter) for letter in letters), len(letters))


@cache
def _of(scripts: tuple[str, ...]) -> Any:
    """Matches a letter of one of the scripts, or one that several scripts share."""
    import regex

    return regex.compile("[" + "".join(rf"\p{{scx={script}}}" for script in (*scripts, "Zyyy", "Zinh")) + "]")
