"""OpenAI's audio API against a stand-in: what is asked, what is read from each form of answer, what is no answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from modellab import audio, models
from modellab.errors import ModelError, ServerError
from modellab.models import adapter_code
from modellab.types import Audio, Segment, Setting, Word

from ..stand_in import Given, StandIn, serving

FOLDER = models.FOLDER / "openai_api"
SOUND = Audio(np.sin(np.arange(16_000) / 10).astype(np.float32) / 2, 16_000, "de")
SSE = {"content-type": "text/event-stream"}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with serving() as found:
        yield found


def adapter(server: StandIn, **options: Any) -> Any:
    at = {"url": server.url, "price": {"usd_per_audio_min": 0.6, "usd_per_million_characters": 10}}
    given = {"server": at, "model": "m-1", "patience_s": 2, **options}
    return adapter_code.load(FOLDER, "adapter").load(Setting("openai_api", "one", None, "server", "unknown", 1, given))


def sse(*events: dict[str, Any] | str) -> Given:
    lines = (each if isinstance(each, str) else json.dumps(each) for each in events)
    return Given("".join(f"data: {line}\n\n" for line in lines), headers=SSE)


def test_what_is_asked(server: StandIn) -> None:
    model = adapter(server, prompt="Names: Ann.", temperature=0.2, fields={"model_name": "other"})
    model.transcribe(SOUND)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/audio/transcriptions")
    form = asked.form
    assert form.pop("file")[:4] == b"RIFF"
    assert form == {
        "model": "m-1",
        "response_format": "json",
        "temperature": "0.2",
        "language": "de",
        "prompt": "Names: Ann.",
        "model_name": "other",
    }
    assert asked.n_samples == 16_000


def test_the_language_of_the_options_where_the_row_has_none(server: StandIn) -> None:
    adapter(server, language="fr").transcribe(Audio(SOUND.samples, 16_000))
    adapter(server).transcribe(Audio(SOUND.samples, 16_000))
    assert [asked.form.get("language") for asked in server.asked] == ["fr", None]


FORMS = {
    "json": ("json", Given({"text": " a b "}), "a b", ()),
    "an empty transcript": ("json", Given({"text": ""}), "", ()),
    "text": ("text", Given("a b\n"), "a b", ()),
    "text that is called HTML": (
        "text",
        Given("a b\n", headers={"content-type": "text/html; charset=utf-8"}),
        "a b",
        (),
    ),
    "JSON for text": ("text", Given({"text": "a b"}), "a b", ()),
    "verbose": (
        "verbose_json",
        Given({"text": "a b", "language": "german", "segments": [{"text": " a b", "start": 0.1, "end": 30.0}]}),
        "a b",
        (Segment("a b", 0.1, 1.0),),
    ),
    "verbose without segments": ("verbose_json", Given({"text": "a b"}), "a b", ()),
    "a segment without text": (
        "verbose_json",
        Given({"text": "a", "segments": [{"text": " ", "start": 0, "end": 1}, {"text": "a", "start": "0", "end": 1}]}),
        "a",
        (Segment("a", 0.0, 1.0),),
    ),
    "control characters": ("json", Given({"text": "a\u0000\u001b[31m b"}), "a\u0000\u001b[31m b", ()),
    "half a character": (
        "json",
        Given('{"text": "a \\ud800 b"}', headers={"content-type": "application/json"}),
        "a \ufffd b",
        (),
    ),
}


@pytest.mark.parametrize(("form", "answer", "text", "segments"), FORMS.values(), ids=FORMS)
def test_what_is_read(server: StandIn, form: str, answer: Given, text: str, segments: Any) -> None:
    server.answers = lambda _: answer
    said = adapter(server, response_format=form).transcribe(SOUND)
    assert said.text == text
    assert said.segments == segments
    assert json.dumps(said.text).encode()


def test_times_that_are_none_are_unknown(server: StandIn) -> None:
    server.answers = lambda _: Given({"text": "a", "segments": [{"text": "a", "start": None, "end": "soon"}]})
    (segment,) = adapter(server, response_format="verbose_json").transcribe(SOUND).segments
    assert math.isnan(segment.start_s)
    assert math.isnan(segment.end_s)


def test_words_with_times(server: StandIn) -> None:
    words = [{"word": "a", "start": 0.1, "end": 0.2}, {"word": "b", "start": 0.3, "end": 2.0}]
    server.answers = lambda _: Given({"text": "a b", "words": words})
    assert adapter(server).align(SOUND, "a b") == [Word("a", 0.1, 0.2), Word("b", 0.3, 1.0)]
    assert server.asked[0].form["timestamp_granularities[]"] == "word"
    assert server.asked[0].form["response_format"] == "verbose_json"


def test_word_times_in_the_segments_as_the_server_of_whisper_cpp_has_them(server: StandIn) -> None:
    """A token each; one without a blank before it goes on with the word."""
    times = [(" Mr", 0.1, 0.2), (".", 0.2, 0.3), (" John", 0.4, 0.5), (" D", 0.5, 0.6), ("ash", 0.6, 0.9)]
    tokens = [{"word": word, "start": start, "end": end, "t_dtw": -1} for word, start, end in times]
    segments = [{"text": " Mr. John", "words": tokens[:3]}, {"text": "", "words": []}, {"words": tokens[3:]}]
    server.answers = lambda _: Given({"text": "Mr. John Dash", "segments": segments})
    found = adapter(server).align(SOUND, "")
    assert found == [Word("Mr.", 0.1, 0.3), Word("John", 0.4, 0.5), Word("Dash", 0.5, 0.9)]


STREAMS = {
    "deltas and done": (
        [
            {"type": "transcript.text.delta", "delta": "a"},
            {"type": "transcript.text.delta", "delta": " x"},
            {"type": "transcript.text.done", "text": "a b"},
            "[DONE]",
        ],
        "a b",
    ),
    "deltas alone": (
        [{"type": "transcript.text.delta", "delta": "a"}, {"type": "transcript.text.delta", "delta": " b"}],
        "a b",
    ),
    "done alone": ([{"type": "transcript.text.done", "text": ""}], ""),
    "others between": ([{"type": "ping"}, {"type": "transcript.text.done", "text": "a b", "usage": {}}], "a b"),
}


@pytest.mark.parametrize(("events", "text"), STREAMS.values(), ids=STREAMS)
def test_a_stream_of_events(server: StandIn, events: list[Any], text: str) -> None:
    server.answers = lambda _: sse(*events)
    assert adapter(server, stream=True).transcribe(SOUND).text == text
    assert server.asked[0].form["stream"] == "true"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (sse({"type": "error", "message": "no GPU"}), "where a transcript was expected"),
        (sse({"type": "ping"}), "where a stream of transcript.text.delta and transcript.text.done was expected"),
        (sse("{"), "where events in JSON was expected"),
        (Given(""), "where a stream of"),
    ],
)
def test_a_stream_that_is_none(server: StandIn, answer: Given, sentence: str) -> None:
    server.answers = lambda _: answer
    with pytest.raises(ServerError, match=sentence):
        adapter(server, stream=True).transcribe(SOUND)


ODD = {
    "no text": ({"segments": []}, "where a text under 'text' was expected"),
    "a number": ({"text": 3}, "where a text under 'text' was expected"),
    "segments that are none": ({"text": "a", "segments": "a"}, "where a list of segments or words was expected"),
}


@pytest.mark.parametrize(("answer", "sentence"), ODD.values(), ids=ODD)
def test_json_that_is_another_apis(server: StandIn, answer: dict[str, Any], sentence: str) -> None:
    server.answers = lambda _: Given(answer)
    with pytest.raises(ServerError, match=sentence):
        adapter(server, response_format="verbose_json").transcribe(SOUND)


def test_html_is_no_transcript(server: StandIn) -> None:
    server.answers = lambda _: Given("<html>Log in", headers={"content-type": "text/html"})
    with pytest.raises(ServerError, match="is that the address of the API"):
        adapter(server, response_format="text").transcribe(SOUND)


def test_words_that_were_not_given(server: StandIn) -> None:
    with pytest.raises(ServerError, match="words with times, which timestamp_granularities"):
        adapter(server).align(SOUND, "a b")


def test_a_translation(server: StandIn) -> None:
    server.answers = lambda _: Given({"text": "good day"})
    assert adapter(server).translate(SOUND, "de", "en") == "good day"
    assert server.asked[0].path == "/v1/audio/translations"
    assert "language" not in server.asked[0].form
    with pytest.raises(ValueError, match="into English alone, not into 'fr'"):
        adapter(server).translate(SOUND, "de", "fr")
    with pytest.raises(ValueError, match="translates speech, and this is a text"):
        adapter(server).translate("guten Tag", "de", "en")


def test_speech_as_a_file(server: StandIn) -> None:
    server.answers = lambda _: Given(audio.wav_bytes(SOUND), headers={"content-type": "audio/wav"})
    model = adapter(server, voice="ann", speed=1.5)
    said = model.speak("hello you", "bob")
    assert json.loads(server.asked[0].body) == {
        "model": "m-1",
        "input": "hello you",
        "response_format": "wav",
        "voice": "bob",
        "speed": 1.5,
    }
    assert said.rate_hz == 16_000
    assert np.abs(said.samples - SOUND.samples).max() < 2**-14
    assert model.meter.readings()["cost_usd"] == pytest.approx(9e-5)
    model.speak("x")
    assert json.loads(server.asked[1].body)["voice"] == "ann"


def test_speech_in_pieces(server: StandIn) -> None:
    pcm = (SOUND.samples[:401] * 32767).astype("<i2")
    server.answers = lambda _: Given(pcm.tobytes(), headers={"content-type": "audio/pcm"})
    pieces = list(adapter(server, speech_format="pcm").speak("hello"))
    joined = np.concatenate([piece.samples for piece in pieces])
    assert {piece.rate_hz for piece in pieces} == {24_000}
    assert np.array_equal((joined * 32768).astype("<i2"), pcm)


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_speech_that_is_none(server: StandIn, form: str) -> None:
    server.answers = lambda _: Given({"status": "queued"})
    with pytest.raises(ServerError, match="where audio was expected"):
        list(adapter(server, speech_format=form).speak("hello"))


def test_nothing_to_hear_asks_nobody(server: StandIn) -> None:
    nothing = Audio(np.zeros(0, np.float32), 16_000)
    model = adapter(server)
    assert model.transcribe(nothing).text == ""
    assert model.align(nothing, "") == []
    assert model.translate(nothing, "de", "en") == ""
    assert server.asked == []


def test_what_was_answered_is_charged(server: StandIn) -> None:
    model = adapter(server)
    model.transcribe(SOUND)
    server.answers = lambda _: Given({"error": "no sound"}, 400)
    with pytest.raises(ModelError):
        model.transcribe(SOUND)
    assert model.meter.readings()["cost_usd"] == pytest.approx(0.01)
    assert model.meter.readings()["cost_usd_per_audio_h"] == pytest.approx(36)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"langauge": "de"}, "no option 'langauge': did you mean language"),
        ({"response_format": "srt"}, "response_format is 'srt', expected one of json, verbose_json, text"),
        ({"speech_format": "opus"}, "speech_format is 'opus', expected"),
    ],
)
def test_options_that_are_none(server: StandIn, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        adapter(server, **options)
