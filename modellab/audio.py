"""Audio files in and out: any format -> mono float32 at the rate you ask for.

soundfile reads WAV, FLAC, OGG and MP3; what it does not know goes to PyAV (FFmpeg in its wheel), so video works too.

Conventions
-----------
Channels are mixed down to their mean. Resampling is soxr HQ. Whatever cannot be used raises AudioError with the file's
name: missing, empty, no samples, truncated, not audio, no audio stream, NaN or infinite samples.
A container read through PyAV that was cut between two packets cannot always be told from a short one; `datasets
validate` compares the length with the manifest's.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modellab.errors import AudioError
from modellab.types import Audio

if TYPE_CHECKING:
    import soundfile
    from av.container import InputContainer

SLACK_S = 0.1  # a lossy codec's header may promise this much more than it decodes to (encoder padding)
LOSSLESS = frozenset({"WAV", "WAVEX", "FLAC", "AIFF", "AU", "CAF", "W64", "RF64"})
WRITABLE = {".flac": "FLAC", ".wav": "WAV"}
MP3_RATES_HZ = (8_000, 16_000, 22_050, 24_000)  # what of a sound's own rate is kept; above, 24 kHz
MP3_LEVELS = {0.8: 5_200, 0.9: 3_000}  # libsndfile's compression levels, with the bytes of a second, about
MP3_LEVELS_8K = {0.5: 4_300, 0.8: 2_100}  # at 8 kHz

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Info:
    """What a file's header says."""

    duration_s: float
    rate_hz: int
    channels: int


def read(path: Path, rate_hz: int | None = None) -> Audio:
    """The whole file as mono audio, resampled to `rate_hz` when given. Raises AudioError."""
    channels, file_rate_hz = _decode(path)
    if not len(channels):
        raise _silent(path)
    if not np.isfinite(channels).all():
        first = int(np.argmin(np.isfinite(channels).all(axis=1)))
        at_s = first / file_rate_hz
        raise AudioError(f"{path} has a NaN or infinite sample at {at_s:.3f} s: expected finite samples in [-1, 1]")
    mono = channels[:, 0] if channels.shape[1] == 1 else channels.mean(axis=1, dtype=np.float32)
    return resample(Audio(np.ascontiguousarray(mono), file_rate_hz), rate_hz or file_rate_hz)


def read_channels(path: Path) -> tuple[Samples, int]:
    """Every channel as it is, shape (n_samples, n_channels), and the sample rate in Hz. Raises AudioError."""
    return _decode(path)


def info(path: Path) -> Info:
    """Duration, sample rate and channel count, from the header where it has them. Raises AudioError."""
    file = _open(path)
    if file is None:
        return _info_of_container(path)
    with file:
        _check_wav_length(path, file)
        if not file.frames:
            raise _silent(path)
        return Info(file.frames / file.samplerate, file.samplerate, file.channels)


def write(path: Path, audio: Audio) -> None:
    """Write 16-bit FLAC or WAV, by the suffix. Samples outside [-1, 1) are clipped; reading back is exact to 2^-16."""
    import soundfile

    form = WRITABLE.get(path.suffix.lower())
    if form is None:
        raise AudioError(f"cannot write {path}: expected the suffix {' or '.join(WRITABLE)}, got {path.suffix!r}")
    if not np.isfinite(audio.samples).all():
        raise AudioError(f"cannot write {path}: the samples hold NaN or infinity")
    pcm = np.clip(np.rint(audio.samples.astype(np.float64) * 32768.0), -32768, 32767).astype(np.int16)
    soundfile.write(path, pcm, audio.rate_hz, format=form, subtype="PCM_16")


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


# ---------------------------------------------------------------------------- soundfile


def _decode(path: Path) -> tuple[Samples, int]:
    """All channels, shape (n_samples, n_channels), and the sample rate."""
    file = _open(path)
    if file is None:
        return _decode_container(path)
    import soundfile

    with file:
        _check_wav_length(path, file)
        promised, rate_hz = file.frames, file.samplerate
        try:
            channels: Samples = file.read(dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise AudioError(
                f"{path} cannot be decoded to its end ({promised / rate_hz:.2f} s promised): {_reason(error)}; "
                "the file is truncated or damaged"
            ) from error
        slack = 0 if file.format in LOSSLESS else math.ceil(SLACK_S * rate_hz)
        if len(channels) + slack < promised:
            raise _truncated(path, len(channels) / rate_hz, promised / rate_hz)
        return channels, rate_hz


def _open(path: Path) -> soundfile.SoundFile | None:
    """The file as soundfile sees it, None where the format is not one of its own."""
    if not path.exists():
        raise AudioError(f"{path} does not exist: expected an audio file")
    if not path.is_file():
        raise AudioError(f"{path} is not a file: expected an audio file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes): was the download or the copy interrupted?")
    try:
        path.open("rb").close()
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}") from error
    import soundfile

    try:
        return soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError):  # TypeError: a name ending in .raw
        return None


def _check_wav_length(path: Path, file: soundfile.SoundFile) -> None:
    """libsndfile takes a cut WAV for a short one without a word: compare its header with the bytes there are."""
    if file.format not in {"WAV", "WAVEX"}:
        return
    promised, present = _wav_data_bytes(path)
    if present < promised:
        whole_s = file.frames / file.samplerate
        raise _truncated(path, whole_s, whole_s * promised / present if present else None)


def _wav_data_bytes(path: Path) -> tuple[int, int]:
    """(promised, present) bytes of a RIFF file's data chunk; (0, 0) where the header makes no promise."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return 0, 0
        file.seek(12)
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                streamed = size >= 0xFFFF_FF00  # written to a pipe: the length was not known
                return (0, 0) if streamed else (size, path.stat().st_size - file.tell())
            file.seek(size + size % 2, 1)
    return 0, 0


def _silent(path: Path) -> AudioError:
    return AudioError(f"{path} holds no audio samples, only a header: was the recording stopped before it was written?")


def _truncated(path: Path, got_s: float, promised_s: float | None) -> AudioError:
    promised = "more" if promised_s is None else f"{promised_s:.2f} s"
    return AudioError(
        f"{path} is truncated: its header promises {promised} and {got_s:.2f} s came; "
        "was the download or the copy interrupted?"
    )


# ---------------------------------------------------------------------------- PyAV


def _decode_container(path: Path) -> tuple[Samples, int]:
    import av

    try:
        with av.open(str(path)) as container:
            stream = _audio_stream(path, container)
            to_float = av.AudioResampler(format="fltp")  # the rate stays, so nothing is held back to be flushed
            frames = [out for frame in container.decode(stream) for out in to_float.resample(frame)]
            promised_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    except (av.FFmpegError, ValueError) as error:
        raise _undecodable(path, error) from error
    if not frames:
        return np.zeros((0, 1), np.float32), 1
    channels = np.concatenate([frame.to_ndarray() for frame in frames], axis=1).T.astype(np.float32, copy=False)
    rate_hz = int(frames[0].sample_rate)
    got_s = len(channels) / rate_hz
    if got_s < 0.98 * promised_s - SLACK_S:
        raise _truncated(path, got_s, promised_s)
    return channels, rate_hz


def _info_of_container(path: Path) -> Info:
    import av

    try:
        with av.open(str(path)) as container:
            stream = _audio_stream(path, container)
            if stream.duration and stream.time_base:
                return Info(float(stream.duration * stream.time_base), int(stream.rate), int(stream.channels))
    except (av.FFmpegError, ValueError) as error:
        raise _undecodable(path, error) from error
    channels, rate_hz = _decode_container(path)
    if not len(channels):
        raise _silent(path)
    return Info(len(channels) / rate_hz, rate_hz, channels.shape[1])


def _audio_stream(path: Path, container: InputContainer) -> Any:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
        raise AudioError(f"{path} has no audio stream (its streams: {kinds}): expected a file with sound")
    return container.streams.audio[0]


def _undecodable(path: Path, error: Exception) -> AudioError:
    return AudioError(
        f"{path} cannot be decoded as audio by soundfile or FFmpeg: {_reason(error)}; "
        "is it really an audio file, and whole?"
    )


def _reason(error: Exception) -> str:
    """The library's sentence without the file name and the number it wraps it in."""
    return (
        str(getattr(error, "error_string", "") or getattr(error, "strerror", "") or error)
        .strip()
        .removeprefix("Error : ")
        .rstrip(".")
    )
