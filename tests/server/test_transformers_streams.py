"""transformers' own streams over the live sockets: what the model says by itself, measured by the task as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from modellab import audio
from modellab.audio.writing import pcm16
from tests.server.conftest import PATIENCE_S, Server, project, serving
from tests.server.talking import COMPLETED, DELTA, FAILED, WAIT_S, talking
from tests.server.test_streaming_task import adapter, heard

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "golden" / "asr_taught_v1" / "audio" / "code.flac"
TYPES = {
    "nemotron_asr_streaming": "{lookahead: 1}",
    "nemotron3_5_asr": "{lookahead: 1}",
    "moonshine_streaming": "{max_new_tokens: 8}",
}
pytestmark = [pytest.mark.engine, pytest.mark.slow]


class Served(NamedTuple):
    """A server of the tiny checkpoints, and what they say without one."""

    server: Server
    said: dict[str, Any]

    def model(self, kind: str) -> str:
        return f"tiny_streams:{kind}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("checkpoints")
    command = [sys.executable, "-m", "tests.models.checkpoints.served", str(place), str(CLIP)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    root = project(tmp_path_factory.mktemp("served"), "max_streams = 8\nstream_idle_s = 300")
    folder = root / "models" / "tiny_streams"
    folder.mkdir()
    variants = [f'  {name}: {{weights: "path:{place / name}", options: {how}}}' for name, how in TYPES.items()]
    lines = ["like: transformers_asr", "summary: tiny checkpoints that stream", "variants:", *variants]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n")
    with serving(root) as up:
        for kind in TYPES:
            loaded(up, f"tiny_streams:{kind}")
        yield Served(up, json.loads(done.stdout.splitlines()[-1]))


def loaded(server: Server, name: str) -> None:
    """Have a model loaded, which takes minutes on a busy machine: no words come as long."""
    assert server.ask("POST", f"/api/v1/models/{name}/load")[0] == 200
    end = time.monotonic() + PATIENCE_S
    while (told := server.get(f"/v1/models/{name}")[1])["state"] != "ready":
        assert "reason" not in told, told
        assert time.monotonic() < end, told
        time.sleep(0.2)


@pytest.mark.parametrize("kind", TYPES)
def test_openais_protocol_has_the_models_own_finals(served: Served, kind: str) -> None:
    data = pcm16(audio.read(CLIP, 16_000).samples).tobytes()
    with talking(served.server) as talk:
        talk.update(served.model(kind))
        for at in range(0, len(data), 2222):
            talk.append(data[at : at + 2222])
        talk.say("input_audio_buffer.commit")
        events = [talk.hear()]
        while events[-1]["type"] not in (COMPLETED, FAILED):
            events.append(talk.hear())
    assert events[-1]["type"] == COMPLETED, events[-1]
    finals = served.said[kind]["finals"]
    assert any(finals)
    assert [event["delta"].strip() for event in events if event["type"] == DELTA] == [each for each in finals if each]
    assert events[-1]["transcript"] == " ".join(finals)


@pytest.mark.parametrize("kind", TYPES)
def test_whisper_lives_protocol_has_them_too(served: Served, kind: str) -> None:
    address = served.server.address.replace("http", "ws", 1) + "/v1/whisperlive"
    samples = audio.read(CLIP, 16_000).samples.astype("<f4")
    complete: dict[str, str] = {}  # by when it begins: segments are told again and again
    with connect(address, compression=None, open_timeout=WAIT_S) as socket:
        socket.send(json.dumps({"uid": "a", "model": served.model(kind), "use_vad": False}))
        assert json.loads(socket.recv(WAIT_S))["message"] == "SERVER_READY"
        for at in range(0, len(samples), 4096):
            socket.send(samples[at : at + 4096].tobytes())
        socket.send(b"END_OF_AUDIO")
        try:
            while (told := json.loads(socket.recv(WAIT_S))).get("message") != "DISCONNECT":
                complete |= {each["start"]: each["text"] for each in told.get("segments", ()) if each["completed"]}
        except ConnectionClosed as closed:
            pytest.fail(f"closed before DISCONNECT: {closed}")
    assert " ".join(" ".join(complete.values()).split()) == " ".join(" ".join(served.said[kind]["finals"]).split())


@pytest.mark.parametrize("kind", TYPES)
def test_the_task_measures_them_over_the_socket(served: Served, kind: str) -> None:
    row = {"id": "code", "audio": str(CLIP), "duration_s": audio.info(CLIP).duration_s, "text": "the code is one"}
    output = heard(adapter(served.server, served.model(kind), realtime_rate_hz=16_000), row)
    said = served.said[kind]
    finals = [text for what, text, *_ in output["events"] if what == "final"]
    assert output["clock"] == "real"
    assert " ".join(finals).split() == " ".join(said["finals"]).split()
    assert output["text"].split() == " ".join(said["finals"]).split()
    assert output["batch"] == said["whole"]
