"""`/v1`: OpenAI's audio API. A field that a model cannot honour is a 400; only those that nobody knows are ignored."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import FormData

from modellab.errors import ConfigError
from modellab.server import formats, speech
from modellab.server.access import audit
from modellab.server.auth import needs
from modellab.server.bodies import json_object
from modellab.server.errors import ApiError
from modellab.server.fleet.calls import Caller
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.formats import FORMATS, Transcribed
from modellab.server.rates import spend_audio
from modellab.server.uploads import Upload, Uploads
from modellab.text import languages

DIARIZED = "diarized_json"
GRANULARITIES = ("segment", "word")
TRUE, FALSE = ("true", "1"), ("false", "0", "")
EVENTS = "text/event-stream"
INFER, ADMIN = [Depends(needs("infer"))], [Depends(needs("admin"))]


class Asked:
    """The fields of a transcription or translation, checked."""

    def __init__(self, form: FormData) -> None:
        self.model = _text(form, "model")
        if not self.model:
            raise ApiError(400, "missing_field", "expected `model`: /v1/models lists them", "model")
        self.language = _text(form, "language")
        self.form = _one_of(form, "response_format", (*FORMATS, DIARIZED)) or "json"
        self.stream = _flag(form, "stream")
        several = [*form.getlist("timestamp_granularities[]"), *form.getlist("timestamp_granularities")]
        self.granularities = tuple(map(str, several))
        for name in self.granularities:
            if name not in GRANULARITIES:
                raise _wrong("timestamp_granularities[]", name, GRANULARITIES)
        if self.granularities and self.form != "verbose_json":
            message = "timestamp_granularities[] needs response_format=verbose_json"
            raise ApiError(400, "unsupported_parameter", message, "timestamp_granularities[]")
        self._refuse(form)

    def _refuse(self, form: FormData) -> None:
        """ApiError for what no model here does, unless it asks for nothing."""
        temperature = _text(form, "temperature") or "0"
        try:
            is_greedy = float(temperature) == 0
        except ValueError:
            raise _wrong("temperature", temperature, ("0",)) from None
        if not is_greedy:
            raise _unsupported("temperature", "models decode as the suite measures them, at temperature 0")
        if _text(form, "prompt"):
            raise _unsupported("prompt", "no model here takes one")
        if form.getlist("include[]") or form.getlist("include"):
            raise _unsupported("include[]", "no model here gives log probabilities")
        if _text(form, "chunking_strategy") not in ("", "auto"):
            raise _unsupported("chunking_strategy", "expected auto: the model decides itself")
        if form.getlist("known_speaker_names[]") or form.getlist("known_speaker_references[]"):
            raise _unsupported("known_speaker_names[]", "speakers are told apart, not recognised")


def router(fleet: Fleet, uploads: Uploads) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/v1/audio/transcriptions", tags=["audio"], dependencies=INFER)
    @routes.post("/asr/transcribe", tags=["audio"], dependencies=INFER)
    async def transcriptions(request: Request) -> Response:
        """What is said in an audio file."""
        async with request.form() as form:
            asked = Asked(form)
            task = "meeting" if asked.form == DIARIZED else "asr"
            served = fleet.doing(asked.model, task)
            if "word" in asked.granularities:
                fleet.doing(asked.model, "alignment")
            language = language_for(served, asked.language)
            async with uploads.kept(form.get("file")) as upload:
                spend_audio(request, upload.duration_s)
                caller = Caller(fleet, request, str(upload.path), upload.name)
                row = _row(upload, language)
                reply = await caller.call(served, task, row, upload.duration_s)
                if asked.form == DIARIZED:
                    return JSONResponse(_diarized(reply["output"], upload.duration_s))
                heard = await _heard(caller, served, asked, row, reply["output"])
        return _answer(heard, asked)

    @routes.post("/v1/audio/translations", tags=["audio"], dependencies=INFER)
    async def translations(request: Request) -> Response:
        """What is said in an audio file, in English."""
        async with request.form() as form:
            asked = Asked(form)
            if asked.form == DIARIZED or asked.granularities:
                raise _unsupported("response_format", "a translation has no times and no speakers")
            served = fleet.doing(asked.model, "translation")
            source = asked.language or (served.languages[0] if len(served.languages) == 1 else "")
            if not source:
                message = "say what is spoken with `language`: it is not found out"
                raise ApiError(400, "missing_field", message, "language")
            async with uploads.kept(form.get("file")) as upload:
                spend_audio(request, upload.duration_s)
                row = {**_row(upload, ""), "source_language": source, "target_language": "en"}
                caller = Caller(fleet, request, str(upload.path), upload.name)
                reply = await caller.call(served, "translation", row, upload.duration_s)
        text = reply["output"]["text"].strip()
        return _answer(Transcribed(text, ((text, None, None),), upload.duration_s, "en", "translate"), asked)

    _speech(routes, fleet)
    _models(routes, fleet)
    return routes


def _speech(routes: APIRouter, fleet: Fleet) -> None:
    """The route of speech."""

    @routes.post("/v1/audio/speech", tags=["audio"], dependencies=INFER)
    @routes.post("/tts/synthesize", tags=["audio"], dependencies=INFER)
    async def synthesis(request: Request) -> Response:
        """A text, spoken."""
        asked = speech.Asked.of(await body_of(request))
        served = fleet.doing(asked.model, "tts")
        row = {"id": request.state.request_id, **asked.row}
        reply = await Caller(fleet, request).call(served, "tts", row, collect=speech.collected)
        return await asyncio.to_thread(speech.answer, reply, asked)


def _models(routes: APIRouter, fleet: Fleet) -> None:
    """The routes about models."""

    @routes.get("/v1/models", tags=["models"], dependencies=INFER)
    @routes.get("/models", tags=["models"], dependencies=INFER)
    async def models() -> dict[str, Any]:
        """Every model that can run here."""
        return {"object": "list", "data": [described(served) for served in fleet]}

    @routes.get("/v1/models/{name:path}", tags=["models"], dependencies=INFER)
    async def model(name: str) -> dict[str, Any]:
        """One model."""
        return described(fleet.get(name))

    @routes.post("/api/v1/models/{name:path}/load", tags=["models"], dependencies=ADMIN)
    async def load(request: Request, name: str) -> dict[str, Any]:
        """Load a model before anybody asks it."""
        loaded = described(fleet.load(name))
        await audit.noted(request, "model.load", name)
        return loaded

    @routes.delete("/api/v1/models/{name:path}/load", tags=["models"], dependencies=ADMIN)
    async def unload(request: Request, name: str) -> dict[str, Any]:
        """Unload a model that is not at work."""
        unloaded = described(fleet.unload(name))
        await audit.noted(request, "model.unload", name)
        return unloaded


def described(served: Served) -> dict[str, Any]:
    """A model as OpenAI lists them, with what we know beside."""
    key = served.instance.key
    return {
        "id": served.name,
        "object": "model",
        "created": served.created,
        "owned_by": "modellab",
        "tasks": list(served.tasks),
        "device": key.device,
        "precision": key.precision,
        "languages": list(served.languages),
        "state": served.state,
        **({"reason": served.reason} if served.reason else {}),
    }


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request; ApiError where it is none."""
    return json_object(await request.body())


async def _heard(
    caller: Caller, served: Served, asked: Asked, row: Mapping[str, Any], output: Mapping[str, Any]
) -> Transcribed:
    """The transcription, with the times of its words where somebody asked for them: a second call of the model."""
    words = None
    if "word" in asked.granularities:
        untimed = [[word, 0.0, 0.0] for word in output["text"].split()]
        aligned = {**row, "words": untimed}
        reply = await caller.call(served, "alignment", aligned, row["duration_s"]) if untimed else None
        words = tuple((text, start, end) for text, start, end in reply["output"]["words"]) if reply else ()
    segments = tuple((text, start, end) for text, start, end in output["segments"])
    sure = [probability for _, probability in output.get("confidences", ())]
    return Transcribed(
        output["text"], segments, row["duration_s"], output["language"],
        words=words, confidence=statistics.fmean(sure) if sure else None,
    )  # fmt: skip


def _answer(heard: Transcribed, asked: Asked) -> Response:
    if asked.stream:
        return StreamingResponse(formats.events(heard), media_type=EVENTS)
    kind, body = formats.rendered(heard, asked.form, asked.granularities)
    return Response(body, media_type=kind)


def _diarized(output: Mapping[str, Any], duration_s: float) -> dict[str, Any]:
    """Who said what, as OpenAI's diarized JSON."""
    utterances = [(start, end, speaker, text) for start, end, speaker, text in output["utterances"]]
    kind = {"type": "transcript.text.segment"}
    segments = [
        {"id": f"seg_{number}", **kind, "start": start, "end": end, "speaker": who, "text": text}
        for number, (start, end, who, text) in enumerate(utterances)
    ]
    whole = Transcribed(" ".join(text.strip() for *_, text in utterances), (), duration_s)
    about = {"task": "transcribe", "duration": duration_s, "text": whole.text}
    return {**about, "segments": segments, "usage": whole.usage}


def _row(upload: Upload, language: str) -> dict[str, Any]:
    row = {"id": "upload", "audio": str(upload.path), "duration_s": upload.duration_s}
    return {**row, "language": language} if language else row


def language_for(served: Served, asked: str) -> str:
    """The language to tell the model, '' for what it hears anyway; ApiError for one that it cannot be told."""
    if not asked:
        return ""
    try:
        code = languages.code(asked)
    except ConfigError as error:
        raise ApiError(400, "invalid_value", str(error), "language") from None
    instance = served.instance
    own = str(instance.model.options_for(instance.key.variant).get("language") or "")
    if served.languages and code not in served.languages:
        known = ", ".join(served.languages)
        raise ApiError(400, "unsupported_parameter", f"{served.name} knows {known}, not {asked!r}", "language")
    if code == own or served.languages == (code,):
        return ""
    if not instance.model.takes_language:
        how = f"hears {own}" if own else "finds the language out itself"
        raise ApiError(400, "unsupported_parameter", f"{served.name} {how}, it cannot be told", "language")
    return code


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _flag(form: FormData, name: str) -> bool:
    value = _text(form, name).lower()
    if value not in (*TRUE, *FALSE):
        raise _wrong(name, value, ("true", "false"))
    return value in TRUE


def _one_of(form: FormData, name: str, known: tuple[str, ...]) -> str:
    value = _text(form, name)
    if value and value not in known:
        raise _wrong(name, value, known)
    return value


def _wrong(name: str, value: str, known: tuple[str, ...]) -> ApiError:
    return ApiError(400, "invalid_value", f"{name} is {value[:60]!r}, expected one of {', '.join(known)}", name)


def _unsupported(name: str, why: str) -> ApiError:
    return ApiError(400, "unsupported_parameter", f"{name}: {why}", name)
