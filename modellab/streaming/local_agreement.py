"""Which words of a hypothesis are new, and which two hypotheses agree on.

Local agreement: what two successive hypotheses begin with alike is taken for certain (Liu, Spanakis & Niehues,
"Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection", Interspeech
2020; for Whisper: Macháček, Dabre & Bojar 2023). Words are compared without case and punctuation.
"""

from __future__ import annotations

from collections.abc import Sequence


def plain(word: str) -> str:
    """A word without case and punctuation; the word itself if nothing is left.

    >>> plain("Light,")
    'light'
    """
    return "".join(filter(str.isalnum, word.casefold())) or word


def agreed(before: Sequence[str], now: Sequence[str]) -> int:
    """How many words both begin with.

    >>> agreed(["Turn", "on"], ["turn", "on", "the"]), agreed(["turn", "up"], ["turn", "on"])
    (2, 1)
    """
    pairs = zip(map(plain, before), map(plain, now), strict=False)
    return next((i for i, (old, new) in enumerate(pairs) if old != new), min(len(before), len(now)))


def behind(known: Sequence[str], now: Sequence[str]) -> int:
    """Where in a hypothesis the words after the known ones begin: where its prefix that is closest to them ends.

    Closest by edits of words; of prefixes equally close the one whose length is nearest to the known words' wins.

    >>> behind(["turn", "on"], ["turn", "on", "the"]), behind(["turn", "on"], ["please", "turn", "on", "the"])
    (2, 3)
    """
    row = list(range(len(now) + 1))  # edits from no known words to each prefix
    for i, word in enumerate(known, start=1):
        above, row = row, [i]
        for j, other in enumerate(now, start=1):
            swap = above[j - 1] + (plain(word) != plain(other))
            row.append(min(swap, above[j] + 1, row[-1] + 1))
    return min(range(len(row)), key=lambda j: (row[j], abs(j - len(known))))
