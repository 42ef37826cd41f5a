"""People who take part in a listening test, over HTTP, as their browser would."""

from __future__ import annotations

import random
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A question: what it is about, and where in the block, with the answers that the page offers."""

    trial: Any
    place: int = -1
    answers: tuple[str, ...] = ()


Answer = Callable[[Asked], str]


def begun(link: str) -> str:
    """Where a new rater's questions are."""
    with urllib.request.urlopen(urllib.request.Request(link, b"", method="POST")) as answer:
        return str(answer.url)


def page(address: str) -> str:
    with urllib.request.urlopen(address) as answer:
        return unescape(answer.read().decode())


def say(address: str, place: int, answer: str, played_s: list[float], **more: Any) -> str:
    """Send an answer; the page after it."""
    fields: list[tuple[str, object]] = [
        ("place", place),
        ("latency_s", 3.5),
        *(("played_s", each) for each in played_s),
    ]
    fields += [("scores", each) for each in answer.split()] if " " in answer else [("answer", answer)]
    data = urllib.parse.urlencode([*fields, *more.items()]).encode()
    with urllib.request.urlopen(address, data) as reply:
        return unescape(reply.read().decode())


def take_part(link: str, trials: Callable[[str], list[Any]], answer: Answer, heard: float = 1.0) -> str:
    """All questions of a new rater; `trials` says what they are about, `heard` how much of each clip is played."""
    address = begun(link)
    about = trials(address.rpartition("/")[2])
    shown = page(address)
    while 'name="place"' in shown:
        place = int(re.findall(r'name="place" value="(\d+)"', shown)[0])
        asked = Asked(about[place], place, tuple(re.findall(r'name="answer" value="([^"]+)"', shown)))
        shown = say(address, asked.place, answer(asked), [heard * clip.duration_s for clip in asked.trial.clips])
    return shown


def listener(test: Any, liking: Mapping[int, float], seed: int) -> Answer:
    """Somebody who listens: hears tones right, finds the anchor bad, likes systems as told, with noise of their own.

    What they say of all conditions of a sentence at once are numbers with spaces between them.
    """
    draw = random.Random(seed)
    own = draw.gauss(0, 0.4)

    def score(system: int) -> float:
        return 1.0 if system < 0 else liking[system] + own + draw.gauss(0, 0.4)

    def answer(asked: Asked) -> str:
        trial = asked.trial
        if trial.part == "headphones":
            return str(test.tones[int(trial.item.rpartition("-")[2])].quietest)
        if trial.reference is not None:
            return " ".join(f"{_of_100(test, score, system):.0f}" for system in trial.systems)
        if len(trial.systems) == 1:
            return str(min(5, max(1, round(score(trial.systems[0])))))
        change = score(trial.systems[0]) - score(trial.systems[1])
        return "neither" if abs(change) < 0.2 else "first" if change > 0 else "second"

    return answer


def _of_100(test: Any, score: Callable[[int], float], system: int) -> float:
    hidden = dict(zip(range(test.reference, len(test.conditions)), (100.0, 10.0, 60.0), strict=False))
    return hidden.get(system, 0.0) or min(95.0, max(0.0, 20 * score(system)))
