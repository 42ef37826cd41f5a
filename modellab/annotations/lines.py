"""Text files of annotations, a line each: what RTTM, UEM and STM have in common.

Fields are separated by blanks and tabs, and by nothing else: a no-break space is a letter of a name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from modellab.errors import DatasetError, UnreadableError
from modellab.system import textfile

BLANKS = re.compile(r"[ \t\v\f\r]+")
NO_NAME = re.compile(r"[\x00-\x20\x7f]")  # blanks and control characters
NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
MOST_S = 1e9  # no recording lasts thirty years


def lines(path: Path, *comments: str) -> Iterator[tuple[int, str]]:
    """The number and the text of each line that says something; DatasetError for a file that cannot be read."""
    try:
        text = textfile.read(path)
    except UnreadableError as fault:
        raise DatasetError(f"{path}: {fault}") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith(comments):
            yield number, line


def fields(line: str, most: int = 0) -> list[str]:
    """A line's fields; with `most` the last of so many is the whole rest of the line."""
    return BLANKS.split(line.strip(" \t\v\f\r"), maxsplit=max(0, most - 1))


def seconds(field: str, what: str, where: str) -> float:
    """A finite number of seconds from 0 up, or DatasetError."""
    if field.lower().lstrip("+-") not in {"nan", "inf", "infinity"} and not NUMBER.fullmatch(field):
        raise DatasetError(f"{where}: {what} is {field[:40]!r}, expected seconds")
    value = float(field)
    if not math.isfinite(value) or not 0 <= value <= MOST_S:
        raise DatasetError(f"{where}: {what} is {field[:40]} s, expected a finite time from 0 up")
    return value


def name(name: str, form: str, *comments: str) -> str:
    """A name that a file of this form can hold; ValueError for any other."""
    if not name or NO_NAME.search(name):
        raise ValueError(f"the name {name!r} is empty or has blanks in it: {form} separates its fields by blanks")
    if name.startswith(("\ufeff", *comments)):
        raise ValueError(f"the name {name!r} begins like a comment or a byte order mark of {form}")
    return name
