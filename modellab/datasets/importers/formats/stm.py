"""STM of NIST's evaluations: recording, channel, speaker, start, end, a label, words; the audio is found by its name.

Of alternatives `{ um / uh / @ }` the first is taken (`@` is nothing), of words that may be left out `(uh)` the words. A
label's parts but the first are groups. IGNORE_TIME_SEGMENT_IN_SCORING and gaps between segments are left out.

Source: NIST's SCTK, stm(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modellab.datasets.importers import audiofiles, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import (
    Guess,
    Item,
    LeftOut,
    Note,
    Options,
    Record,
    Sound,
    channel,
    place_id,
    seconds,
)

NAME = "stm"
TITLE = "STM: recording, channel, speaker, start, end, <label>, words"
FIELDS = 5  # before the label and the words
LABEL = re.compile(r"^<[^<>\s]*>$")
ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
OPTIONAL = re.compile(r"(?<!\S)\(([^()\s]*)\)(?!\S)")
IGNORED, GAP = "ignore_time_segment_in_scoring", "inter_segment_gap"


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
    for file in place.called("*.stm", "stm") if place.is_folder else [place.path]:
        chosen = 0
        for item in textfiles.lines(file, ";;"):
            if isinstance(item, LeftOut):
                yield item
                continue
            chosen += "{" in item[1]
            yield _segment(textfiles.where(file, item[0]), item[1], names)
        if chosen:
            yield Note(f"{chosen} segments of {file.name} have alternatives, {{ a / b }}: the first one is taken")
    if rules := place.called("*.glm", "glm"):
        yield Note(f"the rules of {rules[0].name} are not applied")


def _segment(where: str, line: str, names: audiofiles.ByName) -> Item:
    fields = line.split(maxsplit=FIELDS)
    start_s, end_s = (seconds(field) for field in fields[3:5]) if len(fields) >= FIELDS else (None, None)
    if start_s is None or end_s is None:
        return LeftOut(where, f"expected recording, channel, speaker, start, end and words, got {line[:60]!r}")
    recording, side, speaker = fields[:3]
    label, _, rest = fields[FIELDS].strip().partition(" ") if len(fields) > FIELDS else ("", "", "")
    words = rest if LABEL.match(label) else f"{label} {rest}"
    if words.strip().lower() == IGNORED or speaker.lower() in (GAP, "excluded_region"):
        return LeftOut(where, "it is not to be scored, the file says", meant=True)
    if end_s <= start_s:
        return LeftOut(where, f"it ends at {end_s:g} s and starts at {start_s:g} s")
    text = plain(words)
    if text is None:
        return LeftOut(where, f"the braces of its alternatives do not fit together ({words[:60]!r})")
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
    )


def plain(words: str) -> str | None:
    r"""The words as one text; None for braces that do not fit.

    >>> plain("i've { um / uh } a\\;s { -a / @ } (far)"), plain("{ a / { b / c } } d"), plain("{ @ / a"), plain("")
    ("i've um a;s -a far", 'a d', None, '')
    """
    while found := ALTERNATIVES.search(words):
        first = found[1].split("/")[0].strip()
        words = f"{words[: found.start()]} {'' if first == '@' else first} {words[found.end() :]}"
    if "{" in words or "}" in words:
        return None
    return " ".join(OPTIONAL.sub(lambda found: found[1], words).replace("\\;", ";").split())
