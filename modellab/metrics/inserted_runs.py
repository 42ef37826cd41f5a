"""Runs of inserted words in speech: what a model makes up while somebody speaks.

Conventions: between two words heard right lies a stretch of errors; where the hypothesis has at least LEAST words more
in it than the reference, they are a run. Counted like this a run does not depend on which of several cheapest
alignments was taken, nor on whether its first word stands for a lost one. Words are normalised. A clip in which nobody
speaks has no part in it: that is `transcript_sanity.made_up`.

Source: insertions in speech as a sign of hallucination as in Koenecke et al., "Careless Whisper" (FAccT 2024), and
Frieske & Shi, "Hallucinations in Neural Automatic Speech Recognition" (2024). LEAST is ours: fewer are hesitations and
repeated words that a reference leaves out.
"""

from __future__ import annotations

from modellab.metrics.edit_distance import Alignment
from modellab.types import Ratio

LEAST = 5  # words


def runs(alignment: Alignment) -> list[int]:
    """How many words each run has.

    >>> from modellab.metrics.edit_distance import align
    >>> runs(align("call anna now", "call anna and then and then and then now"))
    [6]
    """
    lengths, more, at = [], 0, (-1, -1)
    for what, i, j in alignment.edits:
        if (i, j) != at:
            lengths.append(more)
            more = 0
        more += (what == "I") - (what == "D")
        at = (i + (what != "I"), j + (what != "D"))
    return [length for length in (*lengths, more) if length >= LEAST]


def rate(alignment: Alignment) -> Ratio:
    """Whether there is a run: pooled the fraction of clips with speech that have one, in [0, 1], lower is better."""
    return Ratio(float(bool(runs(alignment))), 1.0) if alignment.reference else Ratio(0.0, 0.0)


def words(alignment: Alignment) -> Ratio:
    """Words in runs out of reference words, in [0, inf), lower is better: the part of the WER that is made up."""
    return Ratio(float(sum(runs(alignment))), len(alignment.reference)) if alignment.reference else Ratio(0.0, 0)
