"""A listening test, its raters and their votes, in files beside the ledger that are only appended to."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pydantic

from modellab.results.entry import now
from modellab.server.appended import Appended
from modellab.server.errors import ApiError

FOLDER = Path("lab")
MOST_RATERS = 500
MOST_AGENT = 200  # characters of what a browser says that it is
FIRST, SECOND, NEITHER = "first", "second", "neither"
CHOICES = {FIRST: 1.0, SECOND: -1.0, NEITHER: 0.0}  # of two: how much the first is preferred
ACR = {5.0: "Excellent", 4.0: "Good", 3.0: "Fair", 2.0: "Poor", 1.0: "Bad"}  # ITU-T P.800, annex B
Kind = Literal["acr", "ab"]
Part = Literal["headphones", "training", "rated", "repeat", "anchor"]


class Clip(pydantic.BaseModel):
    """A sound of a test."""

    blob: str
    duration_s: float


class System(pydantic.BaseModel):
    """What is judged: a stored result, and what machines estimate of it."""

    name: str
    entry: str
    estimates: dict[str, str] = {}


class Item(pydantic.BaseModel):
    """A sentence, as each of the systems says it, in their order."""

    id: str
    text: str
    clips: list[Clip]


class Tones(pydantic.BaseModel):
    """Three tones of which one is quieter, which is heard with headphones only (Woods et al. 2017)."""

    clip: Clip
    quietest: int


class ListeningTest(pydantic.BaseModel):
    """A test after a change."""

    id: str
    project: str
    version: int = 1
    name: str
    question: str
    kind: Kind
    dataset: str
    systems: list[System]
    items: list[Item]
    anchor: Clip  # the first clip of the first item, spoilt
    tones: list[Tones]
    needs_headphones: bool
    per_rater: int  # clips, or pairs of clips, that one rater judges
    seed: int
    invitation: str
    state: Literal["open", "closed"] = "open"
    by: str = ""
    created_at: str
    changed_at: str

    @property
    def reason(self) -> str:
        """By what its sounds are pinned."""
        return f"listening:{self.id}"


class Rater(pydantic.BaseModel):
    """Somebody who began: `number` says how many did before."""

    what: Literal["rater"] = "rater"
    test: str
    rater: str
    number: int
    agent: str
    at: str


class Vote(pydantic.BaseModel):
    """One answer; for a pair `score` is 1 for the first of `systems`, -1 for the second, 0 for neither."""

    model_config = pydantic.ConfigDict(allow_inf_nan=False)

    what: Literal["vote"] = "vote"
    test: str
    rater: str
    part: Part
    item: str
    systems: list[int]
    score: float
    order: int
    played_s: list[float]
    duration_s: list[float]
    latency_s: float
    seed: int
    at: str


class ListeningTests:
    """The tests of a project's folder."""

    def __init__(self, mlruns: Path) -> None:
        self.lines, self.votes = Appended(mlruns / FOLDER / "listening.jsonl"), mlruns / FOLDER / "listening"

    def every(self, project: str) -> list[ListeningTest]:
        """Those of a project, newest first."""
        found = [each for each in self._read().values() if each.project == project]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def get(self, project: str, id: str) -> ListeningTest:
        """One; ApiError 404 where the project has none of that id."""
        found = self._read().get(id)
        if found is None or found.project != project:
            raise ApiError(404, "not_found", f"there is no listening test {id[:40]!r} here", "test")
        return found

    def invited(self, invitation: str) -> ListeningTest:
        """The test of a link; ApiError 404 for no link of ours, 410 where it is closed."""
        found = next((each for each in self._read().values() if each.invitation == invitation), None)
        if found is None:
            raise ApiError(404, "not_found", "there is no listening test of that link")
        if found.state == "closed":
            raise ApiError(410, "test_closed", "this listening test is over: thank you for your interest")
        return found

    def keep(self, test: ListeningTest) -> ListeningTest:
        """A new test, or one as it is after a change."""
        with self.lines.alone():
            self.lines.append(test.model_dump_json())
        return test

    def close(self, project: str, id: str) -> ListeningTest:
        """End a test: its link answers no more, its votes stay."""
        found = self.get(project, id)
        if found.state == "closed":
            return found
        return self.keep(
            found.model_copy(update={"state": "closed", "version": found.version + 1, "changed_at": now()})
        )

    def _read(self) -> dict[str, ListeningTest]:
        return {each.id: each for each in _valid(ListeningTest, self.lines)}

    # ------------------------------------------------------------------------ raters and votes

    def said(self, test: str) -> tuple[list[Rater], list[Vote]]:
        """Who began, and every vote, in the order in which they came."""
        raters: list[Rater] = []
        votes: list[Vote] = []
        for line in self._votes(test).read():
            kind: Any = Rater if isinstance(line, dict) and line.get("what") == "rater" else Vote
            try:
                each = kind.model_validate(line)
            except ValueError:  # pydantic's is one
                continue
            (raters if kind is Rater else votes).append(each)
        return raters, votes

    def begin(self, test: ListeningTest, agent: str) -> Rater:
        """Somebody new; ApiError 429 where very many have begun."""
        lines = self._votes(test.id)
        with lines.alone():
            number = len(self.said(test.id)[0])
            if number >= MOST_RATERS:
                raise ApiError(429, "too_many_raters", f"{number} people have begun this test, which is the most")
            made = Rater(
                test=test.id, rater=secrets.token_urlsafe(16), number=number, agent=agent[:MOST_AGENT], at=now()
            )
            lines.append(made.model_dump_json())
        return made

    def rater(self, test: ListeningTest, id: str) -> tuple[Rater, list[Vote]]:
        """One of them with what they said so far; ApiError 404 for nobody of ours."""
        raters, votes = self.said(test.id)
        found = next((each for each in raters if each.rater == id), None)
        if found is None:
            raise ApiError(404, "not_found", "nobody began this test under that link: open the invitation again")
        return found, [each for each in votes if each.rater == id]

    def vote(self, vote: Vote) -> None:
        """Keep a vote; one that its rater gave before, as by going back, is left as it is."""
        lines = self._votes(vote.test)
        with lines.alone():
            _, votes = self.said(vote.test)
            if not any((each.rater, each.order) == (vote.rater, vote.order) for each in votes):
                lines.append(vote.model_dump_json())

    def _votes(self, test: str) -> Appended:
        return Appended(self.votes / f"{test}.jsonl")


def _valid[Line: pydantic.BaseModel](kind: type[Line], lines: Appended) -> Iterator[Line]:
    for line in lines.read():
        try:
            yield kind.model_validate(line)
        except ValueError:  # pydantic's is one
            continue
