"""`/api/v1/listening-tests`: make one, see how it goes, end it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from modellab.server.auth import Who, needs
from modellab.server.listening.making import Asked, Maker
from modellab.server.listening.records import ListeningTest
from modellab.server.storage.threads import drawn, stored

Reads = Annotated[Who, Depends(needs("read"))]
Runs = Annotated[Who, Depends(needs("run"))]


def router(maker: Maker) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/listening-tests", tags=["listening tests"])

    @routes.post("", status_code=201)
    async def make(asked: Asked, request: Request, who: Runs) -> dict[str, Any]:
        """A new test of stored results; `url` is the link for raters, who need no account."""
        return described(await drawn(maker.make, who, asked), address(request))

    @routes.get("")
    async def listed(request: Request, who: Reads) -> dict[str, Any]:
        """The tests of this project, newest first."""
        tests = await stored(maker.tests.every, who.project)
        return {"object": "list", "data": [described(test, address(request)) for test in tests]}

    @routes.get("/{test}")
    async def one(test: str, request: Request, who: Reads) -> dict[str, Any]:
        """A test with its results: scores and pairs with intervals, where enough people heard enough sentences."""
        listening_test = await stored(maker.tests.get, who.project, test)
        summary = await stored(results, maker, listening_test)
        return {**described(listening_test, address(request)), "results": summary}

    @routes.post("/{test}/close")
    async def close(test: str, request: Request, who: Runs) -> dict[str, Any]:
        """End a test: its link lets nobody in any more, its votes stay."""
        return described(await stored(maker.tests.close, who.project, test), address(request))

    return routes


def results(maker: Maker, test: ListeningTest) -> dict[str, Any]:
    """What the votes of a test say by now."""
    return maker.index.reader.ask("votes", project=test.project, test=test.id)


def address(request: Request) -> str:
    """Where this server is, as whoever asks sees it."""
    return str(request.base_url).rstrip("/")


def described(test: ListeningTest, address: str) -> dict[str, Any]:
    """A test as the API shows it."""
    names = ("id", "name", "question", "kind", "dataset", "state", "by", "created_at", "per_rater", "needs_headphones")
    fields = {name: getattr(test, name) for name in names}
    systems = [{"name": system.name, "entry": system.entry, "estimates": system.estimates} for system in test.systems]
    return {
        "object": "listening_test", **fields, "systems": systems, "items": len(test.items),
        "url": f"{address}/listen/{test.invitation}",
    }  # fmt: skip
