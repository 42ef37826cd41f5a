"""Records as the rows that a task has in a manifest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from modellab.datasets.importers.records import LeftOut, Record, Sound
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.errors import ConfigError, did_you_mean
from modellab.text import languages
from modellab.types import Region, Row, SpokenTurn

UTTERANCES = ("asr", "lid", "robustness", "streaming")  # a row is one stretch of speech
RECORDINGS = ("diarization", "vad", "meeting")  # a row is a whole recording, with who speaks when
OTHERS = ("translation", "tts")
TASKS = (*UTTERANCES, *RECORDINGS, *OTHERS)
TRANSLATION, PROMPT = "translation", "prompt"  # further texts of a record that these tasks know
MARKED = "asr"  # the task that scores NIST's marks
NAMES = {  # what Lhotse and others call languages
    "arabic": "ar", "cantonese": "yue", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu",
    "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "mandarin": "zh", "norwegian": "no",
    "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "spanish": "es",
    "swedish": "sv", "tamil": "ta", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip


@dataclass(frozen=True)
class Placing:
    """Where rows will lie, and how they name their audio: relative to the dataset's folder for files below `root`.

    `staging` is where the folder is while it is made.
    """

    folder: Path
    root: Path
    staging: Path

    def name(self, file: Path) -> str:
        """The path of a file as a row has it."""
        return _name(self, file)


@lru_cache(maxsize=64)
def _name(placing: Placing, file: Path) -> str:
    if file.is_relative_to(placing.staging):
        return str(file.relative_to(placing.staging))
    plain = os.path.normpath(file)
    return os.path.relpath(plain, placing.folder) if Path(plain).is_relative_to(placing.root) else plain


@lru_cache(maxsize=1024)
def language(given: str) -> str:
    """The code of a language, however a source writes it; '' for none and for what is none.

    >>> language("English"), language("en_us"), language("zh-CN"), language(""), language("klingonese")
    ('en', 'en', 'zh', '', '')
    """
    tag = NAMES.get(given.strip().lower(), given.strip().replace("_", "-"))
    if not tag:
        return ""
    try:
        return languages.code(tag)
    except ConfigError:
        return ""


def check_task(task: str) -> None:
    """ConfigError for a task whose rows are not made here."""
    if task not in TASKS:
        raise ConfigError(f"rows of the task {task!r} cannot be imported: {did_you_mean(task, TASKS)}")


def likely_task(record: Record) -> str:
    """What a source's first record is good for."""
    return "diarization" if record.turns is not None and record.text is None else "asr"


def text_fault(record: Record, task: str) -> str:
    """Why a record's text is no reference of the task; '' if it is one."""
    if task in (*RECORDINGS, "lid", "translation") or (record.without_speech and not record.marked):
        return ""
    if task == MARKED and (record.marked or (record.chunk is not None and not record.text)):
        return "" if record.marked or record.session else f"nothing says which session {record.id} is a chunk of"
    if record.text is None:
        return f"{record.id} has no text"
    if not record.text.strip():
        return f"the text of {record.id} is empty"
    if not any(map(str.isalnum, record.text)):
        return f"the text of {record.id} has no words ({record.text[:40]!r})"
    return ""


def is_ignored(record: Record, task: str) -> bool:
    """Whether a record is not to be scored and the task has no row for such."""
    return bool(record.marked) and not record.text and task != MARKED


def row(record: Record, task: str, placing: Placing) -> Row | LeftOut:
    """A record as a row of the task, or why it is none."""
    assert record.sound is not None
    head: dict[str, Any] = {"id": record.id, "audio": placing.name(record.sound.file), "duration_s": record.duration_s}
    made = {**head, **_stretch(record.sound), **_hashes(record.sound), **_more(record)}
    if task in OTHERS:
        return _spoken(record, made) if task == "tts" else _translated(record, made)
    if task in RECORDINGS:
        cells = _of_recording(record, task)
        return cells if isinstance(cells, LeftOut) else {**made, **cells}
    if task == "lid":
        if not record.language:
            return LeftOut(record.where, f"nothing says which language is spoken in {record.id}")
        return {key: value for key, value in {**made, "spoken": record.language}.items() if key != "language"}
    if task != MARKED:
        return {**made, "text": record.text}
    parts = {"session": record.session, "chunk": record.chunk} if record.chunk is not None else {}
    if parts and not record.text:
        return {**made, **parts}
    others = {"references": list(record.references)} if record.references and not parts else {}
    others |= {name: list(phrases) for name, phrases in record.lists.items()}
    return {**made, **parts, "text": record.marked or record.text, **others}


def _translated(record: Record, made: Mapping[str, Any]) -> Row | LeftOut:
    """A row of translation: the text is what is spoken, the further text `translation` the reference."""
    texts = dict(record.texts)
    reference = texts.pop(TRANSLATION, "")
    if not reference.strip():
        return LeftOut(record.where, f"{record.id} has no translation: name its column with --text-column translation=")
    kept = {key: value for key, value in made.items() if key not in ("texts", "language")}
    return {**kept, **({"texts": texts} if texts else {}), "text": record.text or "", "reference": reference}


def _spoken(record: Record, made: Mapping[str, Any]) -> Row:
    """A row of speech synthesis: the text is what is to be spoken, the audio a recording of it."""
    kept = {key: made[key] for key in ("texts", "group") if key in made}
    return {"id": record.id, **kept, "text": record.text, "reference_audio": made["audio"]}


def settings(report: Report, request: ImportRequest) -> dict[str, str]:
    """The settings of the new dataset's task; ConfigError for what a task has to be told."""
    if report.task == MARKED:
        return dict(report.settings)
    if report.task == "tts" and not request.judge:
        raise ConfigError("say who listens to what is synthesised, with --judge MODEL:VARIANT")
    if report.task != "translation":
        return {}
    if not request.target_language or report.language in ("", "mul"):
        raise ConfigError("say what is translated from and into, with --language and --target-language")
    return {"source_language": report.language, "target_language": request.target_language}


def _stretch(sound: Sound) -> dict[str, Any]:
    times = {"start_s": sound.start_s, "end_s": sound.end_s} if sound.is_segment else {}
    cells = {**times, "channel": sound.channel}
    return {key: value for key, value in cells.items() if value is not None}


def _hashes(sound: Sound) -> dict[str, Any]:
    return {"sha256": sound.sha256, "size_bytes": sound.size_bytes} if sound.sha256 else {}


def _more(record: Record) -> dict[str, Any]:
    cells = {"speaker": record.speaker, "language": record.language, "recording": record.recording}
    held: dict[str, Any] = {key: value for key, value in cells.items() if value}
    return held | {key: dict(value) for key, value in (("texts", record.texts), ("group", record.group)) if value}


def _of_recording(record: Record, task: str) -> dict[str, Any] | LeftOut:
    if record.turns is None:
        return LeftOut(record.where, f"nothing says who speaks when in {record.id}")
    turns = sorted(record.turns)
    if task == "meeting":
        return {"utterances": [[turn.start_s, turn.end_s, turn.speaker, turn.text] for turn in turns]}
    if task == "vad":
        return {"speech": [list(region) for region in _union(turns)]}
    return {"turns": [[turn.start_s, turn.end_s, turn.speaker] for turn in turns]}


def _union(turns: Iterable[SpokenTurn]) -> list[Region]:
    """Where anybody speaks."""
    regions: list[Region] = []
    for turn in turns:
        if regions and turn.start_s <= regions[-1].end_s:
            regions[-1] = Region(regions[-1].start_s, max(regions[-1].end_s, turn.end_s))
        elif turn.end_s > turn.start_s:
            regions.append(Region(turn.start_s, turn.end_s))
    return regions


def by_recording(records: Iterable[Record]) -> Iterator[Record]:
    """Records of stretches as one of each recording, with their turns; those with turns of their own as they are."""
    held: dict[tuple[Path, str], list[Record]] = {}
    for record in records:
        if record.turns is not None or record.sound is None:
            yield record
        else:
            held.setdefault((record.sound.file, record.sound.member), []).append(record)
    for parts in held.values():
        first = parts[0]
        assert first.sound is not None
        yield replace(
            first,
            id=first.recording or Path(first.sound.name).stem,
            sound=replace(first.sound, start_s=0.0, end_s=None, channel=None),
            text=None,
            texts={},
            speaker="",
            recording="",
            group={},
            duration_s=None,
            turns=tuple(turn for part in parts for turn in _turn(part)),
        )


def _turn(part: Record) -> Iterator[SpokenTurn]:
    sound = part.sound
    end_s = sound.end_s if sound and sound.end_s is not None else part.duration_s
    if sound and end_s is not None:
        yield SpokenTurn(sound.start_s, end_s, part.speaker or "speaker", part.text or "")


def header_language(codes: Mapping[str, int]) -> str:
    """The language of a dataset whose rows are of these, with how often each: `mul` for several, '' for none."""
    named = [code for code in codes if code]
    return named[0] if len(named) == 1 and "" not in codes else ("mul" if named and "" not in codes else "")
