"""Kaldi's data directory: wav.scp and text, with segments, utt2spk, spk2gender, utt2lang where there are some.

A line of wav.scp that ends in `|` is a shell command. Of one that only decodes a file the file is read; any other is
run where a person said so, else its recording is left out. Of `ark:` files those are read that hold sound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from modellab.datasets.importers import commands, kaldi_ark, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder, is_there
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Record, Sound, seconds
from modellab.errors import DatasetError

NAME = "kaldi"
TITLE = "Kaldi data directory: wav.scp, text, segments, utt2spk"
ESPNET = ("feats_type", "audio_format", "utt2num_samples")
OFFSET = re.compile(r"^(?P<file>.+\.ark):(?P<at>\d+)$")
COMMAND = "its audio is the output of a shell command, which is not run"
MEND = "write the file itself into wav.scp, or trust it with --run-commands"
GENDERS = {"f": "female", "m": "male"}
DECIMALS = 6


def detect(place: Place) -> Guess | None:
    """Files called wav.scp and text, at the place or below it."""
    if not (homes := _homes(place)):
        return None
    if place.folder not in homes.values():
        return Guess(0.88, f"there is wav.scp in {', '.join(homes)}, as in data directories of Kaldi and ESPnet")
    names = {file.name for file in place.near}
    kind = "ESPnet's" if names & set(ESPNET) else "Kaldi's"
    beside = ", ".join(sorted(names & {"text", "segments", "utt2spk", *ESPNET}))
    return Guess(
        0.95 if "text" in names else 0.6,
        f"there is wav.scp, as in {kind} data directories, with {beside or 'nothing else'}",
    )


def _homes(place: Place) -> dict[str, Path]:
    """The data directories of a place by name: the place itself, else those below it."""
    if not place.is_folder:
        return {}
    if is_there(place.path / "wav.scp"):
        return {place.path.name: place.path}
    folders = [file.parent for file in place.called("wav.scp", deep=True) if is_there(file.parent / "text")]
    names = [folder.name for folder in folders]
    return {
        folder.name if names.count(folder.name) == 1 else str(folder.relative_to(place.path)): folder
        for folder in folders
    }


@dataclass(frozen=True, slots=True)
class Directory:
    """What a data directory says by name."""

    folder: Path
    recordings: dict[str, str]
    texts: dict[str, str]
    speakers: dict[str, str]
    genders: dict[str, str]
    languages: dict[str, str]
    more: dict[str, dict[str, str]]  # other texts by name
    finder: Finder
    run: Callable[[str], bytes] | None = None
    output: dict[str, Sound] = field(default_factory=dict)  # of the last command: its segments come together


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each segment, or for each recording where there are none."""
    folder = place.folder
    if homes := _homes(place):
        name, note = splits.chosen(homes, options.split if place.folder not in homes.values() else "")
        folder = homes[name]
        yield from [note] if note else []
    for name in ("wav.scp", "text"):
        if not is_there(folder / name):
            yield LeftOut(str(folder), f"there is no file called {name} in it")
            return
    faults: list[Item] = []
    held = {name: _map(folder / name, faults) for name in ("wav.scp", "text", "utt2spk", "spk2gender", "utt2lang")}
    others = [file for file in Place(folder).called("text_*", "text.*") if file.name != "text"]
    directory = Directory(
        folder, held["wav.scp"], held["text"], held["utt2spk"], held["spk2gender"], held["utt2lang"],
        {file.name: _map(file, faults) for file in others}, Finder(folder, options.root), options.run,
    )  # fmt: skip
    yield from faults
    if others:
        yield Note(f"{', '.join(sorted(file.name for file in others))} are kept as further texts")
    segments = folder / "segments"
    yield from _segments(directory, segments) if is_there(segments) else _recordings(directory)


def _recordings(directory: Directory) -> Iterator[Item]:
    for name in directory.recordings:
        yield _record(directory, name, name, str(directory.folder / "wav.scp"), 0.0, None, None)
    for name in directory.texts.keys() - directory.recordings.keys():
        yield LeftOut(str(directory.folder / "text"), f"{name} has a text and no line in wav.scp")


def _segments(directory: Directory, file: Path) -> Iterator[Item]:
    unused = dict.fromkeys(directory.texts)
    for item in textfiles.fields(file):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, fields, line = item
        unused.pop(fields[0], None)
        times = [seconds(field) for field in fields[2:4]] if len(fields) in (4, 5) else []
        if fields[3:4] == ["-1"]:  # Kaldi's end of the recording
            times = [seconds(fields[2]), None]
        if not times or times[0] is None or (times[1] is None and fields[3] != "-1"):
            yield LeftOut(where, f"expected utterance, recording, start and end in s, got {line[:60]!r}")
        elif times[1] is not None and times[1] <= times[0]:
            yield LeftOut(where, f"{fields[0]} ends at {times[1]:g} s and starts at {times[0]:g} s")
        elif len(fields) == 5 and not fields[4].isdigit():
            yield LeftOut(where, f"the channel of {fields[0]} is {fields[4][:20]!r}, expected a number from 0 on")
        else:
            channel = int(fields[4][:4]) if len(fields) == 5 else None
            yield _record(directory, fields[0], fields[1], where, times[0], times[1], channel)
    for name in unused:
        yield LeftOut(str(directory.folder / "text"), f"{name} has a text and no line in segments")


def _record(
    directory: Directory, id: str, recording: str, where: str, start_s: float, end_s: float | None, channel: int | None
) -> Item:
    if (source := directory.recordings.get(recording)) is None:
        return LeftOut(where, f"{id} is of the recording {recording}, which has no line in wav.scp")
    if id not in directory.texts:
        return LeftOut(where, f"{id} has no line in text")
    sound = _sound(directory, recording, source)
    if isinstance(sound, str):
        return LeftOut(where, f"{id}: {sound}")
    speaker = directory.speakers.get(id, "")
    gender = directory.genders.get(speaker, "").strip().lower()
    return Record(
        id=id,
        where=where,
        sound=Sound(
            sound.file, start_s, end_s, sound.channel if channel is None else channel, sound.member, sound.data
        ),
        text=directory.texts[id],
        texts={name: texts[id] for name, texts in directory.more.items() if id in texts},
        language=directory.languages.get(id, ""),
        speaker=speaker,
        recording=recording if recording != id else "",
        group={"gender": GENDERS.get(gender, gender)} if gender else {},
    )


def _sound(directory: Directory, recording: str, source: str) -> Sound | str:
    if source.endswith("|"):
        return _of_command(directory, recording, source)
    if match := OFFSET.match(source):
        return kaldi_ark.sound(directory.finder.find(match["file"]), int(match["at"][:18]))
    return Sound(directory.finder.find(source))


def _of_command(directory: Directory, recording: str, command: str) -> Sound | str:
    if decoded := commands.decoded(command):
        return Sound(directory.finder.find(decoded.file), channel=decoded.channel)
    if directory.run is None:
        return f"{COMMAND} ({command[:80]}); {MEND}"
    if recording not in directory.output:
        directory.output.clear()
        try:
            made = Sound(directory.folder / "wav.scp", member=f"{recording}.wav", data=directory.run(command))
        except DatasetError as fault:
            return str(fault)
        directory.output[recording] = made
    return directory.output[recording]


def _map(file: Path, faults: list[Item]) -> dict[str, str]:
    """Name to the rest of the line, of a file that may not be there; what is given twice is told."""
    by_name: dict[str, str] = {}
    if not is_there(file):
        return by_name
    for item in textfiles.lines(file):
        if isinstance(item, LeftOut):
            faults.append(item)
            continue
        name, *rest = item[1].split(maxsplit=1)
        if name in by_name:
            faults.append(LeftOut(textfiles.where(file, item[0]), f"{name} has a line already"))
        else:
            by_name[name] = rest[0].strip() if rest else ""
    return by_name
