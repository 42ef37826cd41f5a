"""Random inputs on which our metrics and the reference implementations are compared; a seed gives the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from modellab.annotations.rttm import merged
from modellab.types import Region, SpokenTurn, Turn

# naïve is in it composed and decomposed
COMMON = "on off turn the light lights forty two degrees kitchen a b don't 2.5 -5 100%"
RARE = "na\u00efve nai\u0308ve straße STRASSE हिन्दी में ไม่มีน้ำ தமிழ் 猫 东京 кот שָׁלוֹם 🙂 👩\u200d👩\u200d👧"
WORDS = COMMON.split() + RARE.split()
CLIP_S = 25.0


def words(r: Random, most: int) -> list[str]:
    """Up to so many words; a small vocabulary, so that chance matches are common."""
    return r.choices(WORDS, k=r.randint(0, most))


def damaged(r: Random, spoken: list[str]) -> list[str]:
    """The same with words lost, replaced, added, doubled and swapped; sometimes nothing of it."""
    share = r.choice((0.0, 0.1, 0.3, 0.8, 1.0))
    heard: list[str] = []
    for word in spoken:
        kind = r.random() / share if share else 2.0
        if kind < 0.3:
            continue
        heard.append(r.choice(WORDS) if kind < 0.7 else word)
        if 0.7 <= kind < 1.0:
            heard.append(r.choice((word, r.choice(WORDS))))
    if len(heard) > 1 and r.random() < 0.1:
        at = r.randrange(len(heard) - 1)
        heard[at], heard[at + 1] = heard[at + 1], heard[at]
    return heard if r.random() > 0.03 else []


def texts(n: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Reference and hypothesis: 3 % of each side empty, the hypothesis a damaged copy or another text altogether."""
    r = Random(seed)
    for _ in range(n):
        reference = words(r, 14) if r.random() > 0.03 else []
        yield " ".join(reference), " ".join(damaged(r, reference) if r.random() > 0.1 else words(r, 14))


class Recording(NamedTuple):
    """One pair of annotations and how it is scored; `collar_s` is pyannote's, both sides of a boundary together."""

    reference: list[Turn]
    hypothesis: list[Turn]
    uem: list[Region]
    collar_s: float
    skip_overlap: bool


def recordings(n: int, seed: int = 1) -> Iterator[Recording]:
    """Up to five speakers a side who overlap each other, none himself; every third one with a UEM of its own."""
    r = Random(seed)
    for _ in range(n):
        reference = _turns(r, "abcde")
        hypothesis = _moved(r, reference) if r.random() < 0.6 else _turns(r, "vwxyz")
        edges = sorted(r.uniform(0.0, CLIP_S) for _ in range(4))
        uem = [Region(*edges[:2]), Region(*edges[2:])] if r.random() < 1 / 3 else [Region(0.0, CLIP_S)]
        yield Recording(reference, hypothesis, uem, r.choice((0.0, 0.25, 0.5)), r.random() < 0.3)


def _turns(r: Random, names: str) -> list[Turn]:
    speakers = r.sample(names, r.randint(1, len(names)))
    starts_s = (r.uniform(0.0, CLIP_S - 1) for _ in range(r.randint(0, 12)))
    return merged(_turn(start_s, start_s + r.uniform(0.05, 5.0), r.choice(speakers)) for start_s in starts_s)


def _moved(r: Random, turns: list[Turn]) -> list[Turn]:
    """The reference as a model might find it: shifted edges, lost turns, confused speakers."""
    kept = [turn for turn in turns if r.random() > 0.1]
    names = {turn.speaker: name for turn, name in zip(turns, "vwxyz" * len(turns), strict=False)}
    return merged(
        _turn(
            max(0.0, turn.start_s + r.gauss(0.0, 0.2)),
            turn.end_s + 0.5 + r.gauss(0.0, 0.2),
            names[turn.speaker] if r.random() > 0.1 else r.choice("vwxyz"),
        )
        for turn in kept
    )


def _turn(start_s: float, end_s: float, speaker: str) -> Turn:
    """On whole milliseconds, as RTTM files have it, and never empty."""
    start_s = round(start_s, 3)
    return Turn(start_s, max(round(end_s, 3), round(start_s + 0.01, 3)), speaker)


def meeting(n_turns: int, n_speakers: int, duration_s: float, seed: int = 1) -> tuple[list[Turn], list[Turn]]:
    """A long recording and what a model might have found in it, overlaps included."""
    r = Random(seed)
    reference: list[Turn] = []
    for who in range(n_speakers):
        edges = sorted(round(r.uniform(0.0, duration_s), 3) for _ in range(2 * (n_turns // n_speakers)))
        pairs = zip(edges[::2], edges[1::2], strict=True)
        reference += [Turn(start_s, end_s, f"person{who}") for start_s, end_s in pairs if end_s > start_s]
    hypothesis = [
        _turn(max(0.0, turn.start_s + r.gauss(0.0, 0.1)), turn.end_s + r.gauss(0.0, 0.1), _heard(r, turn.speaker))
        for turn in reference
    ]
    return sorted(reference), merged(hypothesis)


def _heard(r: Random, speaker: str) -> str:
    return f"speaker{speaker[-1]}" if r.random() > 0.1 else f"speaker{r.randrange(6)}"


# ---------------------------------------------------------------------------- who said what


class Session(NamedTuple):
    """A meeting of two to six people as said and as heard, and the collar of tcpWER in s."""

    reference: list[SpokenTurn]
    hypothesis: list[SpokenTurn]
    collar_s: float


def sessions(n: int, seed: int = 1) -> Iterator[Session]:
    """Speakers too many and too few, utterances and speakers without a word, times off by seconds, nothing heard."""
    r = Random(seed)
    for _ in range(n):
        reference = _spoken(r, r.randint(2, 6), r.randint(1, 14))
        hypothesis = _misheard(r, reference, r.randint(1, 7)) if r.random() > 0.03 else []
        yield Session(reference, hypothesis, r.choice((0.5, 1.0, 5.0)))


def long_session(n_words: int, seed: int = 1) -> Session:
    """A meeting of four people, so many words long, and what a model with a tenth of the words wrong hears of it."""
    r = Random(seed)
    vocabulary = [f"word{i}" for i in range(1500)]
    end_s, left, reference, hypothesis = 0.0, n_words, [], []
    while left > 0:
        spoken = r.choices(vocabulary, k=min(left, r.randint(1, 20)))
        start_s, end_s, who = end_s, end_s + 0.35 * len(spoken), r.randrange(4)
        heard = [word if r.random() > 0.1 else r.choice(vocabulary) for word in spoken]
        reference.append(SpokenTurn(start_s, end_s, f"person{who}", " ".join(spoken)))
        name = f"speaker{who if r.random() > 0.1 else r.randrange(4)}"
        hypothesis.append(SpokenTurn(start_s, end_s, name, " ".join(heard)))
        left -= len(spoken)
    return Session(reference, hypothesis, 5.0)


def _spoken(r: Random, n_speakers: int, n_utterances: int) -> list[SpokenTurn]:
    """Utterances one after the other, with pauses and overlaps; now and then a speaker overlaps himself."""
    end_s, turns = 0.0, []
    for _ in range(n_utterances):
        spoken = words(r, 10)
        start_s = max(0.0, round(end_s + r.uniform(-1.5, 2.0), 3))
        end_s = round(start_s + 0.2 + 0.35 * len(spoken), 3)
        turns.append(SpokenTurn(start_s, end_s, f"person{r.randrange(n_speakers)}", " ".join(spoken)))
    return turns


def _misheard(r: Random, turns: list[SpokenTurn], n_speakers: int) -> list[SpokenTurn]:
    """Words damaged, utterances lost and late, given to other speakers, some of whom never say a word."""
    heard_turns = []
    for start_s, _, speaker, text in turns:
        late_s = r.uniform(-8.0, 8.0) if r.random() < 0.2 else r.gauss(0.0, 0.2)
        heard = damaged(r, text.split()) if r.random() > 0.1 else []
        name = int(speaker[-1]) % n_speakers if r.random() > 0.15 else r.randrange(n_speakers)
        start_s = max(0.0, round(start_s + late_s, 3))
        heard_turns.append(
            SpokenTurn(start_s, round(start_s + 0.2 + 0.35 * len(heard), 3), f"speaker{name}", " ".join(heard))
        )
    return heard_turns
