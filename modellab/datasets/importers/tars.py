"""Tar archives, member by member, packed or not; nothing is unpacked to disk here."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from modellab.datasets.importers.records import LeftOut

MOST_BYTES = 1 << 30  # of one member that is read


class Member(NamedTuple):
    """A file of an archive, with its bytes."""

    name: str
    data: bytes


def members(path: Path) -> Iterator[Member | LeftOut]:
    """The files of an archive in its order; a damaged one ends with a sentence."""
    done = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                if member.size > MOST_BYTES:
                    yield LeftOut(f"{path}, member {member.name}", f"it has {member.size:,} bytes, more than is held")
                    continue
                file = archive.extractfile(member)
                data = file.read() if file else b""
                done += 1
                yield Member(member.name.removeprefix("./"), data)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as fault:
        what = "it is no tar archive" if not done else f"it breaks off after member {done}"
        yield LeftOut(str(path), f"{what} ({fault or type(fault).__name__}); was the copy interrupted?")


def names(path: Path, most: int = 20) -> list[str]:
    """The first names of an archive; none where it is no archive."""
    try:
        with tarfile.open(path, "r|*") as archive:
            first_names = []
            for member in archive:
                if member.isfile():
                    first_names.append(member.name.removeprefix("./"))
                if len(first_names) >= most:
                    break
            return first_names
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError):
        return []
