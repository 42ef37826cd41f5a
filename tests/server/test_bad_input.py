"""What nobody should send as audio: junk, playlists, bombs, forms without end."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.server.conftest import Server
from tests.server.fleet.test_fleet import FAKE
from tests.server.test_edge import MULTIPART, post

MODEL = f'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n{FAKE}\r\n'.encode()


def form(data: bytes, name: str = "a.wav") -> bytes:
    """An upload for the fake model."""
    about = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return MODEL + about + data + b"\r\n--x--\r\n"


def send(server: Server, data: bytes, name: str = "a.wav") -> tuple[int, Any]:
    """(status, answer) of an upload."""
    return post(server, "/v1/audio/transcriptions", form(data, name), MULTIPART)


def tells_nothing(server: Server, said: Any) -> bool:
    """Whether an answer names no place of this machine and no code."""
    text = json.dumps(said)
    return not any(part in text for part in (tempfile.gettempdir(), str(server.root), "Traceback", ".py", "modellab-"))


def wav(samples: np.ndarray, rate_hz: int = 16_000, form: str = "WAV", **more: Any) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, samples, rate_hz, format=form, **more)
    return held.getvalue()


TONE = (0.1 * np.sin(np.arange(8000) / 10)).astype(np.float32)
GOOD = wav(TONE)


# ---------------------------------------------------------------------------- what is no recording


def nan() -> bytes:
    broken = TONE.copy()
    broken[100] = np.nan
    return wav(broken, subtype="FLOAT")


def claims_much() -> bytes:
    """A header that promises a megabyte."""
    return GOOD[:40] + (1_000_000).to_bytes(4, "little") + GOOD[44:]


NO_SOUND: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"\0",
    "junk": lambda: np.random.default_rng(1).bytes(50_000),
    "text": lambda: b"hello, I am no recording\n" * 100,
    "html": lambda: b"<!doctype html><script>alert(1)</script>",
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "zip": lambda: b"PK\x03\x04" + bytes(1000),
    "pickle": lambda: b"\x80\x04\x95" + bytes(100),
    "head alone": lambda: GOOD[:44],
    "half a head": lambda: GOOD[:20],
    "cut": lambda: GOOD[: len(GOOD) // 2],
    "promises more": claims_much,
    "not a number": nan,
    "flac cut": lambda: wav(TONE, form="FLAC")[:2000],
    "ogg cut": lambda: wav(TONE, form="OGG")[:1500],
    "mp3 head": lambda: b"ID3\x04\0\0\0\0\x0f\x7f" + bytes(2000),
    "mp4 without sound": lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500),
    "matroska junk": lambda: b"\x1aE\xdf\xa3" + bytes(500),
}


@pytest.mark.parametrize("what", NO_SOUND)
def test_what_is_no_whole_recording_is_one_sentence(server: Server, what: str) -> None:
    status, said = send(server, NO_SOUND[what](), "odd\x1b[31m.wav")
    assert (status, said["error"]["code"]) == (400, "invalid_audio"), said
    assert "\n" not in said["error"]["message"]
    assert tells_nothing(server, said)


LISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
    "a.ffconcat": "ffconcat version 1.0\nfile '{path}'\n",
    "a.txt": "file '{path}'\n",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "a.pls": "[playlist]\nFile1={path}\n",
    "a.mpd": '<?xml version="1.0"?><MPD><BaseURL>{path}</BaseURL></MPD>',
    "a.asx": '<asx version="3.0"><entry><ref href="{path}"/></entry></asx>',
    "a.wav": "#EXTM3U\n{path}\n",
    "a.url": "http://127.0.0.1:9/a.wav\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_playlist_opens_no_file_of_this_machine(server: Server, name: str) -> None:
    secret = server.root / "secret.wav"
    secret.write_bytes(GOOD)
    before = secret.stat().st_atime_ns
    status, said = send(server, LISTS[name].format(path=secret).encode(), name)
    assert (status, said["error"]["code"]) == (400, "invalid_audio"), said
    assert "names other files" in said["error"]["message"]
    assert tells_nothing(server, said)
    assert secret.stat().st_atime_ns == before


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b.wav", "a" * 500, "a.m3u8", '"; rm -rf /', "\u202egpj.wav"]
)
def test_a_files_name_decides_nothing(server: Server, name: str) -> None:
    status, said = send(server, GOOD, name.replace('"', "%22"))
    assert (status, said.get("text")) == (200, "5 tenths")


def test_an_hour_in_a_few_bytes_is_not_decoded(server: Server) -> None:
    """The server of these tests takes a minute."""
    ten_hours = io.BytesIO()
    with soundfile.SoundFile(ten_hours, "w", 8000, 1, format="FLAC", subtype="PCM_16") as out:
        block = np.zeros(8000 * 600, np.int16)
        for _ in range(60):
            out.write(block)
    assert len(ten_hours.getvalue()) < 2_000_000
    status, said = send(server, ten_hours.getvalue(), "long.flac")
    assert (status, said["error"]["code"]) == (413, "audio_too_long")
    assert "long.flac lasts 36000 s, expected at most 60 s" in said["error"]["message"]


def lying_flac() -> bytes:
    """Two minutes whose header states one second."""
    data = bytearray(wav(np.zeros(16_000 * 120, np.int16), form="FLAC"))
    total = int.from_bytes(data[21:26], "big") & 0xF_0000_0000
    data[21:26] = ((int.from_bytes(data[21:26], "big") & ~0xF_FFFF_FFFF) | 16_000).to_bytes(5, "big")
    assert total == 0
    return bytes(data)


def endless_wav() -> bytes:
    """Two minutes from a pipe, which states no length."""
    data = bytearray(wav(np.zeros(8000 * 120, np.int16), 8000))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    return bytes(data)


def long_ogg() -> bytes:
    return wav(np.zeros(8000 * 120, np.float32), 8000, "OGG")


@pytest.mark.parametrize("made", [lying_flac, endless_wav, long_ogg])
def test_what_is_longer_than_its_head_says_is_counted_while_it_is_decoded(
    server: Server, made: Callable[[], bytes]
) -> None:
    status, said = send(server, made(), "long")
    assert (status, said["error"]["code"]) == (413, "audio_too_long"), said
    assert "long lasts" in said["error"]["message"]
    assert "60 s" in said["error"]["message"]


def test_parts_of_a_form_without_end(server: Server) -> None:
    many = b"".join(b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nb\r\n' % n for n in range(5000))
    status, said = post(server, "/v1/audio/transcriptions", many + b"--x--\r\n", MULTIPART)
    assert (status, said["error"]["type"]) == (400, "invalid_request_error")
    endless = b'--x\r\nContent-Disposition: form-data; name="' + b"a" * 200_000 + b'"\r\n\r\nb\r\n--x--\r\n'
    assert post(server, "/v1/audio/transcriptions", endless, MULTIPART)[0] == 400
