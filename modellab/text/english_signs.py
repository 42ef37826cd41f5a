"""Signs that are spoken in `modellab_en` and that only tell with capitals beside them: powers, "C++", "5M users", "$½".

These rules come before letters are folded and characters are decomposed, which makes "2½" of "21/2" and "106" of "10⁶".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from modellab.text.english_tables import VULGAR
from modellab.text.number_forms import LONGEST, ordinal

Rule = tuple[str | tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]]

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_EXACT = {"½": "5", "¼": "25", "¾": "75"}
_HALVES = {"1/2": "5", "1/4": "25", "3/4": "75"}
_BITS = {"k": "kilobit", "K": "kilobit", "M": "megabit", "G": "gigabit", "T": "terabit"}
_ELECTRIC = {"V": "volt", "W": "watt", "mA": "milliamp"}
_MINUSES = tuple(f"{grade}-" for grade in "ABCD")
CHARACTERS = "".join((*VULGAR, *_RAISED, "⁻+#^_√∞"))  # a text to which a rule applies has one of these, a figure
STRETCHES = ("Ft.", "WW", *_MINUSES)  # or one of these


def _power(found: re.Match[str]) -> str:
    """ "10⁶" and "10^6" are "10 to the sixth"; the second and the third power have names."""
    figure = "".join(_RAISED.get(each, each) for each in found["power"])
    if found["minus"]:
        return f" to the minus {figure} "
    known = {"2": "squared", "3": "cubed"}.get(figure.lstrip("0"))
    return f" {known} " if known else f" to the {ordinal(int(figure[:LONGEST]))}{figure[LONGEST:]} "


RULES: list[Rule] = [
    (tuple(_EXACT), re.compile(rf"(?<=[$£€])(\d*+) ?([{''.join(_EXACT)}])"),
     lambda found: f"{found[1] or 0}.{_EXACT[found[2]]}"),
    ("/", re.compile(r"(?<=[$£€])(?:(\d++) )?(1/2|1/4|3/4)(?![\d/])"),
     lambda found: f"{found[1] or 0}.{_HALVES[found[2]]}"),
    (tuple(_RAISED), re.compile(r"(?<=\d)(?P<minus>⁻?)(?P<power>[⁰¹⁴-⁹]|[⁰¹²³⁴-⁹]{2,})(?![⁰¹²³⁴-⁹])"), _power),
    ("^", re.compile(r"(?<=[^\W_])\^ ?(?P<minus>[-\u2212]?)(?P<power>\d{1,3})(?!\d|\.\d)"), _power),
    ("M", re.compile(r"(?<![\w.,])([$£€]?(?:\d{1,3}(?:,\d{3})++|\d{1,6})(?:\.\d{1,4})?)M{1,2}\b(?![-/'.]\w)"),
     r"\1 million"),
    (("Nm", "N·m"), re.compile(r"(?<=\d) ?N·?m\b"), " newtonmeter "),
    ("mW", re.compile(r"(?<=\d) ?mW\b"), " milliwatt "),
    (tuple(_ELECTRIC), re.compile(r"(?<=\d) ?(V|W|mA)\b(?!-|\.? ?[A-Z\d])"),
     lambda found: f" {_ELECTRIC[found[1]]} "),
    ("_", re.compile(r"(?<=\d)_(?=\d{3}(?!\d))"), ""),
    ("++", re.compile(r"(?<=[A-Za-z])\+\+(?!\w)"), " plus plus "),
    ("#", re.compile(r"\b([A-G])#(?!\w)"), r"\1 sharp "),
    ("+", re.compile(r"(?<=[A-Za-z])\+(?![\w+@.])"), " plus "),
    ("+", re.compile(r"(?<![\w.-])([A-Za-z])\+(?=\d)"), r"\1 plus "),
    ("Bps", re.compile(r"(?<=\d) ?([kKMGT]B)ps\b"), r" \1/s"),
    ("b/s", re.compile(r"(?<=\d) ?([kKMGT]b)/s\b"), r" \1ps"),
    (("Kb", "Mb", "Gb", "Tb", "bit"), re.compile(r"(?<=\d) ?(?:([KMGT])b|([kKMGT])bits?)\b(?!/s)"),
     lambda found: f" {_BITS[found[1] or found[2]]} "),
    ("bit/s", re.compile(r"(?<=\d) ?([kKMGT])bit/s\b"), r" \1bps"),
    (_MINUSES,
     re.compile(r"\b((?:an?|[Gg]rade|[Rr]ated) (?:A{1,3}|B{1,3}|C{1,3}|D))-(?![\w-])"), r"\1 minus "),
    ("∞", re.compile("∞"), " infinity "),
    ("√", re.compile(r"√ ?(?=\d)"), " square root of "),
    ("Ft.", re.compile(r"(?<!\d)(?<!\d )\bFt\. ?(?=[A-Z])"), "Fort "),
    ("WW", re.compile(r"\bWW(I{1,2}|[12])\b"), lambda found: f"World War {found[1].count('I') or found[1]}"),
]  # fmt: skip
