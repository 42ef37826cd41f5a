"""WhisperLive's protocol: its own client, and a plain one for what that would not say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio
from modellab.server.live.asking import Step
from modellab.server.live.whisperlive import Segments
from modellab.types import Audio
from tests.server import environments
from tests.server.conftest import Server
from tests.server.talking import CLIPS, FAKE, MODEL, Talk, talking, tone

TEXT = "turn up the fan and open the gate please"  # of clip 04
OTHER = "please show the camera to alice tonight"  # of clip 12
END = b"END_OF_AUDIO"


def float32(name: str) -> bytes:
    return audio.read(CLIPS / f"{name}.flac", 16_000).samples.astype("<f4").tobytes()


def as_float32(data: bytes) -> bytes:
    return (np.frombuffer(data, "<i2") / 32768).astype("<f4").tobytes()


def hello(talk: Talk, **more: Any) -> dict[str, Any]:
    """Say hello, and what comes."""
    talk.send(json.dumps({"uid": "me", "language": None, "task": "transcribe", "model": MODEL, **more}))
    return talk.hear()


def said(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list([event["segments"] for event in events if "segments" in event][-1])


@pytest.mark.parametrize("path", ["/", "/v1/whisperlive"])
def test_segments_grow_and_are_complete_where_somebody_pauses(server: Server, path: str) -> None:
    with talking(server, path) as talk:
        assert hello(talk) == {"uid": "me", "message": "SERVER_READY", "backend": "faster_whisper"}
        data = float32("04") + bytes(4 * 16_000) + float32("12")
        for at in range(0, len(data), 16_384):
            talk.send(data[at : at + 16_384])
        talk.send(END)
        events, code, _ = talk.rest()
    assert code == 1000
    assert events[-1] == {"uid": "me", "message": "DISCONNECT"}
    assert [(each["text"], each["completed"]) for each in said(events)] == [(TEXT, True), (OTHER, True)]
    times = [float(each[edge]) for each in said(events) for edge in ("start", "end")]
    assert times == sorted(times)
    assert times[2] > 3.0


def test_without_vad_what_is_said_is_complete_at_the_end(server: Server) -> None:
    with talking(server, "/") as talk:
        hello(talk, use_vad=False, language="en")
        talk.send(float32("04"))
        talk.send("END_OF_AUDIO")
        events, _, _ = talk.rest()
    assert said(events) == [{"start": "0.000", "end": "2.774", "text": TEXT, "completed": True}]


def test_when_no_audio_comes_what_was_said_is_complete(server: Server) -> None:
    with talking(server, "/") as talk:
        hello(talk)
        talk.send(float32("04"))
        while not (event := talk.hear()).get("segments", [{}])[-1].get("completed"):
            pass
        assert event["segments"][0]["text"] == TEXT


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("hello", "'hello' came: expected a hello"),
        ("[]", "'[]' came: expected a hello"),
        (b"\xff\xfe" * 40, "came: expected a hello"),
        ('{"uid": "me", "model": "small"}', "there is no model 'small' here"),
        ('{"uid": "me", "model": "espeak:en-us"}', "espeak:en-us does tts and no asr"),
        ('{"uid": "me", "model": "fake:one", "task": "translate"}', "task is 'translate', expected transcribe"),
        (f'{{"uid": "me", "model": "{MODEL}", "language": "de"}}', "knows en, not 'de'"),
        ('{"uid": "me", "model": 5}', "expected `model`, one of /v1/models"),
        ('{"uid": "me"}', "expected `model`, one of /v1/models"),  # none is preloaded
    ],
)
def test_a_hello_that_cannot_be_is_one_sentence(server: Server, first: str | bytes, says: str) -> None:
    with talking(server, "/") as talk:
        talk.send(first)
        events, code, _ = talk.rest()
    assert code == 1008
    assert (events[0]["status"], events[-1]["message"]) == ("ERROR", "DISCONNECT")
    assert says in events[0]["message"]


def test_what_cannot_be_heard_is_told(server: Server) -> None:
    with talking(server, "/") as talk:
        hello(talk, initial_prompt="names")
        assert talk.hear() == {"uid": "me", "status": "WARNING", "message": "no model here takes initial_prompt"}
        talk.send("what?")
        assert "expected float32 audio" in talk.hear()["message"]
        talk.send(np.array([1e20, np.nan], "<f4").tobytes())
        events, code, _ = talk.rest()
    assert code == 1003
    assert "is it 16-bit PCM?" in events[0]["message"]


def test_a_model_that_fails_is_told(server: Server) -> None:
    with talking(server, "/") as talk:
        hello(talk, model=FAKE, use_vad=False)
        talk.send(as_float32(tone(1.3)))  # the fake raises
        talk.send(END)
        events, code, _ = talk.rest()
    assert code == 1008
    assert "cannot hear this" in events[0]["message"]


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ([(("a",), "b", 1.0)], [("0.000", "1.000", "a b", False)]),
        ([(("a",), "b", 1.0), (("b",), "", 1.5)], [("0.000", "1.500", "a b", False)]),
        ([(("a",), "b", 11.0)], [("0.000", "11.000", "a", True), ("11.000", "11.000", "b", False)]),
        ([((), "b", 11.0)], [("0.000", "11.000", "b", False)]),
        ([((), "", 1.0)], []),
    ],
)
def test_segments_from_steps(
    steps: list[tuple[tuple[str, ...], str, float]], shown: list[tuple[str, str, str, bool]]
) -> None:
    segments = Segments()
    for finals, partial, end_s in steps:
        segments.take(Step(finals, partial, end_s), 0.0, is_over=False)
    assert [tuple(each.values()) for each in segments.shown(10)] == shown
    assert segments.shown(1) == segments.shown(10)[-1:]


CLIENT = """
import sys, types

class NoSound:
    def __init__(self, *given): pass
    def open(self, **given): raise OSError("no sound here")

sys.modules["pyaudio"] = types.SimpleNamespace(paInt16=8, PyAudio=NoSound)
from whisper_live.client import Client, TranscriptionTeeClient

host, port, model, clip = sys.argv[1:]
clients = [
    Client(host, int(port), lang="en", model=model, srt_file_path=f"{number}.srt", log_transcription=False)
    for number in range(2)
]
for client in clients:
    client.disconnect_if_no_response_for = 4  # not 15 s: it does nothing meanwhile
TranscriptionTeeClient(clients, mute_audio_playback=True)(clip)
"""


@pytest.mark.slow
def test_whisper_lives_own_client_with_two_streams(server: Server, tmp_path: Path) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    clip = tmp_path / "clip.wav"
    pause = np.zeros(16_000, np.float32)
    heard = [audio.read(CLIPS / f"{name}.flac", 16_000).samples for name in ("04", "12")]
    audio.write(clip, Audio(np.concatenate([heard[0], pause, heard[1]]), 16_000))
    python = environments.python("whisper-live")
    command = [str(python), "-c", CLIENT, host, port, MODEL, str(clip)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    for number in range(2):
        lines = (tmp_path / f"{number}.srt").read_text().splitlines()
        assert [line.strip() for line in lines if line[:1].isalpha()] == [TEXT, OTHER]
