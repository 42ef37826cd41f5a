"""Who said what: word errors of a recording of several people, in which a right word of the wrong speaker is wrong.

Conventions
-----------
A side is a list of utterances (start_s, end_s, speaker, text), text already normalised; words are what white space
separates. The words of a speaker are those of his utterances, by start, one after the other. Names of the two sides
need not agree: hypothesis speakers are mapped one to one to reference speakers so that errors are fewest (Hungarian
algorithm). Every word of a speaker without a partner is an error.

    cpWER = (S + D + I) / N       summed over mapped pairs, speakers too many (I) and missed ones (D), from 0 up, lower
                                  is better: the concatenated minimum-permutation word error rate

tcpWER is the same with a limit on time: two words may only be matched, or one count as substituted by the other, if
their times overlap. An utterance of one word is that word's time; of more, each word has a part of it in proportion to
its characters. A hypothesis word stands in the middle of its part, and reaches `collar_s` before and after that.
So tcpWER is at least cpWER, and without bound on the collar they are the same.

Of several alignments with equally few errors cpWER takes that of `edit_distance`, so that with one speaker on each side
S, D and I are those of WER; tcpWER the one with most hits. Known deviation: MeetEval (and kaldialign within it) takes
another one, so S, D and I may differ from its own, of either sign; their sum, N and the rate do not. It also counts
speakers without a word, and refuses more than 20 of them.

Sources: Watanabe et al., "CHiME-6 Challenge" (2020) for cpWER; von Neumann et al., "MeetEval: A Toolkit for
Computation of Word Error Rates for Meeting Transcription Systems" (CHiME 2023) for tcpWER and the times of words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import numpy as np

from modellab.metrics.edit_distance import EditCounts
from modellab.types import Floats, Ratio, SpokenTurn

PAIR, HIT = 1 << 24, 1  # what a pair of words that is aligned is worth, and what it is worth more if they are equal
NARROW = 100.0  # hypothesis words near each reference word, up to which plain Python is faster than NumPy


@dataclass(frozen=True, slots=True)
class Attribution:
    """One recording compared once. `mapping`: hypothesis name -> reference name, of those who can be aligned."""

    words: EditCounts
    mapping: Mapping[str, str]
    n_reference: int  # speakers with a word
    n_hypothesis: int

    def error_rate(self) -> Ratio:
        """(S + D + I) / N: from 0 up, lower is better. Without reference words the insertions remain."""
        return Ratio(self.words.errors, self.words.reference_length)

    def substitutions(self) -> Ratio:
        """S / N, in [0, 1], lower is better."""
        return Ratio(self.words.substitutions, self.words.reference_length)

    def deletions(self) -> Ratio:
        """D / N, in [0, 1], lower is better: words missed, or given to a speaker who is mapped elsewhere."""
        return Ratio(self.words.deletions, self.words.reference_length)

    def insertions(self) -> Ratio:
        """I / N, from 0 up, lower is better: words made up, or another speaker's."""
        return Ratio(self.words.insertions, self.words.reference_length)

    def speaker_count_error(self) -> Ratio:
        """Speakers too many or too few, of one recording, from 0 up, lower is better."""
        return Ratio(float(abs(self.n_hypothesis - self.n_reference)))


def compare(
    reference: Iterable[SpokenTurn],
    hypothesis: Iterable[SpokenTurn],
    collar_s: float | None = None,
    *,
    narrow: float = NARROW,
) -> Attribution:
    """Score a hypothesis against a reference: cpWER, or with a collar in seconds tcpWER.

    Up to `narrow` words near each other plain Python counts, above it NumPy: the same numbers, at another speed.

    >>> reference = [SpokenTurn(0, 1, "ann", "good morning"), SpokenTurn(1, 2, "bob", "hello")]
    >>> scored = compare(reference, [SpokenTurn(0, 2, "x", "good morning hello")])
    >>> scored.error_rate(), scored.mapping
    (Ratio(top=2, bottom=3), {'x': 'ann'})
    """
    names: dict[str, int] = {}
    ours, theirs = _streams(reference, names), _streams(hypothesis, names)
    if collar_s is not None:
        theirs = {speaker: stream.reaching(collar_s) for speaker, stream in theirs.items()}
    worth = _worth if collar_s is None else partial(_timed_worth, narrow=narrow)
    worths = {(h, r): worth(ref, hyp) for h, hyp in theirs.items() for r, ref in ours.items()}
    mapping = _mapping(worths, list(theirs), list(ours))
    parts = [_parts(ours[r], theirs[h]) if collar_s is None else _timed_parts(worths[h, r]) for h, r in mapping.items()]
    hits, substitutions = (sum(part) for part in zip((0, 0), *parts, strict=True))
    n_ref, n_hyp = (sum(len(stream.words) for stream in side.values()) for side in (ours, theirs))
    aligned = hits + substitutions
    return Attribution(
        EditCounts(substitutions, n_ref - aligned, n_hyp - aligned, hits), mapping, len(ours), len(theirs)
    )


def streams(utterances: Iterable[SpokenTurn]) -> dict[str, str]:
    """The words of each speaker who has any, by start, speakers by name.

    >>> streams([SpokenTurn(2, 3, "bob", "you"), SpokenTurn(0, 1, "bob", "how are"), SpokenTurn(0, 1, "ann", "")])
    {'bob': 'how are you'}
    """
    by_speaker: dict[str, list[SpokenTurn]] = {}
    for utterance in utterances:
        if utterance.text.split():
            by_speaker.setdefault(utterance.speaker, []).append(utterance)
    return {
        speaker: " ".join(" ".join(turn.text.split()) for turn in sorted(own, key=attrgetter("start_s")))
        for speaker, own in sorted(by_speaker.items())
    }


# ---------------------------------------------------------------------------- the words of one speaker


@dataclass(frozen=True, slots=True)
class _Stream:
    """Words as numbers, each with its time in s."""

    words: list[int]
    times_s: list[tuple[float, float]]

    def reaching(self, collar_s: float) -> _Stream:
        """The words as points in the middle of their times, which reach so far to both sides."""
        middles_s = ((end_s + start_s) / 2 for start_s, end_s in self.times_s)
        return _Stream(self.words, [(middle_s - collar_s, middle_s + collar_s) for middle_s in middles_s])


def _streams(utterances: Iterable[SpokenTurn], names: dict[str, int]) -> dict[str, _Stream]:
    """Each speaker who has a word, by name; `names` numbers the words and grows."""
    by_speaker: dict[str, _Stream] = {}
    for start_s, end_s, speaker, text in sorted(utterances, key=attrgetter("start_s")):
        if words := text.split():
            stream = by_speaker.setdefault(speaker, _Stream([], []))
            stream.words.extend(names.setdefault(word, len(names)) for word in words)
            stream.times_s.extend(_times(start_s, end_s, words))
    return dict(sorted(by_speaker.items()))


def _times(start_s: float, end_s: float, words: Sequence[str]) -> list[tuple[float, float]]:
    """The part of an utterance that each of its words takes, by its characters; one word takes it all."""
    if len(words) == 1:
        return [(start_s, end_s)]
    behind = list(itertools.accumulate(map(len, words), initial=0))
    character_s = (end_s - start_s) / behind[-1]
    return list(itertools.pairwise(start_s + character_s * edge for edge in behind))


def _mapping(worths: Mapping[tuple[str, str], int], theirs: Sequence[str], ours: Sequence[str]) -> dict[str, str]:
    """Hypothesis name -> reference name, one to one, with the largest sum; pairs worth nothing are left out."""
    if not worths:
        return {}
    from scipy.optimize import linear_sum_assignment

    table = [[worths[h, r] for r in ours] for h in theirs]
    pairs = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return {theirs[h]: ours[r] for h, r in pairs if table[h][r]}


# ---------------------------------------------------------------------------- without times


def _worth(reference: _Stream, hypothesis: _Stream) -> int:
    """How many errors it saves to align these two rather than to call all their words wrong."""
    from rapidfuzz.distance import Levenshtein

    together = len(reference.words) + len(hypothesis.words)
    return together - int(Levenshtein.distance(reference.words, hypothesis.words))


def _parts(reference: _Stream, hypothesis: _Stream) -> tuple[int, int]:
    """Hits and substitutions of the alignment that `edit_distance` takes."""
    from rapidfuzz.distance import Levenshtein

    steps = [step.tag for step in Levenshtein.editops(reference.words, hypothesis.words)]
    substitutions = steps.count("replace")
    return len(reference.words) - substitutions - steps.count("delete"), substitutions


# ---------------------------------------------------------------------------- with times


def _timed_worth(reference: _Stream, hypothesis: _Stream, narrow: float) -> int:
    """What the best alignment is worth: PAIR for each two aligned words, another one and HIT if they are equal.

    Words whose times do not overlap are never aligned. A pair saves one error and a hit two, so the largest worth has
    the fewest errors, and of those the most hits.
    """
    starts_s, ends_s = (np.array(times_s) for times_s in zip(*hypothesis.times_s, strict=True))
    latest_s = np.maximum.accumulate(ends_s)
    earliest_s = np.minimum.accumulate(starts_s[::-1])[::-1]
    ours_s = np.array(reference.times_s)
    first = np.searchsorted(latest_s, ours_s[:, 0], side="right")  # before it nothing overlaps the word
    last = np.searchsorted(earliest_s, ours_s[:, 1], side="left")  # nor from here on
    if (last - first).mean() > narrow:
        return _wide(reference, hypothesis, starts_s, ends_s)
    return _narrow(reference, hypothesis, first.tolist(), last.tolist())


def _timed_parts(worth: int) -> tuple[int, int]:
    """Hits and substitutions."""
    pairs, hits = divmod(worth, PAIR)
    return hits, pairs - 2 * hits


def _narrow(reference: _Stream, hypothesis: _Stream, first: Sequence[int], last: Sequence[int]) -> int:
    """One word after the other. `best[j]`: the reference so far with the first j words of the hypothesis.

    It never falls with j; after its end it is what it is there.
    """
    words, times_s = hypothesis.words, hypothesis.times_s
    best = [0]
    for word, (start_s, end_s), low, high in zip(reference.words, reference.times_s, first, last, strict=True):
        if low >= high:
            continue
        best += [best[-1]] * (high + 1 - len(best))
        diagonal = left = best[low]
        for j in range(low, high):
            above = best[j + 1]
            if times_s[j][0] < end_s and times_s[j][1] > start_s:
                left = max(left, above, diagonal + (2 * PAIR + HIT if words[j] == word else PAIR))
            elif above > left:
                left = above
            diagonal, best[j + 1] = above, left
        for j in range(high + 1, len(best)):
            if best[j] >= left:
                break
            best[j] = left
    return best[-1]


def _wide(reference: _Stream, hypothesis: _Stream, starts_s: Floats, ends_s: Floats) -> int:
    """The same, a row of `best` at a time, for a collar that spans hundreds of words."""
    words = np.array(hypothesis.words)
    best = np.zeros(len(words) + 1, dtype=np.int64)
    for word, (start_s, end_s) in zip(reference.words, reference.times_s, strict=True):
        paired = np.where(words == word, 2 * PAIR + HIT, PAIR) * ((starts_s < end_s) & (ends_s > start_s))
        np.maximum.accumulate(np.maximum(best[1:], best[:-1] + paired), out=best[1:])
    return int(best[-1])
