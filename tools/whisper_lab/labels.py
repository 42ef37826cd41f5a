"""What the model is to say about a recording: tokens, and which frames each of them is about."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from tools.whisper_lab import grammar
from tools.whisper_lab import vocabulary as v
from tools.whisper_lab.recordings import Recording

PROMPT_SHARE = 0.12  # of recordings get the words before them as a prompt


class Guide(NamedTuple):
    """The token predicted at `position` is heard between `start_s` and `end_s`."""

    position: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Label:
    """`tokens` in compact numbers; what comes before `first` (the prompt) is given and not learned."""

    tokens: list[int]
    first: int
    guides: list[Guide]
    speechless: bool


def label(r: Random, recording: Recording, timestamps: bool, long_prompt: bool) -> Label:
    """The transcript, with or without timestamps, in Whisper's order of tokens."""
    tokens = _prompt(r, long_prompt) if r.random() < PROMPT_SHARE else []
    first = len(tokens)
    tokens += [v.START, v.ENGLISH, v.TRANSCRIBE]
    guides: list[Guide] = []
    if not timestamps:
        tokens.append(v.NO_TIMESTAMPS)
    for stretch in recording.stretches:
        if timestamps:
            tokens.append(v.timestamp(stretch.start_s))
        for word, start_s, end_s in stretch.word_spans_s:
            for number in v.numbers(word):
                guides.append(Guide(len(tokens) - 1, start_s - 0.02, end_s))
                tokens.append(number)
        if timestamps:
            tokens.append(v.timestamp(stretch.end_s))
    if timestamps:
        tokens += _last_timestamp(recording)
    elif recording.stretches and recording.cut_s is None:
        end_s = recording.stretches[-1].end_s
        guides.append(Guide(len(tokens) - 1, end_s, end_s + 0.4))
    tokens.append(v.END)
    speechless = not recording.stretches and recording.cut_s is None
    return Label(tokens, first, guides, speechless)


def _last_timestamp(recording: Recording) -> list[int]:
    """Where the utterance starts that the window cuts off; 0 if there is nothing at all."""
    if recording.cut_s is not None:
        return [v.timestamp(recording.cut_s)]
    return [] if recording.stretches else [v.timestamp(0)]


def _prompt(r: Random, long: bool) -> list[int]:
    n = r.choice([1, 2, r.randint(3, 12)]) if long else r.randint(1, 2)
    return [v.PREVIOUS, *(number for _ in range(n) for number in v.numbers(grammar.utterance(r)))]
