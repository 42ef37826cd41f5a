"""OpenAI's own client against the server, with the embedded models."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import soundfile

from modellab import audio
from tests.server.conftest import Server

MODEL, SPEAKER = "faster_whisper:lab", "espeak:en-us"
CLIP = Path(__file__).parents[2] / "golden" / "asr_smoke_v1" / "audio" / "001.flac"
TEXT = "please increase the volume to forty two percent"


@pytest.fixture
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as asking:
        yield asking


def test_a_transcription_in_every_format(client: openai.OpenAI) -> None:
    plain = client.audio.transcriptions.create(model=MODEL, file=CLIP)
    assert plain.text == TEXT
    text, srt, vtt = (
        str(client.audio.transcriptions.create(model=MODEL, file=CLIP, response_format=form))
        for form in ("text", "srt", "vtt")
    )
    assert text.strip() == TEXT
    assert srt.startswith("1\n00:00:00,000 --> 00:00:02,")
    assert srt.endswith(f"{TEXT}\n\n")
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.")


def test_words_and_segments_have_times_and_what_nobody_knows_is_null(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(
        model=MODEL, file=CLIP, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert (heard.text, heard.language) == (TEXT, "en")
    assert heard.duration == pytest.approx(audio.info(CLIP).duration_s, abs=0.001)
    assert heard.words
    assert [word.word for word in heard.words] == TEXT.split()
    assert all(0 <= word.start <= word.end <= heard.duration for word in heard.words)
    assert heard.segments
    assert heard.segments[0].avg_logprob is None


def test_deltas_joined_are_the_whole(client: openai.OpenAI) -> None:
    events = list(client.audio.transcriptions.create(model=MODEL, file=CLIP, stream=True))
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == TEXT
    assert (events[-1].type, events[-1].text) == ("transcript.text.done", TEXT)  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_speech_in_every_format_is_heard_again(client: openai.OpenAI, tmp_path: Path, form: str) -> None:
    made = client.audio.speech.create(
        model=SPEAKER,
        voice="alloy",
        input="turn on the kitchen light",
        response_format=form,  # type: ignore[arg-type]
    )
    (path := tmp_path / "made").write_bytes(made.read())
    assert audio.info(path).duration_s == pytest.approx(1.34, abs=0.1)
    heard = client.audio.transcriptions.create(model=MODEL, file=path)
    assert "kitchen light" in heard.text


def test_pcm_is_24_khz(client: openai.OpenAI) -> None:
    asked = {"model": SPEAKER, "voice": "alloy", "input": "hello"}
    pcm, wav = (client.audio.speech.create(**asked, response_format=form).read() for form in ("pcm", "wav"))  # type: ignore[arg-type]
    samples, rate_hz = soundfile.read(io.BytesIO(wav))
    assert len(pcm) / 2 / 24_000 == pytest.approx(len(samples) / rate_hz, abs=0.001)


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {MODEL, f"{MODEL}@cpu-int8", SPEAKER, "fake:one"} <= set(names)
    assert client.models.retrieve(MODEL).id == MODEL


@pytest.mark.parametrize(
    ("asked", "error", "param", "says"),
    [
        ({"model": "fastr_whisper:lab"}, openai.NotFoundError, "model", "did you mean faster_whisper:lab"),
        ({"model": SPEAKER}, openai.BadRequestError, "model", "espeak:en-us does tts and no asr"),
        ({"prompt": "names"}, openai.BadRequestError, "prompt", "no model here takes one"),
        ({"temperature": 0.8}, openai.BadRequestError, "temperature", "at temperature 0"),
        ({"language": "de"}, openai.BadRequestError, "language", "knows en, not 'de'"),
        ({"response_format": "xml"}, openai.BadRequestError, "response_format", "expected one of json, text"),
        ({"timestamp_granularities": ["word"]}, openai.BadRequestError, "timestamp_granularities[]", "verbose_json"),
        ({"include": ["logprobs"]}, openai.BadRequestError, "include[]", "no model here gives log probabilities"),
        ({"file": ("a.wav", b"hello")}, openai.BadRequestError, "file", "a.wav cannot be decoded as audio"),
        ({"file": ("a.m3u8", b"#EXTM3U\n/etc/passwd\n")}, openai.BadRequestError, "file", "a.m3u8 is a playlist"),
        ({"file": ("a.wav", b"")}, openai.BadRequestError, "file", "empty"),
    ],
)
def test_what_cannot_be_honoured_is_one_sentence(
    client: openai.OpenAI, asked: dict[str, object], error: type[openai.APIStatusError], param: str, says: str
) -> None:
    with pytest.raises(error) as raised:
        client.audio.transcriptions.create(**{"model": MODEL, "file": CLIP, **asked})  # type: ignore[call-overload]
    assert says in str(raised.value)
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["param"] == param
    assert "/tmp" not in str(raised.value)


def test_what_is_no_op_is_taken(client: openai.OpenAI) -> None:
    asked = {"language": "en", "temperature": 0, "prompt": "", "chunking_strategy": "auto"}
    assert client.audio.transcriptions.create(model=MODEL, file=CLIP, **asked).text == TEXT  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"speed": 2.0}, "speed"),
        ({"instructions": "sadly"}, "instructions"),
        ({"input": "x" * 5000}, "input"),
        ({"input": " "}, "input"),
        ({"response_format": "midi"}, "response_format"),
    ],
)
def test_speech_that_cannot_be_made(client: openai.OpenAI, asked: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.audio.speech.create(**{"model": SPEAKER, "voice": "alloy", "input": "hello", **asked})  # type: ignore[arg-type]
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["param"] == param


def test_a_voice_that_the_model_has_not(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="espeak-ng has no voice 'nobody'"):
        client.audio.speech.create(model=SPEAKER, voice="nobody", input="hello")
