"""Who asks, and which scopes there are; without FastAPI, for the commands that manage tokens and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

SCOPES = ("infer", "read", "run", "promote", "rate", "admin")
ADMIN = "admin"
SIGNED = "signed"  # no scope: anybody whom the edge lets in
PROJECT = "default"
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: by what name, in which project, with which scopes. `admin` holds all of them."""

    name: str
    project: str
    scopes: frozenset[str]
    key: str = ""  # by what they are known: `token:ID`, `session:ID`, `settings:NAME`; none: by nothing
    address: str = ""
    form_token: str = field(default="", repr=False)  # of a session: what its pages send with each write

    def may(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes


EVERYBODY = Who("", PROJECT, frozenset(SCOPES))  # where no token is asked for, and only this machine can ask
NOBODY = Who("", "", frozenset())  # at a place that is open to all, where tokens are asked for elsewhere
