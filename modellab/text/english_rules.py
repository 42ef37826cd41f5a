"""What `modellab_en` replaces before and behind numbers, rule by rule; each with what tells that it may apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from modellab.text import english_tables as tables
from modellab.text.english_addresses import TELEPHONES
from modellab.text.number_forms import ordinal

Trigger = str | tuple[str, ...]  # one of these is in a text to which the rule applies
Replacement = str | Callable[[re.Match[str]], str]
Rule = tuple[Trigger, re.Pattern[str], Replacement]
Uncompiled = tuple[Trigger, str, Replacement]
_VULGAR = tuple(tables.VULGAR)
_GAP = "[\u00a0\u2007\u2009\u202f']"  # between thousands, and never between two numbers


def _grouped(found: re.Match[str]) -> str:
    """Thousands with blanks or apostrophes between them, with commas."""
    decimals = re.match(r",\d", found.string[found.end() : found.end() + 2])
    return re.sub(r"\D", "" if decimals else ",", found[0])


BEFORE_FOLDING: list[Rule] = [
    (tuple(_GAP[1:-1]), re.compile(rf"(?<![\d.,])[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})++(?!\d)"),
     _grouped),
    (" 0", re.compile(r"(?<![\d.,])(?!(?<=[^\d.,][1-9]\d\d )\d{3})"  # behind a group that has failed it fails, too
                    r"[1-9]\d{0,2}(?= \d{3})(?: [1-9]\d\d)*(?: 0\d\d)(?: \d{3})*+(?!\d)"),
     _grouped),
    (_VULGAR, re.compile(rf"(?<=[\d{''.join(tables.VULGAR)}])(?=[{''.join(tables.VULGAR)}])"), " "),
    (_VULGAR, re.compile(rf"[{''.join(tables.VULGAR)}]"), lambda found: tables.VULGAR[found[0]]),
    (("º", "˚"), re.compile(r"(?<=\d) ?[\u00ba\u02da](?![^\W_]{2})"), "°"),
    (("²", "³"), re.compile(r"(?<=\d) ?(km|cm|mm|m|ft|in|mi|yd)([²³])(?!\w)"),
     lambda found: f" {'square' if found[2] == '²' else 'cubic'} {found[1]} "),
    ("²", re.compile(r"(?<=[^\W_])²"), " squared "),
    ("³", re.compile(r"(?<=[^\W_])³"), " cubed "),
]  # fmt: skip


def _iso(found: re.Match[str]) -> str:
    months = ("january february march april may june july august september october november december").split()  # noqa: SIM905
    return f" {months[int(found[2]) - 1]} {ordinal(int(found[3]))} {found[1]} "


_REPLACED: tuple[Uncompiled, ...] = (  # where the first is in the text
    ("(", rf"\((?:{tables.SOUNDS})\)", " "),
    ("uh", r"(?<!\w)uh[- ]huh(?!\w)", "uhhuh"),
    (".", r"\be\.?g\.(?!\w)", "eg "),
    (".", r"\bo\.k\.", "ok "),
    ("ph", r"\bph\.? ?d\b\.?", "phd "),
    ("'", r"(?<=\d)'(?=\d)", " "),
    *(("'", pattern, full) for pattern, full in tables.CONTRACTIONS),
    (".", rf"\b({'|'.join(tables.BY_PERIOD)})\.(?!\d)", lambda found: tables.BY_PERIOD[found[1]] + " "),
    ("-", rf"\b({tables.PREFIXES})-(?=[a-z])", r"\1"),
    ("km/h", r"(?<=\d) ?km/h\b", " kph"),
    ("m/s", r"(?<=\d) ?m/s\b", " mps"),
    ("/", rf"(?<![a-z])({'|'.join(tables.UNITS)})/(?=(?:{'|'.join(tables.PER)}|{'|'.join(tables.RATES)})\b)",
     r"\1 per "),
    (("m2", "m3"), r"(?<=\d) ?([kc]?m)([23])\b",
     lambda found: f" {'square' if found[2] == '2' else 'cubic'} {found[1]} "),
    (".", r"\b(pp?|vols?|chs?|figs?|ext|nos|art|para|pg|ver|eqs?)\. ?(?=\d)",
     lambda found: f"{tables.BEFORE_NUMBERS[found[1]]} "),
    ("§", r"§ ?(?=\d)", " section "),
    ("100s", r"(?<![\w$.,])100s\b", "hundreds"),
    *TELEPHONES,
    ("-", r"(?<![\d-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])", _iso),
    ("#", r"# ?(?=\d)", " number "),
    ("no.", r"\bno\. ?(?=\d)", " number "),
)  # fmt: skip
_LAST: tuple[Uncompiled, ...] = (("&", r"&", " and "), ("@", r"@", " at "))
_BESIDE_FIGURES: tuple[Uncompiled, ...] = (
    ("x", r"(?<=\d)(?<!\b0) {0,3}x {0,3}(?=\d)(?! *[\d.]{1,9} *=)", " by "),
    (("x", "×", "*"), r"(?<=\d) {0,3}[x×*] {0,3}(?=\d)", " times "),
    ("÷", r"(?<=\d) {0,3}÷ {0,3}(?=\d)", " divided by "),
    ("~", r"(?<=\d) {0,3}~ {0,3}(?=\d)", " to "),
    ("+", r"(?<=\d) ?\+(?![\d.+])", " plus "),
    *(
        (sign, rf"(?<![-=<>]){sign}(?= {{0,3}}(?:\d|minus |point ))", f" {name} ")
        for sign, name in tables.COMPARED.items()
    ),
    ("", r"([a-z])(?=\d)", r"\1 "),
    ("", r"(\d)(?=[a-zμ])(?!(?:(?:st|nd|rd|th)s?|s)\b)", r"\1 "),
    ("=", r"(?<=\d)\s*=\s*(?=\d|minus|plus|point)", " equals "),
)


def replaced(text: str, rules: Iterable[Rule]) -> str:
    """The text after these rules, one after the other."""
    for trigger, pattern, replacement in rules:
        if trigger in text if isinstance(trigger, str) else any(each in text for each in trigger):
            text = pattern.sub(replacement, text)
    return text


@cache
def rules() -> tuple[list[Rule], ...]:
    """The rules before and behind numbers, and those beside figures, compiled when they are first needed."""
    return tuple(
        [(trigger, re.compile(pattern), replacement) for trigger, pattern, replacement in rules]
        for rules in (_REPLACED, _LAST, _BESIDE_FIGURES)
    )
