"""What a header alone tells of a file's length is what decoding it would; of anything odd it tells nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab import audio
from modellab.audio import plain
from modellab.errors import AudioError

NOISE = np.random.default_rng(1).uniform(-0.1, 0.1, (3000, 2)).astype(np.float32)


def encoded_noise(form: str, subtype: str, channels: int = 1, rate_hz: int = 16_000) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, NOISE[:, :channels], rate_hz, format=form, subtype=subtype)
    return held.getvalue()


WAV, FLAC = encoded_noise("WAV", "PCM_16"), encoded_noise("FLAC", "PCM_16")
PLAIN = [("WAV", each) for each in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")]
PLAIN += [("FLAC", each) for each in ("PCM_S8", "PCM_16", "PCM_24")]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
@pytest.mark.parametrize(("form", "subtype"), PLAIN)
def test_a_plain_file_is_as_long_as_it_decodes(
    tmp_path: Path, form: str, subtype: str, channels: int, rate_hz: int
) -> None:
    data = encoded_noise(form, subtype, channels, rate_hz)
    (tmp_path / "a").write_bytes(data)
    assert plain.duration_s(data) == audio.info(tmp_path / "a").duration_s == 3000 / rate_hz


ODD = {
    "empty": b"",
    "junk": bytes(500),
    "a header alone": WAV[:44],
    "half a header": WAV[:20],
    "a cut WAV": WAV[:2000],
    "a WAV from a pipe": WAV[:40] + b"\xff\xff\xff\xff" + WAV[44:],
    "a WAV with sound behind its end": WAV[:40] + (400).to_bytes(4, "little") + WAV[44:],
    "two WAVs": WAV + WAV,
    "a packed WAV": encoded_noise("WAV", "ULAW"),
    "a WAV of blocks that do not fit": WAV[:32] + b"\x03\x00" + WAV[34:],
    "a WAV of 1 Hz": WAV[:24] + (1).to_bytes(4, "little") + (2).to_bytes(4, "little") + WAV[32:],
    "a WAV of many chunks": WAV + b"junk\0\0\0\0" * 1000,
    "half a header of a FLAC": FLAC[:30],
    "a FLAC without frames": FLAC[:42],
    "a FLAC whose metadata leads nowhere": FLAC[:43] + b"\xff\xff\xff" + FLAC[46:],
    "a FLAC of unknown length": FLAC[:21] + bytes([FLAC[21] & 0xF0, 0, 0, 0, 0]) + FLAC[26:],
    "two FLACs": FLAC + FLAC,
    "a FLAC of nothing but beginnings": FLAC + b"\xff\xf8" * 10_000,
    "Ogg": encoded_noise("OGG", "VORBIS"),
}


@pytest.mark.parametrize("what", ODD)
def test_of_anything_odd_it_tells_nothing(what: str) -> None:
    assert plain.duration_s(ODD[what]) is None


def test_a_flac_whose_last_frame_lies_behind_its_end_is_for_a_decoder() -> None:
    held = io.BytesIO()
    soundfile.write(held, np.tile(NOISE[:, 0], 20), 16_000, format="FLAC")
    data = held.getvalue()
    assert plain.duration_s(data) == 3.75
    assert plain.duration_s(data[:22] + (16_000).to_bytes(4) + data[26:]) is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=3), st.integers(0, 7000), st.binary())
def test_a_damaged_wav_is_told_of_as_a_decoder_tells_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int, more: bytes
) -> None:
    data = bytearray(WAV)
    for at, value in changes:
        data[at] = value
    broken = bytes(data[: len(data) - max(0, length - 3000)]) + more
    told = plain.duration_s(broken)
    if told is None:
        return
    path = tmp_path_factory.getbasetemp() / "plain.wav"
    path.write_bytes(broken)
    try:
        assert audio.info(path).duration_s == told
    except AudioError as error:
        pytest.fail(f"a header of {told} s is {error}")
