"""The kinds of failure that can be told apart, and whose fault each usually is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Fault = Literal["model", "adapter", "data", "scoring"]


class Kind(StrEnum):
    """What a failure looks like. The order is that in which an utterance is asked about them."""

    RAISED = "raised"  # the adapter raised
    STUCK = "stuck"  # the same answer to everything
    LATE = "late"  # each answer belongs to another call
    RATE = "sample rate"  # sound of another length than the file's
    EMPTY = "empty"  # no words where somebody speaks
    NON_SPEECH = "hallucination"  # words where nobody speaks, or a stretch that nobody said
    LOOP = "loop"  # a phrase over and over
    NORMALISER = "normaliser"  # the same words written in another way
    LANGUAGE = "language"  # an answer in another language
    REFERENCE = "reference"  # the transcript belongs to other audio
    CHANNELS = "channels"  # the file's channels cancel, or say different things
    TRUNCATED = "truncated"  # the start, the end or a stretch in the middle is missing
    GARBLED = "garbled"  # nothing is right, everywhere
    WORDS = "words"  # some words are wrong: what recognisers do


LOOKS_LIKE = "this looks like "
LOOKS = {
    Kind.LANGUAGE: "the wrong language",
    Kind.RATE: "a wrong sample rate",
    Kind.NORMALISER: "another way of writing the same words",
    Kind.REFERENCE: "wrong transcripts",
    Kind.TRUNCATED: "lost words at one end",
    Kind.NON_SPEECH: "made-up words",
    Kind.EMPTY: "empty answers",
    Kind.STUCK: "one answer to everything",
    Kind.LATE: "answers to other calls",
    Kind.CHANNELS: "channels that cancel or differ",
    Kind.GARBLED: "garbled sound",
    Kind.LOOP: "loops",
    Kind.RAISED: "an adapter that raises",
}
Suspicion = tuple[Kind, Fault, str]  # with the reason, as a sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """What some utterances of a case have in common. `ids` are theirs, in the dataset's order; `errors` theirs too."""

    kind: Kind
    fault: Fault
    ids: tuple[str, ...]
    errors: int
    sentence: str  # what it looks like and why, for a person

    @property
    def note(self) -> str:
        """For a case that is not red, such as `this looks like the wrong language: language (model fault): ...`."""
        return f"{LOOKS_LIKE}{LOOKS[self.kind]}: {self}"

    def __str__(self) -> str:
        return f"{self.kind} ({self.fault} fault): {self.sentence}"
