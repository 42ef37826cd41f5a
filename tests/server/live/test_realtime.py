"""OpenAI's realtime transcription: its own client, and a plain one for what that would not say."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import numpy as np
import openai
import pytest

from modellab import audio
from modellab.audio.incoming import Incoming
from modellab.streaming.buffered import Buffered
from modellab.types import Audio, Transcript
from tests.server.conftest import Server
from tests.server.talking import CLIPS, COMPLETED, DELTA, FAILED, FAKE, MODEL, Talk, pcm, streams, talking, tone

TEXT = "turn up the fan and open the gate please"  # of clip 04
QUERY: dict[str, object] = {"intent": "transcription"}


def session(rate_hz: int = 24_000, **more: Any) -> Any:
    form = {"type": "audio/pcm", "rate": rate_hz}
    heard = {"format": form, "transcription": {"model": MODEL}, "turn_detection": None, **more}
    return {"type": "transcription", "audio": {"input": heard}}


def pieces(data: bytes) -> list[str]:
    """Tenths of a second at 24 kHz, as base64."""
    return [base64.b64encode(data[at : at + 4800]).decode() for at in range(0, len(data), 4800)]


@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")  # theirs
def test_openais_client_streams_a_clip(server: Server) -> None:
    with (
        openai.OpenAI(base_url=f"{server.address}/v1", api_key="none") as client,
        client.realtime.connect(extra_query=QUERY) as connection,
    ):
        assert connection.recv().type == "session.created"
        connection.session.update(session=session())
        assert connection.recv().type == "session.updated"
        for piece in pieces(pcm("04", 24_000)):
            connection.input_audio_buffer.append(audio=piece)
        connection.input_audio_buffer.commit()
        events: list[Any] = [connection.recv()]
        while events[-1].type != COMPLETED:
            events.append(connection.recv())
    completed = events[-1]
    committed = [event.item_id for event in events if event.type == "input_audio_buffer.committed"]
    deltas = [event.delta for event in events if event.type == DELTA]
    assert {event.type for event in events} == {"input_audio_buffer.committed", DELTA, COMPLETED}
    assert (completed.transcript, "".join(deltas), [completed.item_id]) == (TEXT, TEXT, committed)
    assert completed.usage.type == "duration"
    assert completed.usage.seconds == pytest.approx(audio.info(CLIPS / "04.flac").duration_s, abs=0.01)


def test_openais_other_client_is_told_of_speech(server: Server) -> None:
    """Two clips with silence behind each; the server ends the turns."""

    async def talk() -> list[Any]:
        async with (
            openai.AsyncOpenAI(base_url=f"{server.address}/v1", api_key="none") as client,
            client.realtime.connect(extra_query=QUERY) as connection,
        ):
            await connection.session.update(session=session(turn_detection={"type": "server_vad"}))
            for name in ("04", "12"):
                for piece in pieces(pcm(name, 24_000) + bytes(48_000)):
                    await connection.input_audio_buffer.append(audio=piece)
            events: list[Any] = []
            while sum(event.type == COMPLETED for event in events) < 2:
                events.append(await connection.recv())
            return events

    events = asyncio.run(talk())
    texts = [event.transcript for event in events if event.type == COMPLETED]
    assert texts == [TEXT, "please show the camera to alice tonight"]
    kinds = [event.type for event in events if event.type.startswith("input_audio_buffer")]
    assert kinds == ["input_audio_buffer." + each for each in ("speech_started", "speech_stopped", "committed")] * 2
    numbers = [event.item_id for event in events if event.type.startswith("input_audio_buffer")]
    assert len(set(numbers)) == 2
    started = [event.audio_start_ms for event in events if event.type == "input_audio_buffer.speech_started"]
    assert 0 <= started[0] < 400
    assert started[1] > 3000
    previous = [event.previous_item_id for event in events if event.type == "input_audio_buffer.committed"]
    assert previous == [None, numbers[0]]


def as_g711(kind: str, samples: Any) -> bytes:
    """Each sample as the byte of G.711 that is closest to it."""
    table = Incoming(kind, 8_000, 8_000).feed(bytes(range(256)))
    return bytes(np.abs(samples[:, None] - table[None, :]).argmin(axis=1).astype(np.uint8))


@pytest.mark.parametrize(
    "form",
    [{"type": "audio/pcmu"}, {"type": "audio/pcma"}, *({"type": "audio/pcm", "rate": rate} for rate in (8000, 24_000))],
    ids=str,
)
def test_every_format_is_as_long_as_it_sounds(server: Server, form: dict[str, Any]) -> None:
    rate_hz = form.get("rate", 8_000)
    data = tone(0.7, rate_hz)
    if "rate" not in form:
        data = as_g711(form["type"].removeprefix("audio/"), np.frombuffer(data, "<i2") / 32768)
    with talking(server) as talk:
        talk.update(format=form)
        assert talk.hear("session.updated")["session"]["audio"]["input"]["format"] == form
        talk.append(data)
        talk.say("input_audio_buffer.commit")
        completed = talk.hear(COMPLETED)
    assert completed["transcript"] == "7 tenths"
    assert completed["usage"]["seconds"] == pytest.approx(0.7, abs=0.002)


class Lockstep:
    """A provider that waits for the server after each step, so that it hears what a local one hears."""

    def __init__(self, talk: Talk, step_s: float) -> None:
        self.talk, self.step_s = talk, step_s
        self.fed = self.asked = 0

    def feed(self, data: bytes) -> None:
        self.talk.append(data)
        self.fed += len(data) // 2
        if self.fed - self.asked >= self.step_s * 16_000:
            self.asked = self.fed
            while self.talk.hear("modellab.partial")["audio_end_ms"] < 1000 * self.fed / 16_000 - 1:
                pass


@pytest.mark.slow
def test_a_stream_says_what_the_suites_task_says_with_the_same_settings(server: Server) -> None:
    """Text by text, so word error rates are the same; the local one hears through the same server, clip by clip."""
    client = openai.OpenAI(base_url=f"{server.address}/v1", api_key="none")

    def transcribe(heard: Audio) -> Any:
        said = client.audio.transcriptions.create(
            model=MODEL, file=("a.wav", audio.wav_bytes(heard)), response_format="verbose_json"
        )
        segments = [(each.text, each.start, each.end) for each in said.segments or []]
        return Transcript.of(segments)

    for name in ("04", "05", "08", "16", "17"):
        data = pcm(name)
        chunks = [data[at : at + 8000] for at in range(0, len(data), 8000)]  # 0.25 s, as the task's
        stream = Buffered(transcribe).open_stream(16_000)
        events = [e for chunk in chunks for e in stream.feed(np.frombuffer(chunk, "<i2").astype(np.float32) / 32768)]
        local = " ".join(event.text for event in [*events, *stream.finish()] if event.kind == "final")
        with talking(server) as talk:
            talk.update(MODEL, include=("modellab.partial",))
            steps = Lockstep(talk, 0.5)
            for chunk in chunks:
                steps.feed(chunk)
            talk.say("input_audio_buffer.commit")
            assert talk.hear(COMPLETED)["transcript"] == local


def test_partials_come_only_to_whoever_asks(server: Server) -> None:
    kinds = []
    for include in ((), ("modellab.partial",)):
        with talking(server) as talk:
            talk.update(MODEL, include=include)
            talk.append(pcm("04"))
            talk.append(pcm("04"))
            talk.say("input_audio_buffer.commit")
            kinds.append({event["type"] for event in talk.until(COMPLETED)})
    assert kinds[1] - kinds[0] == {"modellab.partial"}


def test_clear_forgets_and_items_follow_each_other(server: Server) -> None:
    with talking(server) as talk:
        talk.update(MODEL)
        talk.append(pcm("05"))
        talk.say("input_audio_buffer.clear")
        assert talk.until("input_audio_buffer.cleared")
        talk.say("input_audio_buffer.commit", event_id="mine")
        error = talk.hear("error")["error"]
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")
        for _ in range(2):
            talk.append(pcm("04"))
            talk.say("input_audio_buffer.commit")
            assert talk.hear(COMPLETED)["transcript"] == TEXT


def test_silence_is_not_heard_by_the_model(server: Server) -> None:
    """The fake model says something to any sound: nothing to none."""
    with talking(server) as talk:
        talk.update()
        talk.append(bytes(160_000))
        talk.say("input_audio_buffer.commit")
        assert talk.hear(COMPLETED)["transcript"] == ""
        talk.append(tone(0.7))
        talk.say("input_audio_buffer.commit")
        assert talk.hear(COMPLETED)["transcript"] == "7 tenths"


def test_a_model_that_fails_costs_the_item_and_not_the_session(server: Server) -> None:
    with talking(server) as talk:
        talk.update()
        talk.append(tone(1.3))  # the fake raises
        talk.say("input_audio_buffer.commit")
        events = talk.until(FAILED)
        assert [event["type"] for event in events if "item_id" in event] == ["input_audio_buffer.committed", FAILED]
        assert events[-1]["error"]["code"] == "model_failed"
        assert "cannot hear this" in events[-1]["error"]["message"]
        talk.append(tone(0.7))
        talk.say("input_audio_buffer.commit")
        assert talk.hear(COMPLETED)["transcript"] == "7 tenths"


INPUT = "session.audio.input"


@pytest.mark.parametrize(
    ("heard", "code", "param"),
    [
        ({"transcription": {"model": "faster_whisper:lob"}}, "model_not_found", "model"),
        ({"transcription": {"model": "espeak:en-us"}}, "unsupported_task", "model"),
        ({"transcription": {"model": MODEL, "language": "de"}}, "unsupported_parameter", "language"),
        ({"transcription": {"prompt": "names"}}, "unsupported_parameter", f"{INPUT}.transcription.prompt"),
        ({"transcription": {"model": 7}}, "invalid_value", f"{INPUT}.transcription.model"),
        ({"transcription": []}, "invalid_value", f"{INPUT}.transcription"),
        ({"format": {"type": "audio/pcm", "rate": 44_100}}, "invalid_value", f"{INPUT}.format.rate"),
        ({"format": {"type": "audio/opus"}}, "invalid_value", f"{INPUT}.format.type"),
        ({"format": {"type": []}}, "invalid_value", f"{INPUT}.format.type"),
        ({"format": "pcm16"}, "invalid_value", f"{INPUT}.format"),
        ({"turn_detection": {"type": "semantic_vad"}}, "invalid_value", f"{INPUT}.turn_detection.type"),
        (
            {"turn_detection": {"type": "server_vad", "threshold": 2}},
            "invalid_value",
            f"{INPUT}.turn_detection.threshold",
        ),
        ({"noise_reduction": {"type": "near_field"}}, "unsupported_parameter", f"{INPUT}.noise_reduction"),
        ({"turn_detektion": None}, "unknown_parameter", f"{INPUT}.turn_detektion"),
    ],
)
def test_a_session_that_cannot_be_is_one_sentence_and_changes_nothing(
    server: Server, heard: dict[str, Any], code: str, param: str
) -> None:
    with talking(server) as talk:
        talk.update()
        before = talk.hear("session.updated")["session"]
        talk.say("session.update", event_id="e1", session={"type": "transcription", "audio": {"input": heard}})
        error = talk.hear("error")["error"]
        assert (error["code"], error["param"], error["event_id"]) == (code, param, "e1")
        talk.say("session.update", session={})
        assert talk.hear("session.updated")["session"] == before


def test_what_is_no_event_is_one_sentence_each_and_the_session_goes_on(server: Server) -> None:
    with talking(server) as talk:
        talk.hear("session.created")
        said: list[str | bytes] = [
            "{", "[]", "null", '"hello"', "{}", '{"type": 5}', '{"type": "response.create"}', b"\x00\xff" * 100,
            "[" * 10_000, '{"type": "session.update", "session": 5}',
            '{"type": "session.update", "session": {"include": ["item.input_audio_transcription.logprobs"]}}',
            '{"type": "session.update", "session": {"type": "realtime"}}',
            '{"type": "input_audio_buffer.append", "audio": "AAAA"}',
        ]  # fmt: skip
        for each in said:
            talk.send(each)
        codes = [talk.hear("error")["error"]["code"] for _ in said]
        assert codes == [
            "invalid_json", "invalid_event", "invalid_event", "invalid_event", "unknown_event", "unknown_event",
            "unknown_event", "invalid_event", "invalid_json", "invalid_value", "unsupported_parameter",
            "invalid_value", "missing_field",
        ]  # fmt: skip
        talk.update()
        talk.say("input_audio_buffer.append", audio="no base64!")
        talk.say("input_audio_buffer.append")
        assert [talk.hear("error")["error"]["code"] for _ in range(2)] == ["invalid_audio"] * 2
        talk.append(tone(0.7) + b"\x00")  # half a sample is no harm
        talk.say("input_audio_buffer.commit")
        assert talk.hear(COMPLETED)["transcript"] == "7 tenths"


def test_who_says_nothing_that_can_be_understood_is_sent_away(server: Server) -> None:
    with talking(server) as talk:
        for _ in range(150):
            talk.send("{")
        events, code, reason = talk.rest()
    assert (code, reason) == (1008, "too_many_errors")
    assert events[-1]["error"]["code"] == "too_many_errors"
    assert len(events) == 102


def test_the_model_may_stand_in_the_address(server: Server) -> None:
    with talking(server, f"/v1/realtime?model={FAKE}") as talk:
        shown = talk.hear("session.created")["session"]
        assert shown["audio"]["input"]["transcription"]["model"] == FAKE
        talk.append(tone(0.7))
        talk.say("input_audio_buffer.commit")
        assert DELTA in [event["type"] for event in talk.until(COMPLETED)]
    assert streams(server)["refused"] == 0
