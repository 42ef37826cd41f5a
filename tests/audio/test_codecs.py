"""Everything that libsndfile writes here can be read back, with the length that was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab import audio
from tests.audio.makers import by_ffmpeg, tone

NOT_A_FILE = {"RAW", "SD2"}  # no header; its header is a second file
PAIRS = [
    (form, subtype)
    for form in sorted(soundfile.available_formats())
    for subtype in sorted(soundfile.available_subtypes(form))
    if form not in NOT_A_FILE
]
FFMPEG = [
    ("mp4", "alac"),
    ("mp4", "aac"),
    ("asf", "wmav2"),
    ("avi", "pcm_s16le"),
    ("ac3", "ac3"),
    ("eac3", "eac3"),
    ("wv", "wavpack"),
    ("tta", "tta"),
    ("wav", "pcm_mulaw"),
    ("mp2", "mp2"),
    ("matroska", "flac"),
    ("nut", "pcm_s16le"),
]


def test_there_are_pairs_to_try() -> None:
    assert len(PAIRS) > 100


@pytest.mark.parametrize(("form", "subtype"), PAIRS)
def test_what_libsndfile_writes_is_read(tmp_path: Path, form: str, subtype: str) -> None:
    path = tmp_path / f"a.{form.lower()}"
    for rate_hz in (16_000, 8_000, 44_100):
        try:
            soundfile.write(path, tone(1.0, rate_hz), rate_hz, format=form, subtype=subtype)
        except (soundfile.LibsndfileError, ValueError):
            continue  # not at this rate
        break
    else:
        pytest.skip(f"this libsndfile does not write {subtype} in {form}")

    read = audio.read(path)

    assert len(read.samples) / rate_hz == pytest.approx(1.0, abs=0.05)  # block codecs fill up their last block
    assert audio.info(path).duration_s == read.duration_s
    assert 0.2 < float(np.sqrt(np.mean(read.samples**2))) < 0.6


@pytest.mark.parametrize(("form", "codec"), FFMPEG)
def test_what_ffmpeg_writes_is_read(tmp_path: Path, form: str, codec: str) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg(form, codec))
    read = audio.read(tmp_path / "a")
    assert read.duration_s == pytest.approx(1.0, abs=0.1)
    assert audio.info(tmp_path / "a").duration_s == read.duration_s
