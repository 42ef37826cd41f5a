"""`/listening`: tests with people, for whoever makes them; `/listen/...`: for raters, without an account."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modellab.results.entry import now
from modellab.server.auth import Who, needs, open_to_all
from modellab.server.errors import ApiError
from modellab.server.listening import blocks, rules
from modellab.server.listening.api import address, described, results
from modellab.server.listening.making import RECORDINGS, Maker
from modellab.server.listening.records import (
    ACR,
    CHOICES,
    FIRST,
    NEITHER,
    SECOND,
    ListeningTest,
    Rater,
    Ratings,
    Vote,
)
from modellab.server.pages import frame
from modellab.server.results import query
from modellab.server.storage.api import served
from modellab.server.storage.threads import stored

Reads = Annotated[Who, Depends(needs("read"))]
Anybody = Annotated[Who, Depends(open_to_all)]
SPEAKING = ["tts", "v2v", "chat"]  # tasks whose results have sounds
OFFERED = 40
HEADERS = {"X-Robots-Tag": "noindex, nofollow"}
CHOSEN = {FIRST: "The first", NEITHER: "No difference", SECOND: "The second"}
MOST_AT_ONCE = 16
Many = Annotated[list[float], Form(max_length=MOST_AT_ONCE)]
KINDS = {"acr": "score 1 to 5", "ab": "blind choice", "mushra": "MUSHRA"}
SCORES = {"acr": "MOS of people", "mushra": "MUSHRA score"}


def router(maker: Maker) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    _own(routes, maker)
    _invited(routes, maker)
    _answers(routes, maker)
    return routes


def _own(routes: APIRouter, maker: Maker) -> None:
    @routes.get("/listening")
    def listing(request: Request, who: Reads) -> Response:
        asked = query.Filters(task=SPEAKING, limit=OFFERED)
        rows = maker.index.rows(lambda connection: query.results(connection, who.project, asked))["data"]
        offered = [row for row in rows if not row["private"] and not row["error"]]
        tests = [described(test, address(request)) for test in maker.tests.every(who.project)]
        return frame.page(
            request, "listening.html.j2", "Listening tests", tests=tests, offered=offered, may_run=who.may("run"),
            kinds=KINDS, recordings=RECORDINGS, needs=rules.ITEMS,
        )  # fmt: skip

    @routes.get("/listening/{test}")
    def one(test: str, request: Request, who: Reads) -> Response:
        listening_test = maker.tests.get(who.project, test)
        summary = shown(listening_test, results(maker, listening_test))
        return frame.page(
            request, "listening_test.html.j2", listening_test.name,
            test=described(listening_test, address(request)), said=summary,
            may_run=who.may("run"), score=SCORES.get(listening_test.kind, ""), needs=rules.ITEMS,
        )  # fmt: skip


def _invited(routes: APIRouter, maker: Maker) -> None:
    @routes.get("/listen/{invitation}")
    def welcome(invitation: str, request: Request, _: Anybody) -> Response:
        test = maker.tests.invited(invitation)
        count = len(blocks.trials(test, Rater(test=test.id, rater="", number=0, agent="", at="")))
        page = frame.page(
            request, "listen.html.j2", "Listening test", test=test, count=count, minutes=_minutes(test, count),
            invitation=invitation,
        )  # fmt: skip
        return _unlisted(page)

    @routes.post("/listen/{invitation}")
    def begin(invitation: str, request: Request, _: Anybody) -> Response:
        test = maker.tests.invited(invitation)
        rater = maker.tests.begin(test, request.headers.get("user-agent", ""))
        return RedirectResponse(f"/listen/{invitation}/{rater.rater}", 303)

    @routes.get("/listen/{invitation}/{rater}")
    def question(invitation: str, rater: str, request: Request, _: Anybody) -> Response:
        test, person, votes = _rater(maker, invitation, rater)
        trials = blocks.trials(test, person)
        place = _next(trials, votes)
        here = f"/listen/{invitation}/{rater}"
        if place == len(trials):
            return _unlisted(frame.page(request, "listen_end.html.j2", "Thank you", test=test, count=len(trials)))
        trial = trials[place]
        template = "listen_trial.html.j2" if trial.reference is None else "listen_mushra.html.j2"
        page = frame.page(
            request, template, "Listening test", test=test, trial=trial, place=place, count=len(trials), here=here,
            choices=list(_choices(test, trial)), question=_question(test, trial),
        )  # fmt: skip
        return _unlisted(page)

    @routes.get("/listen/{invitation}/{rater}/{place}/{side}")
    async def clip(invitation: str, rater: str, place: int, side: int, request: Request, _: Anybody) -> Response:
        test, person, _votes = await stored(_rater, maker, invitation, rater)
        trials = blocks.trials(test, person)
        if not (0 <= place < len(trials) and 0 <= side < len(trials[place].sounds)):
            raise ApiError(404, "not_found", "there is no such sound")
        blob = await stored(maker.blobs.find, test.project, trials[place].sounds[side].blob)
        answer = await served(maker.blobs, blob, request)
        answer.headers["Content-Disposition"] = "inline"  # nothing that tells one system from another
        return _unlisted(answer)


def _answers(routes: APIRouter, maker: Maker) -> None:
    @routes.post("/listen/{invitation}/{rater}")
    def answer(
        invitation: str, rater: str, _: Anybody,
        place: Annotated[int, Form()], answer: Annotated[str, Form(max_length=20)] = "",
        latency_s: Annotated[float, Form()] = 0.0, played_s: Many = [], scores: Many = [],  # noqa: B006
    ) -> Response:  # fmt: skip
        test, person, _votes = _rater(maker, invitation, rater)
        trials = blocks.trials(test, person)
        if not 0 <= place < len(trials):
            raise ApiError(400, "invalid_value", f"there is no question {place}", "place")
        trial = trials[place]
        fields: dict[str, Any] = {
            "test": test.id, "rater": person.rater, "part": trial.part, "item": trial.item, "order": place,
            "systems": list(trial.systems), "latency_s": latency_s, "seed": test.seed, "at": now(),
            "played_s": [*played_s, *(0.0 for _ in trial.clips)][: len(trial.clips)],
            "duration_s": [clip.duration_s for clip in trial.clips],
        }  # fmt: skip
        if trial.reference is None:
            maker.tests.vote(Vote(score=_score_of(answer, test, trial), **fields))
        else:
            maker.tests.vote(Ratings(scores=_checked(scores, trial), **fields))
        return RedirectResponse(f"/listen/{invitation}/{rater}", 303)


def _rater(maker: Maker, invitation: str, rater: str) -> tuple[ListeningTest, Rater, list[Vote]]:
    test = maker.tests.invited(invitation)
    return test, *maker.tests.rater(test, rater)


def _next(trials: list[blocks.Trial], votes: list[Vote]) -> int:
    """The first question that is not answered; how many there are, after the last."""
    answered = {vote.order for vote in votes}
    return next((place for place in range(len(trials)) if place not in answered), len(trials))


def _choices(test: ListeningTest, trial: blocks.Trial) -> list[tuple[str, str, float]]:
    """(value, what it is called, score) of each answer that a question takes."""
    if trial.part == "headphones":
        return [(str(number), f"Tone {number}", float(number)) for number in (1, 2, 3)]
    if test.kind == "ab":
        return [(value, CHOSEN[value], CHOICES[value]) for value in CHOSEN]
    return [(f"{score:.0f}", f"{score:.0f} {label}", score) for score, label in ACR.items()]


def _score_of(answer: str, test: ListeningTest, trial: blocks.Trial) -> float:
    """The score of an answer; ApiError 400 for one that was not offered."""
    scores = {value: score for value, _label, score in _choices(test, trial)}
    if answer not in scores:
        raise ApiError(400, "invalid_value", f"expected one of {', '.join(scores)}", "answer")
    return scores[answer]


def _checked(scores: list[float], trial: blocks.Trial) -> list[float]:
    """The scores of all conditions; ApiError 400 unless there is one from 0 to 100 for each."""
    if len(scores) != len(trial.clips) or not all(0 <= score <= 100 for score in scores):
        message = f"expected {len(trial.clips)} scores from 0 to 100, got {', '.join(map(str, scores)) or 'none'}"
        raise ApiError(400, "invalid_value", message, "scores")
    return scores


def _minutes(test: ListeningTest, count: int) -> int:
    """About how long somebody takes: every clip once, those that are compared again and again three times."""
    longest_s = max(clip.duration_s for item in test.items for clip in item.clips)
    heard = {"acr": 1, "ab": 2, "mushra": 3 * len(test.conditions)}[test.kind]
    return max(1, round(count * (longest_s * heard + 4) / 60))


def _question(test: ListeningTest, trial: blocks.Trial) -> str:
    return "Which of the three tones is the quietest?" if trial.part == "headphones" else test.question


def _unlisted(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    return answer


# ---------------------------------------------------------------------------- numbers as people read them


def shown(test: ListeningTest, summary: dict[str, Any]) -> dict[str, Any]:
    """Results with their numbers written out."""
    names = test.conditions
    systems = [
        {
            **system,
            "score": _score(test, system["score"]),
            "quartiles": "" if system["quartiles"] is None else "{:.0f}, {:.0f}, {:.0f}".format(*system["quartiles"]),
            "estimates": ", ".join(f"{k} {v}" for k, v in system["estimates"].items()),
        }
        for system in summary["systems"]
    ]
    pairs = [
        {
            "first": names[pair["first"]], "second": names[pair["second"]], "n": pair["n"],
            "change": _change(test, pair), "p": "" if pair["adjusted_p"] is None else f"{pair['adjusted_p']:.2g}",
            "says": _says(names, pair),
        }
        for pair in summary["pairs"]
    ]  # fmt: skip
    return {**summary, "systems": systems, "pairs": pairs}


def _score(test: ListeningTest, score: dict[str, Any] | None) -> str:
    if score is None:
        return ""
    places, ends = 1 if test.kind == "mushra" else 2, score["interval"]
    span = f" [{ends[0]:.{places}f}, {ends[1]:.{places}f}]" if ends else ""
    return f"{score['value']:.{places}f}{span}, {score['n']} votes"


def _change(test: ListeningTest, pair: dict[str, Any]) -> str:
    """The difference of scores; of a choice, the share of votes for the first, half of those for neither counted."""
    ends = pair["interval"]
    if test.kind != "ab":
        places = 1 if test.kind == "mushra" else 2
        span = f" [{ends[0]:+.{places}f}, {ends[1]:+.{places}f}]" if ends else ""
        return f"{pair['change']:+.{places}f}{span}"
    share = (1 + pair["change"]) / 2
    ends = [min(1.0, max(0.0, (1 + end) / 2)) for end in ends] if ends else None
    return f"{share:.0%}" + (f" [{ends[0]:.0%}, {ends[1]:.0%}]" if ends else "")


def _says(names: list[str], pair: dict[str, Any]) -> str:
    if not pair["differs"]:
        return "no sure difference"
    return f"{names[pair['first' if pair['change'] > 0 else 'second']]} is better"


def heard(maker: Maker, project: str) -> list[dict[str, Any]]:
    """The results of the tests that have enough votes, for the page of findings."""
    scored = []
    for test in maker.tests.every(project):
        summary = results(maker, test)
        if summary["enough"]:
            about = {"id": test.id, "name": test.name, "dataset": test.dataset, "score": SCORES.get(test.kind, "")}
            scored.append({**about, **shown(test, summary)})
    return scored
