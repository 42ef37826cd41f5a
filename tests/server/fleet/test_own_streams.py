"""Models that stream by themselves: their own partials and finals, in one process, which may be lost or full."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from modellab import audio, models
from modellab.audio.writing import pcm16
from modellab.models import adapter_code, made
from modellab.streaming.clock import VirtualClock
from modellab.streaming.feed import listen
from modellab.types import Setting
from tests.server.conftest import Server, project, serving
from tests.server.talking import COMPLETED, DELTA, FAILED, WAIT_S, Talk, talking, wait_for

STREAMER = '''
"""Counts what it hears; how loud a chunk is decides how it behaves."""

import os
import time
from pathlib import Path

from modellab.streaming.protocol import Event

HERE = Path(__file__).parent


class Stream:
    def __init__(self, rate_hz):
        self.tenths, self.rate_hz = 0.0, rate_hz

    def feed(self, chunk):
        loud = float(abs(chunk).max())
        if loud > 0.9:
            os.kill(os.getpid(), 9)
        if loud > 0.7:
            raise ValueError("cannot hear this")
        if loud > 0.5:
            time.sleep(600)
        self.tenths += 10 * len(chunk) / self.rate_hz
        events = [Event("final", "ten", 1.0)] if round(self.tenths) == 10 else []
        return [*events, Event("partial", f"{round(self.tenths)} so far")]

    def finish(self):
        return [Event("final", f"{round(self.tenths)} in all")]

    def close(self):
        (HERE / "closed").touch()


class Streamer:
    most_streams = 2

    def __init__(self, setting):
        pass

    def open_stream(self, rate_hz):
        return Stream(rate_hz)

    def transcribe(self, audio):
        raise ValueError("nobody asks for whole clips here")


load = Streamer
'''
CONFIG = """
summary: counts what it hears
tasks: [asr]
status: candidate
devices: {cpu: [float32]}
timeout_s: 30
variants:
  one: {weights: "package"}
"""
NAME = "streamer:one"
PARTIAL = "modellab.partial"
SPEECH = Path(__file__).parents[3] / "golden" / "asr_taught_v1" / "audio"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("own"), "max_streams = 8\nstream_idle_s = 300")
    folder = root / "models" / "streamer"
    folder.mkdir()
    (folder / "adapter.py").write_text(STREAMER)
    (folder / "config.yaml").write_text(CONFIG)
    with serving(root) as up:
        yield up


def tenths(count: int, loud: float = 0.1) -> bytes:
    """So many tenths of a second at 16 kHz, as loud as that."""
    return pcm16(np.full(1600 * count, loud, np.float32)).tobytes()


def told(server: Server) -> dict[str, Any]:
    """What `/stats` says of the model."""
    return dict(server.get("/stats")[1]["models"][NAME])


def no_streams(server: Server) -> None:
    wait_for(lambda: told(server)["streams"] == 0, "a stream is still held for nobody")


def begin(talk: Talk, count: int = 3) -> None:
    """A stream that has begun: the model has heard so many tenths."""
    talk.update(NAME, include=(PARTIAL,))
    talk.append(tenths(count))
    assert talk.hear(PARTIAL)["text"] == f"{count} so far"


def commit(talk: Talk) -> str:
    talk.say("input_audio_buffer.commit")
    return str(talk.hear(COMPLETED)["transcript"])


def test_partials_and_finals_are_the_models_own(own: Server) -> None:
    with talking(own) as talk:
        talk.update(NAME, include=(PARTIAL,))
        talk.hear("session.updated")
        events = []
        for _ in range(3):
            talk.append(tenths(5))
            events += talk.until(PARTIAL)
        talk.say("input_audio_buffer.commit")
        events += talk.until(COMPLETED)
    partials = [event["text"] for event in events if event["type"] == PARTIAL]
    deltas = [event["delta"] for event in events if event["type"] == DELTA]
    assert partials == ["5 so far", "10 so far", "15 so far", ""]
    assert deltas == ["ten", " 15 in all"]
    assert events[-1]["transcript"] == "ten 15 in all"
    no_streams(own)


def test_whisper_lives_protocol_tells_of_them_too(own: Server) -> None:
    address = own.address.replace("http", "ws", 1) + "/v1/whisperlive"
    with connect(address, compression=None, open_timeout=WAIT_S) as socket:
        socket.send(json.dumps({"uid": "a", "model": NAME, "use_vad": False}))
        assert json.loads(socket.recv(WAIT_S))["message"] == "SERVER_READY"
        socket.send(np.full(8000, 0.1, np.float32).tobytes())
        [growing] = json.loads(socket.recv(WAIT_S))["segments"]
        assert (growing["text"], growing["completed"]) == ("5 so far", False)
        socket.send(b"END_OF_AUDIO")
        [said] = json.loads(socket.recv(WAIT_S))["segments"]
        assert (said["text"], said["completed"]) == ("5 in all", True)
        assert json.loads(socket.recv(WAIT_S))["message"] == "DISCONNECT"
    no_streams(own)


def test_streams_of_one_process_do_not_mix_and_one_too_many_is_told(own: Server) -> None:
    with talking(own) as first, talking(own) as second, talking(own) as third:
        begin(first, 3)
        begin(second, 4)
        assert told(own)["streams"] == 2
        assert own.ask("DELETE", f"/api/v1/models/{NAME}/load")[0] == 409
        third.update(NAME)
        third.append(tenths(2))
        assert third.hear(FAILED)["error"]["code"] == "too_many_streams"
        first.append(tenths(2))
        assert first.hear(PARTIAL)["text"] == "5 so far"
        assert commit(second) == "4 in all"
        third.append(tenths(2))  # there is room now, and the socket is as good as before
        assert commit(third) == "2 in all"
        assert commit(first) == "5 in all"
    no_streams(own)


@pytest.mark.parametrize("how", ["killed", "crashed"])
def test_a_lost_process_is_its_streams_error_and_the_next_goes_on(own: Server, how: str) -> None:
    with talking(own) as first, talking(own) as second:
        begin(first)
        begin(second)
        if how == "killed":
            for pid in own.workers():
                os.kill(pid, signal.SIGKILL)
        first.append(tenths(1, 0.1 if how == "killed" else 0.95))
        assert first.hear(FAILED)["error"]["code"] == "worker_lost"
        second.append(tenths(1))
        assert second.hear(FAILED)["error"]["code"] == "worker_lost"
        for talk in (first, second):
            talk.append(tenths(2))
            assert commit(talk) == "2 in all"
    no_streams(own)


def test_a_stream_that_raises_costs_no_other(own: Server) -> None:
    with talking(own) as first, talking(own) as second:
        begin(first)
        begin(second)
        second.append(tenths(1, 0.8))
        assert second.hear(FAILED)["error"]["code"] == "model_failed"
        assert commit(first) == "3 in all"
        second.append(tenths(2))
        assert commit(second) == "2 in all"
    no_streams(own)


@pytest.mark.slow  # its whole time passes
def test_a_stream_that_hangs_is_ended(own: Server) -> None:
    with talking(own) as talk:
        begin(talk)
        talk.append(tenths(1, 0.6))
        assert talk.hear(FAILED)["error"]["code"] == "model_timeout"
        talk.append(tenths(2))
        assert commit(talk) == "2 in all"
    no_streams(own)


def _close(talk: Talk) -> None:
    talk.socket.close()


def _vanish(talk: Talk) -> None:
    talk.socket.socket.close()


def _clear(talk: Talk) -> None:
    talk.say("input_audio_buffer.clear")
    talk.hear("input_audio_buffer.cleared")


@pytest.mark.parametrize("leave", [_close, _vanish, _clear])
def test_who_goes_mid_stream_leaves_nothing_behind(own: Server, leave: Callable[[Talk], None]) -> None:
    closed = own.root / "models" / "streamer" / "closed"
    closed.unlink(missing_ok=True)
    with talking(own) as talk, talking(own) as other:
        begin(other)
        begin(talk)
        leave(talk)
        wait_for(closed.exists, "the model was not told that its stream is given up")
        wait_for(lambda: told(own)["streams"] == 1, "its place is not free")
        assert commit(other) == "3 in all"
    no_streams(own)


def test_who_does_not_read_holds_up_no_other(own: Server) -> None:
    with talking(own) as deaf, talking(own) as talk:
        begin(deaf)
        for _ in range(60):
            deaf.append(tenths(1))
        begin(talk)
        assert commit(talk) == "3 in all"
        assert commit(deaf).endswith("63 in all")


def local(model: str) -> Any:
    """The model in this process."""
    name, variant = model.split(":")
    folder = models.FOLDER / name
    place = models.config(folder).variants[variant].weights
    weights = made.weights(folder, variant) if str(place).startswith("made:") else None
    given = models.config(folder).options_for(variant)
    return adapter_code.load(folder, "adapter").load(Setting(name, variant, weights, "cpu", "float32", 1, given))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["pocketsphinx:commands", "sherpa_onnx:tiny-streaming"])
@pytest.mark.parametrize("name", ["light", "code"])
def test_a_shipped_model_says_over_the_socket_what_it_says_by_itself(own: Server, model: str, name: str) -> None:
    """However the audio is cut: text by text what the suite's task hears of it."""
    clip = audio.read(SPEECH / f"{name}.flac", 16_000)
    noted = listen(local(model), clip, VirtualClock, 0.25)
    by_itself = [each.event.text for each in noted if each.event.kind == "final"]
    data = pcm16(clip.samples).tobytes()
    with talking(own) as talk:
        talk.update(model, include=(PARTIAL,))
        for at in range(0, len(data), 2222):
            talk.append(data[at : at + 2222])
        talk.say("input_audio_buffer.commit")
        events = talk.until(COMPLETED)
    assert events[-1]["transcript"] == " ".join(by_itself)
    assert [event["delta"].strip() for event in events if event["type"] == DELTA] == by_itself
    assert any(event["text"] for event in events if event["type"] == PARTIAL)
