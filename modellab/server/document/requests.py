"""The bodies of routes that read their request themselves, by (method, path), each by its media type."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from modellab.audio.encoding import ENCODINGS
from modellab.server.document.schemas import ANY, BYTES, FLAG, NUMBER, TEXT, Schema, array, record, ref
from modellab.server.formats import FORMATS
from modellab.server.jobs.asked import MODELS
from modellab.server.speech import MOST_CHARACTERS

Content = dict[str, dict[str, Any]]
JSON, FORM, URLENCODED = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"
JOBS = [(model, "validation") for model in MODELS.values()]
_, _said = models_json_schema(JOBS, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
RECORDS: dict[str, Schema] = {
    model.__name__: {
        **_said["$defs"][model.__name__],
        "properties": {**_said["$defs"][model.__name__]["properties"], "kind": {"const": kind}},
    }
    for kind, model in MODELS.items()
}
MODEL_ID = {**TEXT, "minLength": 1, "description": "MODEL:VARIANT, one of /v1/models"}
FILE = {**BYTES, "description": "The audio; what it is, its first bytes say"}
LANGUAGE = {**TEXT, "description": "What is spoken, of models that can be told (en, de, ...)"}
STREAM = {**FLAG, "description": "The answer as server-sent events"}
TRANSCRIPTION = record(
    "A file and how to answer", "file model",
    file=FILE, model=MODEL_ID, language=LANGUAGE, stream=STREAM,
    response_format={"enum": [*FORMATS, "diarized_json"], "default": "json"},
    temperature={**NUMBER, "enum": [0], "description": "Models decode as the suite measures them"},
    **{"timestamp_granularities[]": {**array({"enum": ["word", "segment"]}), "description": "With verbose_json"}},
)  # fmt: skip
TRANSLATION = record(
    "A file and how to answer", "file model",
    file=FILE, model=MODEL_ID, language=LANGUAGE, stream=STREAM,
    response_format={"enum": list(FORMATS), "default": "json"},
)  # fmt: skip
SPEECH = record(
    "A text and how it is to be spoken", "model input",
    model=MODEL_ID, input={**TEXT, "minLength": 1, "maxLength": MOST_CHARACTERS},
    voice={"anyOf": [TEXT, record("A voice by its id", "id", id=TEXT)], "description": "alloy: the model's own"},
    response_format={"enum": list(ENCODINGS), "default": "mp3"}, stream_format={"enum": ["audio", "sse"]},
    speed={**NUMBER, "enum": [1]},
)  # fmt: skip
TICKET = record(
    "A session of a live stream", "", session={**ANY, "description": "As OpenAI's realtime API has it"},
    expires_after=record("How long it is good for", "", seconds={"type": "integer", "minimum": 10, "maximum": 600}),
)  # fmt: skip
RUN = {**RECORDS["Run"], "required": []}  # its kind is the address
LOGIN = record("Who signs in", "name password", name=TEXT, password=TEXT, next=TEXT)
UPLOAD = record("A file", "file", file=FILE)
JOB_FORM = record(
    "A file for later", "file model", file=FILE, model=MODEL_ID, language=LANGUAGE, words=FLAG, callback_url=TEXT
)
ANY_JOB = {"anyOf": [ref(model.__name__) for model in MODELS.values()]}


def _one(kind: str, schema: Schema) -> Content:
    return {kind: {"schema": schema}}


BODIES: dict[tuple[str, str], Content] = {
    ("post", "/v1/audio/transcriptions"): _one(FORM, TRANSCRIPTION),
    ("post", "/asr/transcribe"): _one(FORM, TRANSCRIPTION),
    ("post", "/v1/audio/translations"): _one(FORM, TRANSLATION),
    ("post", "/v1/audio/speech"): _one(JSON, SPEECH),
    ("post", "/tts/synthesize"): _one(JSON, SPEECH),
    ("post", "/v1/realtime/client_secrets"): _one(JSON, TICKET),
    ("post", "/api/v1/jobs"): {**_one(JSON, ANY_JOB), **_one(FORM, JOB_FORM)},
    ("post", "/api/v1/runs"): _one(JSON, RUN),
    ("post", "/api/v1/uploads"): {**_one(FORM, UPLOAD), **_one("application/octet-stream", FILE)},
    ("post", "/login"): {**_one(JSON, LOGIN), **_one(URLENCODED, LOGIN)},
}
