"""Where the audio that models make is written: FLAC files beside the results, or its process's scratch folder.

A pipe of JSON lies between a model and the rest, so `encode` may leave `Audio` anywhere in its output; here each
becomes a file and `{"audio": path, "rate_hz": ..., "duration_s": ...}`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, leftovers
from modellab.types import Audio, Key

SCRATCH = "MODELLAB_SCRATCH"  # a folder that a worker's parent removes when the worker has gone, however it went
SESSIONS = 20  # whose audio is kept


def place(mlruns: Path, session: str, key: Key) -> Path:
    """Where the audio of one case of a session is kept; made when there is some."""
    return mlruns / "audio" / session / file_name(str(key))


def prune(mlruns: Path, sessions: int = SESSIONS) -> None:
    """Remove the audio of all but the newest sessions: the ledger keeps what was heard in it."""
    kept = sorted((mlruns / "audio").glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in kept[sessions:]:
        shutil.rmtree(folder, ignore_errors=True)


def file_name(name: str) -> str:
    """A name that every file system takes.

    >>> file_name("espeak:en-us-tts_smoke_v1/a b")
    'espeak_en-us-tts_smoke_v1_a_b'
    """
    return re.sub(r"[^\w.-]", "_", name)


def files(output: Any) -> Iterator[Path]:
    """Where each sound of a stored output lies, wherever in it; some may be gone (see `prune`).

    >>> [path.name for path in files({"heard": "yes", "audio": {"audio": "a/1.flac", "rate_hz": 8000}})]
    ['1.flac']
    """
    if isinstance(output, Mapping):
        if isinstance(output.get("audio"), str) and "rate_hz" in output:
            yield Path(output["audio"])
        else:
            for value in output.values():
                yield from files(value)
    elif isinstance(output, list):
        for value in output:
            yield from files(value)


class Studio:
    """Stores what one model says."""

    def __init__(self) -> None:
        self.scratch: leftovers.Folder | None = None
        self.folder: Path | None = None

    def keep(self, folder: str | None) -> None:
        """Write to this folder from now on; None: to a scratch folder that goes with the process."""
        self.folder = Path(folder) if folder else None

    def stored(self, output: Any, name: str) -> Any:
        """The output with each `Audio` in it written to `<name>.flac`, `<name>-<key>.flac`, ..."""
        if isinstance(output, Audio):
            return self._write(output, name)
        if isinstance(output, Mapping):
            named = {key: name if key == "audio" else f"{name}-{key}" for key in output}
            return {key: self.stored(value, named[key]) for key, value in output.items()}
        if isinstance(output, list):
            return [self.stored(value, f"{name}-{i + 1}") for i, value in enumerate(output)]
        return output

    def close(self) -> None:
        """Remove the scratch folder."""
        if self.scratch is not None:
            self.scratch.close()
            self.scratch = None

    def _write(self, sound: Audio, name: str) -> dict[str, Any]:
        """The file of one sound; samples that are not finite become 0: `encode` has counted them."""
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{file_name(name)}.flac"
        audio.write(path, Audio(np.nan_to_num(sound.samples, posinf=0.0, neginf=0.0), sound.rate_hz))
        return {"audio": str(path), "rate_hz": sound.rate_hz, "duration_s": sound.duration_s}

    def _folder(self) -> Path:
        if self.folder is not None:
            return self.folder
        if place := os.environ.get(SCRATCH):
            return Path(place)
        if self.scratch is None:  # in pytest's own process
            self.scratch = leftovers.Folder("audio")
        return self.scratch.path
