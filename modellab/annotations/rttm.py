"""RTTM (who spoke when) and UEM (what of it counts): the text files of NIST's evaluations.

    SPEAKER meeting 1 0.500 2.250 <NA> <NA> alice <NA> <NA>     an RTTM line: recording, channel, start, length, speaker
    meeting 1 0.000 60.000                                      a UEM line: recording, channel, start, end

Times are seconds. Blank lines, comments (`;;`, `#`) and RTTM's other line types are passed over, NOSCORE is read by
`read_unscored`. A recording is a name; one file may hold several. Times are rounded to a microsecond, so that 0.1 + 0.2
ends at 0.3. A turn without a length is one in which nobody speaks: it adds no time and no speaker, but a collar lies
around it, as in md-eval.pl.

Fields are separated by blanks and tabs, so no name has any. A line with more fields than the format has is refused, and
so is a confidence that is rather the end of a name (`Speaker 1 <NA>`): a whole number that is no probability, that
differs from another one after the same name, that makes its line longer than those without one, or that follows a word
that is nobody's name. A confidence with a decimal point (1.0) is one.

A speaker who overlaps himself is a fault of the file, for it would count twice: refused, unless `merge` is asked for.
Touching turns of a speaker stay two; an overlap of up to `TOUCH_S` is the rounding of the file's decimals.

Source: NIST, Rich Transcription 2009 evaluation plan, appendix A (RTTM) and section 8 (UEM).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from modellab.annotations import lines
from modellab.errors import DatasetError
from modellab.types import Region, Turn

DECIMALS = 6
SHOWN = 60  # characters of a line in a message
TOUCH_S = 0.0021  # start and length rounded to milliseconds, twice
FORM, COMMENTS = "RTTM or UEM", (";", "#")
FEWEST, MOST = 8, 10  # fields of a line: the last two may be left out
ABSENT = "<na>"
WHOLE = re.compile(r"[0-9]+")
NOBODYS = frozenset({  # words that recordings number people with
    "speaker", "spkr", "spk", "person", "participant", "guest", "host", "caller", "agent", "customer", "client",
    "interviewer", "interviewee", "talker", "voice", "channel", "track", "subject", "user", "unknown", "student",
    "teacher", "doctor", "patient", "male", "female", "man", "woman", "child",
})  # fmt: skip
SPEAKER, NOSCORE = "SPEAKER", "NOSCORE"
OTHERS = {"SEGMENT", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "IP", "SU", "CB"}
OTHERS |= {"A/P", "SPKR-INFO"}

Recordings = dict[str, list[Turn]]


def read(path: Path, *, merge: bool = False) -> Recordings:
    """The turns of each recording of an RTTM file, by start; DatasetError names file and line of what is wrong.

    `merge` joins turns in which a speaker overlaps himself, instead of refusing them.
    """
    recordings: dict[str, list[tuple[int, Turn]]] = {}
    spoken: list[tuple[int, list[str]]] = []
    for number, kind, name, fields in _lines(path):
        turns = recordings.setdefault(name, [])
        if kind == SPEAKER:
            turns.append((number, _turn(fields, _where(path, number))))
            spoken.append((number, fields[7:]))
    _check_confidences(path, spoken)
    if not merge:
        for turns in recordings.values():
            _check_overlap(path, turns)
    return {name: merged(turn for _, turn in turns) for name, turns in recordings.items()}


def read_unscored(path: Path) -> dict[str, list[Region]]:
    """What an RTTM file says is not to be scored (NOSCORE), of each of its recordings; DatasetError as of `read`."""
    by_recording: dict[str, list[Region]] = {}
    for number, kind, name, fields in _lines(path):
        regions = by_recording.setdefault(name, [])
        if kind == NOSCORE:
            regions.append(Region(*_span(fields, _where(path, number))))
    return by_recording


def _lines(path: Path) -> Iterator[tuple[int, str, str, list[str]]]:
    """Number, type, recording and fields of the lines that are read here."""
    for number, line in lines.lines(path, *COMMENTS):
        fields, where = lines.fields(line), _where(path, number)
        kind = fields[0].upper()
        if kind not in {SPEAKER, NOSCORE, *OTHERS}:
            raise DatasetError(f"{where}: the line begins with {fields[0][:40]!r}, expected {SPEAKER}")
        if kind in OTHERS:
            continue
        if not FEWEST <= len(fields) <= MOST:
            wanted = f"expected {kind}, recording, channel, start, length, <NA>, <NA>, speaker"
            blank = "; has a name a blank in it?" if len(fields) > MOST else ""
            raise DatasetError(f"{where}: {len(fields)} fields, {wanted}, <NA>, <NA>{blank}")
        yield number, kind, fields[1], fields


def read_uem(path: Path) -> dict[str, list[Region]]:
    """The scored stretches of each recording of a UEM file, as written; DatasetError names file and line.

    One without a length covers nothing.
    """
    by_recording: dict[str, list[Region]] = {}
    for number, line in lines.lines(path, *COMMENTS):
        fields, where = lines.fields(line), _where(path, number)
        if len(fields) != 4:
            raise DatasetError(f"{where}: {_shown(line)} has {len(fields)} {_fields_of_uem(len(fields), line)}")
        start_s, end_s = _seconds(fields[2], "start", where), _seconds(fields[3], "end", where)
        if end_s < start_s:
            raise DatasetError(f"{where}: it ends at {end_s:g} s and starts at {start_s:g} s")
        by_recording.setdefault(fields[0], []).append(Region(start_s, end_s))
    return by_recording


def _fields_of_uem(count: int, line: str) -> str:
    """What is wrong with a line that has another number of fields than a UEM's."""
    word, cause = "field" if count == 1 else "fields", ""
    if line.lstrip().upper().startswith((SPEAKER, NOSCORE)):
        cause = ": is it an RTTM?"
    elif count < 4 and any(mark in line for mark in ",;"):
        cause = ": is it a table with commas or semicolons?"
    elif count > 4:
        cause = ": has a name a blank in it, or is there a comment after it?"
    return f"{word}, expected recording, channel, start and end between blanks{cause}"


def one[T](recordings: Mapping[str, T], path: Path, *names: str) -> T:
    """What a file holds of a recording that is known by any of `names`; the only recording, whatever its name."""
    if not recordings:
        raise DatasetError(f"{path}: there is no recording in it, the file is empty")
    for name in names:
        if name in recordings:
            return recordings[name]
    if len(recordings) > 1:
        known = ", ".join(sorted(recordings)[:5])
        raise DatasetError(f"{path}: it holds {len(recordings)} recordings ({known}, ...), none is called {names[0]!r}")
    return next(iter(recordings.values()))


def write(path: Path, recordings: Mapping[str, Iterable[Turn]]) -> None:
    """Write an RTTM file; ValueError for a name with blanks in it, which no reader could take apart."""
    path.write_text("".join(text(name, turns) for name, turns in recordings.items()), encoding="utf-8")


def text(name: str, turns: Iterable[Turn]) -> str:
    """The RTTM lines of one recording, by start; ValueError for a name with blanks in it."""
    return "".join(_line(name, turn) for turn in sorted(turns))


def write_uem(path: Path, recordings: Mapping[str, Iterable[Region]]) -> None:
    """Write a UEM file; ValueError for a name with blanks in it."""
    written = [
        f"{lines.name(name, FORM, *COMMENTS)} 1 {_decimal(start_s)} {_decimal(end_s)}\n"
        for name, regions in recordings.items()
        for start_s, end_s in regions
    ]
    path.write_text("".join(written), encoding="utf-8")


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """The turns by start, those in which a speaker overlaps himself joined; turns that only touch stay two.

    >>> merged([Turn(0, 2, "a"), Turn(1, 3, "a"), Turn(1, 2, "b"), Turn(3, 4, "a")])[0]
    Turn(start_s=0, end_s=3, speaker='a')
    """
    last: dict[str, Turn] = {}
    done: list[Turn] = []
    for turn in sorted(turns):
        before = last.get(turn.speaker)
        if before is not None and turn.start_s < before.end_s:
            turn = Turn(before.start_s, max(before.end_s, turn.end_s), turn.speaker)
        elif before is not None:
            done.append(before)
        last[turn.speaker] = turn
    return sorted([*done, *last.values()])


def overlap(turns: Iterable[Turn]) -> tuple[Turn, Turn] | None:
    """The first two turns in which a speaker overlaps himself by more than rounding; None where nobody does."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(turns):
        by_speaker.setdefault(turn.speaker, []).append(turn)
    pairs = (pair for own in by_speaker.values() for pair in pairwise(own) if pair[1].end_s > pair[1].start_s)
    return next(((before, turn) for before, turn in pairs if before.end_s - turn.start_s > TOUCH_S), None)


def _check_overlap(path: Path, turns: list[tuple[int, Turn]]) -> None:
    """DatasetError with the line of a turn that overlaps another one of its speaker."""
    if pair := overlap(turn for _, turn in turns):
        before, turn = pair
        number = max(number for number, candidate in turns if candidate in pair)
        raise DatasetError(
            f"{_where(path, number)}: {turn.speaker[:40]!r} speaks from {turn.start_s:g} s and is still speaking from"
            f" {before.start_s:g} to {before.end_s:g} s; correct it or write `same_speaker_overlap: merge` in the"
            " settings of the dataset"
        )


def _check_confidences(path: Path, lines: Sequence[tuple[int, list[str]]]) -> None:
    """DatasetError for a whole number after a speaker that is rather the end of his name, by all lines of the file.

    `lines` are numbers and the fields from the speaker on.
    """
    shortest = min((len(rest) for _, rest in lines if rest[1:2] in ([], ["<NA>"], ["<na>"])), default=MOST)
    first: dict[str, str] = {}
    for number, (speaker, *rest) in lines:
        if not rest or not WHOLE.fullmatch(rest[0]):
            continue
        whole = rest[0]
        if (
            whole not in {"0", "1"}
            or first.setdefault(speaker, whole) != whole
            or 1 + len(rest) > shortest
            or speaker.lower() in NOBODYS
        ):
            name = f"{speaker}_{whole}"[:40]
            raise DatasetError(
                f"{_where(path, number)}: {whole[:40]!r} after the speaker {speaker[:40]!r} looks like the end of a"
                f" name with a blank in it; write {name!r}, or a confidence with a decimal point (1.0)"
            )


def _turn(fields: list[str], where: str) -> Turn:
    """A SPEAKER line; what stands where nothing or a number belongs is the rest of a name with a blank in it."""
    speaker, *rest = fields[7:]
    if speaker.lower() == ABSENT:
        raise DatasetError(f"{where}: the speaker is {speaker}, expected a name; has the recording's a blank in it?")
    if wrong := next((field for field in rest if field.lower() != ABSENT and not lines.NUMBER.fullmatch(field)), ""):
        raise DatasetError(f"{where}: {wrong[:40]!r} after the speaker {speaker[:40]!r}; has a name a blank in it?")
    return Turn(*_span(fields, where), speaker)


def _span(fields: list[str], where: str) -> tuple[float, float]:
    """Start and end, in s."""
    start_s, length_s = _seconds(fields[3], "start", where), _seconds(fields[4], "length", where)
    return start_s, round(start_s + length_s, DECIMALS)


def _seconds(field: str, what: str, where: str) -> float:
    return round(lines.seconds(field, what, where), DECIMALS)


def _line(name: str, turn: Turn) -> str:
    start_s, end_s = round(turn.start_s, DECIMALS), round(turn.end_s, DECIMALS)  # both, so that the end comes back
    times = f"{_decimal(start_s)} {_decimal(end_s - start_s)}"
    speaker = lines.name(turn.speaker, FORM)
    if speaker.lower() == ABSENT:
        raise ValueError(f"a speaker is called {speaker!r}, which is RTTM's word for none")
    return f"{SPEAKER} {lines.name(name, FORM)} 1 {times} <NA> <NA> {speaker} <NA> <NA>\n"


def _decimal(seconds: float) -> str:
    """At least three decimals, at most a microsecond: 0.500, 1.20625."""
    whole, _, digits = f"{seconds:.{DECIMALS}f}".partition(".")
    return f"{whole}.{digits.rstrip('0'):0<3}"


def _shown(line: str) -> str:
    text = line.strip()
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def _where(path: Path, number: int) -> str:
    return f"{path}, line {number}"
