"""What names other files is refused, and none of them is opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modellab import audio
from modellab.errors import AudioError
from tests.audio.makers import by_ffmpeg, by_soundfile

LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "m3u8 with a mark": "\ufeff#EXTM3U\n#EXTINF:1,\n{other}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{other}'\n",
    "concat": "file '{other}'\nfile '{other}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{other}</BaseURL></MPD>\n',
    "pls": "[playlist]\nFile1={other}\n",
    "addresses": "http://127.0.0.1:9/{other}\n",
}


@pytest.mark.parametrize("name", ["a.wav", "a.m3u8", "a.ffconcat", "a.sdp", "a.mpd", "a"])
@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS.keys())
def test_a_list_of_files_is_no_sound_whatever_its_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "other.wav").write_bytes(by_soundfile("WAV"))
    (tmp_path / name).write_text(text.format(other=tmp_path / "other.wav"))
    for how in (audio.read, audio.info, audio.read_channels):
        with pytest.raises(AudioError, match="names other files: none of them is opened"):
            how(tmp_path / name)


@pytest.mark.parametrize("text", ["# a comment\nffconcat version 1.0\nfile '{other}'\n", "\n\n;x\nfile {other}\n"])
@pytest.mark.parametrize("name", ["a.ffconcat", "a.wav"])
def test_a_list_in_disguise_is_not_opened_either(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "other.wav").write_bytes(by_soundfile("WAV"))
    (tmp_path / name).write_text(text.format(other=tmp_path / "other.wav"))
    with pytest.raises(AudioError):
        audio.read(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["concat:a.wav|a.wav", "data:a.wav", "subfile,,start,0,end,0,,:a.wav", "http:a", "a%03d.wav"]
)
def test_a_files_name_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(by_ffmpeg("mp4", "aac"))
    assert audio.read(Path(name)).duration_s == pytest.approx(1.0, abs=0.1)


def test_a_movie_whose_sound_is_elsewhere_is_refused(tmp_path: Path) -> None:
    whole = by_ffmpeg("mov", "pcm_s16le")
    at = whole.index(b"dref") + 4 + 8  # the entry: its size, name, version and flags
    place = str(tmp_path / "other.wav").encode()[:8]
    entry = (12 + 8).to_bytes(4) + b"url " + bytes(4) + place
    changed = bytearray(whole.replace(whole[at : at + 12], entry))
    for name in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):  # all of them hold it
        start = changed.index(name) - 4
        changed[start : start + 4] = (int.from_bytes(changed[start : start + 4]) + 8).to_bytes(4)
    (tmp_path / "a.mov").write_bytes(changed)
    with pytest.raises(AudioError, match="refers to another file for its sound"):
        audio.read(tmp_path / "a.mov")


@pytest.mark.parametrize("suffix", ["au", "snd", "gsm", "vox", "vox6", "sd2", "raw", "wav"])
def test_a_name_makes_no_sound_of_other_bytes(tmp_path: Path, suffix: str) -> None:
    page = tmp_path / f"a.{suffix}"
    page.write_bytes(b"<html><body>404 not found</body></html>\n" * 400)
    with pytest.raises(AudioError, match="cannot be decoded as audio"):
        audio.read(page)


@pytest.mark.parametrize("suffix", ["au", "raw", "vox", "mp3"])
def test_sound_is_heard_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    for form in ("WAV", "FLAC", "NIST", "PVF"):
        named = tmp_path / f"{form}.{suffix}"
        named.write_bytes(by_soundfile(form))
        assert audio.read(named).duration_s == 1.0


def test_no_second_file_is_opened_beside_an_unknown_one(tmp_path: Path) -> None:
    """libsndfile looks for the resource fork of what it does not know: opening a FIFO would wait for ever."""
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40)
    os.mkfifo(tmp_path / "._a.bin")
    with pytest.raises(AudioError, match="cannot be decoded as audio"):
        audio.read(tmp_path / "a.bin")
