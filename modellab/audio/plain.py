"""How long a plain WAV or FLAC is, by its header alone, read here: no decoder sees a byte of the file.

Answers for whole files of the usual shapes alone, and then what `audio.info` answers; None for any other file, of
which a decoder has to tell. Takes a millisecond at most, whatever a file was made to look like.
"""

from __future__ import annotations

import io

from modellab.audio import chunks, flac, joined, limits

PCM, FLOAT = 1, 3
BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}  # of a sample, by the tag of the format
FLAC_BITS = (8, 16, 24)
STREAMINFO = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
LEAST_BLOCK = 16  # frames of a FLAC
MOST_FRAMES = 200  # beginnings of a FLAC's frames near its end: more would take long to look at
MOST_BLOCKS = 64  # of a FLAC's metadata
LAST_KIND = 6  # of such blocks: a picture
MOST_ASIDE = 4096  # bytes of a WAV that are no samples, on either side of them


def duration_s(data: bytes) -> float | None:
    """The length of the audio of a whole file in s; None where its header does not tell, or tells something odd."""
    if data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt ":
        frames_and_rate = _wav(data)
    elif data[:8] in STREAMINFO:
        frames_and_rate = _flac(data)
    else:
        return None
    if frames_and_rate is None or joined.is_joined(data):
        return None
    frames, rate_hz = frames_and_rate
    is_usual = limits.MIN_RATE_HZ <= rate_hz <= limits.MAX_RATE_HZ and limits.fits(frames, rate_hz)
    return frames / rate_hz if is_usual and frames else None


def _wav(data: bytes) -> tuple[int, int] | None:
    """(frames, Hz) of PCM or float samples whose chunk states its bytes, all of which are there."""
    size, tag, channels = (_little(data[at:to]) for at, to in ((16, 20), (20, 22), (22, 24)))
    rate_hz, bytes_per_s, block, bits = (_little(data[at:to]) for at, to in ((24, 28), (28, 32), (32, 34), (34, 36)))
    is_usual = size in (16, 18) and bits in BITS.get(tag, ()) and 1 <= channels <= limits.MAX_CHANNELS
    if not is_usual or block != channels * bits // 8 or bytes_per_s != block * rate_hz:
        return None
    begins = data.find(b"data", 36, MOST_ASIDE)
    if begins < 0 or len(data) - begins - _little(data[begins + 4 : begins + 8]) > MOST_ASIDE:
        return None
    promise = chunks.promise_in(io.BytesIO(data), len(data))
    if promise is None or promise.start != begins + 8:
        return None
    if promise.stated is None or promise.present < promise.stated or promise.stated % block:
        return None
    return promise.stated // block, rate_hz


def _flac(data: bytes) -> tuple[int, int] | None:
    """(frames, Hz) of a FLAC that states its length, and whose last frame lies within it."""
    facts = flac.header_in(data[:42])
    tail = data[-flac.TAIL_BYTES :]
    if facts is None or facts.total == 0 or len(flac.SYNC.findall(tail)) > MOST_FRAMES or flac.goes_on(tail, facts):
        return None
    packed = int.from_bytes(data[18:26])  # 20 bits of Hz, 3 of channels, 5 of bits, 36 of frames
    rate_hz, bits = packed >> 44, (packed >> 36 & 31) + 1
    least, most = int.from_bytes(data[8:10]), int.from_bytes(data[10:12])
    is_usual = bits in FLAC_BITS and LEAST_BLOCK <= least <= most and _has_frames(data)
    return (facts.total, rate_hz) if is_usual else None


def _has_frames(data: bytes) -> bool:
    """Whether a frame of a FLAC begins where its last block of metadata ends."""
    at = 4
    for _ in range(MOST_BLOCKS):
        kind, size = data[at : at + 1], int.from_bytes(data[at + 1 : at + 4])
        at += 4 + size
        if not kind or kind[0] & 0x7F > LAST_KIND:
            return False
        if kind[0] & 0x80:
            return flac.SYNC.match(data, at) is not None
    return False


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
