"""The bytes that a header promises, and those that are there: libsndfile takes a cut file for a short one.

WAV, RF64, W64, AIFF, CAF, AU and NIST SPHERE hold their samples in one chunk with a length. Writers that cannot go
back (a pipe, a recorder that was killed) leave a placeholder there, each its own: 0, 0x7ffff000, 0x7fffffff,
0x80000000, 0xffffffff, 2000000000, or one of these less the header. Then the length is unknown, and what follows the
header is the sound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from modellab.audio.lengths import truncated

PLACEHOLDER_FROM = 0x3000_0000  # 0.8 GB; a header's own bytes are at most `NEAR` less
ROUND = (1 << 28, 100_000_000)  # placeholders are multiples of these
NEAR = 4096 + 64  # 0x7ffff000 is 0x80000000 less a page
W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
MAX_CHUNKS = 100_000
MORE = 0.1  # fraction of the stated bytes that has to follow after them to be sound


@dataclass(frozen=True, slots=True)
class Promise:
    """The samples' chunk: where its bytes begin, how many it states (None: nothing), how many the file has from there.

    `size_at` is where a WAV's four bytes of length are, -1 elsewhere.
    """

    start: int
    stated: int | None
    present: int
    size_at: int = -1


def is_placeholder(stated: int, present: int) -> bool:
    """Whether a length stands for "unknown": round as no recording's is, and far from what is there.

    >>> [is_placeholder(size, 32_000) for size in (0, 0x7FFFF000, 2_000_000_000, 0xFFFFFFFF, 64_000, 1_234_567_890)]
    [True, True, True, True, False, False]
    """
    if stated == 0:
        return present > 0
    if stated < PLACEHOLDER_FROM or stated <= present:
        return False
    return any(min(stated % unit, unit - stated % unit) <= near for unit, near in zip(ROUND, (NEAR, 64), strict=True))


def check(path: Path, came_s: float, promised: Promise | None = None) -> None:
    """AudioError where a file ends before its samples do; `came_s` is how long what is there lasts."""
    promised = promised or promise(path)
    if promised is not None and promised.stated is not None and promised.present < promised.stated:
        raise truncated(path, came_s, came_s * promised.stated / promised.present if promised.present else None)


def promise(path: Path) -> Promise | None:
    """The samples' chunk of a file of these formats; None for any other, or where none is found."""
    with path.open("rb") as file:
        return promise_in(file, path.stat().st_size)


def promise_in(file: BinaryIO, size: int) -> Promise | None:
    """The same of a file that is open at its beginning, of `size` bytes."""
    magic = file.read(12)
    if magic[:4] in {b"RIFF", b"RIFX", b"RF64", b"BW64"} and magic[8:12] == b"WAVE":
        return _riff(file, size, magic[:4])
    if magic[:4] == b"FORM":
        name = b"BODY" if magic[8:12] in {b"8SVX", b"16SV"} else b"SSND"
        return _chunk_called(_walk(file, size, "big", 4), name, size)
    if magic[:7] == b"NIST_1A":
        return _nist(file, size)
    if magic[:5] == b"caff\0":
        file.seek(8)
        return _chunk_called(_walk(file, size, "big", 8), b"data", size, unknown=(1 << 64) - 1)
    if magic[:4] == b"riff":
        return _w64(file, size)
    if magic[:4] == b".snd":
        start, stated = int.from_bytes(magic[4:8], "big"), int.from_bytes(magic[8:12], "big")
        return _judged(start, stated, size)
    return None


def _nist(file: BinaryIO, size: int) -> Promise | None:
    """NIST SPHERE, as the LDC ships speech: a header in text; packed (shorten) files state no bytes."""
    file.seek(8)
    start = int(file.readline(16).strip() or b"0")
    facts = dict(re.findall(rb"(\w+) -\w+ (\S+)", file.read(max(0, min(start, 1 << 16)))))
    try:
        stated = int(facts[b"sample_count"]) * int(facts[b"channel_count"]) * int(facts[b"sample_n_bytes"])
    except (KeyError, ValueError):
        return None
    packed = b"," in facts.get(b"sample_coding", b"")
    return None if packed or stated <= 0 else _judged(start, stated, size)


def _riff(file: BinaryIO, size: int, magic: bytes) -> Promise | None:
    order = "big" if magic == b"RIFX" else "little"
    large: int | None = None
    for name, start, stated in _walk(file, size, order, 4):
        if name == b"ds64":
            file.seek(start + 8)
            large = int.from_bytes(file.read(8), "little")
        elif name == b"data":
            if large is not None and stated == 0xFFFF_FFFF:
                return _judged(start, large, size)
            if stated == 0 and _chunk_follows(file, start, size):
                return Promise(start, 0, 0)
            judged = _judged(start, stated, size, start - 4)
            return replace(judged, stated=None) if _goes_on(file, start, stated, size) else judged
    return None


def _goes_on(file: BinaryIO, start: int, stated: int, size: int) -> bool:
    """Whether sound goes on after the stated samples: much of it, no chunk, no tag, no padding.

    Such is the header of a recorder that wrote it at its start and did not come to correct it.
    """
    end = start + stated
    if not stated or size - end <= max(64, MORE * stated):
        return False
    file.seek(end)
    behind = file.read(min(size - end, 1 << 16))
    names = (behind[:4], behind[1:5]) if stated % 2 else (behind[:4],)
    return (
        bool(behind.strip(b"\0")) and behind[:3] not in {b"ID3", b"TAG"} and not any(_is_name(name) for name in names)
    )


def _is_name(name: bytes) -> bool:
    """Whether four bytes may name a chunk: letters, digits and blanks."""
    return len(name) == 4 and all((chr(byte).isalnum() and byte < 128) or byte == 32 for byte in name)


def _chunk_follows(file: BinaryIO, at: int, size: int) -> bool:
    """Whether a chunk that fits into the file begins here: then a data chunk of 0 bytes is really empty."""
    file.seek(at)
    head = file.read(8)
    named = len(head) == 8 and head[:4].isascii() and head[:4].decode("ascii").isprintable()
    return named and at + 8 + int.from_bytes(head[4:], "little") in {size, size - 1}


def _walk(file: BinaryIO, size: int, order: str, width: int) -> list[tuple[bytes, int, int]]:
    """(name, where its bytes begin, how many it states) of each chunk from here on."""
    chunks: list[tuple[bytes, int, int]] = []
    while len(chunks) < MAX_CHUNKS and len(head := file.read(4 + width)) == 4 + width:
        stated = int.from_bytes(head[4:], order)  # type: ignore[arg-type]
        chunks.append((head[:4], file.tell(), stated))
        following = file.tell() + stated + (stated % 2 if width == 4 else 0)
        if following >= size:
            break
        file.seek(following)
    return chunks


def _chunk_called(chunks: list[tuple[bytes, int, int]], name: bytes, size: int, unknown: int = -1) -> Promise | None:
    for chunk, start, stated in chunks:
        if chunk == name:
            return Promise(start, None, max(0, size - start)) if stated == unknown else _judged(start, stated, size)
    return None


def _w64(file: BinaryIO, size: int) -> Promise | None:
    at = 40
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(24)
        if len(head) < 24:
            break
        stated = int.from_bytes(head[16:], "little")
        if head[:16] == W64_DATA:
            return _judged(at + 24, max(0, stated - 24), size)
        if stated < 24:
            break
        at += stated + -stated % 8
        if at >= size:
            break
    return None


def _judged(start: int, stated: int, size: int, size_at: int = -1) -> Promise:
    present = max(0, size - start)
    return Promise(start, None if is_placeholder(stated, present) else stated, present, size_at)
