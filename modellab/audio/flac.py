"""FLACs that hold more than their header states: a decoder stops there and says nothing.

The last frame of a file says where it belongs. The header is the 24 bytes after "fLaC" and a block's four; a total of
0 samples means that the writer did not know it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 1 << 17  # a frame of 65,535 samples of 16 bits fits
SYNC = re.compile(rb"\xff[\xf8\xf9]")
TOTAL_AT = 21  # of the file: four bits, and the four bytes after them


@dataclass(frozen=True, slots=True)
class Header:
    """What STREAMINFO says; `total` is 0 where the length is not known."""

    block: int
    total: int
    total_byte: int  # the byte that holds the upper four bits of the total


def header(path: Path) -> Header | None:
    """The facts of a file that begins with its own header; None for any other."""
    with path.open("rb") as file:
        return header_in(file.read(42))


def header_in(first: bytes) -> Header | None:
    """The same of a file's first 42 bytes."""
    if len(first) < 42 or first[:4] != b"fLaC":
        return None
    total = int.from_bytes(first[TOTAL_AT : TOTAL_AT + 5]) & 0xF_FFFF_FFFF
    return Header(int.from_bytes(first[10:12]), total, first[TOTAL_AT])


def without_total(facts: Header) -> dict[int, bytes]:
    """The bytes that make the length unknown: {position: bytes}."""
    return {TOTAL_AT: bytes([facts.total_byte & 0xF0, 0, 0, 0, 0])}


def states_too_little(path: Path, facts: Header) -> bool:
    """Whether the last frame begins after the stated end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return goes_on(file.read(), facts)


def goes_on(tail: bytes, facts: Header) -> bool:
    """The same of a file's last bytes, `TAIL_BYTES` of them."""
    for sync in reversed([*SYNC.finditer(tail)]):
        if begin := _begin(tail[sync.start() : sync.start() + 16], facts):
            return 0 < facts.total <= begin
    return False


def _begin(head: bytes, facts: Header) -> int:
    """The first sample of the frame with this header; 0 where its checksum says that it is none."""
    if len(head) < 16 or head[2] >> 4 == 0 or head[2] & 0xF == 0xF or head[3] & 1 or head[3] >> 4 > 10:
        return 0
    width = 1 if head[4] < 0x80 else 8 - (head[4] ^ 0xFF).bit_length()
    if width == 0 or width > 7:
        return 0
    size = 4 + width + {6: 1, 7: 2}.get(head[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(head[2] & 0xF, 0)
    if size >= 16 or _crc8(head[:size]) != head[size]:
        return 0
    number = head[4] if width == 1 else head[4] & (0x7F >> width)
    for byte in head[5 : 4 + width]:
        number = number << 6 | byte & 0x3F
    return number if head[1] & 1 else number * facts.block


def _crc8(data: bytes) -> int:
    """The checksum of a frame's header: x^8 + x^2 + x + 1.

    >>> _crc8(b"123456789")
    244
    """
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ 0x107 if value & 0x80 else value << 1
    return value
