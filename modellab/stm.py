"""STM (who said what when): the text file of NIST's evaluations of speech recognition.

    meeting 1 alice 0.500 2.750 <o,f0,female> let us begin      recording, channel, speaker, start, end, label, words

Times are seconds, the label may be missing, the words may be none. Blank lines and comments (`;;`) are passed over. A
recording is a name; one file may hold several.

Source: NIST's SCTK, stm(5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from modellab import textlines
from modellab.errors import DatasetError
from modellab.types import SpokenTurn

IGNORED = "IGNORE_TIME_SEGMENT_IN_SCORING"
LABEL = re.compile(r"<[^<>\s]*>$")
FIELDS = 5  # before the label and the words

Recordings = dict[str, list[SpokenTurn]]


def read(path: Path) -> Recordings:
    """The utterances of each recording of an STM file, by start; DatasetError names file and line of what is wrong."""
    found: Recordings = {}
    for number, line in textlines.lines(path, comment=";;"):
        name, said = _utterance(line.split(maxsplit=FIELDS), f"{path}, line {number}")
        found.setdefault(name, []).append(said)
    return {name: sorted(said, key=lambda each: each.start_s) for name, said in found.items()}


def write(path: Path, recordings: Mapping[str, Iterable[SpokenTurn]]) -> None:
    """Write an STM file; ValueError for a name with blanks in it, which no reader could take apart."""
    path.write_text("".join(text(name, said) for name, said in recordings.items()), encoding="utf-8")


def text(name: str, said: Iterable[SpokenTurn]) -> str:
    """The STM lines of one recording, by start; ValueError for a name with blanks in it."""
    return "".join(_line(name, each) for each in sorted(said))


def _utterance(fields: list[str], where: str) -> tuple[str, SpokenTurn]:
    if len(fields) < FIELDS:
        wanted = "expected recording, channel, speaker, start, end, words"
        raise DatasetError(f"{where}: {len(fields)} fields, {wanted}")
    start_s, end_s = (_seconds(field, what, where) for field, what in zip(fields[3:5], ("start", "end"), strict=True))
    if end_s <= start_s:
        raise DatasetError(f"{where}: it ends at {end_s:g} s and starts at {start_s:g} s")
    words = fields[FIELDS].split() if len(fields) > FIELDS else []
    if words and LABEL.match(words[0]):
        words = words[1:]
    if IGNORED in map(str.upper, words):
        raise DatasetError(f"{where}: {IGNORED} is not known here; cut the recording, or write down what is said there")
    return fields[0], SpokenTurn(start_s, end_s, fields[2], " ".join(words))


def _seconds(field: str, what: str, where: str) -> float:
    """A finite number of seconds from 0 up, or DatasetError."""
    try:
        seconds = float(field)
    except ValueError:
        raise DatasetError(f"{where}: {what} is {field!r}, expected seconds") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise DatasetError(f"{where}: {what} is {field} s, expected a finite time from 0 up")
    return seconds


def _line(name: str, said: SpokenTurn) -> str:
    for each in (name, said.speaker):
        if len(each.split()) != 1 or each != each.strip():
            raise ValueError(f"the name {each!r} is empty or has blanks in it: STM separates its fields by blanks")
    words = " ".join(said.text.split())
    return f"{name} 1 {said.speaker} {said.start_s:.3f} {said.end_s:.3f} <NA> {words}".rstrip() + "\n"
