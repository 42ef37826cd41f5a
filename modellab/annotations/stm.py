"""STM (who said what when): the text file of NIST's evaluations of speech recognition.

    meeting 1 alice 0.500 2.750 <o,f0,female> let us begin      recording, channel, speaker, start, end, label, words

Times are seconds, the label may be missing, the words may be none, and so may be the time between start and end. Blank
lines and comments (`;;`) are passed over. A recording is a name; one file may hold several.

Deviations: what sclite takes for no words is refused with its line: IGNORE_TIME_SEGMENT_IN_SCORING, alternatives in
braces, optional words in parentheses. The task asr scores them, of rows that `datasets import` makes of an STM file:
`markup.py`.

Source: NIST's SCTK, stm(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from modellab.annotations import lines
from modellab.errors import DatasetError
from modellab.types import SpokenTurn

IGNORED = "IGNORE_TIME_SEGMENT_IN_SCORING"
OPTIONAL = re.compile(r"\(.*\)$")
ALTERNATIVES = re.compile(r"\{[^{}]*/[^{}]*\}")  # with and without blanks at the braces
COMMENT = ";;"
DECIMALS = 3
LABEL = re.compile(r"<[^<>\s]*>$")
FIELDS = 5  # before the label and the words

Recordings = dict[str, list[SpokenTurn]]


def read(path: Path) -> Recordings:
    """The utterances of each recording of an STM file, by start; DatasetError names file and line of what is wrong."""
    recordings: Recordings = {}
    for number, line in lines.lines(path, COMMENT):
        name, utterance = _utterance(lines.fields(line, FIELDS + 1), f"{path}, line {number}")
        recordings.setdefault(name, []).append(utterance)
    return {
        name: sorted(utterances, key=lambda utterance: utterance.start_s) for name, utterances in recordings.items()
    }


def write(path: Path, recordings: Mapping[str, Iterable[SpokenTurn]]) -> None:
    """Write an STM file; ValueError for a name with blanks in it, which no reader could take apart."""
    path.write_text("".join(text(name, utterances) for name, utterances in recordings.items()), encoding="utf-8")


def text(name: str, utterances: Iterable[SpokenTurn]) -> str:
    """The STM lines of one recording, by start; ValueError for a name with blanks in it."""
    return "".join(_line(name, utterance) for utterance in sorted(utterances))


def _utterance(fields: list[str], where: str) -> tuple[str, SpokenTurn]:
    if len(fields) < FIELDS:
        wanted = "expected recording, channel, speaker, start, end, words"
        raise DatasetError(f"{where}: {len(fields)} fields, {wanted}")
    start_s, end_s = (
        lines.seconds(field, what, where) for field, what in zip(fields[3:5], ("start", "end"), strict=True)
    )
    if end_s < start_s:
        raise DatasetError(f"{where}: it ends at {end_s:g} s and starts at {start_s:g} s")
    words = fields[FIELDS].split() if len(fields) > FIELDS else []
    if words and LABEL.match(words[0]):
        words = words[1:]
    if fault := _markup(words):
        raise DatasetError(f"{where}: {fault}")
    return fields[0], SpokenTurn(start_s, end_s, fields[2], " ".join(words))


def _markup(words: list[str]) -> str:
    """A sentence about what sclite takes for something else than words; '' where all are words."""
    if IGNORED in map(str.upper, words):
        return f"{IGNORED} is not known here; cut the recording, or write down what is said there"
    if any(mark in words for mark in ("{", "}")) or ALTERNATIVES.search(" ".join(words)):
        return "alternatives ({ um / uh / @ }) are known to the task asr alone; write down one of them"
    if optional := next((word for word in words if OPTIONAL.match(word)), ""):
        known = "are known to the task asr alone; write it plain, or leave it out"
        return f"words that may be left out ({optional[:40]}) {known}"
    return ""


def _line(name: str, utterance: SpokenTurn) -> str:
    words = utterance.text.split()
    if fault := _markup(words):
        raise ValueError(f"{' '.join(words)[:80]!r} cannot be written as STM: {fault}")
    recording, speaker = lines.name(name, "STM", COMMENT), lines.name(utterance.speaker, "STM")
    times = f"{utterance.start_s:.{DECIMALS}f} {utterance.end_s:.{DECIMALS}f}"
    return f"{recording} 1 {speaker} {times} <NA> {' '.join(words)}".rstrip() + "\n"
