"""What the bad utterances of a case look like together, and whose fault that is.

One model misheard is a model's fault; everything misheard in the same mechanical way is the adapter's, or the data's
where the baseline or the file says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from modellab import text
from modellab.detective import signs
from modellab.detective.kinds import Fault, Finding, Kind
from modellab.detective.scene import Heard, wrong
from modellab.errors import ModellabError

EVERYWHERE = 0.6  # of the utterances, and at least FEWEST, make a pattern
FEWEST = 4
HALVED = 0.5  # another normaliser leaves at most so many of the errors
WORTH = 3  # errors that it takes away at least
FAST = 1.5  # times the usual words per second: words are missing from the file
NOTHING = 0.25  # of the reference is heard where nothing is right


def mechanical(every: Sequence[Heard]) -> tuple[Finding, ...]:
    """What has one cause for all: asked first, for it explains what single utterances look like. At most one."""
    bad = [heard for heard in every if heard.bad]
    if len(bad) < max(FEWEST, EVERYWHERE * len(every)):
        return ()
    found = (ask(every, bad) for ask in (_stuck, _late, _rate, _everything_empty))
    return tuple(finding for finding in found if finding)[:1]


def _stuck(every: Sequence[Heard], _: Sequence[Heard]) -> Finding | None:
    answers = Counter(heard.hypothesis for heard in every if heard.hypothesis)
    answer, times = answers.most_common(1)[0] if answers else ("", 0)
    same = [heard for heard in every if heard.hypothesis == answer]
    if times < max(FEWEST, EVERYWHERE * len(every)) or len({heard.reference for heard in same}) < FEWEST:
        return None
    why = f"{times} of {len(every)} answers are the same, {shown(answer)}: does the adapter hand on what it is given?"
    return finding(Kind.STUCK, "adapter", same, why)


def _late(every: Sequence[Heard], bad: Sequence[Heard]) -> Finding | None:
    """Each answer is that of an utterance a fixed number of places away."""
    shifts: Counter[int] = Counter()
    for place, heard in enumerate(every):
        own = signs.belongs_to(heard, every) if heard.bad else None
        if own is not None:
            shifts[own - place] += 1
    shift, times = shifts.most_common(1)[0] if shifts else (0, 0)
    if times < max(FEWEST, HALVED * len(bad)):
        return None
    fault: Fault = "adapter" if shift < 0 or any(heard.was_good for heard in bad) else "data"
    where = f"{abs(shift)} {'before' if shift < 0 else 'behind'}"
    cause = "does the adapter keep something from call to call?" if fault == "adapter" else "are transcripts shifted?"
    why = f"{times} of {len(bad)} bad answers are right for the utterance {where} their own: {cause}"
    return finding(Kind.LATE if fault == "adapter" else Kind.REFERENCE, fault, bad, why)


def _rate(_: Sequence[Heard], bad: Sequence[Heard]) -> Finding | None:
    other = [heard for heard in bad if signs.is_other_sound(heard)]
    if len(other) < max(FEWEST, HALVED * len(bad)):
        return None
    ratio = median(signs.time_ratio(heard) for heard in other)
    why = (
        f"the model's last times are at {ratio:.2f} of the files' length, and next to nothing is right: it heard sound"
        f" {ratio:.2f} times as long. Is the adapter's sample rate right, and the sound mono?"
    )
    return finding(Kind.RATE, "adapter", other, why)


def _everything_empty(every: Sequence[Heard], bad: Sequence[Heard]) -> Finding | None:
    empty = [heard for heard in bad if signs.is_empty(heard) and not heard.error]
    if len(empty) < max(FEWEST, EVERYWHERE * len(every)):
        return None
    silent = [heard for heard in empty if (file := signs.sound(heard)) and not file.speech]
    if len(silent) > len(empty) / 2:
        return finding(Kind.EMPTY, "data", empty, f"{len(silent)} of {len(empty)} files without an answer are silent")
    why = f"{len(empty)} of {len(every)} answers are empty: does sound reach the model, in [-1, 1]?"
    return finding(Kind.EMPTY, "adapter", empty, why)


def normaliser(every: Sequence[Heard], profiles: Iterable[str]) -> tuple[Finding, ...]:
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
        f" differently, such as {shown(example.answer)} for {shown(example.said)}"
    )
    return (finding(Kind.NORMALISER, "scoring", gained, why),)


def _errors(normalise: Callable[[str], str], heard: Heard) -> int:
    """Word errors under another normaliser, in words of the present one's reference."""
    reference = normalise(heard.said)
    scale = heard.words / max(1, len(reference.split()))
    return round(wrong(reference, normalise(heard.answer)) * max(1, len(reference.split())) * scale)


def usual_pace(every: Sequence[Heard]) -> float:
    """Words per second of the utterances that are not bad, of all where most are; NaN for none."""
    good = [signs.pace(heard) for heard in every if not heard.bad]
    some = good if len(good) >= FEWEST else [signs.pace(heard) for heard in every]
    known = [pace for pace in some if math.isfinite(pace)]
    return median(known) if known else math.nan


def finding(kind: Kind, fault: Fault, those: Sequence[Heard], why: str) -> Finding:
    """A finding on these utterances."""
    return Finding(kind, fault, tuple(heard.id for heard in those), sum(heard.errors for heard in those), why)


def shown(words: str, most: int = 60) -> str:
    """Words in quotation marks, cut where they are many."""
    flat = " ".join(words.split())
    return f"“{flat if len(flat) <= most else flat[: most - 1] + '…'}”"
