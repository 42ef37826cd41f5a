"""Mutate small audio files and read them: each is decoded or is one AudioError; nothing else may happen.

    python -m tools.audio_fuzz --files 2000 --seed 1

Files are read in a child process that may not take more than `--memory-gib` of address space, so that a crash of a
native library, a hang and a giant allocation are told with the file that did it. What failed is kept in `--keep`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

RATE_HZ = 16_000
SECONDS = 0.5
BY_SOUNDFILE = (
    ("wav", "WAV", "PCM_16"), ("wav", "WAV", "FLOAT"), ("wav", "WAV", "GSM610"), ("wav", "WAV", "IMA_ADPCM"),
    ("wav", "WAVEX", "PCM_24"), ("flac", "FLAC", "PCM_16"), ("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"), ("aiff", "AIFF", "PCM_16"), ("au", "AU", "PCM_16"), ("au", "AU", "G721_32"),
    ("caf", "CAF", "PCM_16"), ("caf", "CAF", "ALAC_16"), ("w64", "W64", "PCM_16"), ("rf64", "RF64", "PCM_16"),
    ("voc", "VOC", "PCM_16"), ("nist", "NIST", "PCM_16"), ("xi", "XI", "DPCM_16"),
)  # fmt: skip
BY_FFMPEG = (("mp4", "mp4", "aac"), ("mka", "matroska", "libopus"), ("webm", "webm", "libopus"), ("aac", "adts", "aac"),
             ("ts", "mpegts", "aac"), ("mov", "mov", "pcm_s16le"), ("flv", "flv", "aac"), ("wma", "asf", "wmav2"),
             ("avi", "avi", "pcm_s16le"), ("ac3", "ac3", "ac3"), ("wv", "wv", "wavpack"))  # fmt: skip
TIMEOUT_S = 120.0  # for one file, on a busy machine
HEADER_BYTES = 200  # where the numbers are
WORDS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x10_0000, 1_000_000)

CHILD = """
import os, resource, sys
from pathlib import Path
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # decoders print
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
from modellab import audio
from modellab.errors import AudioError
for line in sys.stdin:
    path = Path(line.strip())
    try:
        held = audio.read(path, 16_000)
        assert len(held.samples), "no samples"
        said = f"decoded {audio.info(path).duration_s >= 0}"
    except AudioError as error:
        said = "AudioError" if "\\n" not in str(error) and str(path) in str(error) else f"FAULT: bad sentence {error!r}"
    except BaseException as error:
        said = f"FAULT: {type(error).__name__}: {error}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{peak} {said}".replace("\\n", " "), file=out, flush=True)
"""


def originals() -> dict[str, bytes]:
    """Half a second of sound in each format, by a name that ends in its suffix."""
    import soundfile

    sound = (0.3 * np.sin(np.arange(int(RATE_HZ * SECONDS)) * 0.17)).astype(np.float32)
    made = {}
    for suffix, form, subtype in BY_SOUNDFILE:
        file = io.BytesIO()
        soundfile.write(file, sound, RATE_HZ, format=form, subtype=subtype)
        made[f"{form}_{subtype}.{suffix}".lower()] = file.getvalue()
    for suffix, form, codec in BY_FFMPEG:
        made[f"{form}_{codec}.{suffix}"] = encoded(np.tile(sound, 2), form, codec)
    return made


def encoded(sound: np.ndarray, form: str, codec: str, rate_hz: int = 48_000, gap: tuple[int, int] = (0, 0)) -> bytes:
    """A sound by FFmpeg; with `gap` (at, length), both in samples, the timestamps jump there."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout="mono")
        stream.codec_context.bit_rate = 64_000
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray((sound * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        convert = av.AudioResampler(format=stream.codec_context.format, rate=rate_hz, layout="mono")
        for part in convert.resample(frame):
            part.pts = None
            fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        at = 0
        while (piece := fifo.read(size, partial=True)) is not None:
            piece.pts, piece.time_base = at + (gap[1] if gap[1] and at >= gap[0] else 0), Fraction(1, rate_hz)
            at += piece.samples
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


def mutated(rng: np.random.Generator, data: bytes) -> bytes:
    """The file changed in one to three ways."""
    new = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if not new:
            break
        way = int(rng.integers(6))
        if way < 4:
            (_any_bytes, _header_bytes, _header_number, _one_bit)[way](rng, new)
        elif way == 4:  # cut, a part twice, or left out
            start, end = sorted(int(at) for at in rng.integers(len(new), size=2))
            new[start:end] = (b"", new[start:end] * 2, b"")[int(rng.integers(3))]
            del new[int(rng.choice([start or len(new), len(new)])) :]
        else:  # junk behind it, or another copy
            new += bytes(rng.integers(256, size=200, dtype=np.uint8)) if rng.integers(2) else data
    return bytes(new)


def _any_bytes(rng: np.random.Generator, new: bytearray) -> None:
    for at in rng.integers(len(new), size=int(rng.integers(1, 30))):
        new[at] = int(rng.integers(256))


def _header_bytes(rng: np.random.Generator, new: bytearray) -> None:
    for at in rng.integers(min(len(new), HEADER_BYTES), size=int(rng.integers(1, 6))):
        new[at] = int(rng.integers(256))


def _header_number(rng: np.random.Generator, new: bytearray) -> None:
    """A number of 2, 4 or 8 bytes, in either order."""
    width = int(rng.choice([2, 4, 8]))
    at = int(rng.integers(max(1, min(len(new), HEADER_BYTES) - width)))
    number = (int(rng.choice(WORDS)) % (1 << 8 * width)).to_bytes(width, "little")
    new[at : at + width] = number if rng.integers(2) else number[::-1]


def _one_bit(rng: np.random.Generator, new: bytearray) -> None:
    new[int(rng.integers(len(new)))] ^= 1 << int(rng.integers(8))


def files(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """So many mutated files, one at a time."""
    rng = np.random.default_rng(seed)
    made = originals()
    names = sorted(made)
    for i in range(count):
        name = names[i % len(names)]
        path = folder / f"{seed}_{i:05d}_{name}"
        path.write_bytes(mutated(rng, made[name]))
        yield path


class Reader:
    """The child that reads files, started anew when it dies."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._start()

    def _start(self) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(self.memory_bytes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def read(self, path: Path) -> tuple[str, int]:
        """What became of it, and the child's peak of memory in MiB."""
        import selectors

        assert self.child.stdin is not None
        assert self.child.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died before: the answer says so
            self.child.stdin.write(f"{path}\n")
            self.child.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.child.stdout, selectors.EVENT_READ)
            if not waiting.select(TIMEOUT_S):
                self.child.kill()
                self.close()
                self._start()
                return f"FAULT: no answer within {TIMEOUT_S:.0f} s", 0
        line = self.child.stdout.readline()
        if not line:
            self.close()
            status = self.child.returncode
            self._start()
            return f"FAULT: the process died with status {status}", 0
        peak_mib, _, outcome = line.strip().partition(" ")
        return outcome, int(peak_mib)

    def close(self) -> None:
        """End the child."""
        with contextlib.suppress(BrokenPipeError):
            self.child.__exit__(None, None, None)


def main() -> int:
    """Read many mutated files; the exit status says whether all were decoded or refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory-gib", type=float, default=4.0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "audio_fuzz")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    reader, tally, peak_mib, slowest_s = Reader(int(options.memory_gib * 2**30)), Counter[str](), 0, 0.0
    for path in files(options.keep, options.files, options.seed):
        start_s = time.monotonic()
        outcome, mib = reader.read(path)
        took_s = time.monotonic() - start_s
        if outcome.startswith("FAULT") or mib > peak_mib + 200:
            print(f"{path}: {outcome} ({mib} MiB, {took_s:.1f} s)", flush=True)
        else:
            path.unlink()
        slowest_s, peak_mib = max(slowest_s, took_s), max(peak_mib, mib)
        tally[outcome.split(":")[0].split(" ")[0]] += 1
    reader.close()
    print(f"{dict(tally)}, peak {peak_mib} MiB, slowest {slowest_s:.1f} s")
    return 1 if tally["FAULT"] else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
