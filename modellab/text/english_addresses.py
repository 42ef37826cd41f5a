"""Telephone numbers and addresses of the net in `modellab_en`: figure by figure, and with each sign as it is called."""

from __future__ import annotations

import re
from collections.abc import Callable

ENDS = (  # of names of hosts and of programs
    "com|org|net|io|gov|edu|uk|ai|dev|app|info|biz|mil|int|eu|de|fr|nl|es|ca|au|nz|jp|ch|tv|xyz|js|py|txt|pdf|csv|html|json|yaml|md|exe|zip|jpg|png|mp3|mp4|wav|docx|xlsx"
)
_HOST = re.compile(rf"(?<=\w)\.(?:{ENDS})\b|^\W*www\.\w")
_BARE_END = re.compile(r"(?<!\S)\.(?=(?:com|org|net|io|edu|gov)\b)")
_STRETCH = re.compile(r"\S+")
_SAID = {".": " dot ", "/": " slash ", ":": " colon ", "_": " underscore ", "@": " at "}
_ENDING = ".,;:!?\"')]}>"
FEWEST = 9  # figures of a telephone number with blanks between its groups


def apart(figure: str) -> str:
    """The figures one by one.

    >>> apart("555-0123")
    '5 5 5 0 1 2 3'
    """
    return " ".join(character for character in figure if character.isdecimal())


def _dotted(found: re.Match[str]) -> str:
    stretch = found[0]
    if "." not in stretch or not _HOST.search(stretch):
        return stretch
    whole = stretch.rstrip(_ENDING)
    return "".join(_SAID.get(character, character) for character in whole) + stretch[len(whole) :]


def addresses(text: str) -> str:
    """The text with hosts, links and mail addresses as they are read aloud.

    >>> addresses("j.doe@example.com").split()
    ['j', 'dot', 'doe', 'at', 'example', 'dot', 'com']
    """
    return _STRETCH.sub(_dotted, _BARE_END.sub(" dot ", text))


def _one_by_one(found: re.Match[str]) -> str:
    return f" {apart(found[0])} "


def _seven(found: re.Match[str]) -> str:
    """Seven figures one by one; "100-1500" is a range."""
    round_ones = not int(found[1]) % 50 and not int(found[2]) % 50 and found[2][0] != "0"
    return found[0] if round_ones else f" {apart(found[0])} "


def _toll_free(found: re.Match[str]) -> str:
    """ "1-800-555-0123": "one eight hundred"."""
    area = found["area"]
    return f" {apart(found['country'])} {area if area in ('800', '900') else apart(area)} {apart(found['rest'])} "


def _grouped(found: re.Match[str]) -> str:
    """Groups behind a plus or a zero, where they are long enough."""
    sign = "+" if found[0].startswith("+") else ""
    return f"{sign}{apart(found[0])} " if sum(map(str.isdecimal, found[0])) >= FEWEST else found[0]


_Rule = tuple[str | tuple[str, ...], str, Callable[[re.Match[str]], str]]
TELEPHONES: tuple[_Rule, ...] = (  # where the first, or one of the first, is in the text
    ("+", r"\+\d{1,3}(?:[ .-]\(?\d{1,4}\)?){2,6}+(?![\d.,]\d|\d)", _grouped),
    (
        ("-", "."),
        (r"(?<![\d.,+-])(?P<country>\d{1,3})(?:[- ]|\.(?=\d{3}\.\d{3}\.))"
        r"\(?(?P<area>\d{3})\)?[- .](?P<rest>\d{3}[-.]\d{4})(?!\d)"),
        _toll_free,
    ),
    ("0", r"(?<![\d.,:/-])0\d{2,4}(?: \d{2,6}){1,4}+(?![\d.,:/]\d|\d)", _grouped),
    (".", r"\(?(?<!\d)(?<!\d\.)(\d{3})\)?[- .](\d{3})[-.](\d{4})(?!\d)", _one_by_one),
    ("-", r"\(?(?<!\d)(?<!\d\.)(\d{3})\)?[- .](\d{3})[-.](\d{4})(?!\d)", _one_by_one),
    ("-", r"(?<![\d-])(?<!\d\.)(\d{3})-(\d{4})(?![\d-]|\.\d)", _seven),
)  # fmt: skip
