"""What a reader of a live transcript goes through: how long words take, and how often shown words change.

Conventions
-----------
An update is (kind, text, at_s, fed_s): see `modellab.streaming.protocol` for kinds; `at_s` is when it was there, in s
since the first sample was spoken; `fed_s` how much audio had been handed over by then, infinite at the end of stream.
What is shown is all finals and the last partial. Words are compared after a normaliser that leaves their number alone
(`basic`), so case and punctuation never count.

Latencies are at_s minus the END of the word in the reference, in s, lower is better; below 0 where a word was guessed
before it was over. They hold for the machine they were measured on.

- corrections: words that were shown and then substituted or deleted, from one state to the next, by edit distance.
- erasure: the same by position: words shown after the longest common beginning of two states (Arivazhagan et al.
  2020, "Re-translation versus Streaming for Simultaneous Translation", there per word of the final output).
- revisions: updates that change or take away a word that was shown, of those that come after one was; in [0, 1].
- emission: when a word was first shown where it stands in the end; settling: from when on it stood there unchanged.
  Both of each word of the reference with a counterpart (right or wrong), as `confirmed`; a word that moves because
  another one came in before it is emitted anew. So emission <= settling <= confirmed, where all came to be final.
- final latency (time to final segment, TTFS): from the end of speech to the last final.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from modellab.metrics.edit_distance import align
from modellab.types import Ratio

NOTHING = Ratio(0.0, 0.0)
Word = tuple[str, float, float]  # (word, start_s, end_s)


@dataclass(frozen=True, slots=True)
class Update:
    """One event of a stream, noted."""

    kind: str
    text: str
    at_s: float
    fed_s: float

    @classmethod
    def of(cls, row: Sequence[Any]) -> Update:
        """From its JSON form [kind, text, at_s, fed_s]; null is the end of the stream."""
        kind, text, at_s, fed_s = row
        return cls(str(kind), str(text), float(at_s), math.inf if fed_s is None else float(fed_s))


@dataclass(frozen=True, slots=True)
class Reading:
    """One utterance as it was shown: the words after each update, and each final word with its time in s."""

    updates: tuple[Update, ...]
    states: tuple[tuple[str, ...], ...]
    finals: tuple[tuple[str, float], ...]
    normalise: Callable[[str], str]

    def text(self) -> str:
        """What stands there in the end: finals, and a partial that was never confirmed."""
        return transcript(self.updates)

    def corrections(self) -> int:
        """How many shown words were changed or taken away."""
        return sum(_changed(before, after) for before, after in pairwise(self.states))

    def erased(self) -> int:
        """How many shown words stood after the first change, over all changes."""
        return sum(len(before) - _common(before, after) for before, after in pairwise(self.states))

    def pretends(self, duration_s: float) -> bool:
        """Whether every word came only when all audio had been handed over: no streaming, whatever it calls itself."""
        pairs = list(zip(self.updates, self.states, strict=True))
        return any(state for _, state in pairs) and not any(
            state for update, state in pairs if update.fed_s < duration_s - 1e-3
        )

    def first_word(self, words: Sequence[Word]) -> Ratio:
        """Seconds from the end of the first word to the first word shown."""
        shown = (update.at_s for update, state in zip(self.updates, self.states, strict=True) if state)
        at_s = next(shown, None)
        return NOTHING if at_s is None or not words else Ratio(at_s - words[0][2], 1.0)

    def confirmed(self, words: Sequence[Word]) -> Ratio:
        """Seconds from the end of each word to when its counterpart (right or wrong) became final, summed; how many."""
        ends = [(part, end_s) for word, _, end_s in words for part in self.normalise(word).split()]
        if not ends or not self.finals:
            return NOTHING
        steps = align(" ".join(word for word, _ in ends), " ".join(word for word, _ in self.finals)).steps
        total, n, i, j = 0.0, 0, 0, 0
        for what, _, _ in steps:
            if what in {"", "S"}:
                total, n = total + self.finals[j][1] - ends[i][1], n + 1
            i, j = i + (what != "I"), j + (what != "D")
        return Ratio(total, n)

    def revisions(self) -> Ratio:
        """Updates that change or take away a shown word, out of those that could."""
        pairs = [(before, after) for before, after in pairwise(self.states) if before]
        return Ratio(sum(_common(before, after) < len(before) for before, after in pairs), len(pairs))

    def emitted(self, words: Sequence[Word]) -> tuple[Ratio, Ratio]:
        """Seconds from the end of each word to when its counterpart was first shown, and to when it stayed."""
        ends = [(part, end_s) for word, _, end_s in words for part in self.normalise(word).split()]
        last = self.states[-1] if self.states else ()
        if not ends or not last:
            return NOTHING, NOTHING
        shown_s, settled_s = self._shown(last)
        steps = align(" ".join(word for word, _ in ends), " ".join(last)).steps
        first, stay, n, i, j = 0.0, 0.0, 0, 0, 0
        for what, _, _ in steps:
            if what in {"", "S"}:
                first, stay, n = first + shown_s[j] - ends[i][1], stay + settled_s[j] - ends[i][1], n + 1
            i, j = i + (what != "I"), j + (what != "D")
        return Ratio(first, n), Ratio(stay, n)

    def _shown(self, last: Sequence[str]) -> tuple[list[float], list[float]]:
        """For each word that stands there in the end, when it was first shown there, and from when on it stayed."""
        shown, settled = [math.inf] * len(last), [math.inf] * len(last)
        before: Sequence[str] = ()
        for update, state in zip(self.updates, self.states, strict=True):
            for k in range(_common(before, state), len(last)):  # what stands before is as it was
                there = k < len(state) and state[k] == last[k]
                shown[k] = min(shown[k], update.at_s) if there else shown[k]
                settled[k] = min(settled[k], update.at_s) if there else math.inf
            before = state
        return shown, settled

    def completed(self, words: Sequence[Word], duration_s: float) -> Ratio:
        """Seconds from the end of the last word (of the audio, where words have no times) to the last final."""
        last_s = max((update.at_s for update in self.updates if update.kind == "final"), default=None)
        return NOTHING if last_s is None else Ratio(last_s - (words[-1][2] if words else duration_s), 1.0)


def transcript(updates: Sequence[Update]) -> str:
    """All finals and the last partial, as they were written."""
    final, partial = "", ""
    for update in updates:
        if update.kind == "final":
            final, partial = f"{final} {update.text}", ""
        else:
            partial = update.text
    return " ".join(f"{final} {partial}".split())


def read(output: Mapping[str, Any], normalise: Callable[[str], str]) -> Reading:
    """An encoded output of the task as a reader saw it."""
    updates = tuple(Update.of(row) for row in output["events"])
    finals: list[tuple[str, float]] = []
    states: list[tuple[str, ...]] = []
    for update in updates:
        words = tuple(normalise(update.text).split())
        if update.kind == "final":
            finals += [(word, update.at_s) for word in words]
        final = tuple(word for word, _ in finals)
        states.append(final if update.kind == "final" else final + words)
    return Reading(updates, _at_once(updates, states), tuple(finals), normalise)


def _at_once(updates: Sequence[Update], states: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """States that nobody saw, because the next came with them, take that one's place."""
    for i in reversed(range(len(states) - 1)):
        if updates[i].at_s == updates[i + 1].at_s and updates[i].fed_s == updates[i + 1].fed_s:
            states[i] = states[i + 1]
    return tuple(states)


def _changed(before: Sequence[str], after: Sequence[str]) -> int:
    if not before or not after:
        return len(before)
    counts = align(" ".join(before), " ".join(after)).words
    return counts.substitutions + counts.deletions


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((i for i, (old, new) in pairs if old != new), min(len(before), len(after)))
