"""A page as it is now, to stand alone: its style inside, without scripts, forms and what leads to other pages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request

from modellab.server.errors import ApiError

PAGES = re.compile(
    r"/(?:leaderboard|findings|slices|candidates(?:/[^/]+/[^/]+)?|runs|results(?:/[^/]+/history)?|experiments(?:/[^/]+)?|listening/[^/]+)"
)
MOST_ADDRESS = 2000
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)  # escaped in whatever people or models wrote
BUTTON = re.compile(r'<a class="button"[^>]*>.*?</a>|<a\b[^>]*\bdownload\b[^>]*>.*?</a>', re.DOTALL)
LINK = re.compile(r'<a\b[^>]*\bhref="[/?][^"]*"[^>]*>(.*?)</a>', re.DOTALL)


def is_page(path: str) -> bool:
    """Whether a copy of it makes sense; those of a run and of a result are drawn with their sound instead."""
    return bool(PAGES.fullmatch(path))


async def frozen(request: Request, address: str) -> str:
    """What whoever asks sees at an address of ours by reading alone; ApiError 400 for another, and as that refuses."""
    there = urlsplit(address)
    if there.scheme or there.netloc or not is_page(there.path):
        message = f"expected the address of a page such as /leaderboard?task=asr, got {address[:80]!r}"
        raise ApiError(400, "unsupported_target", message, "page")
    status, body = await _answer(request, there.path, there.query)
    if status != 200:
        message = f"{there.path} answers {status} and no page, so that nothing is shared"
        raise ApiError(max(status, 400), "not_shared", message, "page")
    return LINK.sub(r"\1", BUTTON.sub("", FORM.sub("", body)))


async def _answer(request: Request, path: str, query: str) -> tuple[int, str]:
    """(status, body) of a GET by whoever asks, who may only read meanwhile."""
    state = {**request.scope["state"], "who": replace(request.state.who, scopes=frozenset({"read"}))}
    state["frozen"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    there = {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "method": "GET", "state": state}
    scope = {**request.scope, **there}
    for name in ("endpoint", "path_params", "route"):
        scope.pop(name, None)
    status, parts = 500, list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        parts.append(message.get("body", b""))

    await request.app.router(scope, receive, send)
    return status, b"".join(parts).decode()
