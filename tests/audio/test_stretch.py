"""Stretches and channels of a file, by its path: the very samples, whatever the format, or a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab import audio
from modellab.audio import stretch
from modellab.audio.stretch import Stretch, named, parsed
from modellab.errors import AudioError

RATE_HZ = 8_000


def recording(path: Path, seconds: float = 2.0) -> Path:
    """Two channels of noise that is not the same."""
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (round(seconds * RATE_HZ), 2))
    soundfile.write(path, noise, RATE_HZ)
    return path


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_stretch_has_the_samples_of_its_recording(tmp_path: Path, kind: str) -> None:
    path = recording(tmp_path / f"a.{kind}")
    whole, _ = audio.read_channels(path)
    both, rate_hz = audio.read_channels(Path(f"{path}#t=0.5,1.25"))
    assert rate_hz == RATE_HZ
    assert np.array_equal(both, whole[4_000:10_000])
    second = audio.read(Path(f"{path}#t=0.5,1.25&channel=1"))
    assert np.array_equal(second.samples, whole[4_000:10_000, 1])
    assert np.array_equal(audio.read(Path(f"{path}#t=1.5")).samples, audio.read(path).samples[12_000:])
    assert audio.info(Path(f"{path}#t=0.5,1.25&channel=1")) == audio.Info(0.75, RATE_HZ, 1)
    assert audio.info(Path(f"{path}#t=0.5,1.25")).channels == 2
    assert audio.read(Path(f"{path}#channel=0"), rate_hz=16_000).duration_s == pytest.approx(
        audio.info(path).duration_s
    )


def test_only_the_stretch_of_a_lossless_file_is_decoded(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.flac")
    whole = audio.read(path).samples
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4] + bytes(100) + content[len(content) // 4 + 100 :])
    with pytest.raises(AudioError):
        audio.read(path)
    assert np.array_equal(audio.read(Path(f"{path}#t=1,1.5")).samples, whole[8_000:12_000])


@pytest.mark.parametrize(
    ("fragment", "says"),
    [
        ("#t=5", r"a\.wav lasts 2\.00 s: there is no stretch from 5\.00 s to its end"),
        ("#t=1,9", r"a\.wav lasts 2\.00 s: there is no stretch from 1\.00 s to 9\.00 s"),
        ("#t=1,1.00001", r"a\.wav has no sample from 1\.000 s to 1\.000 s"),
        ("#channel=2", r"a\.wav has 2 channels, and channel 2 \(from 0 on\) was asked for"),
    ],
)
def test_what_a_recording_does_not_have(tmp_path: Path, fragment: str, says: str) -> None:
    path = recording(tmp_path / "a.wav")
    with pytest.raises(AudioError, match=says):
        audio.read(Path(f"{path}{fragment}"))
    with pytest.raises(AudioError, match="does not exist"):
        audio.read(tmp_path / f"gone.wav{fragment}")


def test_a_file_that_is_called_so_is_that_file(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    odd = tmp_path / "a.wav#t=1,2"
    odd.write_bytes(recording(tmp_path / "short.wav", seconds=0.25).read_bytes())
    assert parsed(odd) == Stretch(odd)
    assert audio.read(odd).duration_s == 0.25
    for name in ("C#.wav", "a#1.wav", "#t=1", "a.wav#t=x", "a.wav#"):
        assert parsed(Path(name)).is_whole


def test_a_digest_is_of_the_file_and_the_stretch(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav")
    parts = [path, Path(f"{path}#t=0,1"), Path(f"{path}#t=0,1.5"), Path(f"{path}#t=0,1&channel=0")]
    assert len({stretch.digest(part) for part in parts}) == 4


times = st.integers(0, 10_000_000).map(lambda micro: micro / 1_000)


@given(times, st.none() | times, st.none() | st.integers(0, 255))
def test_a_path_names_a_stretch_and_back(start_s: float, end_s: float | None, channel: int | None) -> None:
    given = Stretch(Path("folder#1/call #2.wav"), start_s, end_s, channel)
    assert parsed(named(given)) == given
