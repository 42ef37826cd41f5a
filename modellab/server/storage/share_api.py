"""`/api/v1/shares` makes frozen copies, `/s/...` shows them to whoever has the link."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends, Request, Response

from modellab.server.auth import Who, needs, open_to_all
from modellab.server.errors import ApiError
from modellab.server.storage.api import served
from modellab.server.storage.shares import Shares, described
from modellab.server.storage.threads import drawn, stored

D_S = 86_400.0
MOST_D = 366
PART = "^[a-z0-9-]{0,80}$"
Anybody = Annotated[Who, Depends(open_to_all)]
HEADERS = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


class Asked(pydantic.BaseModel):
    """What to share: one result, one run's report, one sound, or another page."""

    model_config = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)

    entry: str = pydantic.Field("", max_length=200, description="The id of a stored result: its page is shared")
    run: str = pydantic.Field("", max_length=200, description="The name of a session: its report is shared")
    blob: str = pydantic.Field("", max_length=200, description="The id of a blob with sound: a player of it is shared")
    page: str = pydantic.Field("", max_length=2000, description="The address of a page, as /leaderboard?task=asr")
    title: str = pydantic.Field("", max_length=120)
    part: str = pydantic.Field("", pattern=PART, description="What of the page its link opens at: the id of a heading")
    expires_in_s: float = pydantic.Field(30 * D_S, ge=1, le=MOST_D * D_S)

    def target(self) -> tuple[str, str]:
        """(kind, which); ApiError where there is not exactly one."""
        targets = [(kind, id) for kind in ("entry", "run", "blob", "page") if (id := getattr(self, kind))]
        if len(targets) != 1:
            raise ApiError(400, "missing_field", "expected one of `entry`, `run`, `blob` and `page`", "entry")
        return targets[0]


def router(shares: Shares, freeze: Callable[[Request, str], Awaitable[str]]) -> APIRouter:
    """The routes; `freeze` draws a page at an address to stand alone."""
    routes = APIRouter(tags=["shares"])

    @routes.post("/api/v1/shares", status_code=201)
    async def share(asked: Asked, request: Request, who: Annotated[Who, Depends(needs("run"))]) -> dict[str, Any]:
        """Freeze a page for whoever has its link, for 30 days unless `expires_in_s` says otherwise."""
        kind, target = asked.target()
        end = time.time() + asked.expires_in_s
        copy = await freeze(request, target) if kind == "page" else ""
        made = await drawn(shares.new, who, kind, target, asked.title, end, copy)
        answer = described(made, str(request.base_url).rstrip("/"))
        return answer | ({"url": f"{answer['url']}#{asked.part}"} if asked.part else {})

    @routes.get("/api/v1/shares")
    async def listed(request: Request, who: Annotated[Who, Depends(needs("read"))]) -> dict[str, Any]:
        """The shares of this project that are not over, newest first."""
        current = await stored(shares.listed, who.project)
        return {"object": "list", "data": [described(link, str(request.base_url).rstrip("/")) for link in current]}

    @routes.delete("/api/v1/shares/{id}", status_code=204, response_class=Response)
    async def revoke(id: str, who: Annotated[Who, Depends(needs("run"))]) -> Response:
        """End a share at once: its link answers 410; what it showed is deleted within the hour."""
        await stored(shares.revoke, who, id)
        return Response(status_code=204)

    @routes.get("/s/{id}", response_class=Response)
    async def page(id: str, request: Request, _: Anybody) -> Response:
        """A shared page, as it was when it was shared."""
        opened = await stored(shares.open, id)
        blob = await stored(shares.blob, opened, opened.page)
        answer = await served(shares.blobs, blob, request)
        answer.headers.update({**HEADERS, "Content-Security-Policy": opened.policy, "Content-Disposition": "inline"})
        return answer

    @routes.get("/s/{id}/sound", response_class=Response)
    async def sound(id: str, request: Request, _: Anybody) -> Response:
        """The sound that a shared page plays."""
        opened = await stored(shares.open, id)
        blob = await stored(shares.blob, opened, opened.sound)
        answer = await served(shares.blobs, blob, request)
        answer.headers.update(HEADERS)
        return answer

    return routes
