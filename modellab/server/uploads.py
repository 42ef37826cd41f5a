"""The file of a request: kept under a name of ours in a folder of its own, which is gone when the answer is."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile

from modellab.errors import AudioError
from modellab.server.errors import ApiError, of
from modellab.server.probe import Probe

NAME = "audio"  # without a suffix: no decoder is chosen by what a client calls its file
SPOOL = "modellab-serve-"
SHOWN = 80  # characters of a client's file name


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it lies here, how long its audio is, and what the client calls it."""

    path: Path
    duration_s: float
    name: str


@asynccontextmanager
async def kept(given: object, probe: Probe, most_s: float) -> AsyncIterator[Upload]:
    """The upload on disk, looked at; ApiError for what is no audio or too much of it."""
    if not isinstance(given, UploadFile):
        raise ApiError(400, "missing_file", "expected `file` with the audio, as multipart/form-data", "file")
    folder = Path(tempfile.mkdtemp(prefix=SPOOL))
    name = (given.filename or "the upload")[:SHOWN]
    try:
        path = folder / NAME
        try:
            duration_s = await asyncio.to_thread(_looked_at, given, path, probe, most_s)
        except AudioError as error:
            raise of(error, path=str(path), name=name) from None
        if duration_s > most_s:
            said = f"{name} lasts {duration_s:.0f} s, expected at most {most_s:g} s: cut it into parts"
            raise ApiError(413, "audio_too_long", said, "file")
        yield Upload(path, duration_s, name)
    finally:
        _remove(folder)


def _looked_at(given: UploadFile, path: Path, probe: Probe, most_s: float) -> float:
    """Copy the upload to `path`; how long its audio is, in s."""
    with path.open("wb") as out:
        shutil.copyfileobj(given.file, out)
    return probe.duration_s(path, most_s)


def _remove(folder: Path) -> None:
    """The folder of one file, which `shutil.rmtree` would first look through; that is for what a model left there."""
    try:
        (folder / NAME).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
