"""What `modellab_en` replaces before and behind numbers, rule by rule; each with what tells that it may apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from modellab.text import english_signs as signs
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
    *signs.RULES,
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


_DAY = r"(?<![\d.,:/])\d{1,2}(?:st|nd|rd|th)?"
_SHORT_MONTHS, _SHORT_DAYS = "|".join(tables.MONTHS_SHORT), "|".join(tables.DAYS_SHORT)
_ANY_MONTH = rf"(?:{'|'.join(sorted((*tables.MONTHS, *tables.MONTHS_SHORT)))}|feb|aug|sept?|oct|nov|dec)\b"
DATES: tuple[Uncompiled, ...] = (
    (tuple(tables.MONTHS_SHORT), rf"\b({_SHORT_MONTHS})\b\.?(?= (?:\d{{1,2}}(?:st|nd|rd|th)?|\d{{4}})\b(?! ?%|\.\d))",
     lambda found: tables.MONTHS_SHORT[found[1]]),
    (tuple(tables.MONTHS_SHORT), rf"({_DAY}(?: of)? )({_SHORT_MONTHS})\b\.?",
     lambda found: found[1] + tables.MONTHS_SHORT[found[2]]),
    (tuple(tables.DAYS_SHORT),
     rf"\b({_SHORT_DAYS})\b[.,]{{0,2}} (?={_ANY_MONTH}\.?,? \d|{_DAY} {_ANY_MONTH})",
     lambda found: f"{tables.DAYS_SHORT[found[1]]} "),
)  # fmt: skip
_SECONDS = (" s", *(f"{figure}s" for figure in range(10)))
_REPLACED: tuple[Uncompiled, ...] = (  # where the first is in the text
    ("(", rf"\((?:{tables.SOUNDS})\)", " "),
    ("uh", r"(?<!\w)uh[- ]huh(?!\w)", "uhhuh"),
    (".", r"\be\.?g\.(?!\w)", "eg "),
    (".", r"\bo\.k\.", "ok "),
    ("ph", r"\bph\.? ?d\b\.?", "phd "),
    (("'", '"'), r"(?<=\d)(['\"]) ?(?=(?:x|by|tall|wide|long|high|deep|thick)\b)",
     lambda found: " feet " if found[1] == "'" else " inches "),
    ("'", r"(?<=\d)'(?=\d)", " "),
    ("deg", r"(?<=\d) ?deg\b\.?", " degrees"),
    ("h", r"\b(\d{1,2}) ?h(?:rs?)? ?(\d{1,2}) ?m(?:ins?)?(?: ?(\d{1,2}) ?s(?:ecs?)?)?\b",
     lambda found: f"{found[1]} hr {found[2]} min" + (f" {found[3]} sec" if found[3] else "")),
    (_SECONDS, r"\b(\d{1,3}) ?m(?:ins?)? ?(\d{1,2}) ?s(?:ecs?)?\b", r"\1 min \2 sec"),
    (_SECONDS, r"(?<![\w.,$£€])(\d{1,4}\.\d{1,3}) ?s\b(?!')", r"\1 sec"),
    ("20/20", r"(?<![\d/.])20/20(?![\d/])", "2020"),
    ("in", r"(\d ?(?:ft|feet|foot)\.?) (\d{1,2}) ?in\b\.?(?! (?:the|a|my|his|her)\b)", r"\1 \2 inches"),
    ("-", r"(?<![\w'-])[a-z](?:-[a-z]){2,}+(?![\w'-])", lambda found: found[0].replace("-", " ")),
    ("1-8", r"(?<![\d-])1-(8(?:00|[3-8]{2}))-(?=[a-z])", r"1 \1 "),
    (" n ", r"\brock n roll\b", "rock and roll"),
    ("& co", r"& co\b\.?", "and company"),
    ("w/", r"(?<![\w/.])w/o\b", "without "),
    ("w/", r"(?<![\w/.])w/(?= ?[a-z])", "with "),
    (("401", "403"), r"(?<![$€£₹])(?<![$€£₹] )\b40(?:(1) ?\(?(k)\b\)?|(3) ?\(?(b)\b\)?)(?! ?[$€£₹])",
     lambda found: f"4 0 {found[1] or found[3]} {found[2] or found[4]}"),
    (("bn", "bln"), r"(?<=\d) ?bl?n\b", " billion"),
    (":", r"(?<![\d:])(\d{1,4}):(\d{1,4})(?= (?:ratio|odds|scale|split)\b)", r"\1 to \2"),
    (":", r"\b(ratio|odds|scale)( of| is| was|) (\d{1,4}):(\d{1,4})(?![\d:])", r"\1\2 \3 to \4"),
    *DATES,
    (("x", "×"), rf"(\d ?(?:{'|'.join(tables.UNITS)}|feet|inches)) ?[x×] ?(?=\d)", r"\1 by "),
    *(("'", pattern, full) for pattern, full in tables.CONTRACTIONS),
    (".", rf"\b({'|'.join(tables.BY_PERIOD)})\.(?!\d)", lambda found: tables.BY_PERIOD[found[1]] + " "),
    ("-", rf"\b({tables.PREFIXES})-(?=[a-z])", r"\1"),
    ("km/h", r"(?<=\d) ?km/h\b", " kph"),
    ("m/s", r"(?<=\d) ?m/s\b", " mps"),
    ("/", rf"(?<![a-z])({'|'.join(tables.UNITS)})/(?=(?:{'|'.join(tables.PER)}|{'|'.join(tables.RATES)})\b)",
     r"\1 per "),
    (("m2", "m3"), r"(?<=\d) ?([kc]?m)([23])\b",
     lambda found: f" {'square' if found[2] == '2' else 'cubic'} {found[1]} "),
    (".", r"\b(pp?|vols?|chs?|figs?|ext|nos|art|para|pg|ver|eqs?|max|min|avg|apt)\. ?(?=\d)",
     lambda found: f"{tables.BEFORE_NUMBERS[found[1]]} "),
    ("§", r"§ ?(?=\d)", " section "),
    ("100s", r"(?<![\w$.,])100s\b", "hundreds"),
    ("1000s", r"(?<![\w$.,])1000s\b(?= of\b)", "thousands"),
    *TELEPHONES,
    ("-", r"(?<![\d-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])", _iso),
    ("#", r"# ?(?=\d)", " number "),
    ("no.", r"\bno\. ?(?=\d)", " number "),
)  # fmt: skip
_LAST: tuple[Uncompiled, ...] = (
    ("&", r"&", " and "),
    ("@", r"@", " at "),
    ("=", r"(?<=[a-z]) ?= ?(?=[a-z])", " equals "),
)
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
    ("=", r"(?<=[a-z\d]) {0,3}=(?!=) {0,3}(?=[a-z\d])", " equals "),
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
