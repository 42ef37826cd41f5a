"""Which votes count. All are kept; each rule says how many it leaves out."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from modellab.server.listening.blocks import ANCHOR
from modellab.server.listening.records import MID, ListeningTest, Vote

HEARD = 0.95  # of a clip
RIGHT = 2 / 3  # of the checks for headphones
MOST_ANCHOR = 3.0  # that a spoilt clip may be given
MOST_APART = 1.5  # that the same clip may be given the second time, on average of the repeats
MOST_REFERENCE_LOW = MOST_MID_HIGH = 0.15  # of the sentences; ITU-R BS.1534-3, 4.1.2
NEAR_PERFECT = 90.0  # of 100
MOST_UNDEGRADED = 0.25  # of the raters, and two, who find a sentence's middle anchor near perfect: it says nothing
HEARD_S = 1.0  # of a condition that is switched to and fro
ENOUGH_VOTES = 8  # that have to be all the same before that says anything
RATERS, ITEMS = 8, 20  # below which there is no number


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one rule leaves out."""

    rule: str
    raters: int
    votes: int


def counted(test: ListeningTest, votes: Iterable[Vote]) -> tuple[list[Vote], list[LeftOut]]:
    """The rated votes that count, and what each rule takes, the first that applies."""
    every = list(votes)
    by_rater: defaultdict[str, list[Vote]] = defaultdict(list)
    dull = _undegraded(test, every)
    for vote in every:
        if not (vote.systems == [_mid(test)] and vote.item in dull):
            by_rater[vote.rater].append(vote)
    out = {rater: rule for rater, theirs in by_rater.items() if (rule := _against(test, theirs))}
    rated = [vote for vote in every if vote.part == "rated"]
    kept, unheard = [], 0
    taken: defaultdict[str, list[Vote]] = defaultdict(list)
    for vote in rated:
        if vote.rater in out:
            taken[out[vote.rater]].append(vote)
        elif not _was_heard(test, vote):
            unheard += 1
        else:
            kept.append(vote)
    by_rule = [LeftOut(rule, sum(broken == rule for broken in out.values()), len(taken[rule])) for rule in _rules(test)]
    return kept, [*by_rule, LeftOut(UNHEARD if test.kind != "mushra" else NOT_PLAYED, 0, unheard)]


def _against(test: ListeningTest, votes: list[Vote]) -> str:
    """The first rule that a rater breaks; '' for none."""
    return next((rule for rule, breaks in _rules(test).items() if breaks(test, votes)), "")


def _was_heard(test: ListeningTest, vote: Vote) -> bool:
    most_s = HEARD_S if test.kind == "mushra" else float("inf")
    return all(
        played >= min(HEARD * whole, most_s) for played, whole in zip(vote.played_s, vote.duration_s, strict=True)
    )


def _no_headphones(test: ListeningTest, votes: list[Vote]) -> bool:
    quietest = {f"tones-{place}": tones.quietest for place, tones in enumerate(test.tones)}
    checks = [vote.score == quietest.get(vote.item) for vote in votes if vote.part == "headphones"]
    return test.needs_headphones and bool(checks) and statistics.fmean(checks) < RIGHT


def _likes_the_anchor(test: ListeningTest, votes: list[Vote]) -> bool:
    for vote in votes:
        if vote.part != "anchor":
            continue
        if test.kind == "acr" and vote.score > MOST_ANCHOR:
            return True
        if test.kind == "ab" and vote.systems[0 if vote.score > 0 else 1] == ANCHOR and vote.score:
            return True
    return False


def _says_otherwise(test: ListeningTest, votes: list[Vote]) -> bool:
    """Judges the same clip much otherwise the second time; of pairs, prefers the other one more often than not."""
    first = {(vote.item, frozenset(vote.systems)): vote for vote in votes if vote.part == "rated"}
    apart = []
    for vote in votes:
        if vote.part == "repeat" and (before := first.get((vote.item, frozenset(vote.systems)))):
            same_sides = vote.systems == before.systems
            apart.append(abs(vote.score - (before.score if same_sides else -before.score)))
    return len(apart) > 1 and statistics.fmean(apart) > (MOST_APART if test.kind == "acr" else 1.0)


def _says_one_thing(_: ListeningTest, votes: list[Vote]) -> bool:
    scores = [vote.score for vote in votes if vote.part == "rated"]
    return len(scores) >= ENOUGH_VOTES and len(set(scores)) == 1 and scores[0] != 0


def _misses_the_reference(test: ListeningTest, votes: list[Vote]) -> bool:
    scores = [vote.score for vote in votes if vote.part == "rated" and vote.systems == [test.reference]]
    return bool(scores) and statistics.fmean(score < NEAR_PERFECT for score in scores) > MOST_REFERENCE_LOW


def _likes_the_mid_anchor(test: ListeningTest, votes: list[Vote]) -> bool:
    scores = [vote.score for vote in votes if vote.part == "rated" and vote.systems == [_mid(test)]]
    return bool(scores) and statistics.fmean(score > NEAR_PERFECT for score in scores) > MOST_MID_HIGH


def _mid(test: ListeningTest) -> int:
    """The number of the middle anchor; one that no vote has where the test is without."""
    return test.conditions.index(MID) if MID in test.conditions else len(test.conditions)


def _undegraded(test: ListeningTest, votes: list[Vote]) -> set[str]:
    """The sentences whose middle anchor so many find near perfect that it says nothing of a rater."""
    scores: defaultdict[str, list[bool]] = defaultdict(list)
    for vote in votes:
        if vote.part == "rated" and vote.systems == [_mid(test)]:
            scores[vote.item].append(vote.score > NEAR_PERFECT)
    return {item for item, judgements in scores.items() if sum(judgements) > max(1, MOST_UNDEGRADED * len(judgements))}


def _rules(test: ListeningTest) -> Rules:
    """Those of a kind of test, the first that applies first."""
    own = MUSHRA_RULES if test.kind == "mushra" else ANCHOR_RULES
    return {"no headphones": _no_headphones, **own, "gave one answer to everything": _says_one_thing}


Rules = Mapping[str, Callable[[ListeningTest, list[Vote]], bool]]
UNHEARD, NOT_PLAYED = "not heard to the end", "not listened to for a second"
ANCHOR_RULES: Rules = {
    "found the spoilt clip good": _likes_the_anchor,
    "judged the same clip otherwise the second time": _says_otherwise,
}
MUSHRA_RULES: Rules = {
    "put the hidden reference below 90 in more than 15 % of the sentences": _misses_the_reference,
    "put the anchor of 7 kHz above 90 in more than 15 % of the sentences": _likes_the_mid_anchor,
}
