"""`/account`: who one is here; `/shares`: pages that somebody without an account may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from modellab.server.access import accounts, passwords, roles, sessions
from modellab.server.access.guard import Guard
from modellab.server.auth import SIGNED, Needs, Who, needs
from modellab.server.pages import frame, frozen
from modellab.server.storage.share_api import MOST_D, PART
from modellab.server.storage.shares import Shares, described

Signed = Annotated[Who, Depends(Needs(SIGNED))]
Reads = Annotated[Who, Depends(needs("read"))]
Name = Annotated[str, Query(max_length=200)]
Address = Annotated[str, Query(max_length=frozen.MOST_ADDRESS)]
Part = Annotated[str, Query(pattern=PART)]
WHAT = {"entry": "a result", "run": "the report of a run", "blob": "a recording", "page": "a page"}


def router(guard: Guard, shares: Shares) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/account")
    def account(request: Request, who: Signed, changed: Name = "") -> Response:
        """Who asks, what they may, in which projects, and their password."""
        kind, _, number = who.key.partition(":")
        places: list[tuple[str, str]] = []
        has_password, others = False, 0
        if kind == "session":
            with guard.database.begin() as connection:
                theirs = sessions.account_of(connection, number)
                has_password = accounts.has_password(connection, theirs)
                others = max(0, sessions.count(connection, theirs) - 1)
                by_project = accounts.roles_of(connection, theirs)
                places = [
                    (name, by_project.get(name, "admin")) for name in accounts.scopes_of(connection, theirs) or {}
                ]
        by = {
            "session": "signed in on this browser",
            "token": "with a token",
            "settings": "with a token of the settings",
        }
        return frame.page(
            request, "account.html.j2", "Who I am", asker=who, places=places, by=by.get(kind, ""),
            scopes=sorted(filter(who.may, roles.ALL)), is_session=kind == "session", has_password=has_password,
            others=others, shortest=passwords.SHORTEST, is_changed=changed == "password",
        )  # fmt: skip

    @routes.get("/shares")
    def listed(
        request: Request, who: Reads, entry: Name = "", run: Name = "", blob: Name = "", page: Address = "",
        part: Part = "",
    ) -> Response:  # fmt: skip
        """The shares of one's project, and to share something else."""
        address = str(request.base_url).rstrip("/")
        rows: list[dict[str, Any]] = [described(share, address) for share in shares.listed(who.project)]
        given = (("entry", entry), ("run", run), ("blob", blob), ("page", page))
        asked = next(((kind, id) for kind, id in given if id), ("", ""))
        return frame.page(
            request, "shares.html.j2", "Shares", shares=rows, kind=asked[0], target=asked[1], what=WHAT,
            part=part, may_share=who.may("run"), most_d=MOST_D,
        )  # fmt: skip

    return routes
