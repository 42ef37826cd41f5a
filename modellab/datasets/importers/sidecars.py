"""The text beside an audio file, in any of the forms that people keep it in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columns, subtitles, textfiles, textgrid
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.records import Item, LeftOut, Options, Record, Sound, place_id, seconds
from modellab.errors import DatasetError

KINDS = (".txt", ".lab", ".json", ".srt", ".vtt", ".textgrid")  # the plainer first
UTTERANCES = (
    "utterance",
    "utterances",
    "phrase",
    "sentence",
    "text",
    "transcript",
    "transcription",
    "ort",
    "orthographic",
)
WORDS = ("word", "words", "orth")
SILENCES = frozenset({"", "sil", "sp", "spn", "<sil>", "<eps>", "<s>", "</s>", "[sil]", "silence", "sounding", "_"})
ACTIVITY = frozenset({"speech", "silence", "noise", "sil", "nonspeech", "non-speech", "music"})
HTK = re.compile(r"^\s*\d+(?:\.\d+)?\s+\d+(?:\.\d+)?\s+(?P<label>.*\S)\s*$")
VARIANT = re.compile(r"\(\d+\)$")  # was(2): a pronunciation, in the dictionaries of Sphinx

Stretch = tuple[float, float | None, str, str]  # start, end, text, speaker


def records(sound: Path, text: Path, options: Options) -> Iterator[Item]:
    """The records that an audio file and its text make."""
    try:
        yield from _READERS[text.suffix.lower()](sound, text, options)
    except DatasetError as fault:
        yield LeftOut(str(text), str(fault).removeprefix(f"{text}: "))


def _plain(sound: Path, text: Path, options: Options) -> Iterator[Item]:  # noqa: ARG001
    content = textfiles.whole(text)
    rows = [row for row in content.split("\n") if row.strip()]
    labels = [match["label"] for row in rows if (match := HTK.match(row))]
    if not rows or len(labels) != len(rows):
        yield _one(sound, text, " ".join(content.split()))
    elif {label.casefold() for label in labels} <= ACTIVITY:
        yield LeftOut(str(text), "it holds labels of speech and silence, no words")
    else:
        yield _one(sound, text, " ".join(label for label in labels if label.casefold() not in SILENCES))


def _json(sound: Path, text: Path, options: Options) -> Iterator[Item]:
    try:
        held = json.loads(textfiles.whole(text))
    except (ValueError, RecursionError) as fault:
        yield LeftOut(str(text), f"not JSON ({str(fault)[:80]})")
        return
    if isinstance(held, Mapping) and isinstance(held.get("t"), str) and isinstance(held.get("w", []), list):
        yield _one(sound, text, " ".join(VARIANT.sub("", word) for word in held["t"].split()))  # pocketsphinx
        return
    if isinstance(held, Mapping):
        chosen = columns.roles(list(held), options)
        if "text" in chosen.of and isinstance(held[chosen.of["text"]], str):
            yield columns.record(held, chosen, Finder(sound.parent), str(text), Sound(sound))
            return
        held = held.get("segments", held.get("utterances"))
    if isinstance(held, Sequence) and held and all(isinstance(segment, Mapping) for segment in held):
        yield from _stretches(sound, text, _segments(text, held), options)
    else:
        yield LeftOut(str(text), 'expected {"text": ...} or a list of {"start", "end", "text"}')


def _segments(text: Path, held: Sequence[Mapping[str, Any]]) -> Iterator[Stretch | LeftOut]:
    for i, segment in enumerate(held, start=1):
        chosen = columns.roles(list(segment), Options())
        start_s, end_s = (seconds(segment.get(chosen.of.get(role, ""))) for role in ("start", "end"))
        if start_s is None or end_s is None or end_s <= start_s:
            yield LeftOut(f"{text}, segment {i}", "expected start and end in seconds, the end after the start")
        else:
            yield start_s, end_s, columns.cell(segment, chosen, "text"), columns.cell(segment, chosen, "speaker")


def _subtitles(sound: Path, text: Path, options: Options) -> Iterator[Item]:
    yield from _stretches(sound, text, subtitles.read(text), options)


def _textgrid(sound: Path, text: Path, options: Options) -> Iterator[Item]:
    tiers = [tier for tier in textgrid.read(text) if not tier.is_points]
    tier = _tier(tiers, options.tier)
    if tier is None:
        names = ", ".join(tier.name for tier in tiers) or "none"
        asked = f"called {options.tier!r} " if options.tier else "that is clearly the text "
        yield LeftOut(str(text), f"there is no tier {asked}(tiers: {names}); say which with --tier")
        return
    spoken = [label for label in tier.labels if label.text.strip().casefold() not in SILENCES]
    if all(len(label.text.split()) == 1 for label in spoken) or options.whole or len(spoken) <= 1:
        yield _one(sound, text, " ".join(" ".join(label.text.split()) for label in spoken))
    else:
        parts = ((label.start_s, label.end_s, " ".join(label.text.split()), "") for label in spoken)
        yield from _stretches(sound, text, parts, options)


def _tier(tiers: list[textgrid.Tier], asked: str) -> textgrid.Tier | None:
    """The tier that was asked for, else one that is called like utterances, then like words, else the only one."""
    by_name = {tier.name.casefold(): tier for tier in reversed(tiers)}
    if asked:
        return by_name.get(asked.casefold())
    named = (tier for tag in (*UTTERANCES, *WORDS) for name, tier in by_name.items() if _is_called(name, tag))
    return next(named, tiers[0] if len(tiers) == 1 else None)


def _is_called(name: str, tag: str) -> bool:
    return name == tag or name.endswith((f" - {tag}", f"-{tag}", f"_{tag}"))  # MFA: `speaker - words`


def _stretches(
    sound: Path, text: Path, parts: Iterator[Stretch | LeftOut] | Sequence[subtitles.Cue | LeftOut], options: Options
) -> Iterator[Item]:
    """A record for each stretch, or with `whole` one for all."""
    sound_parts: list[Stretch] = []
    for part in parts:
        if isinstance(part, LeftOut):
            yield part
        else:
            start_s, end_s, spoken, speaker = part
            sound_parts.append((start_s, end_s, spoken, speaker))
    if options.whole:
        yield _one(
            sound, text, " ".join(spoken for _, _, spoken, _ in sorted(sound_parts, key=lambda part: part[0]) if spoken)
        )
        return
    if not sound_parts:
        yield LeftOut(str(text), "there is nothing said in it")
    for start_s, end_s, spoken, speaker in sound_parts:
        yield Record(
            id=place_id(sound.stem, start_s, end_s),
            where=str(text),
            sound=Sound(sound, start_s, end_s),
            text=spoken,
            speaker=speaker,
            recording=sound.stem,
        )


def _one(sound: Path, text: Path, spoken: str) -> Record:
    return Record(id=sound.stem, where=str(text), sound=Sound(sound), text=spoken)


_READERS: Mapping[str, Callable[[Path, Path, Options], Iterator[Item]]] = {
    ".txt": _plain, ".lab": _plain, ".json": _json, ".srt": _subtitles, ".vtt": _subtitles, ".textgrid": _textgrid,
}  # fmt: skip
