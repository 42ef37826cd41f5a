"""`/api/v1/jobs` and `/api/v1/runs`: ask for a job, look at it, follow it, cancel it, have it tried again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import UploadFile

from modellab.errors import AudioError, did_you_mean
from modellab.server import formats, openai_api, speech
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError, NothingNewError, of
from modellab.server.formats import FORMATS, Transcribed
from modellab.server.jobs import asked as requests
from modellab.server.jobs import webhooks
from modellab.server.jobs.files import AUDIO, OUTPUT
from modellab.server.jobs.room import Room
from modellab.server.jobs.store import Row, Wanted
from modellab.server.jobs.tables import DONE, ENDED, INFERENCE, RUNS, STATES

TRIES = {INFERENCE: 2, RUNS: 1}  # a crash of a run is a finding
LOOK_S = 0.5  # between looks for news of a job that is followed
MOST_LISTED = 200
MOST_KEY = 200  # characters
MOST_DIGITS = 18  # of a number of the database
Reader = Annotated[Who, Depends(needs("read"))]
Inferring = Annotated[Who, Depends(needs("infer"))]
Running = Annotated[Who, Depends(needs("run"))]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=MOST_KEY)]


def router(room: Room) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", tags=["jobs"])

    @routes.post("/jobs", status_code=202)
    async def ask(request: Request, asker: Inferring, idempotency_key: Key = None) -> Response:
        """Ask for a job: JSON, or multipart/form-data with the `file` that it is about. A run needs the scope `run`."""
        id = f"job_{secrets.token_hex(10)}"
        try:
            body, sha256 = await _received(room, request, id)
            asked = requests.read(body)
            if isinstance(asked, requests.Transcribe) and not sha256:
                sha256 = await asyncio.to_thread(_copied, room, asker, asked.file, id)
            return await _asked(room, asker, asked, id, sha256, idempotency_key)
        except BaseException:
            await asyncio.to_thread(room.files.remove, id)
            raise

    @routes.get("/jobs")
    async def listed(
        asker: Reader,
        state: Annotated[list[str] | None, Query(max_length=len(STATES))] = None,
        cursor: str = "",
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    ) -> dict[str, Any]:
        """The jobs of the project, newest first."""
        for name in state or ():
            if name not in STATES:
                raise ApiError(400, "invalid_value", f"state is {name[:40]!r}: {did_you_mean(name, STATES)}", "state")
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MOST_DIGITS):
            raise ApiError(400, "invalid_value", "cursor is none of ours: expected `next` of the page before", "cursor")
        find = room.jobs.newest
        rows = await asyncio.to_thread(
            find, asker.project, states=state or (), before=int(cursor or 0), most=limit + 1
        )  # fmt: skip
        more = {"next": str(rows[limit - 1].n)} if len(rows) > limit else {}
        return {"object": "list", "data": [described(row) for row in rows[:limit]], **more}

    @routes.get("/jobs/{id}")
    async def one(asker: Reader, id: str) -> dict[str, Any]:
        """How a job is: its state, its place in the queue, how far it is, what came of it."""
        row = await asyncio.to_thread(room.jobs.find, asker.project, id)
        return await asyncio.to_thread(_whole, room, row)

    _runs(routes, room)
    _ending(routes, room)
    _following(routes, room)
    return routes


def _runs(routes: APIRouter, room: Room) -> None:
    """The route of runs."""

    @routes.post("/runs", status_code=202)
    async def run(request: Request, asker: Running, idempotency_key: Key = None) -> Response:
        """Ask for a run of the suite: the same as a job of kind `run`."""
        body = {"kind": "run", **await openai_api.body_of(request)}
        return await _asked(room, asker, requests.read(body), f"job_{secrets.token_hex(10)}", "", idempotency_key)


def _ending(routes: APIRouter, room: Room) -> None:
    """The routes that change a job."""

    @routes.delete("/jobs/{id}")
    async def cancel(asker: Reader, id: str) -> dict[str, Any]:
        """Cancel a job that waits or is at work."""
        await _own(room, asker, id)
        row = await asyncio.to_thread(room.jobs.cancel, asker.project, id)
        return await asyncio.to_thread(_whole, room, row)

    @routes.post("/jobs/{id}/retry", status_code=202)
    async def retry(asker: Reader, id: str) -> dict[str, Any]:
        """Let a job that failed or was cancelled be tried again."""
        lane = await _own(room, asker, id)
        row = await asyncio.to_thread(room.jobs.retry, asker.project, id, TRIES[lane])
        room.wake(row)
        return await asyncio.to_thread(_whole, room, row)


async def _own(room: Room, asker: Who, id: str) -> str:
    """The lane of a job that the asker may end; ApiError for another's."""
    row = await asyncio.to_thread(room.jobs.find, asker.project, id)
    if row.owner != asker.name and not asker.may("admin"):
        raise ApiError(403, "not_yours", f"{id} is a job of {row.owner or 'somebody else'}")
    return str(row.lane)


def _following(routes: APIRouter, room: Room) -> None:
    """The routes for what comes of a job while it goes on, and at its end."""

    async def find_row(asker: Reader, id: str) -> Row:
        return await asyncio.to_thread(room.jobs.find, asker.project, id)

    its_row = Depends(find_row)

    async def seen(row: Any = its_row, last_event_id: Annotated[str, Header(alias="Last-Event-ID")] = "") -> int:
        """The number of the event that was seen last; NothingNewError where no other will come."""
        is_number = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= MOST_DIGITS
        last = int(last_event_id) if is_number else 0
        if last and row.state in ENDED and not await asyncio.to_thread(room.jobs.events, row.n, last):
            raise NothingNewError
        return last

    last_seen = Depends(seen)

    @routes.get("/jobs/{id}/events", response_class=EventSourceResponse)
    async def events(row: Any = its_row, last: int = last_seen) -> AsyncIterator[ServerSentEvent]:
        """What happens to a job, until it has ended: from its beginning, or after the event that was seen last."""
        async for event in _news(room, row, last):
            yield event

    @routes.get("/jobs/{id}/output")
    async def output(row: Any = its_row, response_format: str = "verbose_json") -> Response:
        """What came of a job as a file: sound, lines of a dataset, or a transcription in a format of `/v1/audio`."""
        if row.state != DONE:
            raise ApiError(409, "job_not_done", f"{row.id} is {row.state}")
        if row.kind == "transcribe":
            return _rendered(row.result, response_format)
        path = room.files.of(row.id) / OUTPUT
        if not path.is_file():
            raise ApiError(404, "no_output", f"{row.id} has no file: its result says what came of it")
        return FileResponse(path, media_type=row.result["media_type"])


async def _news(room: Room, row: Row, seen: int) -> AsyncIterator[ServerSentEvent]:
    """Each thing that happens to a job after the event `seen`, until it has ended or the server is about to."""
    while not room.is_ending():
        happened = await asyncio.to_thread(room.jobs.events, row.n, seen)
        for event in happened:
            seen = event.n
            data = {"job": row.id, "at": event.at, **event.data}
            yield ServerSentEvent(event=event.kind, id=str(event.n), data=data)
        if happened:
            continue
        state = (await asyncio.to_thread(room.jobs.find, row.project, row.id)).state
        if state in ENDED and not await asyncio.to_thread(room.jobs.events, row.n, seen):
            return
        await asyncio.sleep(LOOK_S)


def _rendered(result: Mapping[str, Any], form: str) -> Response:
    if form not in FORMATS:
        message = f"response_format is {form[:40]!r}, expected one of {', '.join(FORMATS)}"
        raise ApiError(400, "invalid_value", message, "response_format")
    segments = tuple((segment["text"], segment["start"], segment["end"]) for segment in result["segments"])
    words = tuple((word["word"], word["start"], word["end"]) for word in result["words"]) if "words" in result else None
    heard = Transcribed(
        result["text"], segments, result["duration"], result["language"], words=words,
        confidence=result.get("confidence"),
    )  # fmt: skip
    kind, body = formats.rendered(heard, form, ("segment", "word") if words is not None else ())
    return Response(body, media_type=kind)


# ---------------------------------------------------------------------------- what comes in


async def _received(room: Room, request: Request, id: str) -> tuple[Mapping[str, Any], str]:
    """The fields of a request, and the SHA-256 of its file, which is kept as that of the job `id`."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await openai_api.body_of(request), ""
    async with request.form(max_files=1, max_fields=50) as form:
        fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(400, "missing_file", "expected `file` with the audio, as multipart/form-data", "file")
        sha256 = await asyncio.to_thread(room.files.keep, id, file.file)
        fields.setdefault("kind", "transcribe")
        return {**fields, "file": file.filename or "the upload"}, sha256


def _copied(room: Room, asker: Who, blob: str, id: str) -> str:
    """Keep an upload as the file of the job `id`, which may wait for longer than uploads are kept; its SHA-256."""
    if not blob:
        raise ApiError(400, "missing_file", "expected `file`: in multipart/form-data, or the blob of an upload", "file")
    with room.blobs.local(room.blobs.find(asker.project, blob)) as path, path.open("rb") as source:
        return room.files.keep(id, source)


async def _asked(room: Room, asker: Who, asked: requests.Asked, id: str, sha256: str, key: str | None) -> Response:
    """Check what is asked, store it, and say where it is."""
    lane = RUNS if isinstance(asked, requests.Run) else INFERENCE
    if lane == RUNS and not asker.may("run"):
        raise ApiError(403, "insufficient_scope", "a run needs the scope run")
    if asked.callback_url:
        await asyncio.to_thread(webhooks.check, asked.callback_url, room.settings.webhook_hosts)
    more = await asyncio.to_thread(_checked, room, asked, id, sha256)
    if isinstance(asked, requests.Run) and asked.dry_run:
        await asyncio.to_thread(room.files.remove, id)
        return JSONResponse({**more, "command": asked.command})
    wanted = Wanted(
        asker.project, asker.name, asked.kind, lane, {**asked.model_dump(mode="json"), **more.get("body", {})},
        requests.digest(asked, sha256), TRIES[lane], asked.priority, key, asked.callback_url, id,
    )  # fmt: skip
    row, is_new = await asyncio.to_thread(room.jobs.put, wanted, room.settings.most_queued)
    if not is_new:
        await asyncio.to_thread(room.files.remove, id)
    room.wake(row)
    job = await asyncio.to_thread(_whole, room, row)
    return JSONResponse(job, 202, {"Location": job["url"]})


def _checked(room: Room, asked: requests.Asked, id: str, sha256: str) -> dict[str, Any]:
    """What the request names is there and fits; what of that is kept with the job, or shown by a dry run."""
    if isinstance(asked, requests.Run):
        requests.check_executor(asked, room.settings.executors)
        requests.check_batch(asked)
        matrix = room.matrix(asked.batch)
        cases = requests.planned(matrix, asked)
        return {"cases": requests.described(matrix, cases)} if asked.dry_run else {}
    if isinstance(asked, requests.WholeDataset):
        requests.check_dataset(room.matrix(), room.fleet, asked)
        return {}
    if isinstance(asked, requests.Synthesize):
        room.fleet.doing(speech.Asked.of(asked.model_dump()).model, "tts")
        return {}
    served = room.fleet.doing(asked.model, "asr")
    if asked.words:
        room.fleet.doing(asked.model, "alignment")
    language = openai_api.language_for(served, asked.language)
    path = room.files.of(id) / AUDIO
    try:
        duration_s = room.probe.duration_s(path)
    except AudioError as error:
        raise of(error, path=str(path), name=asked.file) from None
    if duration_s > room.project.serve.max_blob_audio_s:
        message = f"{asked.file} lasts {duration_s:.0f} s, expected at most {room.project.serve.max_blob_audio_s:g} s"
        raise ApiError(413, "audio_too_long", message, "file")
    return {"body": {"duration_s": duration_s, "told_language": language, "sha256": sha256}}


# ---------------------------------------------------------------------------- what goes out


def _whole(room: Room, row: Row) -> dict[str, Any]:
    """A job with its place and its result."""
    waits = {"position": room.jobs.position(row)} if row.state not in ENDED else {}
    return {**described(row), **waits, "result": row.result}


def described(row: Row) -> dict[str, Any]:
    """A job as JSON, without what came of it."""
    body = {name: value for name, value in row.body.items() if name not in ("callback_url", "priority", "kind")}
    return {
        "id": row.id, "object": "job", "kind": row.kind, "state": row.state, "owner": row.owner, "project": row.project,
        "priority": row.priority, "tries": row.tries, "most_tries": row.most_tries, "progress": row.progress,
        "error": row.error, "created": row.created, "started": row.started, "ended": row.ended,
        "url": f"/api/v1/jobs/{row.id}", "asked": body,
        **({"command": requests.Run.model_validate(row.body).command} if row.kind == "run" else {}),
    }  # fmt: skip
