"""Decoding by libsndfile: WAV, FLAC, Ogg, MP3 and some twenty more.

It is read from the front to the end, block by block, and never asked to seek: telephone codecs cannot, and the number
of samples that a header states is not believed.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.audio import chunks, flac, joined, kinds
from modellab.audio.lengths import UNKNOWN, Claim, broken_off, silent, undecodable
from modellab.audio.tape import Tape

if TYPE_CHECKING:
    import soundfile

SLACK_S = 0.1  # a lossy codec's header may promise this much more than it decodes to (encoder padding)
LOSSLESS = frozenset({"WAV", "WAVEX", "FLAC", "AIFF", "AU", "CAF", "W64", "RF64"})
BLOCK_SAMPLES = 1 << 18
FEW_FRAMES = 4096  # asked for where no more are expected
UNKNOWN_FRAMES = 1 << 48  # libsndfile says 2^63 - 1 where a FLAC does not state its length
# What soundfile and PyAV raise besides their own errors, for headers that make no sense.
ODD_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError, AttributeError, AssertionError,
              EOFError, OSError, MemoryError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as libsndfile sees it, and what is known of its length."""

    file: soundfile.SoundFile
    claim: Claim

    @property
    def lossless(self) -> bool:
        return self.file.format in LOSSLESS


def opened(path: Path, part: tuple[int, int] | None = None) -> Opened | None:
    """The file, or a part of it; None where the format is not one of libsndfile's. Raises AudioError."""
    import soundfile

    class Forward(soundfile.SoundFile):  # type: ignore[misc]
        """soundfile seeks after every read of a file that can: these never can."""

        def seekable(self) -> bool:
            return False

    promise = chunks.promise(path) if part is None else None
    instead: dict[int, bytes] = {}  # bytes of a header that would keep a decoder from reading on
    if promise is not None and promise.stated is None and promise.size_at >= 0:
        instead = {promise.size_at: min(promise.present, 0xFFFF_FF00).to_bytes(4, "little")}
    elif part is None and (facts := flac.header(path)) is not None and flac.states_too_little(path, facts):
        instead = flac.without_total(facts)
    whole = part is None and not instead and not _goes_by_name(path)
    try:
        file = Forward(
            os.fsencode(path) if whole else joined.Window(path, *(part or (0, path.stat().st_size)), instead)
        )
    except soundfile.SoundFileError:
        return None
    except ODD_ERRORS as error:
        raise undecodable(path, error) from error
    return Opened(file, _claim(path, file, promise))


def _goes_by_name(path: Path) -> bool:
    """Whether libsndfile would go by a file's name.

    Of what it does not know, it takes any bytes for sound whose name ends in .au, .gsm or .vox, and opens a second
    file beside it (`._name`). soundfile wants to know more of a .raw.
    """
    first = kinds.head(path)
    return path.suffix.lower() == ".raw" or not (kinds.demuxer(first) or kinds.is_mpeg_audio(first))


def read(path: Path, source: Opened, tape: Tape) -> None:
    """Everything onto the tape. Raises AudioError for a file that is cut, damaged or too large."""
    import soundfile

    file = source.file
    tape.start(file.samplerate, file.channels)
    if source.lossless and file.format != "FLAC" and 0 < file.frames < UNKNOWN_FRAMES:
        tape.check(file.frames)  # of uncompressed sound the bytes are there, so that much would come
    most = max(1, BLOCK_SAMPLES // file.channels)
    left = file.frames if 0 < file.frames < UNKNOWN_FRAMES else most
    try:  # no block larger than what is to come: libsndfile fills with zeros what it has no samples for
        while len(block := file.read(min(most, max(left, FEW_FRAMES)), dtype="float32", always_2d=True)):
            tape.add(block)
            left -= len(block)
    except (soundfile.SoundFileError, *ODD_ERRORS) as error:
        raise broken_off(path, error, tape.duration_s, source.claim) from error
    source.claim.check(path, tape.duration_s, 0.0 if source.lossless else SLACK_S)


def _claim(path: Path, file: soundfile.SoundFile, promise: chunks.Promise | None) -> Claim:
    """What the header says of the length; AudioError where it shows that the file is cut."""
    if promise is not None:
        chunks.check(path, file.frames / file.samplerate if 0 <= file.frames < UNKNOWN_FRAMES else math.nan, promise)
    if promise is not None and promise.stated is None:
        return UNKNOWN
    if not 0 < file.frames < UNKNOWN_FRAMES or file.samplerate <= 0:
        if file.frames == 0 and file.format in LOSSLESS - {"FLAC"}:
            raise silent(path)
        return UNKNOWN
    return Claim("stated", file.frames / file.samplerate)
