"""The kind of each bad utterance, the first that fits, and findings of those alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modellab.diagnosis import signs
from modellab.diagnosis.case import EVERYWHERE, FAST, FEWEST, NOTHING, finding, shown, usual_pace
from modellab.diagnosis.context import UtteranceContext
from modellab.diagnosis.kinds import Fault, Finding, Kind, Suspicion

SLOW = 0.6  # times the usual letters per second: a file that plays too slow
BRISK = 15.0  # letters per second below which nothing is cut or sped up, however slow the others are
SEVERAL = 4  # words: with fewer a file is mostly silence, and its pace says nothing
HUMAN = (4.0, 30.0)  # letters per second that people speak, pauses included
CAREFUL = 1  # wrong word beside a missing stretch, where no file and no adapter is to blame


@dataclass(frozen=True, slots=True)
class Context:
    """What utterances are compared with. `usual` is in letters/s; everything ends at `cut_s`, if it is finite."""

    every: Sequence[UtteranceContext]
    usual: float
    cut_s: float
    lost_everywhere: bool
    garbled_everywhere: bool


def findings(every: Sequence[UtteranceContext], bad: Sequence[UtteranceContext]) -> list[Finding]:
    """One finding for each kind and fault among the bad utterances, in the order they are met."""
    context = _context(every, bad)
    groups: dict[tuple[Kind, Fault], list[tuple[UtteranceContext, str]]] = {}
    for heard in bad:
        kind, fault, why = _suspect(heard, context)
        groups.setdefault((kind, fault), []).append((heard, why))
    return [_finding(kind, fault, those) for (kind, fault), those in groups.items()]


def _finding(kind: Kind, fault: Fault, those: Sequence[tuple[UtteranceContext, str]]) -> Finding:
    worst, why = max(those, key=lambda pair: pair[0].errors)
    count = f"{len(those)} utterances; " if len(those) > 1 else ""
    return finding(kind, fault, [heard for heard, _ in those], f"{count}{worst.id}: {why}")


def _suspect(heard: UtteranceContext, context: Context) -> Suspicion:
    """The first of the questions that has an answer."""
    asked: tuple[Callable[[UtteranceContext, Context], Suspicion | None], ...] = (
        _raised, _channels, _made_up, _empty, _loop, _language, _reference, _truncated, _file_pace, _stretch, _garbled,
    )  # fmt: skip
    return next(
        (suspicion for ask in asked if (suspicion := ask(heard, context))), (Kind.WORDS, "model", _words(heard))
    )


def _raised(heard: UtteranceContext, _: Context) -> Suspicion | None:
    first = heard.error.partition("\n")[0]
    return (Kind.RAISED, "adapter", f"the adapter raised {shown(first, 100)}") if heard.error else None


def _made_up(heard: UtteranceContext, _: Context) -> Suspicion | None:
    if not signs.is_made_up(heard):
        return None
    return Kind.NON_SPEECH, "model", f"{shown(heard.answer)} in a file where nobody seems to speak"


def _empty(heard: UtteranceContext, _: Context) -> Suspicion | None:
    if not signs.is_empty(heard):
        return None
    file = signs.sound(heard)
    if file and not file.speech:
        return Kind.EMPTY, "data", f"no answer, and the file is silent or steady ({file.level_db:.0f} dB)"
    return Kind.EMPTY, "model", f"no answer to {shown(heard.transcript)}"


def _loop(heard: UtteranceContext, _: Context) -> Suspicion | None:
    return (Kind.LOOP, "model", f"goes round in circles: {shown(heard.answer)}") if signs.is_loop(heard) else None


def _language(heard: UtteranceContext, _: Context) -> Suspicion | None:
    if not (language := signs.foreign(heard)):
        return None
    return Kind.LANGUAGE, "model", f"{shown(heard.answer)} looks like {language}, {heard.language} is spoken"


def _channels(heard: UtteranceContext, _: Context) -> Suspicion | None:
    file = signs.sound(heard)
    if file is None or not (file.cancels or file.differs):
        return None
    what = "cancel each other in the mix" if file.cancels else "hold different sounds"
    return Kind.CHANNELS, "data", f"the {file.channels} channels of the file {what}"


def _reference(heard: UtteranceContext, context: Context) -> Suspicion | None:
    place = signs.belongs_to(heard, context.every)
    if place is not None and heard.was_good:
        return Kind.LATE, "adapter", f"the answer is right for {context.every[place].id}; the baseline's was right here"
    if place is not None and context.every[place].bad:  # a transcript that is elsewhere is missed there
        return Kind.REFERENCE, "data", f"the answer is right for {context.every[place].id}: are transcripts mixed up?"
    if signs.is_agreed(heard):
        models = f"{len(heard.others)} other models hear much the same"
        return (
            Kind.REFERENCE,
            "data",
            f"{shown(heard.answer)}, and {models}: is {shown(heard.transcript)} its transcript?",
        )
    return None


def _file_pace(heard: UtteranceContext, context: Context) -> Suspicion | None:
    """A file that plays at another speed: nothing is right, and its words come far too fast or slow."""
    pace = signs.pace(heard)
    if heard.kept > NOTHING or heard.was_good or not math.isfinite(pace):
        return None
    fast = pace > max(BRISK, FAST * context.usual) or pace > HUMAN[1]
    slow = heard.words >= SEVERAL and (pace < SLOW * context.usual or pace < HUMAN[0])
    if not (fast or slow):
        return None
    usual = f", {context.usual:.0f} are usual here" if math.isfinite(context.usual) else ""
    return Kind.RATE, "data", f"{pace:.0f} letters/s{usual}, and nothing is right: is the file's sample rate true?"


def _truncated(heard: UtteranceContext, context: Context) -> Suspicion | None:
    fast = signs.pace(heard) > max(BRISK, FAST * context.usual) and not heard.was_good
    if fast and heard.kept > 0 and signs.lost(heard, 1):
        return (
            Kind.TRUNCATED,
            "data",
            f"words are missing, and the rest is {signs.pace(heard):.0f} letters/s: cut audio?",
        )
    if not (where := signs.lost(heard)):
        return None
    part = {"start": "the start is", "end": "the end is", "middle": "a stretch in the middle is"}[where]
    if where == "end" and heard.duration_s > context.cut_s:
        return Kind.TRUNCATED, "adapter", f"{part} missing, as in all longer than {context.cut_s:.1f} s"
    if context.lost_everywhere:
        return Kind.TRUNCATED, "adapter", f"{part} missing, as nearly everywhere: does all sound reach the model?"
    if not signs.lost(heard, edges=CAREFUL):
        return None  # noise does that, too: words are dropped, and others misheard beside them
    return Kind.TRUNCATED, "model", f"{part} missing: {shown(heard.answer)} for {shown(heard.transcript)}"


def _stretch(heard: UtteranceContext, _: Context) -> Suspicion | None:
    words = signs.made_up(heard)
    if not words:
        return None
    return Kind.NON_SPEECH, "model", f"{words} words in a row that nobody said: {shown(heard.answer)}"


def _garbled(heard: UtteranceContext, context: Context) -> Suspicion | None:
    if not context.garbled_everywhere or heard.kept > NOTHING:
        return None
    since = "the baseline was right" if heard.was_good else "the files are sound"
    why = f"next to nothing is right, everywhere, and {since}: sample rate, scale or channel order in the adapter?"
    return Kind.GARBLED, "adapter", why


def _words(heard: UtteranceContext) -> str:
    counts = heard.counts
    parts = (("wrong", counts.substitutions), ("missing", counts.deletions), ("extra", counts.insertions))
    return f"{', '.join(f'{count} {what}' for what, count in parts if count)} of {heard.words} words"


def _context(every: Sequence[UtteranceContext], bad: Sequence[UtteranceContext]) -> Context:
    ends = [heard for heard in bad if signs.lost(heard) == "end"]
    lost = [heard for heard in bad if signs.lost(heard)]
    nothing = [heard for heard in bad if heard.kept <= NOTHING and not signs.is_empty(heard)]
    good_s = max((heard.duration_s for heard in every if not heard.bad), default=0.0)
    cut_s = good_s if len(ends) > 1 and all(heard.duration_s > good_s for heard in ends) and good_s else math.inf
    many = max(FEWEST, EVERYWHERE * len(every))
    return Context(every, usual_pace(every), cut_s, len(lost) >= many, len(nothing) >= many)
