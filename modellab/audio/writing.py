"""Sound written to files: FLAC or WAV to keep, MP3 to listen to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import AudioError
from modellab.types import Audio

WRITABLE = {".flac": "FLAC", ".wav": "WAV"}
MP3_RATES_HZ = (8_000, 16_000, 22_050, 24_000)  # what of a sound's own rate is kept; above, 24 kHz
MP3_LEVELS = {0.8: 5_200, 0.9: 3_000}  # libsndfile's compression levels, with the bytes of a second, about
MP3_LEVELS_8K = {0.5: 4_300, 0.8: 2_100}  # at 8 kHz


def write(path: Path, audio: Audio) -> None:
    """Write 16-bit FLAC or WAV, by the suffix. Samples outside [-1, 1) are clipped; reading back is exact to 2^-16."""
    form = WRITABLE.get(path.suffix.lower())
    if form is None:
        raise AudioError(f"cannot write {path}: expected the suffix {' or '.join(WRITABLE)}, got {path.suffix!r}")
    if not np.isfinite(audio.samples).all():
        raise AudioError(f"cannot write {path}: the samples hold NaN or infinity")
    _write(path, audio, form)


def write_channels(path: Path, samples: np.ndarray[tuple[int, int], np.dtype[np.float32]], rate_hz: int) -> None:
    """Write 16-bit FLAC or WAV with several channels: samples of shape (n_samples, n_channels) in [-1, 1)."""
    import soundfile

    soundfile.write(path, samples, rate_hz, format=WRITABLE[path.suffix.lower()], subtype="PCM_16")


def wav_bytes(audio: Audio) -> bytes:
    """The sound as a 16-bit WAV file in memory, as `write` makes one."""
    if not np.isfinite(audio.samples).all():
        raise AudioError("no WAV can be made of this sound: its samples hold NaN or infinity")
    file = io.BytesIO()
    _write(file, audio, "WAV")
    return file.getvalue()


def _write(file: Path | io.BytesIO, audio: Audio, form: str) -> None:
    import soundfile

    soundfile.write(file, pcm16(audio.samples), audio.rate_hz, format=form, subtype="PCM_16")


def pcm16(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Samples in [-1, 1) as 16-bit little-endian numbers, rounded; what is outside is clipped."""
    return np.clip(np.rint(samples.astype(np.float64) * 32768.0), -32768, 32767).astype("<i2")


def compressed(audio: Audio, max_bytes: int) -> tuple[str, bytes] | None:
    """(media type, file) of a sound for a browser: MP3, which all of them play, or 16-bit WAV where this libsndfile has
    no encoder. None where even the lower of two bit rates needs more than `max_bytes`. Lossy: for listening alone.
    """
    import soundfile

    rate_hz = next((rate_hz for rate_hz in MP3_RATES_HZ if rate_hz >= audio.rate_hz), MP3_RATES_HZ[-1])
    samples = np.clip(resample(audio, rate_hz).samples, -1.0, 1.0)
    if "MP3" in soundfile.available_formats():
        form: dict[str, Any] = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT"}
        levels = MP3_LEVELS_8K if rate_hz == MP3_RATES_HZ[0] else MP3_LEVELS
        fitting = (level for level, second in levels.items() if audio.duration_s * second <= max_bytes)
        tries = [("audio/mpeg", {**form, "compression_level": level}) for level in fitting]
    else:
        tries = [("audio/wav", {"format": "WAV", "subtype": "PCM_16"})]
    for kind, how in tries:
        file = io.BytesIO()
        soundfile.write(file, samples, rate_hz, **how)
        if file.tell() <= max_bytes:
            return kind, file.getvalue()
    return None


def resample(audio: Audio, rate_hz: int) -> Audio:
    """The same sound at another sample rate (soxr HQ)."""
    if audio.rate_hz == rate_hz:
        return audio
    import soxr

    return Audio(np.asarray(soxr.resample(audio.samples, audio.rate_hz, rate_hz), dtype=np.float32), rate_hz)
