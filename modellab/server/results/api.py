"""`/api/v1/runs` and `/api/v1/results`: sessions and stored results, from the index; whole ones from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse

from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.results import query, sessions
from modellab.server.results.index import Index

MOST_UTTERANCES = 500
GoingOn = Callable[[str], Iterable[sessions.Live]]
Reads = Annotated[Who, Depends(needs("read"))]


def router(index: Index, live: GoingOn) -> APIRouter:
    """The routes; `live` says which runs of a project go on."""
    routes = APIRouter(prefix="/api/v1", tags=["results"])
    _lists(routes, index, live)
    _whole(routes, index)
    return routes


def _lists(routes: APIRouter, index: Index, live: GoingOn) -> None:
    """Those that the index answers."""

    @routes.get("/runs")
    def runs(who: Reads, asked: Annotated[sessions.Runs, Query()]) -> dict[str, Any]:
        """Sessions, newest first, those that go on too: how many cases, what became of them, of which commit."""
        going = list(live(who.project))
        return index.rows(lambda connection: sessions.runs(connection, who.project, asked, going))

    @routes.get("/runs/{session}")
    def run(who: Reads, session: str) -> dict[str, Any]:
        """One session with its results."""
        going = list(live(who.project))
        return index.one(lambda connection: sessions.run(connection, who.project, session, going))

    @routes.get("/results")
    def results(who: Reads, asked: Annotated[query.Filters, Query()]) -> dict[str, Any]:
        """Stored results, newest first: filtered, sorted, in pages."""
        return index.rows(lambda connection: query.results(connection, who.project, asked))


def _whole(routes: APIRouter, index: Index) -> None:
    """Those that a line of the ledger answers."""

    @routes.get("/results/{entry}")
    def result(who: Reads, entry: str) -> dict[str, Any]:
        """One result with its verdicts, versions and settings, as the ledger has it, without its utterances."""
        record: dict[str, Any] = index.whole("entry", who.project, entry)["entry"]
        return {"object": "result", **record}

    @routes.get("/results/{entry}/utterances")
    def utterances(
        who: Reads,
        entry: str,
        start: Annotated[int, Query(ge=0, le=10**9)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_UTTERANCES)] = 100,
    ) -> dict[str, Any]:
        """Utterances of a result: counts, times, what the model said; of private datasets without texts."""
        page = index.whole("utterances", who.project, entry, start=start, count=limit)
        end = start + len(page["utterances"])
        more = {"has_more": end < page["count"], "next_start": end if end < page["count"] else None}
        about = {"count": page["count"], "why_no_reference": page["why_no_reference"]}
        return {"object": "list", "data": page["utterances"], **more, **about}

    @routes.get("/results/{entry}/audio/{utterance:path}", response_class=Response)
    def sound(who: Reads, entry: str, utterance: str, part: Annotated[int, Query(ge=0, le=1000)] = 0) -> Response:
        """What the model said in an utterance, as FLAC; Range is heeded. 410 for what was pruned."""
        sounds = index.whole("sounds", who.project, entry, utterance=utterance)["sounds"]
        if part >= len(sounds):
            raise ApiError(404, "not_found", f"{utterance[:60]!r} has no sound {part} in this result", "utterance")
        path = Path(sounds[part]["path"])
        if not path.is_relative_to((index.project.mlruns / "audio").resolve()):
            raise ApiError(404, "not_found", f"{utterance[:60]!r} has no sound here", "utterance")
        if not sounds[part]["is_there"]:
            raise ApiError(410, "pruned", "this sound was removed: those of the newest sessions alone are kept")
        headers = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "private"}
        return FileResponse(path, media_type="audio/flac", filename=path.name, headers=headers)
