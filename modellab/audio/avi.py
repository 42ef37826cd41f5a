"""What the chunks of an AVI say that FFmpeg does not pass on: where its sound has gaps, and whether the file is whole.

AVI has no timestamps: a packet is as many ticks after the first one as there are packets before it. Where nothing was
recorded, writers put packets without bytes, which count as ticks and which FFmpeg leaves out. Sound whose time is told
by its bytes (PCM) cannot have a gap. The length in the header is that of the bit rate; that the file was cut is told by
its chunks.

Source: Microsoft, AVI RIFF File Reference; OpenDML AVI File Format Extensions (1996), for the further RIFFs.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from modellab.audio.chunks import is_placeholder
from modellab.audio.joined import several
from modellab.audio.lengths import cut

MAX_CHUNKS = 3_000_000  # sound and picture of half a day
NAME = re.compile(rb"[ -~]{4}")  # what is no name is no chunk: padding, damage
LISTS = {b"RIFF", b"LIST"}
SAMPLE_BYTES_AT = 44  # in a stream's header: 0 where each packet is a tick
Chunk = tuple[bytes, int, int]  # name, where its bytes begin, how many


@dataclass(frozen=True, slots=True)
class Gaps:
    """Ticks without sound: of each, how many packets with sound come before it."""

    behind: tuple[int, ...] = ()

    def shifted(self, at_s: float | None, tick_s: float) -> float | None:
        """When a packet is, which is at this time where only packets with sound are counted.

        >>> Gaps((2, 2)).shifted(3.0, tick_s=1.0)
        5.0
        """
        if at_s is None or not self.behind or tick_s <= 0:
            return at_s
        return at_s + tick_s * bisect_right(self.behind, round(at_s / tick_s))


def gaps(path: Path, stream: int) -> Gaps:
    """The gaps of one stream. AudioError for a file that is cut, or is more than one."""
    size = path.stat().st_size
    name, sample_bytes, packets, behind = b"%02dwb" % stream, list[int](), 0, list[int]()
    with path.open("rb") as file:
        for kind, at, length in _chunks(file, size):
            if kind in LISTS:
                _check_list(path, file, kind, at, length, size)
            elif kind == b"strh":
                file.seek(at + SAMPLE_BYTES_AT)
                sample_bytes.append(int.from_bytes(file.read(4), "little"))
            elif kind == name and length:
                packets += 1
                if at + length > size:
                    raise cut(path, at + length, size)
            elif kind == name:
                behind.append(packets)
    by_ticks = stream < len(sample_bytes) and sample_bytes[stream] == 0
    return Gaps(tuple(behind)) if by_ticks else Gaps()


def _check_list(path: Path, file: BinaryIO, kind: bytes, at: int, length: int, size: int) -> None:
    """AudioError where a RIFF ends after the file, or another file begins."""
    if kind != b"RIFF":
        return
    file.seek(at)
    if at > 8 and file.read(4) == b"AVI ":
        raise several(path, at - 8)
    if at + length > size and not is_placeholder(length, size - at):
        raise cut(path, at + length, size)


def _chunks(file: BinaryIO, size: int) -> Iterator[Chunk]:
    """Every chunk in order, of lists their beginning and then what is in them: their lengths are not relied on."""
    at = 0
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for _ in range(MAX_CHUNKS):
            head = held[at : at + 8]
            if len(head) < 8 or at >= size or not NAME.match(head):
                return
            kind, length = head[:4], int.from_bytes(head[4:], "little")
            yield kind, at + 8, length
            at += 12 if kind in LISTS else 8 + length + length % 2
