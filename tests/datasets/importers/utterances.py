"""Four utterances, their sound as files, and what recipes write with."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 16_000
TEXTS = {
    "7-21-0000": "GOOD MORNING EVERYONE",
    "7-21-0001": "LET US BEGIN",
    "9-4-0000": "I'M NOT SO SURE",
    "12-6-0000": "SEE YOU ON FRIDAY",
}
SPEAKERS = {id: id.split("-")[0] for id in TEXTS}


def length_s(id: str) -> float:
    """How long the tone of an utterance is: each its own."""
    return 0.5 + 0.1 * list(TEXTS).index(id)


def samples(id: str, seconds: float | None = None) -> np.ndarray[Any, Any]:
    """A tone of its own for each utterance, as 16 bit."""
    pitch_hz = 200.0 + 50 * list(TEXTS).index(id)
    time_s = np.arange(round((seconds or length_s(id)) * RATE_HZ)) / RATE_HZ
    return (8000 * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.int16)


def encoded(id: str, kind: str = "WAV") -> bytes:
    """The bytes of an utterance's audio file."""
    held = io.BytesIO()
    soundfile.write(held, samples(id), RATE_HZ, format=kind, subtype="PCM_16")
    return held.getvalue()


def decoded(data: bytes) -> list[int]:
    """The samples in an audio file."""
    read, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    return list(read.tolist())


def write(path: Path, content: str | bytes) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def clips(folder: Path, kind: str = "wav") -> None:
    """The audio, beside each other."""
    for id in TEXTS:
        write(folder / f"{id}.{kind}", encoded(id, kind.upper()))


def tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> None:
    """An archive of files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            each = tarfile.TarInfo(name)
            each.size = len(data)
            archive.addfile(each, io.BytesIO(data))


def lines(rows: list[dict[str, Any]]) -> str:
    """JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)
