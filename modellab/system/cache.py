"""The cache folder: what is made once per machine, checked on every use, and safe among processes.

$MODELLAB_CACHE or ~/.cache/modellab
└── <whose>/
    ├── <name>/         the files, and SHA256SUMS in the form of `sha256sum --check`
    ├── .<name>.lock    held by the one process that writes
    └── .<name>.new     what it is writing: renamed to <name>/ when it is whole
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from modellab.errors import WeightsError
from modellab.system import textfile

SUMS = "SHA256SUMS"


def home() -> Path:
    """The cache folder of this user."""
    given = os.environ.get("MODELLAB_CACHE", "")
    return textfile.expanded(given, "MODELLAB_CACHE") if given else Path.home() / ".cache" / "modellab"


def once(folder: Path, what: str, write: Callable[[Path], None], timeout_s: float) -> Path:
    """`folder`, whole: `write` fills an empty folder in its place first where it is missing or damaged.

    `what` is made, for messages; `timeout_s` is how long to wait for another process that makes it. Raises
    WeightsError, and whatever `write` raises.
    """
    if not intact(folder):
        try:
            _write(folder, write, timeout_s)
        except OSError as error:
            raise WeightsError(
                f"{what} cannot be written to {folder} ({error.strerror or error}):"
                " make room and see to the rights there, or set MODELLAB_CACHE to a folder that can be written"
            ) from error
    return folder


def intact(folder: Path) -> bool:
    """Whether the folder holds exactly the files of its SHA256SUMS, unharmed."""
    try:
        return (folder / SUMS).read_text(encoding="utf-8") == _sums(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _sums(folder: Path) -> str:
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / SUMS:
            with path.open("rb") as file:
                name = path.relative_to(folder).as_posix()
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "".join(lines)


def _write(folder: Path, write: Callable[[Path], None], timeout_s: float) -> None:
    import filelock  # to write, which few processes do

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder.parent / f".{folder.name}.lock", timeout=timeout_s):
            if not intact(folder):  # another process may have been quicker
                _replace(folder, write)
    except filelock.Timeout as error:
        raise WeightsError(
            f"another process has been writing {folder} for {timeout_s:g} s: end it and try again"
        ) from error


def _replace(folder: Path, write: Callable[[Path], None]) -> None:
    """Write beside, then rename. What a killed process left half done is thrown away. Needs the lock."""
    new = folder.parent / f".{folder.name}.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        write(new)
        (new / SUMS).write_text(_sums(new), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
