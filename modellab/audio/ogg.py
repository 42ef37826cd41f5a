"""Whether an Ogg file that decodes to less than it states has a gap, or was damaged.

The last page states the length (its granule position). An encoder that was fed with a gap jumps there from one page to
the next; a page that was lost or changed on its way leaves a hole as well, but the pages' numbers or checksums tell.
"""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 64 * 2**20  # above, the checksums would take too long: it counts as damaged
HEADER_BYTES = 27
CRC_AT = 22


def _table() -> list[int]:
    """The checksum of each byte: x^32 + x^26 + ... + 1, not reflected."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ 0x04C1_1DB7 if value & 0x8000_0000 else value << 1
        table.append(value & 0xFFFF_FFFF)
    return table


def is_sound(path: Path, part: tuple[int, int] | None = None) -> bool:
    """Whether every page is there, in order, with its checksum right."""
    start, end = part or (0, path.stat().st_size)
    if end - start > MOST_BYTES:
        return False
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(end - start)
    table, numbers, at = _table(), dict[bytes, int](), 0
    while at < len(data):
        page = _page(data, at)
        serial, number = page[14:18], int.from_bytes(page[18:22], "little")
        if not page or numbers.get(serial, number) != number or not _checked(page, table):
            return False
        numbers[serial] = number + 1
        at += len(page)
    return True


def _page(data: bytes, at: int) -> bytes:
    """The page that begins here, b"" where none does or it is cut."""
    head = data[at : at + HEADER_BYTES]
    if len(head) < HEADER_BYTES or head[:4] != b"OggS":
        return b""
    sizes = data[at + HEADER_BYTES : at + HEADER_BYTES + head[26]]
    page = data[at : at + HEADER_BYTES + head[26] + sum(sizes)]
    return page if len(page) == HEADER_BYTES + head[26] + sum(sizes) else b""


def _checked(page: bytes, table: list[int]) -> bool:
    value = 0
    for byte in page[:CRC_AT] + bytes(4) + page[CRC_AT + 4 :]:
        value = (value << 8 & 0xFFFF_FFFF) ^ table[value >> 24 ^ byte]
    return value == int.from_bytes(page[CRC_AT : CRC_AT + 4], "little")
