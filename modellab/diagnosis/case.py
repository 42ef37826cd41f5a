"""What the bad utterances of a case look like together, and whose fault that is.

One model misheard is a model's fault; everything misheard in the same mechanical way is the adapter's, or the data's
where the baseline or the file says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median, pstdev

from modellab import text
from modellab.diagnosis import signs, timing
from modellab.diagnosis.context import UtteranceContext, wrong
from modellab.diagnosis.kinds import Fault, Finding, Kind, Suspicion
from modellab.errors import ModellabError

EVERYWHERE = 0.6  # of the utterances, and at least FEWEST, make a pattern
FEWEST = 4
HALVED = 0.5  # another normaliser leaves at most so many of the errors
RARE = 0.05  # of the utterances: fewer that lack a word at one end may be chance
WORTH = 3  # errors that it takes away at least
RIGHT = 0.6  # of the references is heard only where the sound was not far off
GARBAGE = 0.3  # at most so much of the references is heard where the sound was not the files'
FAST = 1.5  # times the usual letters per second: words are missing from the file
RATE_QUESTION = "is the adapter's sample rate right, and its sound mono?"
NOTHING = 0.25  # of the reference is heard where nothing is right


def mechanical(every: Sequence[UtteranceContext]) -> tuple[Finding, ...]:
    """What has one cause for all: asked first, for it explains what single utterances look like. At most one."""
    bad = [heard for heard in every if heard.bad]
    many = len(bad) >= max(FEWEST, EVERYWHERE * len(every))
    bad = bad or [heard for heard in every if heard.errors]
    asked = (_stuck, _late, _other_sound, _everything_empty) if many else (_other_sound,) if bad else ()
    suspicion = next((suspicion for ask in asked if (suspicion := ask(every, bad))), None)
    return (finding(suspicion[0], suspicion[1], bad, suspicion[2]),) if suspicion else ()


def _stuck(every: Sequence[UtteranceContext], _: Sequence[UtteranceContext]) -> Suspicion | None:
    answers = Counter(heard.hypothesis for heard in every if heard.hypothesis)
    answer, times = answers.most_common(1)[0] if answers else ("", 0)
    references = {heard.reference for heard in every if heard.hypothesis == answer}
    if times < max(FEWEST, EVERYWHERE * len(every)) or len(references) < FEWEST:
        return None
    why = f"{times} of {len(every)} answers are the same, {shown(answer)}: does the adapter hand on what it is given?"
    return Kind.STUCK, "adapter", why


def _late(every: Sequence[UtteranceContext], bad: Sequence[UtteranceContext]) -> Suspicion | None:
    """Each answer is that of an utterance a fixed number of places away.

    Either the answers came late or the transcripts are shifted. What the baseline heard tells, else the lengths: those
    of the files fit the answers where the transcripts are wrong, and the transcripts where the answers are.
    """
    shifts: Counter[int] = Counter()
    for place, heard in enumerate(every):
        own = signs.belongs_to(heard, every, signs.ANOTHERS) if heard.bad else None
        if own is not None:
            shifts[own - place] += 1
    shift, times = shifts.most_common(1)[0] if shifts else (0, 0)
    if times < max(FEWEST, HALVED * len(bad)):
        return None
    to_blame = any(heard.was_good for heard in bad) or _uneven(bad, "transcript") <= _uneven(bad, "answer")
    where = f"{abs(shift)} {'before' if shift < 0 else 'behind'} their own"
    start = f"{times} of {len(bad)} bad answers are right for the utterance {where}"
    if to_blame:
        return Kind.LATE, "adapter", f"{start}: does the adapter keep something from call to call?"
    return Kind.REFERENCE, "data", f"{start}, and fit the files' lengths: are transcripts shifted?"


def _uneven(those: Sequence[UtteranceContext], words: str) -> float:
    """How much letters per second of file scatter: the standard deviation of their logarithm."""
    paces = [signs.fits(getattr(heard, words), heard) for heard in those]
    known = [math.log(pace) for pace in paces if pace > 0]
    return pstdev(known) if len(known) > 1 else math.inf


def _other_sound(every: Sequence[UtteranceContext], bad: Sequence[UtteranceContext]) -> Suspicion | None:
    """The model's times do not fit the files: sound of another length came to it."""
    if (stretch := timing.stretched(every)) is None:
        since = timing.since_accepted(every)
        return (Kind.RATE, "adapter", f"{since}: {RATE_QUESTION}") if since else None
    right = median(heard.kept for heard in bad)
    if stretch.ratio > 1 + timing.MUCH and right > RIGHT:
        return None
    if stretch.ratio < 1 - timing.MUCH and right > GARBAGE:
        why = f"{stretch}, and what it heard is right: does all sound reach it?"
        return Kind.TRUNCATED, "adapter", why
    garbage = ", and next to nothing is right" if right <= GARBAGE else ""
    return Kind.RATE, "adapter", f"{stretch}{garbage}: {RATE_QUESTION}"


def clipped(every: Sequence[UtteranceContext]) -> tuple[Finding, ...]:
    """Answers that lack their first or last words and are right otherwise: more of them than misheard ones.

    A recogniser mishears anywhere. What the baseline had and is now missing at one end alone got lost mechanically.
    """
    worse = [heard for heard in every if heard.errors and (heard.before is None or _lost_since(heard))]
    for where, place in (("last", -1), ("first", 0)):
        those = [heard for heard in worse if signs.lacks(heard, place)]
        if len(those) >= max(FEWEST, HALVED * len(worse), RARE * len(every)):
            example = those[0]
            had = ", and the baseline had them" if example.before is not None else ""
            why = (
                f"the {where} words are missing in {len(those)} of {len(every)} answers that are right otherwise{had},"
                f" such as {shown(example.answer)} for {shown(example.transcript)}: does the adapter lose the"
                f" {'end' if place else 'start'} of the sound, or of the answer?"
            )
            return (finding(Kind.TRUNCATED, "adapter", those, why),)
    return ()


def _lost_since(heard: UtteranceContext) -> bool:
    """Whether the baseline's answer was better."""
    return heard.before is not None and wrong(heard.reference, heard.before) < heard.wrong


def _everything_empty(every: Sequence[UtteranceContext], bad: Sequence[UtteranceContext]) -> Suspicion | None:
    empty = [heard for heard in bad if signs.is_empty(heard) and not heard.error]
    if len(empty) < max(FEWEST, EVERYWHERE * len(every)):
        return None
    silent = [heard for heard in empty if (file := signs.sound(heard)) and not file.speech]
    if len(silent) > len(empty) / 2:
        return Kind.EMPTY, "data", f"{len(silent)} of {len(empty)} files without an answer are silent"
    why = f"{len(empty)} of {len(every)} answers are empty: does sound reach the model, in [-1, 1]?"
    return Kind.EMPTY, "adapter", why


def normaliser(every: Sequence[UtteranceContext], profiles: Iterable[str]) -> tuple[Finding, ...]:
    """Whether another normaliser takes most of the errors away: then the words are right, and written differently."""
    errors = [heard.errors for heard in every]
    if sum(errors) < WORTH:
        return ()
    best, left = "", errors
    for name in profiles:
        try:
            normalise = text.get(name)
            now = [_errors(normalise, heard) for heard in every]
        except ModellabError:
            continue
        if sum(now) < sum(left):
            best, left = name, now
    gained = [heard for heard, then, now in zip(every, errors, left, strict=True) if now < then]
    if not best or sum(left) > HALVED * sum(errors) or sum(errors) - sum(left) < WORTH:
        return ()
    example = max(gained, key=lambda heard: heard.errors)
    why = (
        f"with the normaliser {best} {sum(left)} errors are left of {sum(errors)}: the words are right and written"
        f" differently, such as {shown(example.answer)} for {shown(example.transcript)}"
    )
    return (finding(Kind.NORMALISER, "scoring", gained, why),)


def _errors(normalise: Callable[[str], str], heard: UtteranceContext) -> int:
    """Word errors under another normaliser, in words of the present one's reference."""
    reference = normalise(heard.transcript)
    if not heard.words:  # nobody speaks: words are words, however they are written
        return len(normalise(heard.answer).split())
    scale = heard.words / max(1, len(reference.split()))
    return round(wrong(reference, normalise(heard.answer)) * max(1, len(reference.split())) * scale)


def usual_pace(every: Sequence[UtteranceContext]) -> float:
    """Letters per second of the utterances that are not bad, of all where most are; NaN for none."""
    good = [signs.pace(heard) for heard in every if not heard.bad]
    some = good if len(good) >= FEWEST else [signs.pace(heard) for heard in every]
    known = [pace for pace in some if math.isfinite(pace)]
    return median(known) if known else math.nan


def finding(kind: Kind, fault: Fault, those: Sequence[UtteranceContext], why: str) -> Finding:
    """A finding on these utterances."""
    return Finding(kind, fault, tuple(heard.id for heard in those), sum(heard.errors for heard in those), why)


def shown(words: str, most: int = 60) -> str:
    """Words in quotation marks, cut where they are many."""
    flat = " ".join(words.split())
    return f"“{flat if len(flat) <= most else flat[: most - 1] + '…'}”"
