"""Archives of a whole tree (`test-clean.tar.gz`, `calls.zip`), unpacked for the time of an import."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path

from modellab.datasets import importers
from modellab.datasets.importers.places import Place
from modellab.errors import DatasetError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


def opened(place: Place, folder: Path, form: str = "", inside: str = "") -> Place:
    """The place itself, or what it unpacks to where it is an archive that no format (or not that one) is read from.

    `inside` is the folder of it that is meant; '' all of it.
    """
    if not is_archive(place.path):
        return place
    known = {candidate.format.NAME for candidate in importers.detected(place)} if not inside else set()
    if form in known or (known and not form):
        return place
    unpack(place.path, folder, inside.strip("/"))
    while len(only := list(folder.iterdir())) == 1 and only[0].is_dir():
        folder = only[0]
    return Place(folder)


def unpack(path: Path, folder: Path, inside: str = "") -> None:
    """Unpack an archive, or a folder of it; DatasetError for one that is damaged, reaches out or is too large."""
    start = f"{inside}/" if inside else ""
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                wanted = [member for member in archive.infolist() if member.filename.startswith(start)]
                _check_room(path, folder, sum(member.file_size for member in wanted))
                archive.extractall(folder, wanted)  # noqa: S202 - names are made harmless by zipfile itself
        else:
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name.removeprefix("./").startswith(start):
                        _check_room(path, folder, member.size)
                        archive.extract(member, folder, filter="data")
    except tarfile.FilterError as fault:
        raise DatasetError(f"{path}: {fault}, which is not unpacked") from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise DatasetError(f"{path} cannot be unpacked ({fault}); was the copy interrupted?") from None
    if start and not any(folder.iterdir()):
        raise DatasetError(f"{path} has no folder {inside}")


def _check_room(path: Path, folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DatasetError(f"{path} holds {size:,} bytes, and {free:,} are free where the dataset is made")
