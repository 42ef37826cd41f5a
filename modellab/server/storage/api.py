"""`/api/v1/uploads` and `/api/v1/blobs`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.datastructures import UploadFile

from modellab.errors import AudioError
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError, of
from modellab.server.probe import Probe
from modellab.server.storage import media, ranges
from modellab.server.storage.blobs import UPLOAD, Blob, Blobs, gone
from modellab.server.storage.incoming import Received
from modellab.server.storage.objects import CHUNK_BYTES, GoneError
from modellab.server.storage.threads import stored

NAMED = 80  # characters of a client's file name
SAFE = "default-src 'none'; sandbox"  # whatever is in a blob, it runs nothing
MOST_LISTED = 200
PROBE_S = 300.0  # that looking at a file of hours may take


def router(blobs: Blobs, probe: Probe) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["storage"])

    @routes.post("/api/v1/uploads", status_code=201)
    async def upload(request: Request, who: Annotated[Who, Depends(needs("infer"))]) -> dict[str, Any]:
        """Keep an audio file for jobs: its bytes as the body, or as `file` of a form."""
        async with _received(request, blobs) as (received, name):
            info = await stored(_looked_at, probe, received, name, blobs.settings.max_blob_audio_s)
            if info.duration_s > blobs.settings.max_blob_audio_s:
                most = blobs.settings.max_blob_audio_s
                message = f"{name} lasts {info.duration_s:.0f} s, expected at most {most:g} s: cut it into parts"
                raise ApiError(413, "audio_too_long", message, "file")
            kind = await stored(media.of_audio, received.path)
            facts = {"duration_s": info.duration_s, "rate_hz": info.rate_hz}
            blob = await stored(blobs.put, who.project, UPLOAD, received, kind, **facts)
        return described(blob)

    @routes.get("/api/v1/blobs")
    async def listed(
        who: Annotated[Who, Depends(needs("read"))],
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
        before: str = "",
    ) -> dict[str, Any]:
        """What this project keeps, newest first; `before` is the id of the last one of the page before."""
        kept = await stored(blobs.listed, who.project, limit + 1, before)
        more = kept[limit - 1].id if len(kept) > limit else None
        return {"object": "list", "data": [described(blob) for blob in kept[:limit]], "next_before": more}

    @routes.get("/api/v1/blobs/{id}", response_class=Response)
    async def content(id: str, request: Request, who: Annotated[Who, Depends(needs("read"))]) -> Response:
        """The bytes of a blob, or those that `Range` asks for; of an S3 server, a link to them."""
        blob = await stored(blobs.find, who.project, id)
        if link := await stored(blobs.link, blob):
            return RedirectResponse(link, 307, {"Cache-Control": "no-store"})
        return await served(blobs, blob, request)

    @routes.head("/api/v1/blobs/{id}", response_class=Response)
    async def facts(id: str, who: Annotated[Who, Depends(needs("read"))]) -> Response:
        """What `GET` would answer, without the bytes."""
        blob = await stored(blobs.find, who.project, id)
        return Response(headers={**_headers(blob), "Content-Length": str(blob.bytes)}, media_type=blob.content_type)

    @routes.delete("/api/v1/blobs/{id}", status_code=204, response_class=Response)
    async def delete(id: str, who: Annotated[Who, Depends(needs("infer"))]) -> Response:
        """Delete a blob at once; 409 while a share shows it."""
        await stored(blobs.delete, who.project, id)
        return Response(status_code=204)

    return routes


def described(blob: Blob) -> dict[str, Any]:
    """A blob as the API shows it."""
    return {
        "blob": blob.id,
        "kind": blob.kind,
        "sha256": blob.sha256,
        "bytes": blob.bytes,
        "content_type": blob.content_type,
        "seconds": blob.duration_s,
        "rate": blob.rate_hz,
        "created_at": iso(blob.created_at),
        "expires_at": None if blob.expires_at is None else iso(blob.expires_at),
    }


async def served(blobs: Blobs, blob: Blob, request: Request) -> Response:
    """The bytes, or a part of them; they are not changed on the way."""
    headers = _headers(blob)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    is_same = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    part = ranges.asked(request.headers.get("range", ""), blob.bytes) if is_same else None
    start, end = part or (0, blob.bytes)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.bytes}"
    headers["Content-Length"] = str(end - start)
    first = await _begun(blobs, blob, start, end)
    return StreamingResponse(first, 206 if part else 200, headers, blob.content_type)


async def _begun(blobs: Blobs, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes; where there are none that is told before the answer begins."""
    parts = blobs.stream(blob, start, end)
    try:
        first = await anext(parts, b"")
    except GoneError:
        raise gone(blob.id) from None

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return all_of_them()


def _headers(blob: Blob) -> dict[str, str]:
    return {
        "ETag": f'"{blob.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": media.disposition(blob.content_type, blob.sha256[:12]),
        "Content-Security-Policy": SAFE,
    }


@asynccontextmanager
async def _received(request: Request, blobs: Blobs) -> AsyncIterator[tuple[Received, str]]:
    """The file of a request on disk, and what the client calls it."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        async with blobs.spool.received(request.stream()) as received:
            yield received, "the body"
        return
    async with request.form(max_files=1, max_fields=10) as form:
        given = form.get("file")
        if not isinstance(given, UploadFile):
            raise ApiError(400, "missing_file", "expected `file` with the audio, or the audio as the body", "file")
        async with blobs.spool.received(_parts(given)) as received:
            yield received, (given.filename or "the upload")[:NAMED]


async def _parts(given: UploadFile) -> AsyncIterator[bytes]:
    while part := await given.read(CHUNK_BYTES):
        yield part


def _looked_at(probe: Probe, received: Received, name: str, most_s: float) -> Any:
    try:
        return probe.info(received.path, most_s)
    except AudioError as error:
        raise of(error, path=str(received.path), name=name) from None


def iso(seconds: float) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
