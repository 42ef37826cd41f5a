"""Where decoders put what they decode, block by block: counted, bounded, mixed down when one channel is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modellab.audio import limits
from modellab.errors import AudioError

Samples = npt.NDArray[np.float32]


def mixed(block: Samples) -> Samples:
    """The mean over the channels, shape (n_frames, 1); infinite or NaN, without a warning, where it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return block.mean(axis=1, dtype=np.float32, keepdims=True)


@dataclass(slots=True)
class Tape:
    """Samples of one file as they come. `mix`: their mean over the channels is kept; not `keep`: only their number."""

    path: Path
    mix: bool
    keep: bool = True
    rate_hz: int = 0
    channels: int = 0
    frames: int = 0
    _blocks: list[Samples | int] = field(default_factory=list)
    _deadline: limits.Deadline = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = limits.Deadline(self.path)

    @property
    def duration_s(self) -> float:
        return self.frames / self.rate_hz if self.rate_hz else 0.0

    def start(self, rate_hz: int, channels: int) -> None:
        """The first facts of a stream. Raises AudioError for absurd ones."""
        limits.check_shape(self.path, rate_hz, channels)
        self.rate_hz, self.channels = rate_hz, channels

    def check(self, frames: int) -> None:
        """AudioError where so many frames are more than a tape may hold."""
        limits.check_decoded(self.path, frames, self.rate_hz, 1 if self.mix else self.channels)

    def tick(self) -> None:
        """AudioError when decoding has taken too long."""
        self._deadline.check()

    def add(self, block: Samples) -> None:
        """The next frames, shape (n_frames, n_channels). Raises AudioError beyond a limit."""
        self.tick()
        self._count(len(block))
        if not self.keep:
            return
        if not self.mix or block.shape[1] == 1:
            self._blocks.append(block)
        else:
            self._blocks.append(mixed(block))

    def silence(self, frames: int) -> None:
        """Frames of silence, where a stream has a gap; they take no memory until they are looked at."""
        self._count(frames)
        if self.keep:
            self._blocks.append(frames)

    def append(self, other: Tape) -> None:
        """Another recording after this one, at this one's rate. Raises AudioError where their channels differ."""
        if not other.frames:
            return
        if not self.rate_hz:
            self.start(other.rate_hz, other.channels)
        if not self.keep:
            self._count(round(other.frames * self.rate_hz / other.rate_hz))
            return
        block = other.samples()
        if other.rate_hz != self.rate_hz:
            import soxr

            block = np.asarray(soxr.resample(block, other.rate_hz, self.rate_hz), dtype=np.float32)
        if not self.mix and block.shape[1] != self.channels:
            raise AudioError(
                f"{self.path} is several recordings joined, of {self.channels} and {block.shape[1]} channels: "
                "expected the same number in all"
            )
        self._count(len(block))
        self._blocks.append(block)

    def samples(self) -> Samples:
        """Everything, shape (n_frames, 1 or n_channels)."""
        if len(self._blocks) == 1 and isinstance(only := self._blocks[0], np.ndarray):
            return only
        every = np.zeros((self.frames, 1 if self.mix else max(1, self.channels)), np.float32)
        at = 0
        for block in self._blocks:
            if isinstance(block, int):
                at += block
            else:
                every[at : at + len(block)] = block
                at += len(block)
        return every

    def _count(self, frames: int) -> None:
        self.frames += frames
        self.check(self.frames)
        limits.check_ceiling(self.path, self.duration_s)
