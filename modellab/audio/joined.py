"""Recordings joined end to end in one file (`cat a.ogg b.ogg`): a decoder reads the first and says nothing of the rest.

Chained Ogg is legal (RFC 3533), the others are what streaming servers and copying leave. Where each part begins is
found by its header; then each is decoded alone, and all of it is the recording.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.errors import AudioError

MAX_PARTS = 10_000
BEGINNINGS = {  # how the header of each format begins, without its lengths
    b"RIFF": re.compile(rb"RIFF....WAVE(?:fmt |JUNK|bext|LIST|fact)", re.DOTALL),
    b"fLaC": re.compile(rb"fLaC\x00\x00\x00\x22"),
    b"FORM": re.compile(rb"FORM....AIF[FC](?:COMM|FVER)", re.DOTALL),
    b"caff": re.compile(rb"caff\x00\x01\x00\x00desc"),
}
MATROSKA = re.compile(rb"\x1aE\xdf\xa3.{1,64}?\x42\x82.(?:webm|matroska)", re.DOTALL)
OGG_PAGE = re.compile(rb"OggS\x00(.)", re.DOTALL)
BEGINS = 0x02  # the flag of a stream's first page


class Window(io.RawIOBase):
    """A part of a file as a file of its own, with some bytes replaced: {position: bytes}."""

    def __init__(self, path: Path, start: int, end: int, instead: dict[int, bytes] | None = None) -> None:
        self._file, self._start, self._size, self._at = path.open("rb"), start, end - start, 0
        self._instead = instead or {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._at)
        got = self._file.read(max(0, min(len(view), self._size - self._at)))
        view[: len(got)] = got
        for at, data in self._instead.items():
            for i, byte in enumerate(data):
                if 0 <= at + i - self._at < len(got):
                    view[at + i - self._at] = byte
        self._at += len(got)
        return len(got)

    def close(self) -> None:
        self._file.close()
        super().close()


def parts(path: Path, first: bytes) -> list[tuple[int, int]]:
    """(start, end) in bytes of each recording in the file; one for almost every file. Raises AudioError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        begins = _chains(held) if first[:4] == b"OggS" else _headers(held, first[:4])
        return list(zip([0, *begins[1:]], [*begins[1:], len(held)], strict=True))  # what is in front is a tag


def refuse_matroska(path: Path) -> None:
    """AudioError for joined files of Matroska or WebM: their parts refer to places in the file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        again = next(_places(MATROSKA, held, 64), None)
    if again is not None:
        raise several(path, again)


def several(path: Path, at: int) -> AudioError:
    """The error of joined files whose parts cannot be read one by one."""
    return AudioError(
        f"{path} is more than one file: another begins at byte {at:,}, and only the first would be heard; "
        "were files joined by their bytes?"
    )


def is_joined(data: bytes) -> bool:
    """Whether a WAV or FLAC that was read whole has another one after its beginning."""
    return len(_headers(data, data[:4])) > 1


def _headers(held: mmap.mmap | bytes, magic: bytes) -> list[int]:
    return [*_places(BEGINNINGS[magic], held, 0)] if magic in BEGINNINGS else []


def _places(beginning: re.Pattern[bytes], held: mmap.mmap | bytes, start: int) -> Iterator[int]:
    for count, match in enumerate(beginning.finditer(held, start)):
        if count == MAX_PARTS:
            return
        yield match.start()


def _chains(held: mmap.mmap) -> list[int]:
    """Where an Ogg stream begins after pages of another: several that begin together are one recording."""
    begins: list[int] = []
    opening = False
    for match in OGG_PAGE.finditer(held):
        first = bool(match[1][0] & BEGINS)
        if first and not opening and len(begins) < MAX_PARTS:
            begins.append(match.start())
        opening = first
    return begins
