"""What every reader gives: records, notes and what was left out, whatever the format.

    Record      one utterance or recording of the source, with its reference
    LeftOut     a row that cannot be used, with its place and one sentence
    Note        what a person should know once: which column was taken for the text

A reader is a generator over these, so a source of any size takes the memory of one record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from modellab.errors import ConfigError, did_you_mean
from modellab.types import Region, SpokenTurn

NO_GROUP: Mapping[str, str] = {}
DECIMALS = 6  # times are rounded to a microsecond, so that 0.1 + 0.2 ends at 0.3
MOST_S = 1e9  # no recording lasts thirty years


@dataclass(slots=True)  # not frozen, here and below: of a million records that takes ten seconds
class Sound:
    """Where the audio of a record is: a file, a stretch of it, one of its channels.

    `data` are the encoded bytes of what lies inside another file (a tar, a Parquet table), `member` its name in there.
    `end_s` is None for the end of the file. `channel` counts from 0; None stands for all that the file has. `sha256`
    and `size_bytes` are those of the file, once it was decoded.
    """

    file: Path
    start_s: float = 0.0
    end_s: float | None = None
    channel: int | None = None
    member: str = ""
    data: bytes | None = field(default=None, repr=False)
    sha256: str = ""
    size_bytes: int = 0

    @property
    def name(self) -> str:
        """The name of the audio file itself."""
        return Path(self.member).name if self.member else self.file.name

    @property
    def is_segment(self) -> bool:
        """Whether it is a stretch of its file rather than all of it."""
        return self.start_s > 0 or self.end_s is not None


@dataclass(slots=True)
class Record:
    """One utterance or recording of a source.

    `text` is the reference, None where the source has none; `texts` are other versions of it by name. `turns` say who
    spoke when (and what) in a whole recording, `scored` which stretches of it count: None for all. `duration_s` is what
    the source states. `group` holds what people are compared by: gender, age, accent. `marked` is the text with NIST's
    marks, where it has any or is not to be scored. `without_speech`: the source says that nobody speaks. `references`
    are further texts that are as right. `session` and `chunk` place a part of what has one text for all of it. `lists`
    are phrases that matter, by the key of a row.
    """

    id: str
    where: str  # file and line, for messages
    sound: Sound | None
    text: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    turns: tuple[SpokenTurn, ...] | None = None
    scored: tuple[Region, ...] | None = None
    language: str = ""
    speaker: str = ""
    recording: str = ""
    duration_s: float | None = None
    group: Mapping[str, str] = field(default_factory=dict)
    marked: str = ""
    without_speech: bool = False
    references: tuple[str, ...] = ()
    session: str = ""
    chunk: int | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """As plain values in their order, in a third of the time that a record takes otherwise."""
        sound = self.sound
        return _record, ((str(sound.file), *_OF_SOUND(sound)) if sound else (), *_FIELDS(self))


_NAMES = [one_field.name for one_field in fields(Record)]
_ALL = attrgetter(*_NAMES)
_FIELDS = attrgetter(*(name for name in _NAMES if name != "sound"))
_OF_SOUND = attrgetter(*(one_field.name for one_field in fields(Sound) if one_field.name != "file"))
_PLACES = {name: i for i, name in enumerate(_NAMES)}
_path = lru_cache(maxsize=4096)(Path)


def changed(record: Record, **new: Any) -> Record:
    """The record with other values in some fields; `dataclasses.replace` takes three times as long."""
    values = [*_ALL(record)]
    for name, value in new.items():
        values[_PLACES[name]] = value
    return Record(*values)


def _record(sound: tuple[Any, ...], id: str, where: str, *rest: Any) -> Record:
    """A record that was stored."""
    return Record(id, where, Sound(_path(sound[0]), *sound[1:]) if sound else None, *rest)


class LeftOut(NamedTuple):
    """A row that is not taken. `meant`: the source says so itself, so that it is no fault of the row."""

    where: str
    reason: str
    meant: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class Note(NamedTuple):
    """A sentence about the whole source; `has_names` says that it gives the name of a recording."""

    text: str
    has_names: bool = False


class Setting(NamedTuple):
    """A setting of the task asr that the source calls for; a `file` is copied into the dataset and named by it."""

    name: str
    value: str = ""
    file: Path | None = None


Item = Record | LeftOut | Note | Setting


class Guess(NamedTuple):
    """How likely a place is of a format, from 0 to 1, and why."""

    score: float
    reason: str


ROLES = (
    "audio",
    "text",
    "id",
    "speaker",
    "language",
    "duration",
    "start",
    "end",
    "channel",
    "recording",
    "session",
    "chunk",
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says about a source; what is left out is found out.

    `root` is the folder that relative audio paths start from. `columns` maps a role (see ROLES) to the column that
    plays it ("-": none does), `texts` a name to the column with another version of the text, `groups` are further
    columns to group by. `tier` is the tier of a TextGrid. `whole` makes one record of a file with subtitles instead of
    one per subtitle. `inside` is the folder of an archive that is unpacked; '' for all of it. `run` gives what a shell
    command writes, where a person said that those of the source are run; None otherwise.
    """

    root: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    split: str = ""
    config: str = ""
    tier: str = ""
    whole: bool = False
    inside: str = ""
    run: Callable[[str], bytes] | None = None

    def __post_init__(self) -> None:
        for role in self.columns:
            if role not in ROLES:
                raise ConfigError(f"--column {role}=...: nothing is called {role!r}: {did_you_mean(role, ROLES)}")


def number(value: Any) -> float | None:
    """A finite number of at most MOST_S of a cell that may hold it as text; None for anything else.

    Only with the figures 0 to 9: what Python takes beside them ("1_000", Arabic figures) nobody else does.

    >>> number("2.50"), number(3), number("two"), number(True), number("nan"), number("0_3"), number(None)
    (2.5, 3.0, None, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) and abs(parsed) <= MOST_S else None


def seconds(value: Any) -> float | None:
    """A time from 0 up, in s: a number, a number as text, or hours, minutes and seconds parted by colons.

    >>> seconds("1.5"), seconds("0:01:02.50"), seconds("1:02"), seconds(-1), seconds("x")
    (1.5, 62.5, 62.0, None, None)
    """
    if type(value) is float:
        return round(value, DECIMALS) if 0 <= value <= MOST_S else None
    if isinstance(value, str) and ":" in value:
        parts = [number(part) for part in value.strip().split(":")]
        if len(parts) > 3 or any(part is None or part < 0 for part in parts):
            return None
        total = 0.0
        for part in parts:
            total = total * 60 + (part or 0.0)
        return round(total, DECIMALS) if total <= MOST_S else None
    time_s = number(value)
    return round(time_s, DECIMALS) if time_s is not None and time_s >= 0 else None


def channel(value: Any) -> int | None:
    """The number of a channel from 0 of how NIST's files name it: A, a, 1 are the first; None for no channel.

    >>> channel("A"), channel("b"), channel("1"), channel("2"), channel("<NA>"), channel("0")
    (0, 1, 0, 1, None, 0)
    """
    text = str(value).strip()
    if len(text) == 1 and "A" <= text.upper() <= "H":
        return ord(text.upper()) - ord("A")
    return max(0, int(text) - 1) if text.isascii() and text.isdigit() and len(text) <= 3 else None


def place_id(stem: str, start_s: float, end_s: float | None) -> str:
    """A name for a stretch of a recording that has none: times in milliseconds, so that names sort by time.

    >>> place_id("call", 1.46, 2.82), place_id("call", 1.46, None)
    ('call-0001460-0002820', 'call-0001460')
    """
    end = "" if end_s is None else f"-{round(end_s * 1000):07d}"
    return f"{stem}-{round(start_s * 1000):07d}{end}"
