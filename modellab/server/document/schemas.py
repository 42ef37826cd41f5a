"""The parts of the document that are no record of pydantic: errors, what models answer, jobs, what is kept."""

from __future__ import annotations

from typing import Any

from modellab.server.access.sessions import COOKIE

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
SECONDS: Schema = {"type": "number", "minimum": 0}
BYTES: Schema = {"type": "string", "format": "binary"}
ANY: Schema = {"type": "object", "additionalProperties": True}
SECURITY: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of this server: `modellab tokens new`"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of somebody who signed in at /login"},
}


def ref(name: str) -> Schema:
    """A place in the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """That, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: Schema) -> Schema:
    """Several of them."""
    return {"type": "array", "items": items}


def record(about: str, required: str, /, **fields: Schema) -> Schema:
    """An object with these fields, of which those named in `required` are always there; others may come."""
    return {"type": "object", "description": about, "required": required.split(), "properties": fields}


def answer(about: str, **content: Schema) -> Schema:
    """An answer with JSON."""
    return {"description": about, "content": {"application/json": {"schema": content["json"]}}}


def bytes_of(about: str, *kinds: str) -> Schema:
    """An answer with bytes of these types."""
    return {"description": about, "content": {kind: {"schema": BYTES} for kind in kinds}}


USAGE = record("What is counted", "type seconds", type=TEXT, seconds=COUNT)
SEGMENT = record(
    "A part of what was said", "id text", id=COUNT, start=or_null(SECONDS), end=or_null(SECONDS), text=TEXT
)
WORD = record("A word and its times", "word", word=TEXT, start=or_null(SECONDS), end=or_null(SECONDS))
TURN = record("What one speaker said", "start end speaker text", start=SECONDS, end=SECONDS, speaker=TEXT, text=TEXT)
MODEL = record(
    "A model and how it is here", "id object tasks device precision state",
    id=TEXT, object={"const": "model"}, created=COUNT, owned_by=TEXT, tasks=array(TEXT), device=TEXT, precision=TEXT,
    languages=array(TEXT), state=TEXT, reason=TEXT,
)  # fmt: skip
JOB = record(
    "A job", "id object kind state tries progress created url",
    id=TEXT, object={"const": "job"}, kind={"enum": ["transcribe", "synthesize", "dataset", "run"]}, owner=TEXT,
    state={"enum": ["queued", "running", "done", "failed", "cancelled"]}, project=TEXT, priority={"type": "integer"},
    tries=COUNT, most_tries=COUNT, progress={}, error={}, created=SECONDS, started=or_null(SECONDS), position=COUNT,
    ended=or_null(SECONDS), url=TEXT, asked=ANY, command=TEXT, result={},
)  # fmt: skip
BLOB = record(
    "Something that is kept", "blob kind sha256 bytes content_type created_at",
    blob=TEXT, kind=TEXT, sha256=TEXT, bytes=COUNT, content_type=TEXT, seconds=or_null(SECONDS), rate=or_null(COUNT),
    created_at=TEXT, expires_at=or_null(TEXT),
)  # fmt: skip
SHARE = record(
    "A frozen page for whoever has its link", "id url kind target title created_at expires_at",
    id=TEXT, url=TEXT, kind=TEXT, target=TEXT, title=TEXT, owner=TEXT, created_at=TEXT, expires_at=TEXT,
)  # fmt: skip
COMPONENTS: dict[str, Schema] = {
    "Error": record(
        "Every error", "error",
        error=record(
            "What went wrong", "message type param code", message=TEXT, param=or_null(TEXT), code=TEXT,
            type={"enum": ["invalid_request_error", "rate_limit_error", "server_error"]},
        ),
    ),
    "Transcription": record(
        "What was said", "text usage", text=TEXT, usage=USAGE,
        confidence={**SECONDS, "maximum": 1, "description": "The mean over its words, of models that say so"},
    ),
    "VerboseTranscription": record(
        "What was said and when", "task language duration text usage",
        task=TEXT, language=TEXT, duration=SECONDS, text=TEXT, usage=USAGE, confidence={**SECONDS, "maximum": 1},
        segments=array(SEGMENT), words=array(WORD),
    ),
    "DiarizedTranscription": record(
        "Who said what", "task duration text segments usage",
        task=TEXT, duration=SECONDS, text=TEXT, segments=array(TURN), usage=USAGE,
    ),
    "Model": MODEL, "Job": JOB, "Blob": BLOB, "Share": SHARE,
}  # fmt: skip
ERROR: Schema = {"description": "What went wrong", "content": {"application/json": {"schema": ref("Error")}}}


def listed(name: str) -> Schema:
    """A list of them, as the API has lists."""
    more = {"next": TEXT, "next_before": or_null(TEXT)}
    return record("A list", "object data", object={"const": "list"}, data=array(ref(name)), **more)
