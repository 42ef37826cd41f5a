"""Zeros that are said as the letter: "oh" is one among digits and an interjection elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from modellab.text.english_tables import DIGITS
from modellab.text.number_forms import FIGURES

ZEROS = ("oh", "o")
TIMES = {"double": 2, "triple": 3}
EXCLAIMED = frozenset({"my", "no", "yes", "yeah", "well", "god", "boy", "dear", "really", "i", "okay", "wow", "come"})
BEFORE_A_YEAR = ("in", "since", "of", "from")  # "the class of oh five"
At = Callable[[int], str]  # the word at a place, '' before the first and behind the last


def is_digit(at: At, i: int) -> bool:
    """Whether one digit is said or written at word i."""
    word = at(i)
    return word in DIGITS or word in ZEROS or (len(word) == 1 and word.isdecimal())


def oh(at: At, i: int, before: str) -> tuple[str, int] | None:
    """What the zero at word i is and where it ends: among digits, before several, or at the end of several.

    `before` is what the word before it became.
    """
    following = at(i + 1)
    if (before == "point" or FIGURES.fullmatch(before)) and is_digit(at, i + 1):
        return "0", i + 1
    if i > 1 and is_digit(at, i - 1) and is_digit(at, i - 2) and following not in EXCLAIMED:
        return "0", i + 1
    if at(i) in ("oh", "zero") and following in DIGITS and at(i + 2) == "hundred":
        return f"0 {DIGITS[following]} 0 0", i + 3
    if at(i) != "oh":
        return None
    if following in TIMES:
        return ("0", i + 1) if is_digit(at, i + 2) else None
    if before in BEFORE_A_YEAR and following in DIGITS and following != "zero":
        return "0", i + 1
    several = is_digit(at, i + 1) and (is_digit(at, i + 2) or at(i + 2) in TIMES)
    return ("0", i + 1) if several else None
