"""Whether a record can be a row: its audio is decoded once, whatever is wrong is one sentence."""

from __future__ import annotations

import hashlib
import shutil
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from modellab import audio
from modellab.datasets.audio_hashes import AudioHashes
from modellab.datasets.importers.records import LeftOut, Record, Sound, changed
from modellab.errors import AudioError, ConfigError
from modellab.text import languages, scripts

LOSSY = frozenset({".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".webm", ".wma", ".amr", ".oga", ".spx", ".ac3"})
STATED_S, STATED_LOSSY_S = 0.02, 0.2  # a stated length may differ so much: rounding; what lossy encoders pad
BEYOND_S = 0.02  # a stretch may end so long after its recording does
SILENT = 1e-3  # a peak below is no speech of anybody
FULL_SCALE = 0.999
REMEMBERED = 100_000  # files: the rows of one need not come together
SLOW, FAST = 1.0, 25.0  # characters a second that people speak, in alphabets
BEGINNING = 32  # characters whose script is looked at
OF_ANY_SCRIPT = frozenset({"", "mul", "und", "zxx"})  # languages
KINDS = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3\x03": ".mp3", b"ID3\x04": ".mp3"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file holds, decoded; `digest` is that of its bytes."""

    duration_s: float
    rate_hz: int
    channels: int
    peak: float
    clipped: float  # share of its samples that are at full scale
    digest: str
    size_bytes: int


class Listener:
    """Decodes files, each once while its rows come together. Embedded audio is written into `folder` for it."""

    def __init__(self, folder: Path, hashes: AudioHashes) -> None:
        self.folder, self.hashes = folder, hashes
        self._facts: OrderedDict[Path, Facts | AudioError] = OrderedDict()
        self._placed: OrderedDict[tuple[Path, str], Path] = OrderedDict()
        self._names: set[str] = set()

    def placed(self, sound: Sound, id: str) -> Sound:
        """The sound as a file: what is embedded gets one."""
        if sound.data is None:
            return sound
        key = (sound.file, sound.member)
        if key not in self._placed:
            self._placed[key] = self._write(sound.data, Path(sound.member).suffix.lower(), id)
            while len(self._placed) > REMEMBERED:
                self._placed.popitem(last=False)
        return replace(sound, file=self._placed[key], member="", data=None)

    def copied(self, file: Path) -> Path:
        """A copy of a file in the folder."""
        key = (file, "")
        if key not in self._placed:
            self._placed[key] = self._named(file.suffix.lower(), file.stem)
            shutil.copyfile(file, self._placed[key])
        return self._placed[key]

    def facts(self, file: Path) -> Facts:
        """What a file holds; AudioError for one that cannot be decoded to its end."""
        known = self._facts.get(file)
        if known is None:
            try:
                known = heard(file)
                self.hashes.keep(file, known.digest)
            except AudioError as fault:
                known = fault
            self._facts[file] = known
            while len(self._facts) > REMEMBERED:
                self._facts.popitem(last=False)
        if isinstance(known, AudioError):
            raise known
        return known

    def _write(self, data: bytes, suffix: str, id: str) -> Path:
        """A file with the bytes, called by what they are."""
        file = self._named(next((kind for head, kind in KINDS.items() if data.startswith(head)), suffix or ".bin"), id)
        file.write_bytes(data)
        return file

    def _named(self, kind: str, id: str) -> Path:
        """A name that no other file has."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in id)[:100].strip(".") or "a"
        name, number = f"{stem}{kind}", 1
        while name.casefold() in self._names:
            number += 1
            name = f"{stem}-{number}{kind}"
        self._names.add(name.casefold())
        return self.folder / name


def heard(file: Path) -> Facts:
    """What a file holds: all of it is decoded."""
    samples, rate_hz = audio.read_channels(file)
    if not np.isfinite(samples).all():
        raise AudioError(f"{file} has NaN or infinite samples: expected finite ones in [-1, 1]")
    peak = float(np.abs(samples).max()) if len(samples) else 0.0
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    if not len(samples):
        raise AudioError(f"{file} holds no audio samples")
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE)) if peak >= FULL_SCALE else 0.0
    return Facts(len(samples) / rate_hz, rate_hz, samples.shape[1], peak, clipped, digest, file.stat().st_size)


def checked(record: Record, listener: Listener) -> tuple[Record, Facts] | LeftOut:
    """The record with its audio as a file and its length as it was decoded, or why it is none."""
    if record.sound is None:
        return LeftOut(record.where, f"{record.id} has no audio")
    sound = listener.placed(record.sound, record.id)
    try:
        facts = listener.facts(sound.file)
    except (AudioError, OSError) as fault:
        return LeftOut(record.where, str(fault).replace(f"{listener.folder}/", ""))  # which is gone when it is read
    if wrong := _fault(record, sound, facts):
        return LeftOut(record.where, wrong)
    end_s = sound.end_s
    if end_s is not None and end_s >= facts.duration_s - BEYOND_S / 2:
        end_s = None if sound.start_s == 0 else min(end_s, facts.duration_s)
    channel = sound.channel if facts.channels > 1 else None
    length_s = (facts.duration_s if end_s is None else end_s) - sound.start_s
    sound = Sound(sound.file, sound.start_s, end_s, channel, "", None, facts.digest, facts.size_bytes)
    return changed(record, sound=sound, duration_s=round(length_s, 4)), facts


def _fault(record: Record, sound: Sound, facts: Facts) -> str:
    """What is wrong with a record whose audio can be decoded; '' if nothing is."""
    if sound.start_s >= facts.duration_s:
        return f"{record.id} starts at {sound.start_s:.2f} s, {_lasts(sound, facts)}"
    if sound.end_s is not None and sound.end_s > facts.duration_s + BEYOND_S:
        return f"{record.id} ends at {sound.end_s:.2f} s, {_lasts(sound, facts)}"
    if sound.end_s is not None and round(sound.end_s * facts.rate_hz) <= round(sound.start_s * facts.rate_hz):
        return f"{record.id} is shorter than a sample: from {sound.start_s} s to {sound.end_s} s"
    if sound.channel is not None and sound.channel > 0 and sound.channel >= facts.channels:
        return f"{record.id} is channel {sound.channel} (from 0 on), {sound.file.name} has {facts.channels}"
    if record.duration_s is not None and abs(record.duration_s - facts.duration_s) > _tolerance_s(sound):
        return f"{_lasts(sound, facts)}, the source says {record.duration_s:.2f} s; was it replaced or cut?"
    if facts.peak < SILENT and not record.without_speech:
        return f"{sound.file.name} is silent (its highest sample is {facts.peak:.1g})"
    return ""


def _lasts(sound: Sound, facts: Facts) -> str:
    return f"{sound.file.name} lasts {facts.duration_s:.2f} s"


def _tolerance_s(sound: Sound) -> float:
    return STATED_LOSSY_S if sound.file.suffix.lower() in LOSSY else STATED_S


def is_odd_pace(count: int, duration_s: float) -> bool:
    """Whether nobody says so many letters and figures, or so few, in this time: the text may be of another clip.

    >>> is_odd_pace(14, 1.5), is_odd_pace(14, 0.2), is_odd_pace(1, 9.0), is_odd_pace(0, 1.0)
    (False, True, True, False)
    """
    return bool(count) and not SLOW <= count / duration_s <= FAST


def is_other_script(text: str, language: str) -> bool:
    """Whether a text begins in another script than that of the language: it may be of another one.

    >>> is_other_script("привет, Ann", "en"), is_other_script("привет, Ann", "ru"), is_other_script("42", "ru")
    (True, False, False)
    """
    beginning = text[:BEGINNING]
    if language in OF_ANY_SCRIPT:
        return False
    try:
        own = languages.scripts(language)
    except ConfigError:
        return False  # which is told where the language is read
    if beginning.isascii() and "Latn" in own:
        return False
    other = scripts.foreign(beginning, own)
    return 2 * other.top > other.bottom
