"""What the boxes of an MP4 and the elements of a Matroska file say of the file as a whole.

Sound that lies in another file ("external data reference"), a second file after the first, and a file that ends in the
middle of a box are told here, before FFmpeg is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from modellab.audio.joined import several
from modellab.audio.lengths import cut
from modellab.errors import AudioError

PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"dinf"}
MAX_BOXES = 100_000
DEEPEST = 8
SELF_CONTAINED = 1  # the flag of a data reference into this file
SEGMENT = bytes.fromhex("18538067")
Box = tuple[bytes, int, int]  # name, where its contents begin, where it ends


def check_mp4(path: Path) -> None:
    """AudioError for an MP4 or MOV that is cut, is two files, or has its sound elsewhere."""
    size = path.stat().st_size
    with path.open("rb") as file:
        top = list(_boxes(file, 0, size))
        begins = [start - 8 for name, start, _ in top if name == b"ftyp"]
        if len(begins) > 1:
            raise several(path, begins[1])
        if top and top[-1][2] > size and top[-1][0] in PARENTS | {b"mdat", b"moof"}:
            raise cut(path, top[-1][2], size)
        for box in top:
            _refuse_elsewhere(path, file, box, 0)


def check_matroska(path: Path) -> None:
    """AudioError for a Matroska or WebM file that ends before its segment does, where that has a length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(4096)
    at = first.find(SEGMENT)
    if at < 0 or at + 12 > len(first) or not first[at + 4]:
        return
    width = 9 - first[at + 4].bit_length()
    stated = int.from_bytes(first[at + 4 : at + 4 + width]) & ((1 << 7 * width) - 1)
    end = at + 4 + width + stated
    if stated != (1 << 7 * width) - 1 and end > size:
        raise cut(path, end, size)


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places of a file, the last one perhaps longer than that."""
    for _ in range(MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, start = int.from_bytes(head[:4]), at + 8
        if size == 1 and len(head) == 16:
            size, start = int.from_bytes(head[8:]), at + 16
        elif size == 0:
            size = end - at
        if size < start - at:
            return
        yield head[4:8], start, at + size
        at += size


def _refuse_elsewhere(path: Path, file: BinaryIO, box: Box, depth: int) -> None:
    name, start, end = box
    if name == b"dref":
        for _, place, behind in _boxes(file, start + 8, end):
            file.seek(place)
            flags, where = file.read(4), file.read(min(max(0, behind - place - 4), 1024))
            if not int.from_bytes(flags) & SELF_CONTAINED and where.strip(b"\0"):
                raise AudioError(
                    f"{path} refers to another file for its sound, and none is opened: expected a file that holds it"
                )
    elif name in PARENTS and depth < DEEPEST:
        for inner in _boxes(file, start, end):
            _refuse_elsewhere(path, file, inner, depth + 1)
