"""What bytes are served as: types from a list of ours, found by the first bytes, whatever a client says."""

from __future__ import annotations

from pathlib import Path

from modellab.audio import kinds

ANYTHING = "application/octet-stream"
AUDIO = {  # FFmpeg's name of a format -> type, suffix
    "wav": ("audio/wav", "wav"),
    "flac": ("audio/flac", "flac"),
    "ogg": ("audio/ogg", "ogg"),
    "mp3": ("audio/mpeg", "mp3"),
    "mov": ("audio/mp4", "m4a"),
    "matroska": ("audio/webm", "webm"),
    "aiff": ("audio/aiff", "aiff"),
}
HTML = "text/html; charset=utf-8"
OTHERS = {ANYTHING: "bin", HTML: "html", "application/json": "json", "text/plain; charset=utf-8": "txt"}
KNOWN = {**dict(AUDIO.values()), **OTHERS}  # type -> suffix


def of_audio(path: Path) -> str:
    """The type of a file of sound."""
    first = kinds.head(path)
    name = "mp3" if kinds.is_mpeg_audio(first) else kinds.demuxer(first)
    return AUDIO.get(name, (ANYTHING, ""))[0]


def disposition(content_type: str, name: str) -> str:
    """How a browser takes it: sound is played, anything else is a file to keep."""
    how = "inline" if content_type.startswith("audio/") else "attachment"
    return f'{how}; filename="{name}.{KNOWN[content_type]}"'
