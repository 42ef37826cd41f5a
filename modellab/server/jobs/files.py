"""What belongs to a job on disk: the file that it is about, and what comes of it, in a folder with the job's name."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO

from modellab.server.errors import ApiError

AUDIO, OUTPUT, LOG = "audio", "output", "log"
NAME = re.compile(r"job_[0-9a-f]{20}")
BLOCK_BYTES = 2**20
ORPHAN_S = 3600.0  # a folder without a job that is older belongs to a request that was broken off
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Files:
    """The folders of all jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, id: str) -> Path:
        """The folder of a job."""
        assert NAME.fullmatch(id), id
        return self.folder / id

    def keep(self, id: str, source: IO[bytes]) -> str:
        """Put a file on disk and give its SHA-256; ApiError 503 where there is no room."""
        sums, place = hashlib.sha256(), self.of(id)
        try:
            place.mkdir(parents=True, exist_ok=True)
            with (place / AUDIO).open("wb") as out:
                while block := source.read(BLOCK_BYTES):
                    sums.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            self.remove(id)
            raise full(error) from error
        return sums.hexdigest()

    def remove(self, id: str) -> None:
        """Let go of a job's files."""
        shutil.rmtree(self.of(id), ignore_errors=True)

    def drop_audio(self, id: str) -> None:
        """Let go of what a job was about: it is done and needs it no more."""
        (self.of(id) / AUDIO).unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> None:
        """Remove the folders of jobs that there are not, but for those that are just being made."""
        for place in self._folders():
            if place.name not in known and time.time() - place.stat().st_mtime > ORPHAN_S:
                shutil.rmtree(place, ignore_errors=True)

    def _folders(self) -> Iterable[Path]:
        return [folder for folder in self.folder.glob("job_*") if NAME.fullmatch(folder.name) and folder.is_dir()]


def full(error: OSError) -> ApiError:
    """What a disk that takes no more means to a client."""
    why = "the disk is full" if error.errno in FULL else (error.strerror or "an error of the disk")
    return ApiError(503, "storage_unavailable", f"nothing can be kept now: {why}", headers={"Retry-After": "60"})
