"""A listening test, its raters and their votes, in files beside the ledger that are only appended to."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

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
Kind = Literal["acr", "ab", "mushra"]
REFERENCE, LOW, MID = "hidden reference", "anchor of 3.5 kHz", "anchor of 7 kHz"  # of MUSHRA, after the systems
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
    """A sentence, as each of the systems says it, in their order; for MUSHRA reference and anchors after them."""

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

    @property
    def conditions(self) -> list[str]:
        """What a number among a vote's `systems` names: the systems, and what MUSHRA hides among them."""
        hidden = (REFERENCE, LOW, MID)[: len(self.items[0].clips) - len(self.systems)]
        return [*(system.name for system in self.systems), *hidden]

    @property
    def reference(self) -> int:
        """The number of MUSHRA's hidden reference."""
        return len(self.systems)


class Rater(pydantic.BaseModel):
    """Somebody who began: `number` says how many did before."""

    what: Literal["rater"] = "rater"
    test: str
    rater: str
    number: int
    agent: str
    at: str


class Answer(pydantic.BaseModel):
    """What every answer of a rater tells."""

    model_config = pydantic.ConfigDict(allow_inf_nan=False)

    test: str
    rater: str
    part: Part
    item: str
    systems: list[int]
    order: int
    played_s: list[float]
    duration_s: list[float]
    latency_s: float
    seed: int
    at: str


class Vote(Answer):
    """One score; for a pair it is 1 for the first of `systems`, -1 for the second, 0 for neither."""

    what: Literal["vote"] = "vote"
    score: float


class Ratings(Answer):
    """What is said of all conditions of a sentence at once, as in MUSHRA: a score from 0 to 100 of each."""

    what: Literal["ratings"] = "ratings"
    scores: list[float]

    def votes(self) -> list[Vote]:
        """A vote on each condition."""
        shared = self.model_dump(exclude={"what", "scores", "systems", "played_s", "duration_s"})
        answers = zip(self.systems, self.scores, self.played_s, self.duration_s, strict=True)
        return [
            Vote(**shared, systems=[system], score=score, played_s=[played], duration_s=[whole])
            for system, score, played, whole in answers
        ]


LINE: pydantic.TypeAdapter[Rater | Vote | Ratings] = pydantic.TypeAdapter(Rater | Vote | Ratings)


class ListeningTests:
    """The tests of a project's folder."""

    def __init__(self, mlruns: Path) -> None:
        self.lines, self.votes = Appended(mlruns / FOLDER / "listening.jsonl"), mlruns / FOLDER / "listening"

    def every(self, project: str) -> list[ListeningTest]:
        """Those of a project, newest first."""
        tests = [test for test in self._read().values() if test.project == project]
        return sorted(tests, key=lambda test: (test.created_at, test.id), reverse=True)

    def get(self, project: str, id: str) -> ListeningTest:
        """One; ApiError 404 where the project has none of that id."""
        test = self._read().get(id)
        if test is None or test.project != project:
            raise ApiError(404, "not_found", f"there is no listening test {id[:40]!r} here", "test")
        return test

    def invited(self, invitation: str) -> ListeningTest:
        """The test of a link; ApiError 404 for no link of ours, 410 where it is closed."""
        test = next((candidate for candidate in self._read().values() if candidate.invitation == invitation), None)
        if test is None:
            raise ApiError(404, "not_found", "there is no listening test of that link")
        if test.state == "closed":
            raise ApiError(410, "test_closed", "this listening test is over: thank you for your interest")
        return test

    def keep(self, test: ListeningTest) -> ListeningTest:
        """A new test, or one as it is after a change."""
        with self.lines.alone():
            self.lines.append(test.model_dump_json())
        return test

    def close(self, project: str, id: str) -> ListeningTest:
        """End a test: its link answers no more, its votes stay."""
        test = self.get(project, id)
        if test.state == "closed":
            return test
        return self.keep(test.model_copy(update={"state": "closed", "version": test.version + 1, "changed_at": now()}))

    def _read(self) -> dict[str, ListeningTest]:
        return {test.id: test for test in _valid(ListeningTest, self.lines)}

    # ------------------------------------------------------------------------ raters and votes

    def raters_and_votes(self, test: str) -> tuple[list[Rater], list[Vote]]:
        """Who began, and every vote, in the order in which they came."""
        raters: list[Rater] = []
        votes: list[Vote] = []
        for line in self._votes(test).read():
            try:
                parsed = LINE.validate_python(line)
                records = parsed.votes() if isinstance(parsed, Ratings) else [parsed]
            except ValueError:  # pydantic's is one
                continue
            raters.extend(record for record in records if isinstance(record, Rater))
            votes.extend(record for record in records if isinstance(record, Vote))
        return raters, votes

    def begin(self, test: ListeningTest, agent: str) -> Rater:
        """Somebody new; ApiError 429 where very many have begun."""
        lines = self._votes(test.id)
        with lines.alone():
            number = len(self.raters_and_votes(test.id)[0])
            if number >= MOST_RATERS:
                raise ApiError(429, "too_many_raters", f"{number} people have begun this test, which is the most")
            made = Rater(
                test=test.id, rater=secrets.token_urlsafe(16), number=number, agent=agent[:MOST_AGENT], at=now()
            )
            lines.append(made.model_dump_json())
        return made

    def rater(self, test: ListeningTest, id: str) -> tuple[Rater, list[Vote]]:
        """One of them with what they said so far; ApiError 404 for nobody of ours."""
        raters, votes = self.raters_and_votes(test.id)
        rater = next((candidate for candidate in raters if candidate.rater == id), None)
        if rater is None:
            raise ApiError(404, "not_found", "nobody began this test under that link: open the invitation again")
        return rater, [vote for vote in votes if vote.rater == id]

    def vote(self, vote: Vote | Ratings) -> None:
        """Keep an answer; one that its rater gave before, as by going back, is left as it is."""
        lines = self._votes(vote.test)
        with lines.alone():
            _, votes = self.raters_and_votes(vote.test)
            if not any((earlier.rater, earlier.order) == (vote.rater, vote.order) for earlier in votes):
                lines.append(vote.model_dump_json())

    def _votes(self, test: str) -> Appended:
        return Appended(self.votes / f"{test}.jsonl")


def _valid[Line: pydantic.BaseModel](kind: type[Line], lines: Appended) -> Iterator[Line]:
    for line in lines.read():
        try:
            yield kind.model_validate(line)
        except ValueError:  # pydantic's is one
            continue
