"""Sound inside Kaldi's archives: a whole WAV or FLAC stands after the offset that wav.scp names."""

from __future__ import annotations

import struct
from pathlib import Path

from modellab.datasets.importers.records import Sound

MOST_BYTES = 1 << 30
RIFF_HEAD = 8


def sound(file: Path, at: int) -> Sound | str:
    """The sound that begins at a byte of an archive, or a sentence why there is none."""
    try:
        with file.open("rb") as archive:
            archive.seek(at)
            head = archive.read(RIFF_HEAD)
            if head[:2] == b"\0B":
                return f"{file.name} holds features there, no sound"
            if head[:4] != b"RIFF":
                return f"{file.name} holds no WAV at byte {at:,}"
            size = struct.unpack("<I", head[4:])[0]
            if size > MOST_BYTES:
                return f"the WAV in {file.name} at byte {at:,} states {size:,} bytes, more than is held"
            return Sound(file, member=f"{at}.wav", data=head + archive.read(size))
    except OSError as fault:
        return f"{file} cannot be read ({fault.strerror or fault})"
