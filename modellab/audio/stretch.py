"""A stretch of a recording, or one of its channels, as a path: `call.wav#t=1.46,2.82&channel=1`.

Whatever takes the path of an audio file takes that, too: models, pages and altered clips hear the stretch alone. It is
the media fragment that a browser knows; a file that is really called so wins. Times count from the beginning of the
decoded recording, in samples: both ends are rounded to the nearest one.

Of a whole WAV, FLAC, AIFF, CAF, AU, W64 or RF64 only the stretch is read. Any other file is decoded from its beginning,
since no decoder of those seeks to the sample; the last one stays in memory for the next stretch of it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modellab.audio import limits
from modellab.errors import AudioError

FRAGMENT = re.compile(r"#(?:t=(?P<start>\d+(?:\.\d+)?)(?:,(?P<end>\d+(?:\.\d+)?))?)?&?(?:channel=(?P<channel>\d+))?$")
BEYOND_S = 0.02  # a stretch may end so long after its recording does: times are rounded
DECIMALS = 6
MOST_S = 1e9  # no recording lasts thirty years


class Stretch(NamedTuple):
    """A part of a file; `end_s` None is its end, `channel` None all channels."""

    file: Path
    start_s: float = 0.0
    end_s: float | None = None
    channel: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.start_s == 0 and self.end_s is None and self.channel is None

    def frames(self, rate_hz: int, whole: int) -> tuple[int, int]:
        """First and last (excluded) sample; AudioError for a stretch that the recording does not have."""
        first = round(self.start_s * rate_hz)
        last = whole if self.end_s is None else round(self.end_s * rate_hz)
        if last > whole + BEYOND_S * rate_hz or first >= whole:
            end = "its end" if self.end_s is None else f"{self.end_s:.2f} s"
            lasts = f"{self.file} lasts {whole / rate_hz:.2f} s"
            raise AudioError(f"{lasts}: there is no stretch from {self.start_s:.2f} s to {end}")
        if min(last, whole) <= first:
            raise AudioError(f"{self.file} has no sample from {self.start_s:.3f} s to {self.end_s:.3f} s")
        return first, min(last, whole)

    def chosen(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Its channel of samples of shape (n_frames, n_channels); all of them where it names none."""
        if self.channel is None:
            return samples
        if self.channel >= samples.shape[1]:
            has = f"{samples.shape[1]} channel{'' if samples.shape[1] == 1 else 's'}"
            raise AudioError(f"{self.file} has {has}, and channel {self.channel} (from 0 on) was asked for")
        return samples[:, self.channel : self.channel + 1]


def parsed(path: Path) -> Stretch:
    """The stretch that a path names: all of the file where it names none."""
    fragment = FRAGMENT.search(path.name)
    if not fragment or not fragment[0].strip("#") or fragment.start() == 0 or _is_file(path):
        return Stretch(path)
    start, end, channel = fragment["start"], fragment["end"], fragment["channel"]
    return Stretch(
        path.with_name(path.name[: fragment.start()]),
        float(start or 0.0),
        None if end is None else float(end),
        None if channel is None else int(channel),
    )


def named(stretch: Stretch) -> Path:
    """The path of a stretch; that of the file where it is all of it.

    >>> str(named(Stretch(Path("a/b.wav"), 1.5, 2.0, 1))), str(named(Stretch(Path("b.wav"), channel=0)))
    ('a/b.wav#t=1.5,2&channel=1', 'b.wav#channel=0')
    """
    if stretch.is_whole:
        return stretch.file
    end = "" if stretch.end_s is None else f",{_decimal(stretch.end_s)}"
    parts = [f"t={_decimal(stretch.start_s)}{end}"] if stretch.start_s or end else []
    parts += [] if stretch.channel is None else [f"channel={stretch.channel}"]
    return stretch.file.with_name(f"{stretch.file.name}#{'&'.join(parts)}")


def digest(path: Path) -> str:
    """SHA-256 of the file, with the stretch where the path names one; OSError where it cannot be read."""
    stretch = parsed(path)
    with stretch.file.open("rb") as data:
        whole = hashlib.file_digest(data, "sha256").hexdigest()
    if stretch.is_whole:
        return whole
    return hashlib.sha256(f"{whole} {list(stretch[1:])}".encode()).hexdigest()


def sought(stretch: Stretch) -> tuple[npt.NDArray[np.float32], int]:
    """The samples of a stretch of a file that can seek, and the rate in Hz; AudioError for one it does not have."""
    import soundfile

    with soundfile.SoundFile(stretch.file) as file:
        first, last = stretch.frames(file.samplerate, file.frames)
        limits.check_decoded(stretch.file, last - first, file.samplerate, file.channels)
        file.seek(first)
        samples = file.read(last - first, dtype="float32", always_2d=True)
        if len(samples) < last - first:
            raise AudioError(f"{stretch.file} is damaged: {len(samples)} of {last - first} samples of a stretch came")
        return stretch.chosen(samples), int(file.samplerate)


def cut(stretch: Stretch, samples: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float32]:
    """The stretch of a recording that was decoded as a whole."""
    first, last = stretch.frames(rate_hz, len(samples))
    return stretch.chosen(samples[first:last])


def _decimal(seconds: float) -> str:
    return f"{seconds:.{DECIMALS}f}".rstrip("0").rstrip(".")


@functools.lru_cache(maxsize=1024)
def _is_file(path: Path) -> bool:
    """Whether a file is really called so; asked once, since rows are read again and again."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
