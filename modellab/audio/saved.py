"""Where the audio that models make is written: FLAC files beside the results, or its process's scratch folder.

A pipe of JSON lies between a model and the rest, so `encode` may leave `Audio` anywhere in its output; here each
becomes a file and `{"audio": path, "rate_hz": ..., "duration_s": ...}`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio
from modellab.system import leftovers
from modellab.types import Audio, CaseId

SCRATCH = "MODELLAB_SCRATCH"  # a folder that a worker's parent removes when the worker has gone, however it went
SESSIONS = 20  # whose audio is kept
MOST_NAME_BYTES = 120  # of an utterance's id in a file's name: file systems take 255
ELSEWHERE = "(not of the saved audio)"  # in place of the folder of a sound that is left alone


def place(mlruns: Path, session: str, key: CaseId) -> Path:
    """Where the audio of one case of a session is kept; made when there is some."""
    return mlruns / "audio" / session / file_name(str(key))


def prune(mlruns: Path, sessions: int = SESSIONS) -> None:
    """Remove the audio of all but the newest sessions: the ledger keeps what was heard in it."""
    ages = []
    for folder in (mlruns / "audio").glob("*/"):
        with suppress(OSError):  # another session has just removed it
            ages.append((folder.stat().st_mtime, folder))
    for _, folder in sorted(ages, reverse=True)[sessions:]:
        shutil.rmtree(folder, ignore_errors=True)


def file_name(name: str) -> str:
    """A name that every file system takes.

    >>> file_name("espeak:en-us-tts_smoke_v1/a b")
    'espeak_en-us-tts_smoke_v1_a_b'
    """
    return re.sub(r"[^\w.-]", "_", name)


def unique_name(name: str) -> str:
    """The same, another one for each name: what had to be replaced or cut is told apart by a digest.

    >>> unique_name("000"), unique_name("a/b"), unique_name("a b")
    ('000', 'a_b-c14cddc0', 'a_b-c8687a08')
    """
    safe = file_name(name).encode()[:MOST_NAME_BYTES].decode(errors="ignore")
    return (
        safe if safe == name else f"{safe}-{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"
    )


def confined(output: Any, mlruns: Path) -> tuple[Any, list[str]]:
    """A stored output without sounds that lie elsewhere than in the saved audio of `mlruns`, and their paths.

    Somebody else may have written it: no other file of this machine is to be shown or sent. Links and `..` count as
    where they lead.
    """
    refused: list[str] = []
    saved = (mlruns / "audio").resolve()

    def checked(value: Any) -> Any:
        if isinstance(value, Mapping):
            if not _is_sound(value):
                return {key: checked(part) for key, part in value.items()}
            if _lies_in(value["audio"], saved):
                return value
            refused.append(value["audio"])
            return {**value, "audio": f"{ELSEWHERE}/{Path(value['audio']).name}"}
        return [checked(part) for part in value] if isinstance(value, list) else value

    return checked(output), refused


def _lies_in(path: str, folder: Path) -> bool:
    try:
        return Path(path).resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL
        return False


def _is_sound(value: Mapping[Any, Any]) -> bool:
    return isinstance(value.get("audio"), str) and "rate_hz" in value


def files(output: Any) -> Iterator[Path]:
    """Where each sound of a stored output lies, wherever in it; some may be gone (see `prune`).

    >>> [path.name for path in files({"heard": "yes", "audio": {"audio": "a/1.flac", "rate_hz": 8000}})]
    ['1.flac']
    """
    if isinstance(output, Mapping):
        if _is_sound(output):
            yield Path(output["audio"])
        else:
            for value in output.values():
                yield from files(value)
    elif isinstance(output, list):
        for value in output:
            yield from files(value)


class SavedAudio:
    """Writes the audio that one model makes."""

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
        path = folder / f"{unique_name(name)}.flac"
        made = folder / f".{os.getpid()}-{path.name}"  # another worker may read this very file meanwhile
        try:
            audio.write(made, Audio(np.nan_to_num(sound.samples, posinf=0.0, neginf=0.0), sound.rate_hz))
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
        return {"audio": str(path), "rate_hz": sound.rate_hz, "duration_s": sound.duration_s}

    def _folder(self) -> Path:
        if self.folder is not None:
            return self.folder
        if place := os.environ.get(SCRATCH):
            return Path(place)
        if self.scratch is None:  # in pytest's own process
            self.scratch = leftovers.Folder("audio")
        return self.scratch.path
