"""STM of NIST's evaluations: recording, channel, speaker, start, end, a label, words; the audio is found by its name.

For the task asr NIST's marks stay in the text (`markup: nist`, `alignment: sclite`), and the rules of a GLM file beside
it become the dataset's; segments that are not to be scored stay, as rows that count nothing, so that what is heard
there counts nothing either. For other tasks the first one of alternatives is the text, and these are left out. In a
segment without words nobody speaks.

Source: NIST's SCTK, stm(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modellab.annotations import markup
from modellab.datasets.importers import audiofiles, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import (
    Guess,
    Item,
    LeftOut,
    Note,
    Options,
    Record,
    Setting,
    Sound,
    channel,
    place_id,
    seconds,
)
from modellab.errors import FormatError

NAME = "stm"
TITLE = "STM: recording, channel, speaker, start, end, <label>, words"
SCORING = (Setting("markup", "nist"), Setting("alignment", "sclite"))
FIELDS = 5  # before the label and the words
LABEL = re.compile(r"^<[^<>\s]*>$")
GAPS = ("inter_segment_gap", "excluded_region")
SIGNS = re.compile(r"[{};]|(?<!\S)[-(@]|[-)](?!\S)")  # of a text with marks


def detect(place: Place) -> Guess | None:
    """A file one of whose first lines has five fields and two times in the right places."""
    for file in place.called("*.stm", "stm"):
        if any(_is_line(line.split(maxsplit=FIELDS)) for line in place.first_lines(file)):
            return Guess(0.9, f"the lines of {file.name} have recording, channel, speaker, start and end")
    return None


def _is_line(fields: list[str]) -> bool:
    return len(fields) >= FIELDS and all(seconds(field) is not None for field in fields[3:5])


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each segment."""
    names = audiofiles.ByName([options.root or place.folder])
    marked = 0
    for file in place.called("*.stm", "stm") if place.is_folder else [place.path]:
        for item in textfiles.lines(file, ";;"):
            if isinstance(item, LeftOut):
                yield item
                continue
            segment = _segment(textfiles.where(file, item[0]), item[1], names)
            marked += isinstance(segment, Record) and bool(segment.marked)
            yield segment
    if marked:
        yield from SCORING
        yield Note(
            f"{marked} segments have marks, such as {{ a / b }}: the task asr scores them as sclite does (settings "
            "markup and alignment), with its figures under --normaliser none; other tasks take the first alternative"
        )
    if rules := place.called("*.glm", "glm"):
        yield Setting("glm", file=rules[0])


def _segment(where: str, line: str, names: audiofiles.ByName) -> Item:
    fields = line.split(maxsplit=FIELDS)
    start_s, end_s = (seconds(field) for field in fields[3:5]) if len(fields) >= FIELDS else (None, None)
    if start_s is None or end_s is None:
        return LeftOut(where, f"expected recording, channel, speaker, start, end and words, got {line[:60]!r}")
    recording, side, speaker = fields[:3]
    label, _, rest = fields[FIELDS].strip().partition(" ") if len(fields) > FIELDS else ("", "", "")
    words = (rest if LABEL.match(label) else f"{label} {rest}").strip()
    if speaker.lower() in GAPS:
        return LeftOut(where, "it is not to be scored, the file says", meant=True)
    if end_s <= start_s:
        return LeftOut(where, f"it ends at {end_s:g} s and starts at {start_s:g} s")
    try:
        text = "" if markup.is_ignored(words) else markup.words(words)
    except FormatError as fault:
        return LeftOut(where, f"its marks do not fit together: {fault}")
    sound = names.find(recording)
    if sound is None:
        return LeftOut(where, audiofiles.missing(recording, names.folders[0]))
    return Record(
        id=place_id(f"{recording}-{side}" if channel(side) else recording, start_s, end_s),
        where=where,
        sound=Sound(sound, start_s, end_s, channel(side)),
        text=text,
        speaker=speaker,
        recording=recording,
        group={"label": label.strip("<>")} if LABEL.match(label) else {},
        marked=words if SIGNS.search(words) or markup.is_ignored(words) else "",
        without_speech=not words,
    )
