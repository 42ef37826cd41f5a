"""What every page has: the frame with its navigation, the policy that a browser keeps, and the files beside it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

import modellab
from modellab.reports import html
from modellab.server.auth import NOBODY, Who, open_to_all
from modellab.server.errors import ApiError
from modellab.server.pages import frozen

HERE = Path(__file__).parent
TEMPLATES, ASSETS = HERE / "templates", HERE / "assets"
TRY = ("Try it", "/")
ROOMS = (
    ("Workbench", "/workbench"), ("Runs", "/runs"), ("Results", "/results"), ("Leaderboard", "/leaderboard"),
    ("Findings", "/findings"), ("Experiments", "/experiments"), ("Candidates", "/candidates"),
    ("Listening", "/listening"),
)  # fmt: skip
SHARES, ADMINISTRATION = ("Shares", "/shares"), ("Administration", "/admin")
KINDS = {".css": "text/css", ".js": "text/javascript"}
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "img-src 'self' data:", "media-src 'self' blob: data:", "base-uri 'none'", "form-action 'self'",
        "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
YEAR_S = 31_536_000


def page(request: Request, template: str, title: str, **context: Any) -> HTMLResponse:
    """A page from a template of this folder, under its title; what models and people wrote is escaped."""
    given = {**about(request), "title": title, **context}
    body = html.environment(TEMPLATES).get_template(template).render(given)
    return HTMLResponse(body, headers=HEADERS)


def about(request: Request) -> dict[str, Any]:
    """What the frame has to know, as JSON has it."""
    asker = getattr(request.state, "who", NOBODY)  # who asks was not found out where it is a refusal
    when, here = getattr(request.state, "frozen", ""), request.url.path
    address = f"{here}?{request.url.query}" if request.url.query else here
    return {
        "who": asker.name, "form_token": "" if when else asker.form_token, "rooms": rooms(asker), "here": here,
        "edition": edition(), "version": modellab.__version__, "address": str(request.base_url).rstrip("/"),
        "frozen": when, "style": files()["app.css"].decode() if when else "",
        "shareable": address if frozen.is_page(here) and asker.may("run") else "",
    }  # fmt: skip


def drawn_elsewhere(request: Request) -> dict[str, Any]:
    """The frame for a page that a reader's process draws."""
    return {"folder": str(TEMPLATES), "layout": "frame.html.j2", "context": about(request)}


def part(template: str, **context: Any) -> HTMLResponse:
    """A part of a page, for a script that puts it in the place of an earlier one."""
    return HTMLResponse(html.environment(TEMPLATES).get_template(template).render(context), headers=HEADERS)


def rooms(asker: Who) -> tuple[tuple[str, str], ...]:
    """The pages that somebody may see, by name and address; none for nobody."""
    first = [TRY] if asker.may("infer") else []
    more = [*([SHARES] if asker.may("read") else []), *([ADMINISTRATION] if asker.may("admin") else [])]
    return (*first, *ROOMS, *more) if asker.scopes else ()


@cache
def files() -> dict[str, bytes]:
    """The files beside the pages, by name; the reports' style sheet with more, and their `page.js`."""
    assets = {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.suffix in KINDS}
    style, script = ((html.FOLDER / name).read_bytes() for name in ("style.css", "page.js"))
    return {**assets, "app.css": style + assets["app.css"], "page.js": script}


@cache
def edition() -> str:
    """Changes with any of the files, so that browsers may keep them for a year."""
    return hashlib.sha256(b"".join(files().values())).hexdigest()[:12]


def router() -> APIRouter:
    """The route of the files beside the pages."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/assets/{name}", dependencies=[Depends(open_to_all)])
    async def asset(request: Request, name: str) -> Response:
        body = files().get(name)
        if body is None:
            raise ApiError(404, "not_found", "there is no such file")
        is_named = request.url.query == edition()  # what a script imports is not, and changes with the next version
        kept = {"Cache-Control": f"public, max-age={YEAR_S}, immutable" if is_named else "no-cache"}
        return Response(body, media_type=KINDS[Path(name).suffix], headers=kept)

    return routes
