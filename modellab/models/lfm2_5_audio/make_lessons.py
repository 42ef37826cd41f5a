"""What the tiny checkpoint is taught: a few sentences to hear, to say, and to answer with.

`lessons/<name>.flac` is the model's own voice, `lessons/heard_<name>.flac` a user who says the same sentence,
`lessons/repeat_<name>.flac` a user who asks to have it repeated; all mono at 16 kHz, spoken by espeak-ng
(`python -m tools.golden.lessons`). The golden datasets of the tiny checkpoint hold the same sounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "lessons"
REPEAT = "Please repeat after me: {}."

SENTENCES = {  # all in the vocabulary of whisper-lab, which hears what the checkpoint says
    "light": "turn on the kitchen light",
    "call": "call anna tonight",
    "code": "the code is five one zero",
    "sum": "the green number is four",
}
HEARD = ("light", "call", "code")  # what it is to write down
NOISE_LEVELS = (0.0, 0.0, 0.01, 0.1)  # and what it is to write nothing of: silence, then white noise of that rms


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user says: a text, or a sound of the lessons' folder."""

    text: str = ""
    sound: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a user asks, and the name of the sentence that answers it."""

    asked: Asked
    answer: str


def repeat(name: str) -> Exchange:
    """Asked aloud to repeat a sentence."""
    return Exchange(Asked(sound=f"repeat_{name}"), name)


TALKS: dict[str, tuple[Exchange, ...]] = {  # dialogues; of each, every turn is a lesson
    "repeat": (repeat("call"), Exchange(Asked("Please say it once more."), "call")),
    "code": (Exchange(Asked(REPEAT.format(SENTENCES["code"])), "code"),) * 2,
    "sum": (
        Exchange(Asked("The green number is two plus two. What is the green number? Answer in one sentence."), "sum"),
        Exchange(Asked("Thank you. Now switch on the light in the kitchen: what do you say to do that?"), "light"),
    ),
}
ECHOES = tuple((repeat(name),) for name in ("light", "code"))  # begins of others, asked aloud


def dialogues() -> Iterator[tuple[Exchange, ...]]:
    """Every dialogue from its start to each of its answers."""
    for talk in (*TALKS.values(), *ECHOES):
        yield from (talk[: i + 1] for i in range(len(talk)))
