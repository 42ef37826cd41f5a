"""What routes answer that FastAPI cannot see: bytes, formats, other statuses than the usual; by (method, path)."""

from __future__ import annotations

from modellab.audio.encoding import ENCODINGS
from modellab.server.document import reports
from modellab.server.document.schemas import (
    ANY,
    BYTES,
    FLAG,
    TEXT,
    Schema,
    answer,
    array,
    bytes_of,
    listed,
    record,
    ref,
)

EVENTS = {"text/event-stream": {"schema": TEXT}}
NEWS: Schema = {"description": "What happens to it", "content": EVENTS}
SUBTITLES = {kind: {"schema": TEXT} for kind in ("text/plain", "application/x-subrip", "text/vtt")}
TRANSCRIBED: Schema = {
    "description": "What was said, in the format that was asked for",
    "content": {
        "application/json": {
            "schema": {"anyOf": [ref(f"{kind}Transcription") for kind in ("Verbose", "Diarized", "")]},
        },
        **SUBTITLES, **EVENTS,
    },
}  # fmt: skip
SOUND_KINDS = {encoding.media_type: {"schema": BYTES} for encoding in ENCODINGS.values()}
SPOKEN: Schema = {"description": "The sound, whole or as events", "content": {**SOUND_KINDS, **EVENTS}}
HEALTH = record("Whether requests are taken", "status version", status={"enum": ["ok", "draining"]}, version=TEXT)
READY = record("Whether all that is preloaded is there", "ready models", ready=FLAG, models=ANY)
STATS = record("How the server is", "uptime_s models streams", uptime_s={"type": "number"}, models=ANY, streams=ANY)
MODELS = answer("Every model", json=listed("Model"))
MODEL = answer("The model", json=ref("Model"))
JOB = answer("The job", json=ref("Job"))
ASKED = answer("The job, and where it is", json=ref("Job"))
PLANNED = answer("What a run would do", json=record("A dry run", "cases command", cases=array(ANY), command=TEXT))
RANGE = {"206": bytes_of("The part that Range asks for", "*/*")}
ELSEWHERE: Schema = {"description": "A link to the bytes, good for five minutes"}
SAME: Schema = {"description": "It is the one that If-None-Match names"}
STAGE = answer("The stage, its history, its version", json=ref("Variant"))
CONFLICT = answer("What it lacks", json={"allOf": [ref("Error"), ANY]})
SIGNED_IN = {
    "200": answer("Who it is", json=record("Signed in", "name", name=TEXT)),
    "303": {"description": "The page"},
}
SIGNED_OUT = {
    "200": answer("It is over", json=record("Signed out", "signed_in", signed_in=FLAG)),
    "303": {"description": "Where one signs in"},
}
LINES: Schema = {
    "description": "A transcription in a format of /v1/audio, sound, or a line of JSON for each utterance",
    "content": {**TRANSCRIBED["content"], **SOUND_KINDS, "application/jsonl": {"schema": BYTES}},
}

OF: dict[tuple[str, str], dict[str, Schema]] = {
    **reports.OF,
    ("post", "/v1/audio/transcriptions"): {"200": TRANSCRIBED},
    ("post", "/asr/transcribe"): {"200": TRANSCRIBED},
    ("post", "/v1/audio/translations"): {"200": TRANSCRIBED},
    ("post", "/v1/audio/speech"): {"200": SPOKEN},
    ("post", "/tts/synthesize"): {"200": SPOKEN},
    ("get", "/v1/models"): {"200": MODELS},
    ("get", "/models"): {"200": MODELS},
    ("get", "/v1/models/{name}"): {"200": MODEL},
    ("post", "/api/v1/models/{name}/load"): {"200": MODEL},
    ("delete", "/api/v1/models/{name}/load"): {"200": MODEL},
    ("get", "/health"): {"200": answer("It does", json=HEALTH), "503": answer("It is about to end", json=HEALTH)},
    ("get", "/ready"): {"200": answer("It is", json=READY), "503": answer("Not yet", json=READY)},
    ("get", "/stats"): {"200": answer("Queues, processes, memory", json=STATS)},
    ("get", "/metrics"): {"200": {"description": "For Prometheus", "content": {"text/plain": {"schema": TEXT}}}},
    ("post", "/login"): SIGNED_IN,
    ("post", "/logout"): SIGNED_OUT,
    ("post", "/api/v1/jobs"): {"200": PLANNED, "202": ASKED},
    ("post", "/api/v1/runs"): {"200": PLANNED, "202": ASKED},
    ("get", "/api/v1/jobs"): {"200": answer("Jobs", json=listed("Job"))},
    ("get", "/api/v1/jobs/{id}"): {"200": JOB},
    ("delete", "/api/v1/jobs/{id}"): {"200": JOB},
    ("post", "/api/v1/jobs/{id}/retry"): {"202": JOB},
    ("get", "/api/v1/jobs/{id}/events"): {"200": NEWS, "204": {"description": "It has ended, and all was seen"}},
    ("get", "/api/v1/jobs/{id}/output"): {"200": LINES},
    ("post", "/api/v1/uploads"): {"201": answer("What is kept", json=ref("Blob"))},
    ("get", "/api/v1/blobs"): {"200": answer("Blobs", json=listed("Blob"))},
    ("get", "/api/v1/blobs/{id}"): {"200": bytes_of("The bytes", "*/*"), **RANGE, "304": SAME, "307": ELSEWHERE},
    ("head", "/api/v1/blobs/{id}"): {"200": {"description": "Its length and type"}},
    ("get", "/api/v1/shares"): {"200": answer("Shares", json=listed("Share"))},
    ("post", "/api/v1/shares"): {"201": answer("The share", json=ref("Share"))},
    ("get", "/s/{id}"): {"200": bytes_of("The page", "text/html"), **RANGE, "304": SAME},
    ("get", "/s/{id}/sound"): {"200": bytes_of("The sound", "audio/*"), **RANGE, "304": SAME},
    ("get", "/api/v1/results/{entry}/audio/{utterance}"): {"200": bytes_of("The sound", "audio/flac"), **RANGE},
    ("post", "/api/v1/lifecycle/{model}/{variant}"): {"200": STAGE, "409": CONFLICT},
}
ERRORS: dict[tuple[str, str], tuple[int, ...]] = {  # beside those that follow from what a route takes
    **dict.fromkeys([key for key in OF if OF[key].get("200") in (TRANSCRIBED, SPOKEN)], (404, 422, 504, 507)),
    ("post", "/api/v1/uploads"): (507,),
    ("post", "/api/v1/jobs"): (404, 409, 507),
    ("post", "/api/v1/runs"): (409,),
    ("delete", "/api/v1/jobs/{id}"): (409,),
    ("post", "/api/v1/jobs/{id}/retry"): (409,),
    ("get", "/api/v1/jobs/{id}/output"): (409,),
    ("get", "/api/v1/blobs/{id}"): (410, 416),
    ("delete", "/api/v1/blobs/{id}"): (409,),
    ("get", "/s/{id}"): (410,),
    ("get", "/s/{id}/sound"): (410, 416),
    ("get", "/api/v1/results/{entry}/audio/{utterance}"): (410, 416),
    ("post", "/api/v1/lifecycle/{model}/{variant}"): (412,),
    ("post", "/api/v1/runs/{session}/accept"): (409, 412),
    ("patch", "/api/v1/experiments/{experiment}"): (409, 412),
    ("get", "/api/v1/experiments/{experiment}/comparison"): (409,),
    ("post", "/login"): (401, 403),
    ("post", "/logout"): (403,),
    ("post", "/api/v1/tokens"): (409,),
    ("post", "/api/v1/users"): (409,),
    ("patch", "/api/v1/users/{name}"): (409,),
    ("post", "/api/v1/projects"): (409,),
}
