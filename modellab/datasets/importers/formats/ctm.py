"""CTM of NIST's evaluations: recording, channel, start, length, word; all words of a channel are one text.

Alternatives (`<ALT_BEGIN>`) are left out with their lines; a tag after a word (`word;tag`) is not part of it.

Source: NIST's SCTK, ctm(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from modellab.datasets.importers import audiofiles, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound, channel, number, seconds

NAME = "ctm"
TITLE = "CTM: recording, channel, start, length, word"
TAG = re.compile(r"(?<!\\);.*$")
ALTERNATIVE = "<alt"
CONFIDENCES = frozenset({  # the sixth field, where it is no number: none, or the type of the word
    "na", "<na>", "n/a", "-", "*", "null", "none", "lex", "fp", "frag", "un-lex", "for-lex", "non-lex", "misc",
    "noscore",
})  # fmt: skip


def detect(place: Place) -> Guess | None:
    """A file whose first line has two times and a word in the right places."""
    for file in place.called("*.ctm"):
        if any(word(line.split()) is not None for line in place.first_lines(file)):
            return Guess(0.85, f"the lines of {file.name} have recording, channel, start, length and a word")
    return None


FIELDS = range(5, 9)


def expected(fields: Sequence[str], line: str) -> str:
    """Why a line is not read."""
    if len(fields) in FIELDS:
        return f"expected recording, channel, start, length and word, got {line[:60]!r}"
    cause = ": has a name or a word a blank in it?" if len(fields) > FIELDS[-1] else ""
    wanted = f"{FIELDS[0]} to {FIELDS[-1]} (recording, channel, start, length, word)"
    return f"{len(fields)} fields, expected {wanted} in {line[:60]!r}{cause}"


def word(fields: Sequence[str]) -> str | None:
    """The word of a line without the tag after it; None for what is no line of this format.

    That is also one whose sixth field can be no confidence: a word with a blank in it, whose rest would be lost.
    """
    good = len(fields) in FIELDS and all(seconds(field) is not None or field == "*" for field in fields[2:4])
    good = good and all(number(field) is not None or field.lower() in CONFIDENCES for field in fields[5:6])
    return TAG.sub("", fields[4]).replace("\\;", ";") if good else None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each channel of each recording, in the file's order."""
    names = audiofiles.ByName([options.root or place.folder])
    for file in place.called("*.ctm") if place.is_folder else [place.path]:
        held: tuple[str, str] | None = None
        words: list[str] = []
        place_of = str(file)
        for item in textfiles.fields(file, ";;"):
            if isinstance(item, LeftOut):
                yield item
                continue
            where, fields, line = item
            token = word(fields)
            if token is None:
                yield LeftOut(where, expected(fields, line))
            elif token.lower().startswith(ALTERNATIVE):
                yield LeftOut(where, "alternatives are not read here")
            else:
                if held and held != (fields[0], fields[1]):
                    yield _record(place_of, held, words, names)
                    words = []
                if not words:
                    held, place_of = (fields[0], fields[1]), where
                words.append(token)
        if held:
            yield _record(place_of, held, words, names)


def _record(where: str, held: tuple[str, str], words: list[str], names: audiofiles.ByName) -> Item:
    recording, side = held
    sound: Path | None = names.find(recording)
    if sound is None:
        return LeftOut(where, audiofiles.missing(recording, names.folders[0]))
    id = f"{recording}-{side}" if channel(side) else recording
    return Record(
        id=id, where=where, sound=Sound(sound, channel=channel(side)), text=" ".join(words), recording=recording
    )
