"""Who asks: the token that a request bears, and what its owner may do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from modellab.server.errors import ApiError

SCOPES = ("infer", "read", "run", "promote", "rate", "admin")
PROJECT = "default"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: by what name, in which project, with which scopes. `admin` holds all of them."""

    name: str
    project: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


EVERYBODY = Who("", PROJECT, frozenset(SCOPES))  # where no token is asked for, and only this machine can ask


def of_token(given: str, tokens: Mapping[str, str]) -> Who:
    """The owner of a token; ApiError 401 where there is none. All are looked at, so that the time tells nothing."""
    digest = f"sha256:{hashlib.sha256(given.encode()).hexdigest()}"
    owner = ""
    for name, known in tokens.items():
        owner = name if hmac.compare_digest(known, digest) else owner
    if not owner:
        said = "there is no such token here" if given else "no token came: expected Authorization: Bearer TOKEN"
        raise ApiError(401, "invalid_api_key", said, headers={"WWW-Authenticate": "Bearer"})
    return Who(owner, PROJECT, frozenset(SCOPES))


def who(request: Request) -> Who:
    """Who asks, as the edge found it."""
    found = request.state.who
    assert isinstance(found, Who)
    return found


def needs(scope: str) -> Callable[[Request], Who]:
    """A dependency of a route: who asks, or ApiError 403 where they may not."""

    def checked(request: Request) -> Who:
        asker = who(request)
        if not asker.may(scope):
            raise ApiError(403, "insufficient_scope", f"the token may {', '.join(sorted(asker.scopes))}, not {scope}")
        return asker

    return checked
