"""The file of a request: kept under a name of ours for as long as the answer takes.

All of them lie in one folder, which is the server's alone and goes with it: to make and remove one for each request
takes several milliseconds on some file systems, during which nobody is answered.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile

from modellab.audio import plain
from modellab.errors import AudioError
from modellab.server.errors import ApiError, of
from modellab.server.probe import Probe

SHOWN = 80  # characters of a client's file name
SMALL_BYTES = 1 << 19  # in memory, written at once: to let a thread do it would take longer


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it lies here, how long its audio is, and what the client calls it."""

    path: Path
    duration_s: float
    name: str


class Uploads:
    """Keeps files in `folder`; what no header tells of them `probe` finds out. Audio may last `most_s`."""

    def __init__(self, folder: Path, probe: Probe, most_s: float) -> None:
        self.folder, self.probe, self.most_s = folder, probe, most_s

    @asynccontextmanager
    async def kept(self, given: object) -> AsyncIterator[Upload]:
        """The upload on disk, looked at; ApiError for what is no audio or too much of it."""
        if not isinstance(given, UploadFile):
            raise ApiError(400, "missing_file", "expected `file` with the audio, as multipart/form-data", "file")
        path = self.folder / secrets.token_hex(16)  # no suffix: what a client calls its file chooses no decoder
        name = (given.filename or "the upload")[:SHOWN]
        try:
            try:
                duration_s = await self._duration_s(given, path)
            except AudioError as error:
                raise of(error, path=str(path), name=name) from None
            if duration_s > self.most_s:
                message = f"{name} lasts {duration_s:.0f} s, expected at most {self.most_s:g} s: cut it into parts"
                raise ApiError(413, "audio_too_long", message, "file")
            yield Upload(path, duration_s, name)
        finally:
            path.unlink(missing_ok=True)

    async def _duration_s(self, given: UploadFile, path: Path) -> float:
        """How long the audio of an upload is, in s, once it lies at `path`."""
        if given.size is not None and given.size <= SMALL_BYTES:
            data = given.file.read()
            with path.open("xb") as out:
                out.write(data)
            if (stated_s := plain.duration_s(data)) is not None:
                return stated_s
        else:
            await asyncio.to_thread(_copy, given, path)
        return (await asyncio.wrap_future(self.probe.asked(path, self.most_s))).duration_s


def _copy(given: UploadFile, path: Path) -> None:
    with path.open("xb") as out:
        shutil.copyfileobj(given.file, out)
