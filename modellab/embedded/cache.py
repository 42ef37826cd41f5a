"""The cache folder: each format is written once per machine, checked on every use, and safe among processes.

$MODELLAB_CACHE or ~/.cache/modellab
└── whisper-lab-<digest>-v<VERSION>/
    ├── ct2/            model.bin ... and SHA256SUMS, in the form of `sha256sum --check`
    ├── .ct2.lock       held by the one process that writes
    └── .ct2.new        what it is writing: renamed to ct2/ when it is whole
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import filelock

from modellab.embedded.compact import WEIGHTS
from modellab.embedded.formats import FORMATS
from modellab.embedded.tokens import MERGES
from modellab.errors import WeightsError, did_you_mean

VERSION = 1  # of the written formats: raise it when a writer changes what it writes
SUMS = "SHA256SUMS"
LOCK_TIMEOUT_S = 300.0  # writing takes seconds


@functools.cache
def digest() -> str:
    """sha256 of the stored weights and vocabulary, 64 hex digits: the name of these very weights."""
    sums = hashlib.sha256()
    for path in (WEIGHTS, MERGES):
        sums.update(hashlib.sha256(path.read_bytes()).digest())
    return sums.hexdigest()


def weights(fmt: str) -> Path:
    """The file or folder that an engine loads, written first if it is not there whole. Raises WeightsError."""
    if fmt not in FORMATS:
        raise WeightsError(f"unknown format {fmt!r} of whisper-lab: {did_you_mean(fmt, FORMATS)}")
    folder = home() / f"whisper-lab-{digest()[:12]}-v{VERSION}" / fmt
    if not intact(folder):
        try:
            _write(fmt, folder)
        except OSError as error:
            raise WeightsError(
                f"whisper-lab cannot be written to {folder} ({error.strerror or error}):"
                " free some space there or set MODELLAB_CACHE to a folder that can be written"
            ) from error
    return folder / FORMATS[fmt]


def home() -> Path:
    """The cache folder of this user."""
    return Path(os.environ.get("MODELLAB_CACHE") or Path.home() / ".cache" / "modellab").expanduser()


def intact(folder: Path) -> bool:
    """Whether the folder holds exactly the files of its SHA256SUMS, unharmed."""
    try:
        return (folder / SUMS).read_text(encoding="utf-8") == _sums(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _sums(folder: Path) -> str:
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


def _write(fmt: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder.parent / f".{fmt}.lock", timeout=LOCK_TIMEOUT_S):
            if not intact(folder):  # another process may have been quicker
                _replace(fmt, folder)
    except filelock.Timeout as error:
        raise WeightsError(
            f"another process has been writing {folder} for {LOCK_TIMEOUT_S:g} s: end it and try again"
        ) from error


def _replace(fmt: str, folder: Path) -> None:
    """Write beside, then rename. What a killed process left half done is thrown away. Needs the lock."""
    new = folder.parent / f".{fmt}.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        _expand(fmt, new)
        (new / SUMS).write_text(_sums(new), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _expand(fmt: str, folder: Path) -> None:
    command = [sys.executable, "-m", "modellab.embedded", fmt, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"whisper-lab could not be expanded to {fmt} in {folder.parent}: {last}")
