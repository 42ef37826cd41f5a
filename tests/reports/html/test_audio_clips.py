from __future__ import annotations

import base64
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modellab import audio
from modellab.errors import AudioError
from modellab.reports import html
from modellab.reports.html import audio_clips
from modellab.types import Audio


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    audio_clips._tidy.cache_clear()
    audio_clips._decoded.cache_clear()
    return tmp_path / "cache" / "clips"


def tone(hz: float, seconds: float, rate_hz: int = 16_000) -> Audio:
    return Audio((0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype("f4"), rate_hz)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    audio.write(tmp_path / "clip.flac", tone(1000, 2.0))
    return tmp_path / "clip.flac"


def data(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000])
def test_a_browser_gets_an_mp3_that_sounds_like_the_file(rate_hz: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    audio.write(path, tone(1000, 2.0, rate_hz))
    uri = audio_clips.sound(path)
    assert uri.startswith("data:audio/mpeg;base64,")
    assert html.media(uri, html.SOUND) == uri
    (tmp_path / "back.mp3").write_bytes(data(uri))
    back = audio.read(tmp_path / "back.mp3", 8_000)
    assert back.duration_s == pytest.approx(2.0, abs=0.2)
    loud = np.abs(np.fft.rfft(back.samples))
    assert np.fft.rfftfreq(len(back.samples), 1 / 8_000)[loud.argmax()] == pytest.approx(1000, abs=5)
    assert len(data(uri)) < 8_000 * 2


def test_a_long_sound_takes_the_lower_rate_and_then_none(clip: Path) -> None:
    whole, less = len(data(audio_clips.sound(clip))), len(data(audio_clips.sound(clip, max_bytes=8_000)))
    assert less <= 8_000 < whole
    for limit in (5_000, 3_000):  # told after decoding, and before
        with pytest.raises(
            AudioError, match=rf"clip\.flac is too long for a page: 2 s do not fit into {limit // 1000} kB"
        ):
            audio_clips.sound(clip, max_bytes=limit)


def test_an_hour_is_neither_decoded_nor_drawn(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "info", lambda path: audio.Info(3_600.0, 16_000, 1))
    monkeypatch.setattr(audio, "read", lambda *_: pytest.fail("decoded"))
    for make in (audio_clips.sound, audio_clips.spectrogram):
        with pytest.raises(AudioError, match=r"clip\.flac is too long for a .*: 3600 s"):
            make(clip)


def test_without_an_mp3_encoder_it_is_wav(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundfile.available_formats", lambda: {"WAV": "WAV"})
    assert audio_clips.sound(clip).startswith("data:audio/wav;base64,")


@pytest.mark.parametrize(("hz", "band"), [(100, 63), (1000, 42), (7000, 3)])
def test_a_tone_lies_in_its_band_of_the_picture(hz: float, band: int) -> None:
    picture = audio_clips.shades(tone(hz, 1.0))
    assert picture.shape == (64, 101)
    assert picture[:, 5:-5].mean(axis=1).argmax() == pytest.approx(band, abs=1)


@pytest.mark.parametrize("seconds", [0.001, 0.5, 4.0, 60.0])
def test_any_length_gives_a_small_picture(seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "noise.flac"
    audio.write(path, Audio(np.random.default_rng(0).normal(0, 0.1, int(16_000 * seconds)).astype("f4"), 16_000))
    uri = audio_clips.spectrogram(path)
    assert html.media(uri, html.PICTURE) == uri
    picture = Image.open(io.BytesIO(data(uri)))
    assert picture.format == "PNG"
    assert picture.size == (min(420, 1 + round(seconds * 100 - 0.5)), 64)
    assert len(data(uri)) < 14_000


def test_silence_is_black() -> None:
    assert audio_clips.shades(Audio(np.zeros(16_000, "f4"), 16_000)).max() == 0


def test_a_clip_is_made_once_per_machine(clip: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = audio_clips.sound(clip), audio_clips.spectrogram(clip)
    assert len(list(cache.iterdir())) == 2
    audio_clips._decoded.cache_clear()
    monkeypatch.setattr(audio, "read", lambda *_: pytest.fail("decoded again"))
    copy = clip.with_name("copy.flac")
    copy.write_bytes(clip.read_bytes())
    assert (audio_clips.sound(copy), audio_clips.spectrogram(copy)) == first


def test_a_changed_file_is_made_anew(clip: Path) -> None:
    before = audio_clips.spectrogram(clip)
    audio.write(clip, tone(3000, 2.0))
    assert audio_clips.spectrogram(clip) != before


def test_a_cache_that_takes_nothing_changes_nothing(clip: Path, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    assert audio_clips.sound(clip).startswith("data:audio/mpeg")


def test_what_nobody_asks_for_goes(clip: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    for name, age_s in (("old", audio_clips.KEPT_S + 60), ("new", 60.0)):
        (cache / name).write_bytes(b"x")
        os.utime(cache / name, (time.time() - age_s,) * 2)
    audio_clips.sound(clip)
    assert sorted(path.name[:3] for path in cache.iterdir() if len(path.name) == 3) == ["new"]


@pytest.mark.parametrize("make", [audio_clips.sound, audio_clips.spectrogram])
def test_what_cannot_be_read_is_told(make, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        make(tmp_path / "none.flac")
    (tmp_path / "text.flac").write_text("no sound")
    with pytest.raises(AudioError):
        make(tmp_path / "text.flac")
