"""A header may claim anything: one sentence, and nothing is allocated for it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from modellab import audio
from modellab.audio import limits
from modellab.audio.limits import Limits
from modellab.errors import AudioError
from tests.audio.makers import by_soundfile


def header(channels: int = 1, rate_hz: int = 16_000, bits: int = 16, tag: int = 1) -> bytes:
    """A WAV of 2,000 bytes of samples with these facts."""
    width = channels * bits // 8
    facts = struct.pack("<HHIIHH", tag, channels & 0xFFFF, rate_hz, rate_hz * width & 0xFFFF_FFFF, width & 0xFFFF, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 2036)
        + b"WAVEfmt \x10\0\0\0"
        + facts
        + b"data"
        + struct.pack("<I", 2000)
        + bytes(2000)
    )


@pytest.mark.parametrize(
    "facts",
    [{"rate_hz": 0}, {"rate_hz": 1}, {"rate_hz": 999}, {"rate_hz": 1_092_676}, {"rate_hz": 2**31 - 1},
     {"rate_hz": 2**32 - 1}, {"channels": 0}, {"channels": 0xFFFF}, {"channels": 1000},
     {"channels": 0xFFFF, "tag": 0xFFFF},
     {"bits": 0}, {"bits": 175}, {"tag": 0x1234}],
    ids=str,
)  # fmt: skip
def test_absurd_facts_are_one_sentence(tmp_path: Path, facts: dict[str, int]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(**facts))
    for how in (audio.read, audio.info):
        with pytest.raises(AudioError) as caught:
            how(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Limits(file_bytes=1000), r"has 32,044 bytes, expected at most 1,000"),
        (Limits(decoded_bytes=1000), r"decodes to more than 0\.0 h at 16000 Hz"),
        (Limits(duration_s=0.5), r"decodes to more than 0\.0 h at 16000 Hz"),
        (Limits(decoding_s=-1.0), r"was not decoded within -1 s"),
    ],
)
def test_a_limit_has_its_sentence(tmp_path: Path, given: Limits, says: str) -> None:
    (tmp_path / "a.wav").write_bytes(by_soundfile("WAV"))
    with limits.within(given), pytest.raises(AudioError, match=says):
        audio.read(tmp_path / "a.wav")


def test_what_resampling_would_need_is_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(by_soundfile("WAV"))
    with limits.within(Limits(decoded_bytes=100_000)):
        assert audio.read(tmp_path / "a.wav", 16_000).duration_s == 1.0
        with pytest.raises(AudioError, match="decodes to more than"):
            audio.read(tmp_path / "a.wav", 48_000)


@pytest.mark.parametrize(
    "error", [MemoryError(), OverflowError("too\nlarge"), ValueError("array is too big"), OSError(5, "I/O")]
)
def test_whatever_a_decoder_raises_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    import soundfile

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    (tmp_path / "a.wav").write_bytes(by_soundfile("WAV"))
    with pytest.raises(AudioError, match=r"cannot be decoded to its end") as caught:
        audio.read(tmp_path / "a.wav")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["WAV", "AIFF", "AU", "W64", "CAF"])
def test_what_is_too_long_by_its_bytes_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    import soundfile

    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    (tmp_path / "a").write_bytes(by_soundfile(form))
    for how in (audio.read, audio.info):
        with limits.within(Limits(decoded_bytes=1000)), pytest.raises(AudioError, match="decodes to more than"):
            how(tmp_path / "a")


def test_ffmpeg_may_not_search_for_ever_what_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    asked: list[tuple[float, float]] = []

    def opened(*_: object, timeout: tuple[float, float], **__: object) -> None:
        asked.append(timeout)
        raise av.ExitError(1, "Immediate exit requested")

    monkeypatch.setattr(av, "open", opened)
    (tmp_path / "a").write_bytes(by_soundfile("WAV")[:36] + b"HURF9999" + bytes(1000))
    with pytest.raises(AudioError, match="Immediate exit requested"):
        audio.read(tmp_path / "a")
    assert asked == [(20.0, limits.MAX_DECODING_S)]
