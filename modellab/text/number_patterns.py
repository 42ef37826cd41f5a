"""The patterns of what is written with figures, in the order in which `written_numbers` tries them.

Each looks at a text in lower case with figures of 0-9, and is such that reading a text with it takes linear time:
repetitions are possessive, and looking ahead has an end.
"""

from __future__ import annotations

import re

from modellab.text import english_money as money
from modellab.text.english_tables import UNITS

SCALE = "hundred|thousand|million|billion|trillion|lakhs?|crores?"
CURRENCY = rf"(?:(?<![^\W_])(?:{'|'.join(money.DOLLARS)})\$|[{money.SIGNS}])"
CODE = rf"\b(?:{'|'.join(money.CODES)})\b"
START = re.compile(rf"[\d.{money.SIGNS}¢%+±\u2212\u2013-]|{CODE}(?=\.? ?[\d.+\u2212-])|{CURRENCY}")
_NTH = r"\d{0,12}+(?:st|nd|rd|th)s?\b"  # no sign is paid with an ordinal: "5 $ 3rd"
JOINTS = frozenset(" -+\u2212\u2013\u2014")  # what may bind two quantities begins with
TELLING = "|".join(  # words that belong to the figure before them, or to the one behind
    (*UNITS, *money.CODES, SCALE, "m|mn|mln|mio|bn|bln|tn|trn|percent|degrees|[ap]m|dollars?|euros?|cents|pounds|pence")
)
PLAIN = re.compile(  # figures before another one or before other words, with these words
    r"(?:(?<![^ ])(?:0|[1-9]\d{0,5}) "
    rf"(?:(?=\d{{1,6}}(?![\d/]))|(?:(?!(?:{TELLING})\b)[a-z]++(?: |\Z))++))++"
)
BARE = re.compile(r"\d++(?:$| \D|[^\d :./,'a-z-])")  # a figure that begins nothing longer
SIGN = re.compile(r"(?P<both>(?:±|\+/[-\u2212]) ?)|(?P<minus>[-\u2013](?! )|\u2212 ?)|(?P<plus>\+ ?)")
BEFORE = re.compile(rf"(?:(?P<sign>{CURRENCY})|(?P<code>{CODE})\.?) ?(?=[-+\u2212]?\.?\d)(?!{_NTH})")
TIME = re.compile(
    r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:\.\d++)?))?+(?!:?\d|\.\d)"
    r"(?P<half> ?(?:[ap]m|oclock|noon|midnight)\b)?|(?P<dotted>1?\d)\.(?P<behind>[0-5]\d)(?P<half_too> ?[ap]m\b)"
)
VERSION = re.compile(r"\d++(?:\.\d++){2,}+")
FRACTION = re.compile(
    r"(?<![\w.,/])(?:(?P<whole>\d{1,9})[ -])?(?P<top>\d{1,3})/(?P<bottom>\d{1,4})(?:(?:st|nd|rd|th)s?\b)?"
    r"(?![\d/]|\.\d)"
)
ORDINAL = re.compile(r"(?P<figure>\d{1,3}(?:,\d{3})++|\d++)(?:st|nd|rd|th)(?P<many>s?)\b")
DECADE = re.compile(r"(?<!\w)(\d{4}|\d{2})'?s\b")
EUROPEAN = re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})++)(?:,(?P<parts>\d{1,2}))?(?!\d|[.,]\d)")
COMMA = re.compile(r"(?<![\d,.])(?P<whole>\d++),(?P<parts>\d{1,2})(?!\d|,\d)")
ZERO_COMMA = re.compile(r"(?<![\d,.])(?P<whole>0),(?P<parts>\d{1,6})(?!\d|,\d)")
_SINGLE = r"|(?P<whole>\d++)(?:\.(?P<parts>\d++)(?!\.\d))?|(?<![\w.])\.(?P<bare>\d++)(?!\.\d)"
NUMBER = re.compile(
    r"(?P<grouped>\d{1,3}(?:,\d{3})++(?!\d|,\d)|\d{1,2}(?:,\d{2}(?=,))++,\d{3}(?!\d|,\d))(?:\.(?P<cents>\d++)(?!\.\d))?"
    + _SINGLE
)
SINGLE = re.compile(rf"(?P<grouped>(?!))(?P<cents>){_SINGLE}")  # where figures are known not to be groups
GROUPS = re.compile(r"\d{1,3}(?:,\d{3})++|\d{1,2}(?:,\d{2}(?=,))++")
SCALED = re.compile(rf"[ -]?(?P<word>{SCALE})\b|(?P<letters>[kbt]\b| ?(?:mm?|mn|mil|mln|mio|bn|bln|tn|trn)\b)")
BEHIND = re.compile(
    rf"(?P<sign>{CURRENCY})(?!\d)| (?P<apart>{CURRENCY})(?! ?\.?\d(?!{_NTH}))"
    rf"|(?: |(?<=\w))(?P<code>{'|'.join(money.CODES)})\b(?! ?\d)\.?"
)
NAMED = re.compile(r" ?(?P<name>dollars?|euros?)\b")
MEASURE = re.compile(
    r" ?(?:(?P<percent>%)|(?P<mille>‰)|(?P<celsius>° ?c\b)|(?P<fahrenheit>° ?f\b)|(?P<degrees>°)|(?P<cents>¢))"
)
TAKES_A_COMMA = re.compile(rf" ?(?:[%°]|percent\b|(?:{SCALE}|{'|'.join(UNITS)})\b)")
TO = re.compile(r" - |- (?! )| ?\u2013 ?|\u2014|-{1,2}(?!-)")
UNIT_IN_RANGE = re.compile(
    rf" ?(?:{'|'.join(UNITS)}|percent|degrees|[ap]m|dollars|cents|euros|pounds|pence|{SCALE})\b"
    r"(?=(?: [-\u2013] |[-\u2013])[\d+\u2212-])"
    r"|(?P<same>[a-z]{1,2})(?=[-\u2013]\d[\d.,]{0,12}+(?P=same)\b)"  # "10k-20k"
)
MARK_IN_RANGE = re.compile(r"['\"]{1,2}(?=[-\u2013]\d)")
PER = re.compile(r"/(?=[a-z])")
OPERATOR = re.compile(r" ?(?P<minus>\u2212) ?| ?(?P<plus>\+) ?")
EQUATION = re.compile(r" ?=")
MARK_BEFORE = re.compile(r"[\w.+\u2013\u2014-]")
