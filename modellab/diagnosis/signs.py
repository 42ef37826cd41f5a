"""What one bad utterance looks like by itself: its words, its times, its file. Each function answers one question."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from modellab.diagnosis.audio_signs import Sound, listen
from modellab.diagnosis.context import UtteranceContext, wrong
from modellab.errors import ConfigError
from modellab.metrics import transcript_sanity
from modellab.text import languages, scripts

FEW_LOST = 2  # words lost at one end: more are a stretch
STRETCH = 3  # words in a row that are missing or made up
EDGES = 2  # wrong words next to such a stretch: one at each end
LOST = 0.25  # a missing stretch is at least so much of the reference
REST = 0.6  # ... and so much of the rest is right
FOREIGN = 0.5  # of the letters are in a script that the language does not use
TELLING, MORE = 0.3, 0.2  # of the words are among another language's commonest, and so many more than of its own
OWN = 0.6  # an answer is another utterance's when it is at least so wrong for its own reference ...
ANOTHERS, EXACTLY = 0.34, 0.2  # ... and at most so wrong for that one: among many alike, and alone
FEW = 3  # words below which no answer is told by
MANY_RIVALS = 3  # candidates looked at closely

# Common short words of languages in Latin letters; where letters differ, the script tells
COMMON = {
    "en": "the and is to of in it you that what for on please with are this was not have",
    "de": "der die das und ist nicht ich sie es ein eine zu den mit auf für wie was bitte von im",
    "fr": "le la les et est un une des que pas je vous dans pour sur il elle avec qui du au",
    "es": "el la los las y es un una que no de en por con para se su del lo como está",
    "it": "il la le e è un una che non di per con sono lo gli mi del della come ma",
    "nl": "de het een en is niet ik van dat op te in je met voor zijn maar wat er aan",
    "pt": "o a os as e é um uma que não de em por com para se do da no na mais",
    "sv": "och att det är en som på inte jag för med den av till har ett om vi du kan",
    "pl": "i w na nie się z jest to że do jak o co ja ty za od tak ale przez",
}


def is_loop(heard: UtteranceContext) -> bool:
    """Whether the answer goes round in circles, and what was said does not."""
    return transcript_sanity.has_loop(heard.hypothesis, heard.reference)


def is_empty(heard: UtteranceContext) -> bool:
    """Whether nothing came where words were spoken."""
    return transcript_sanity.is_empty(heard.hypothesis) and not transcript_sanity.is_empty(heard.reference)


def sound(heard: UtteranceContext) -> Sound | None:
    """The facts about its file; None where there is none."""
    return listen(heard.audio) if heard.audio else None


def is_made_up(heard: UtteranceContext) -> bool:
    """Words where nobody speaks: an empty reference, or a file that cannot be speech."""
    if transcript_sanity.is_empty(heard.hypothesis):
        return False
    file = sound(heard)
    return transcript_sanity.is_empty(heard.reference) or (file is not None and not file.speech)


def made_up(heard: UtteranceContext) -> int:
    """Words of the longest stretch that nobody said, where most of what was said is there too; 0 without one."""
    longest = max((length for what, _, length in _runs(heard) if what == "I"), default=0)
    return longest if longest >= STRETCH and heard.kept >= REST else 0


def lost(heard: UtteranceContext, least: int = STRETCH, edges: int = EDGES) -> str:
    """Which stretch of so many words is missing, "start", "end" or "middle", while the rest is right; '' for none.

    Words next to the cut may be wrong, `edges` of them: half of them was heard. They count as part of the stretch.
    """
    stretches = [*_stretches(heard, edges)]
    if not stretches:
        return ""
    where, length, hits = max(stretches, key=lambda stretch: stretch[1])
    rest = heard.words - length
    long_enough = length >= max(least, LOST * heard.words)
    return where if long_enough and rest and hits >= REST * rest else ""


def lacks(heard: UtteranceContext, place: int) -> bool:
    """Whether up to FEW_LOST words are missing at the end (place -1) or the start (0), and all the rest is right."""
    steps = [step[0] for step in heard.alignment.steps]
    missing = steps.count("D")
    edge = steps[-missing:] if place else steps[:missing]
    return 0 < missing <= FEW_LOST and len(steps) > 2 * missing and heard.errors == missing and set(edge) == {"D"}


def foreign(heard: UtteranceContext) -> str:
    """The language that the answer seems to be in, when it is not the one spoken; '' where nothing tells."""
    words = heard.hypothesis.split()
    if not heard.language or heard.language == "mul" or not words:
        return ""
    spoken = _code(heard.language)
    told = _code(heard.told) if heard.told else spoken
    letters = scripts.foreign(heard.answer, languages.scripts(spoken))
    if letters.bottom and letters.top / letters.bottom > FOREIGN:
        return told if told != spoken else "another script"
    if told != spoken:
        return told
    fractions = {language: _share(words, language) for language in COMMON}
    best = max(fractions, key=lambda language: (fractions[language], language))
    own = fractions.get(spoken, 0.0)
    return best if len(words) >= FEW and best != spoken and fractions[best] >= max(TELLING, own + MORE) else ""


def belongs_to(heard: UtteranceContext, every: Sequence[UtteranceContext], most: float = EXACTLY) -> int | None:
    """The place in the dataset of the utterance whose reference the answer is; None for none but its own."""
    words = set(heard.hypothesis.split())
    if len(heard.hypothesis.split()) < FEW or heard.wrong < OWN:
        return None
    near = sorted(
        (-len(words & set(other.reference.split())) / max(1, len(words | set(other.reference.split()))), place)
        for place, other in enumerate(every)
        if other.id != heard.id and other.reference != heard.reference
    )[:MANY_RIVALS]
    costs = [(wrong(every[place].reference, heard.hypothesis), place) for _, place in near]
    cost, place = min(costs, default=(math.inf, -1))
    return place if cost <= most else None


def is_agreed(heard: UtteranceContext) -> bool:
    """Whether two or more other models heard the same words, and all of them not those of the reference."""
    return (
        len(heard.others) > 1
        and not heard.was_good
        and heard.wrong >= OWN
        and len(heard.hypothesis.split()) >= FEW
        and sum(wrong(heard.hypothesis, other) <= ANOTHERS for other in heard.others) > 1
    )


def pace(heard: UtteranceContext) -> float:
    """Letters of the reference per second of the file, in 1/s: about 10 to 18 where people speak."""
    return fits(heard.transcript, heard)


def fits(words: str, heard: UtteranceContext) -> float:
    """Letters and digits of some words per second of the file, in 1/s."""
    return sum(map(str.isalnum, words)) / heard.duration_s if heard.duration_s > 0 else math.nan


def _share(words: Sequence[str], language: str) -> float:
    common = set(COMMON[language].split())
    return sum(word in common for word in words) / len(words)


def _code(tag: str) -> str:
    try:
        return languages.code(tag)
    except ConfigError:
        return tag


def _runs(heard: UtteranceContext) -> Iterator[tuple[str, int, int]]:
    """(what, first step, steps) of each stretch of equal steps."""
    at = 0
    for what, group in groupby(step[0] for step in heard.alignment.steps):
        length = len(list(group))
        yield what, at, length
        at += length


def _stretches(heard: UtteranceContext, edges: int) -> Iterator[tuple[str, int, int]]:
    """Missing stretches: where, reference words, and hits outside of them. Lone wrong words at their edges belong."""
    steps = [step for step in heard.alignment.steps if step[0] != "I"]
    hits = sum(step[0] == "" for step in steps)
    at = 0
    for is_wrong, group in groupby(steps, key=lambda step: step[0] != ""):
        whats = [step[0] for step in group]
        if is_wrong and whats.count("D") >= max(1, len(whats) - edges):
            where = "start" if at == 0 else "end" if at + len(whats) == len(steps) else "middle"
            yield where, len(whats), hits
        at += len(whats)
