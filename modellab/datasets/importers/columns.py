"""Tables with one utterance per row: which column is what, and a row as a record.

A column is chosen by its name, that of the paths by what stands in it where no name says it; a note says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import is_audio
from modellab.datasets.importers.records import (
    Item,
    LeftOut,
    Note,
    Options,
    Record,
    Setting,
    Sound,
    number,
    place_id,
    seconds,
)
from modellab.errors import ConfigError, did_you_mean
from modellab.types import SpokenTurn

NAMES: Mapping[str, tuple[str, ...]] = {  # by role, the likelier first
    "audio": (
        "audio", "audio_filepath", "audio_path", "audio_file", "file_name", "filename", "file_path", "filepath", "wav",
        "wav_path", "path", "file", "wav_filename", "recording_path", "clip", "url", "audio_url", "sound",
    ),
    "text": (
        "text", "sentence", "transcript", "transcription", "reference", "normalized_text", "normalised_text",
        "ground_truth", "wrd", "words", "trans", "txt", "label", "orthographic", "raw_transcription", "ref",
        "utterance", "target_text", "raw_text",
    ),
    "id": ("id", "utt_id", "utterance_id", "utt", "key", "uid", "segment_id", "clip_id", "sample_id", "name"),
    "speaker": ("speaker", "speaker_id", "spk_id", "spk", "client_id", "speaker_name", "reader", "user_id"),
    "language": ("language", "lang", "locale", "lang_id", "language_code", "source_lang"),
    "duration": (
        "duration", "duration_s", "audio_length_s", "length_s", "dur", "audio_duration", "duration_seconds", "length",
    ),
    "start": ("start", "start_s", "offset", "start_time", "begin", "begin_time", "segment_start", "begin_s"),
    "end": ("end", "end_s", "end_time", "stop", "stop_time", "segment_end"),
    "channel": ("channel", "channel_id", "channel_index"),
    "recording": ("recording", "recording_id", "session", "session_id", "parent_id", "meeting_id", "call_id"),
    "session": (),  # these two are a person's to name: chunks are joined before they are scored
    "chunk": (),
}  # fmt: skip
TURNS = ("timestamps_start", "timestamps_end", "speakers")  # of a whole recording, as the diarizers sets have them
NO_COLUMN = "-"
LISTS = ("keywords", "entities", "code_switched")  # phrases that matter, of a row that has lists of them
GROUPS = ("gender", "sex", "age", "accent", "accents", "dialect", "variant", "condition", "domain", "group", "region")


@dataclass(frozen=True, slots=True)
class Roles:
    """The column of each role that has one; further texts and groups by name."""

    of: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> Iterator[Note | Setting]:
        """Which column was taken for what, and what follows for scoring."""
        taken = ", ".join(f"{role}={column}" for role, column in self.of.items())
        yield Note(f"columns taken: {taken}; --column ROLE=COLUMN takes another one")
        if "chunk" in self.of:
            yield Setting("reference", "session")


class Chooser:
    """The roles of rows that have not all the same keys: what a key was once taken for, it stays."""

    def __init__(self, choose: Callable[[Mapping[str, Any]], Roles]) -> None:
        self._choose = choose
        self._seen: dict[str, Any] = {}
        self._roles: Roles | None = None

    def of(self, row: Mapping[str, Any]) -> Roles:
        """The roles for a row, chosen anew where it has a key that none before it had."""
        if self._roles is None or not row.keys() <= self._seen.keys():
            self._seen = {**row, **self._seen}
            new, old = self._choose(self._seen), self._roles
            parts = ((new.of, old.of), (new.texts, old.texts), (new.groups, old.groups)) if old else ()
            self._roles = Roles(*({**later, **earlier} for later, earlier in parts)) if parts else new
        return self._roles


def records(
    rows: Iterable[tuple[str, Any] | LeftOut],
    choose: Callable[[Mapping[str, Any]], Roles],
    make: Callable[[Any, Roles, str], Item],
    first: Callable[[Mapping[str, Any]], Iterable[Note]] = lambda _: (),
) -> Iterator[Item]:
    """The rows of one table as records; before the first one what its columns were taken for, and what `first` notes.

    `make` gets a row, who is what in it, and where it stands.
    """
    chooser, is_first = Chooser(choose), True
    for item in rows:
        if isinstance(item, LeftOut):
            yield item
            continue
        where, row = item
        chosen = chooser.of(row)
        if is_first:
            yield from chosen.told()
            yield from first(row)
        is_first = False
        yield make(row, chosen, where)


def roles(columns: Sequence[str], options: Options, first: Mapping[str, Any] | None = None) -> Roles:
    """Who plays which role among the columns; ConfigError for a column that a person names and there is not.

    `first` is the first row: a column of paths is known by it.
    """
    by_name = {column.strip().casefold().replace("-", "_").replace(" ", "_"): column for column in reversed(columns)}
    by_role: dict[str, str] = {}
    for role, names in NAMES.items():
        if role in options.columns:
            if options.columns[role] != NO_COLUMN:
                by_role[role] = _asked(options.columns[role], columns)
        elif column := next((by_name[name] for name in names if name in by_name), ""):
            by_role[role] = column
    if "audio" not in options.columns and first and not _is_path(first.get(by_role.get("audio", ""))):
        column = next((column for column in columns if _is_path(first.get(column))), "")
        by_role |= {"audio": column} if column else {}
    if by_role.get("id") in {by_role.get("audio"), by_role.get("speaker")}:
        by_role.pop("id", None)
    texts = {name: _asked(column, columns) for name, column in options.texts.items()}
    groups = {name: by_name[name] for name in GROUPS if name in by_name}
    groups |= {column: _asked(column, columns) for column in options.groups}
    return Roles(by_role, texts, groups)


def is_table(columns: Iterable[str], first: Mapping[str, Any] | None = None) -> bool:
    """Whether columns of these names hold texts and, by name or by what their first row holds, paths of audio."""
    names = {column.casefold() for column in columns}
    has_audio = bool(names & set(NAMES["audio"])) or any(map(_is_path, (first or {}).values()))
    return has_audio and bool(names & set(NAMES["text"]))


def record(
    row: Mapping[str, Any], roles: Roles, finder: Finder, where: str, sound: Sound | None = None
) -> Record | LeftOut:
    """A row as a record, with the audio that it names, or with `sound` where the row holds it."""
    times = _times(row, roles)
    if isinstance(times, str):
        return LeftOut(where, times)
    start_s, end_s, duration_s, is_segment = times
    made = sound or _sound(row.get(roles.of.get("audio", "")), finder, start_s, end_s)
    if isinstance(made, str):
        return LeftOut(where, made)
    if is_segment and sound:
        made = replace(made, start_s=start_s, end_s=end_s)
    if (at := row.get(roles.of.get("channel", ""))) not in (None, ""):
        channel = number(at)
        if channel is None or channel < 0 or channel != int(channel):
            return LeftOut(where, f"channel is {str(at)[:40]!r}, expected a number from 0 on")
        made = replace(made, channel=int(channel))
    chunk = number(row.get(roles.of["chunk"])) if "chunk" in roles.of else None
    if "chunk" in roles.of and (chunk is None or chunk < 0 or chunk != int(chunk)):
        return LeftOut(where, f"the chunk is {str(row.get(roles.of['chunk']))[:40]!r}, expected its number from 0 on")
    text = row.get(roles.of.get("text", ""))
    if text is not None and not isinstance(text, str | int | float):
        return LeftOut(where, f"the text is {str(text)[:60]!r}, expected text")
    if not (name := cell(row, roles, "id")):
        stem = _stem(made.name)
        name = place_id(stem, start_s, end_s) if is_segment else stem
        name = name if made.channel is None else f"{name}-ch{made.channel}"
    return Record(
        id=name,
        where=where,
        sound=made,
        text=None if text is None else str(text).strip(),
        texts={key: str(row[column]) for key, column in roles.texts.items() if row.get(column) is not None},
        language=cell(row, roles, "language"),
        speaker=cell(row, roles, "speaker"),
        recording=cell(row, roles, "recording"),
        duration_s=None if is_segment else duration_s,
        references=_listed(row.get("references")),
        session=cell(row, roles, "session") or (cell(row, roles, "recording") if chunk is not None else ""),
        chunk=None if chunk is None else int(chunk),
        turns=_turns(row),
        group={key: str(row[column]) for key, column in roles.groups.items() if row.get(column) not in (None, "")},
        lists={name: phrases for name in LISTS if (phrases := _listed(row.get(name)))},
    )


def _listed(given: Any) -> tuple[str, ...]:
    """The texts of a list in a row, none for anything else: further references, phrases that matter."""
    return tuple(text.strip() for text in given if isinstance(text, str)) if isinstance(given, list) else ()


def _turns(row: Mapping[str, Any]) -> tuple[SpokenTurn, ...] | None:
    """Who speaks when, of a row that has lists of it; None for any other."""
    starts, ends, speakers = (row.get(name) for name in TURNS)
    if not (isinstance(starts, list) and isinstance(ends, list) and isinstance(speakers, list)):
        return None
    times = ((seconds(start), seconds(end), str(who)) for start, end, who in zip(starts, ends, speakers, strict=False))
    return tuple(SpokenTurn(start, end, who, "") for start, end, who in times if start is not None and end is not None)


def cell(row: Mapping[str, Any], roles: Roles, role: str) -> str:
    """What a row says in a role; '' for nothing."""
    if (column := roles.of.get(role)) is None:
        return ""
    value = row.get(column)
    if type(value) is str:
        return value.strip()
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


@lru_cache(maxsize=1024)
def _stem(name: str) -> str:
    return PurePath(name).stem


def _sound(given: Any, finder: Finder, start_s: float, end_s: float | None) -> Sound | str:
    if isinstance(given, Mapping):  # Hugging Face's feature, or SpeechBrain's stretch of a file
        given = given.get("path") or given.get("file")
    if not isinstance(given, str) or not given.strip():
        return f"there is no path of an audio file in it, got {str(given)[:40]!r}"
    if "\0" in given:
        return "the path of its audio file has a NUL character in it"
    return Sound(finder.find(given), start_s, end_s)


def _times(row: Mapping[str, Any], roles: Roles) -> tuple[float, float | None, float | None, bool] | str:
    """Start, end, duration in s, and whether that is a stretch of the file; a sentence for what is no time."""
    read: list[float | None] = []
    for role in ("start", "end", "duration"):
        given = row.get(roles.of.get(role, ""))
        if given is None or (isinstance(given, str) and not given.strip()):
            read.append(None)
            continue
        read.append(seconds(given))
        if read[-1] is None:
            return f"{roles.of[role]} is {str(given)[:40]!r}, expected seconds from 0 up"
    start_s, end_s, duration_s = read
    if start_s is None:
        return 0.0, None, duration_s, False
    if end_s is None and duration_s is not None:
        end_s = round(start_s + duration_s, 6)
    if end_s is not None and end_s <= start_s:
        return f"it ends at {end_s:g} s and starts at {start_s:g} s"
    return start_s, end_s, duration_s, True


def _is_path(value: Any) -> bool:
    if isinstance(value, Mapping):
        return isinstance(value.get("path"), str) or isinstance(value.get("file"), str) or "bytes" in value
    return isinstance(value, str) and is_audio(value)


def _asked(column: str, columns: Sequence[str]) -> str:
    if column not in columns:
        raise ConfigError(f"there is no column {column!r}: {did_you_mean(column, columns)}")
    return column
