"""Decoding by FFmpeg (PyAV): what libsndfile does not know, and every container with a picture.

Conventions
-----------
Packets are put where their timestamps say: a gap of more than GAP_S becomes silence, as `aresample=async=1` does it,
and so does a sound that begins later than the picture; AVI has packets without bytes there (`avi.py`). Time 0 is where
the first of the file's streams begins. Timestamps that go back (joined streams) are followed by appending. Formats that
have no timestamps are joined packet by packet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modellab.audio import avi, boxes, chunks, joined, kinds, limits
from modellab.audio.lengths import UNKNOWN, Claim, broken_off, undecodable
from modellab.audio.sndfile import ODD_ERRORS, SLACK_S
from modellab.audio.tape import Tape
from modellab.errors import AudioError
from modellab.system import extras

if TYPE_CHECKING:
    from av.container import InputContainer

WHOLE = "it reads whole WAV, FLAC, OGG and MP3 files"
GAP_S = 0.1  # timestamps are rounded, and encoders prime: less is no gap
MOST_BAD = 0.02  # fraction of packets of a stream without a header that may be undecodable: tags, joins
CLAIM_FRACTION = 0.98  # of a container's stated length that has to come: it counts padding
OPEN_TIMEOUT_S = 20.0  # for what the file is; FFmpeg searches gigabytes for it
STATES_LENGTH = {"mov", "matroska", "asf", "caf", "aiff", "wav", "w64", "au", "ape", "wv", "tta", "flac", "ogg",
                 "mxf", "tak"}  # fmt: skip  # in all others FFmpeg's length is an estimate


@dataclass(slots=True)
class Clock:
    """Where on the tape a packet belongs, by its timestamp."""

    tape: Tape
    timed: bool
    origin_s: float
    placed: bool = False

    def place(self, at_s: float | None) -> None:
        """Fill up with silence what lies between the end of the tape and a packet's time."""
        if not self.timed or at_s is None or not math.isfinite(at_s):
            return
        gap_s = at_s - self.origin_s - self.tape.duration_s
        if gap_s < -GAP_S or (not self.placed and gap_s <= GAP_S):
            self.origin_s += gap_s  # goes back: from here on, times count from the end of the tape
        elif gap_s > limits.MAX_GAP_S:
            raise AudioError(
                f"{self.tape.path} has a gap of {gap_s:.0f} s in its timestamps, expected at most "
                f"{limits.MAX_GAP_S:.0f} s: are they damaged, or were recordings joined?"
            )
        elif gap_s > GAP_S:
            self.tape.silence(round(gap_s * self.tape.rate_hz))
        self.placed = True


def read(path: Path, tape: Tape, part: tuple[int, int] | None = None) -> None:
    """Everything of the first audio stream onto the tape. Raises AudioError."""
    with _opened(path, part) as (container, name):
        import av

        stream = _audio_stream(path, container)
        first_s = container.start_time / 1e6 if container.start_time is not None else 0.0
        clock = Clock(tape, name in kinds.TIMED, first_s)
        claim = _claim(path, stream, name)
        gaps = avi.gaps(path, stream.index) if name == "avi" and part is None else avi.Gaps()
        tick_s = float(stream.time_base or 0)
        converters: dict[Any, Any] = {}
        layout = ""
        for frame in _frames(path, container, stream, tape, name in kinds.WITHOUT_A_HEADER):
            if not tape.rate_hz:
                tape.start(int(frame.sample_rate), len(frame.layout.channels))
            layout = layout or frame.layout.name
            clock.place(gaps.shifted(frame.time, tick_s))
            shape = (frame.sample_rate, frame.format.name, frame.layout.name)
            if shape not in converters:  # at the stream's own rate nothing is held back to be flushed
                converters[shape] = av.AudioResampler(format="fltp", rate=tape.rate_hz, layout=layout)
            for out in converters[shape].resample(frame):
                tape.add(out.to_ndarray().T.astype(np.float32, copy=False))
    if tape.rate_hz:
        chunks.check(path, tape.duration_s)
        claim.check(path, tape.duration_s, (1 - CLAIM_FRACTION) * claim.duration_s + SLACK_S)


def counted_s(path: Path) -> float:
    """The seconds of audio in the packets of a file, undecoded."""
    with _opened(path, None) as (container, _):
        stream = _audio_stream(path, container)
        ticks = sum(packet.duration or 0 for packet in container.demux(stream) if packet.size)
        return float(ticks * (stream.time_base or 0))


@contextmanager
def _opened(path: Path, part: tuple[int, int] | None) -> Iterator[tuple[InputContainer, str]]:
    """The container and the short name of its format; whatever FFmpeg raises inside is one AudioError."""
    first = kinds.head(path)
    kinds.refuse_lists(path, first)
    if problem := extras.lacking("media", f"{path} is not read by libsndfile alone ({WHOLE}): decoding it"):
        raise AudioError(problem)
    import av

    name = kinds.demuxer(first) if first[:3] != b"ID3" else ""
    if name == "mov":
        boxes.check_mp4(path)
    elif name == "matroska":
        joined.refuse_matroska(path)
        boxes.check_matroska(path)
    source: Any = f"file:{path.absolute()}"
    if part or source.encode("utf-8", "replace").decode() != source:  # of names it takes UTF-8 alone
        source = joined.Window(path, *(part or (0, path.stat().st_size)))
    options = {"protocol_whitelist": "file", "format_whitelist": kinds.DEMUXERS}
    try:
        with av.open(
            source,
            format=name or None,
            options=options,
            timeout=(OPEN_TIMEOUT_S, limits.MAX_DECODING_S),
        ) as container:
            yield container, container.format.name.split(",")[0]
    except (av.FFmpegError, *ODD_ERRORS) as error:
        raise undecodable(path, error) from error


def _frames(path: Path, container: InputContainer, stream: Any, tape: Tape, tolerant: bool) -> Iterator[Any]:
    """The frames of a stream; in formats where one may join anywhere, a few packets may be no sound."""
    import av

    packets = bad = 0
    last: Exception | None = None
    for packet in container.demux(stream):
        tape.tick()
        packets += 1
        try:
            yield from packet.decode()
        except av.InvalidDataError as error:
            if not tolerant:
                raise
            bad, last = bad + 1, error
    if last is not None and bad > 2 + MOST_BAD * packets:
        raise broken_off(path, last, tape.duration_s) from last


def _claim(path: Path, stream: Any, name: str) -> Claim:
    promise = chunks.promise(path)
    if not stream.duration or not stream.time_base or (promise is not None and promise.stated is None):
        return UNKNOWN
    stated = name in STATES_LENGTH
    return Claim("stated" if stated else "estimated", float(stream.duration * stream.time_base))


def _audio_stream(path: Path, container: InputContainer) -> Any:
    if not container.streams.audio:
        kinds_there = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
        raise AudioError(f"{path} has no audio stream (its streams: {kinds_there}): expected a file with sound")
    return container.streams.audio[0]
