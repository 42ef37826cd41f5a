"""Cloud recognisers against a stand-in that answers as their documentation says; recorded there, and played back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.errors import ModelError, ServerError
from modellab.models import adapter_code
from modellab.types import Audio, Setting, Word
from modellab.types.speech import Confidence

from ..stand_in import Asked, Given, StandIn, serving

SOUND = Audio(np.sin(np.arange(16_000) / 10).astype(np.float32) / 2, 16_000, "de")
KEY = "s3cr3t-key-0123456789"
WORDS = [Word("Guten", 0.1, 0.4), Word("Tag.", 0.5, 1.0)]
TEXT = "Guten Tag."


def deepgram(asked: Asked) -> Given:
    words = [
        {"word": "guten", "start": 0.1, "end": 0.4, "confidence": 0.9, "punctuated_word": "Guten"},
        {"word": "tag", "start": 0.5, "end": 1.0, "confidence": 0.8, "punctuated_word": "Tag."},
    ]
    best = {"transcript": TEXT, "confidence": 0.9, "words": words}
    return Given({"metadata": {"request_id": "r"}, "results": {"channels": [{"alternatives": [best]}]}})


def elevenlabs(asked: Asked) -> Given:
    words = [
        {"text": "Guten", "start": 0.1, "end": 0.4, "type": "word"},
        {"text": " ", "start": 0.4, "end": 0.5, "type": "spacing"},
        {"text": "Tag.", "start": 0.5, "end": 1.0, "type": "word"},
        {"text": "(laughs)", "start": 1.0, "end": 1.0, "type": "audio_event"},
    ]
    return Given({"language_code": "deu", "language_probability": 0.9, "text": TEXT, "words": words})


class AssemblyAI:
    """Queued at the first look, then processing, then there."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, asked: Asked) -> Given:
        if asked.path.endswith("/upload"):
            return Given({"upload_url": "https://cdn.example/u1"})
        if asked.method == "POST":
            assert json.loads(asked.body)["audio_url"] == "https://cdn.example/u1"
            return Given({"id": "t1", "status": "queued"})
        self.looks += 1
        words = [
            {"text": "Guten", "start": 100, "end": 400, "confidence": 0.9},
            {"text": "Tag.", "start": 500, "end": 1000, "confidence": 0.8},
        ]
        done = {"text": TEXT, "words": words, "language_code": "de", "error": None}
        state = ["queued", "processing", "completed"][min(self.looks, 3) - 1]
        return Given({"id": "t1", "status": state, **(done if state == "completed" else {"text": None})})


SURE = (Confidence("Guten", 0.9), Confidence("Tag.", 0.8))
SERVICES: dict[str, tuple[Callable[[], Callable[[Asked], Given]], dict[str, str], Any]] = {
    "deepgram": (lambda: deepgram, {"authorization": f"Token {KEY}"}, SURE),
    "elevenlabs": (lambda: elevenlabs, {"xi-api-key": KEY}, ()),
    "assemblyai": (AssemblyAI, {"authorization": KEY}, SURE),
}
each_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("A_KEY", KEY)
    with serving() as found:
        yield found


def adapter(name: str, url: str, **options: Any) -> Any:
    fast = {"poll_s": 0.01} if name == "assemblyai" else {}
    at = {"url": url, "key_from": "A_KEY", "price": {"usd_per_audio_min": 0.6, "usd_per_million_characters": 10}}
    given = {"server": at, "model": "m-1", "patience_s": 2, **fast, **options}
    return adapter_code.load(models.FOLDER / name, "adapter").load(
        Setting(name, "one", None, "server", "unknown", 1, given)
    )


@each_service
def test_a_transcript_with_its_words(name: str, server: StandIn) -> None:
    answers, headers, sure = SERVICES[name]
    server.answers = answers()
    model = adapter(name, server.url)
    said = model.transcribe(SOUND)
    assert said.text == TEXT
    assert said.confidences == sure
    assert model.align(SOUND, TEXT) == WORDS
    for asked in server.asked:
        assert headers.items() <= asked.headers.items()
        assert sum(KEY in value for value in asked.headers.values()) == 1
    assert model.meter.readings()["cost_usd"] == pytest.approx(0.02)


@each_service
def test_what_was_recorded_is_played_back(
    name: str, server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = SERVICES[name][0]()
    monkeypatch.setenv("MODELLAB_CASSETTES", f"record:{tmp_path}")
    first = adapter(name, server.url).transcribe(SOUND)
    server.stop()
    monkeypatch.delenv("A_KEY")
    monkeypatch.setenv("MODELLAB_CASSETTES", f"replay:{tmp_path}")
    assert adapter(name, "https://api.example.com/v1").transcribe(SOUND) == first
    assert KEY not in (tmp_path / f"{name}-one.jsonl").read_text()


@each_service
def test_the_language_that_is_asked_for(name: str, server: StandIn) -> None:
    for language, expected in (("de", "de"), ("", "fr")):
        server.answers = SERVICES[name][0]()
        server.asked.clear()
        adapter(name, server.url, language="fr").transcribe(Audio(SOUND.samples, 16_000, language))
        sent = b"".join(asked.path.encode() + asked.body for asked in server.asked if b"RIFF" not in asked.body[:4])
        sent += server.asked[0].path.encode()
        forms = (f"language={expected}", f'name="language_code"\r\n\r\n{expected}', f'"language_code":"{expected}"')
        assert any(form.encode() in sent for form in forms), sent[:500]


@each_service
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Given("<html>", headers={"content-type": "text/html"}), ServerError),
        (Given({}), ServerError),
        (Given([]), ServerError),
        (Given({"error": "who are you"}, 401), ServerError),
        (Given({"err_msg": "no sound in it"}, 400), ModelError),
    ],
)
def test_what_is_no_transcript(name: str, server: StandIn, answer: Given, error: type[Exception]) -> None:
    server.answers = lambda _: answer
    with pytest.raises(error) as raised:
        adapter(name, server.url).transcribe(SOUND)
    assert len(str(raised.value).splitlines()) == 1


@each_service
def test_nothing_to_hear_asks_nobody(name: str, server: StandIn) -> None:
    model = adapter(name, server.url)
    assert model.transcribe(Audio(np.zeros(0, np.float32), 16_000)).text == ""
    assert server.asked == []


@each_service
def test_options_that_are_none(name: str, server: StandIn) -> None:
    with pytest.raises(ValueError, match=f"{name} has no option 'langauge': did you mean language"):
        adapter(name, server.url, langauge="de")


@each_service
def test_another_caller_asks_once(name: str, server: StandIn) -> None:
    model = adapter(name, server.url)
    other = model.another(5.0)
    server.answers = lambda _: Given("busy", 503)
    with pytest.raises(ServerError, match="given up after 1 try"):
        other.transcribe(SOUND)
    assert other.meter is model.meter
    assert len(server.asked) == 1


def test_a_word_without_a_confidence_leaves_all_unsure(server: StandIn) -> None:
    words = [{"word": "a", "start": 0, "end": 1, "confidence": 0.9}, {"word": "b", "start": 0, "end": 1}]
    best = {"transcript": "a b", "words": words}
    server.answers = lambda _: Given({"results": {"channels": [{"alternatives": [best]}]}})
    assert adapter("deepgram", server.url).transcribe(SOUND).confidences == ()


def test_a_transcript_that_cannot_be_made_is_the_models(server: StandIn) -> None:
    def answer(asked: Asked) -> Given:
        failed = {"id": "t1", "status": "error", "error": "no speech in it"}
        return Given(failed) if asked.method == "GET" else AssemblyAI()(asked)

    server.answers = answer
    with pytest.raises(ModelError, match="no transcript of this input: no speech in it"):
        adapter("assemblyai", server.url).transcribe(SOUND)


def test_a_transcript_that_never_comes(server: StandIn) -> None:
    server.answers = lambda asked: (
        Given({"id": "t1", "status": "processing"}) if asked.method == "GET" else AssemblyAI()(asked)
    )
    with pytest.raises(ServerError, match=r"still processing after 0\.2 s"):
        adapter("assemblyai", server.url, patience_s=0.2).transcribe(SOUND)


def test_speech_in_pieces(server: StandIn) -> None:
    pcm = (SOUND.samples * 32767).astype("<i2")
    server.answers = lambda _: Given(pcm.tobytes(), headers={"content-type": "audio/pcm"})
    model = adapter("elevenlabs", server.url, voice="v1")
    pieces = list(model.speak("hello"))
    assert np.array_equal((np.concatenate([each.samples for each in pieces]) * 32768).astype("<i2"), pcm)
    assert server.asked[0].path == "/v1/text-to-speech/v1/stream?output_format=pcm_24000"
    assert json.loads(server.asked[0].body) == {"text": "hello", "model_id": "m-1"}
    assert model.meter.readings()["cost_usd"] == pytest.approx(5e-5)
    server.answers = lambda _: Given({"detail": "quota"})
    with pytest.raises(ServerError, match="where audio was expected"):
        list(model.speak("hello", "v2"))
    with pytest.raises(ValueError, match="speaks with a voice"):
        list(adapter("elevenlabs", server.url).speak("hello"))
