"""What is known of a token or a session: what it may in which project."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from modellab.server.access import roles
from modellab.server.askers import PROJECT, Who
from modellab.server.errors import ApiError


@dataclass(frozen=True, slots=True)
class Credential:
    """`bound`: the one project that it is of; `first`: the one that is meant where a request names none."""

    key: str
    name: str
    scopes: dict[str, frozenset[str]]  # by project
    bound: str | None = None
    first: str = ""
    digest: str = field(default="", repr=False)
    form_token: str = field(default="", repr=False)

    @classmethod
    def of_settings(cls, given: str, known: Mapping[str, str]) -> Self | None:
        """A token of `[tool.modellab.serve.tokens]`: it may all but administer."""
        shown = f"sha256:{hashlib.sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()}"
        owner = ""  # each is looked at, so that the time tells nothing
        for name, kept in known.items():
            owner = name if hmac.compare_digest(kept, shown) else owner
        return cls(f"settings:{owner}", owner, {PROJECT: roles.OPERATING}, PROJECT) if owner else None

    def in_project(self, asked: str) -> Who:
        """Who asks, in the project that the request names; ApiError where that is not theirs, or none is named."""
        place = asked.strip() or self.bound or self.first or self._only()
        if place not in self.scopes or (self.bound is not None and place != self.bound):
            raise ApiError(403, "wrong_project", f"{self.name} has no part in a project {place[:80]!r}")
        return Who(self.name, place, self.scopes[place], self.key, form_token=self.form_token)

    def _only(self) -> str:
        if len(self.scopes) == 1:
            return next(iter(self.scopes))
        if PROJECT in self.scopes:
            return PROJECT
        if not self.scopes:
            raise ApiError(403, "wrong_project", f"{self.name} is in no project: an admin can say in which")
        message = f"say with the header OpenAI-Project which one: {', '.join(sorted(self.scopes))}"
        raise ApiError(400, "missing_project", message)
