"""Sound as the bytes of a format that players know: what a server answers with. Lossy, but for wav, flac and pcm."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np

from modellab.audio.writing import pcm16, resample
from modellab.errors import AudioError
from modellab.types import Audio


class Encoding(NamedTuple):
    """A container with its codec; `rates_hz` are those that the codec takes, empty for any."""

    media_type: str
    container: str
    codec: str
    rates_hz: tuple[int, ...] = ()
    bits_per_s: int = 0  # 0: there is nothing to choose


PCM = "pcm"  # 16-bit little-endian mono at PCM_HZ without a header, as OpenAI's API has it
PCM_HZ = 24_000
ENCODINGS = {
    "mp3": Encoding("audio/mpeg", "mp3", "libmp3lame", (8_000, 16_000, 22_050, 24_000, 44_100, 48_000), 64_000),
    "opus": Encoding("audio/ogg", "ogg", "libopus", (8_000, 16_000, 24_000, 48_000), 32_000),
    "aac": Encoding("audio/aac", "adts", "aac", (8_000, 16_000, 22_050, 24_000, 44_100, 48_000), 64_000),
    "flac": Encoding("audio/flac", "flac", "flac"),
    "wav": Encoding("audio/wav", "wav", "pcm_s16le"),
    PCM: Encoding("audio/pcm", "", "pcm_s16le", (PCM_HZ,)),
}


def encoded(sound: Audio, form: str) -> tuple[str, bytes]:
    """(media type, bytes) of a sound; `form` is one of ENCODINGS. AudioError for a sound without samples."""
    how = ENCODINGS[form]
    if not len(sound.samples):
        raise AudioError("there is no sound to encode: no samples")
    above = [rate_hz for rate_hz in how.rates_hz if rate_hz >= sound.rate_hz]
    wanted_hz = min(above) if above else how.rates_hz[-1] if how.rates_hz else sound.rate_hz
    played = resample(sound, wanted_hz)
    pcm = pcm16(played.samples)
    return how.media_type, pcm.tobytes() if form == PCM else _packed(pcm, wanted_hz, how)


def _packed(pcm: np.ndarray[tuple[int], np.dtype[np.int16]], rate_hz: int, how: Encoding) -> bytes:
    """Samples through a codec into its container, in memory."""
    import av

    held = io.BytesIO()
    with av.open(held, "w", format=how.container) as out:
        stream = out.add_stream(how.codec, rate=rate_hz, layout="mono")
        if how.bits_per_s:
            stream.bit_rate = how.bits_per_s
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.rate = rate_hz
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz, frame_size=stream.frame_size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return held.getvalue()
