"""MP3s that hold more than their header says: streams of a server joined end to end, each with a header of its own.

libsndfile stops where the first header (Xing) ends. FFmpeg reads every frame of the file; it is asked to count them
where the header and the bytes of the file differ, or there is none.
"""

from __future__ import annotations

from pathlib import Path

from modellab.audio import kinds

MORE_S = 0.15  # of frames without sound of their own: a header's frame and the encoder's delay
SLACK_BYTES = 512  # a tag of 128 bytes at the end, and padding
SIDE = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}  # (MPEG 1, mono) -> where Xing is


def stated_bytes(first: bytes) -> int | None:
    """The bytes of the stream as its Xing header states them; None without one.

    `first` is the file's beginning after its tag.
    """
    if not kinds.is_mpeg_audio(first):
        return None
    at = SIDE[first[1] & 0x18 == 0x18, first[3] & 0xC0 == 0xC0]
    flags = int.from_bytes(first[at + 4 : at + 8])
    if first[at : at + 4] not in {b"Xing", b"Info"} or not flags & 2:
        return None
    place = at + 8 + (4 if flags & 1 else 0)
    return int.from_bytes(first[place : place + 4])


def is_whole(path: Path, first: bytes) -> bool:
    """Whether the header's bytes are the file's, so that there is nothing after what it describes."""
    stated = stated_bytes(first)
    return stated is not None and tail_bytes(path, first) - stated <= SLACK_BYTES


def undescribed(path: Path, first: bytes) -> float:
    """The fraction of the file's bytes that lie after what its header describes; 0 without a header."""
    stated, tail = stated_bytes(first), tail_bytes(path, first)
    return 0.0 if stated is None or not tail else max(0.0, 1.0 - stated / tail)


def tail_bytes(path: Path, first: bytes) -> int:
    """The bytes of the file from the first frame to the end."""
    with path.open("rb") as file:
        start = file.read(kinds.HEAD_BYTES * 4).find(first[:64])
    return path.stat().st_size - max(0, start)
