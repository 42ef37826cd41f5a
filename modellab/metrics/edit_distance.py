"""Word and character error rates from one alignment per utterance (jiwer, C++ behind).

Conventions
-----------
Inputs are already normalised text. Words are what white space separates; characters include the spaces between words.
S substitutions, D deletions, I insertions, H hits; N = S + D + H reference words, P = S + I + H hypothesis words.
Rates are ratios in [0, inf) for WER and CER, [0, 1] for MER and WIL; lower is better.

An empty reference has no error rate: it puts its insertions on top and 0 at the bottom, so hallucinated words still
count in the pooled value (jiwer gives the bare count for such an utterance; pooled values agree as soon as any
reference has words).
Among several alignments of the same cost jiwer's choice is taken: S, D and I may differ from another tool's, their sum
does not.

Source: Morris, Maier & Green, "From WER and RIL to MER and WIL" (Interspeech 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modellab.types import Floats, Ratio, Share

Step = tuple[str, str, str]  # (what, reference word, hypothesis word); what is "", "S", "D" or "I"


@dataclass(frozen=True, slots=True)
class Counts:
    """How one hypothesis differs from its reference, in words or in characters."""

    substitutions: int
    deletions: int
    insertions: int
    hits: int

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_length(self) -> int:
        return self.substitutions + self.deletions + self.hits

    @property
    def hypothesis_length(self) -> int:
        return self.substitutions + self.insertions + self.hits


@dataclass(frozen=True, slots=True)
class Alignment:
    """One utterance compared once; every rate and the view for people read off it."""

    words: Counts
    characters: Counts
    steps: tuple[Step, ...]  # word by word, left to right

    def wer(self) -> Ratio:
        """Word error rate: (S + D + I) / N.

        >>> align("the cat sat", "the cat sat down").wer()
        Ratio(top=1, bottom=3)
        """
        return Ratio(self.words.errors, self.words.reference_length)

    def cer(self) -> Ratio:
        """Character error rate: the same over characters, spaces included.

        >>> align("cat", "cut").cer()
        Ratio(top=1, bottom=3)
        """
        return Ratio(self.characters.errors, self.characters.reference_length)

    def mer(self) -> Ratio:
        """Match error rate: (S + D + I) / (S + D + I + H), the share of aligned words that are wrong; never above 1."""
        return Ratio(self.words.errors, self.words.errors + self.words.hits)

    def wil(self) -> Share:
        """Word information lost, as the counts (H, N, P) that `wil_rate` pools."""
        return (self.words.hits, self.words.reference_length, self.words.hypothesis_length)


def wil_rate(sums: Floats) -> Floats:
    """1 - H^2 / (N P) of summed (H, N, P): shape (..., 3) -> (...). NaN where N is 0, else 1 where P is 0.

    >>> wil_rate(np.array([[2.0, 4.0, 2.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0]])).tolist()
    [0.5, 1.0, nan]
    """
    hits, reference, hypothesis = np.moveaxis(np.asarray(sums, dtype=float), -1, 0)
    preserved = hits / np.where(reference == 0, np.nan, reference) * (hits / np.where(hypothesis == 0, 1.0, hypothesis))
    lost: Floats = 1.0 - preserved
    return lost


def align(reference: str, hypothesis: str, blanks: bool = True) -> Alignment:
    """Compare normalised texts. White space is collapsed first (jiwer alone would split at spaces only).

    Without `blanks` they are no characters: for texts that have one between all characters, such as Chinese after the
    normaliser `auto`, whose blanks would count as hits.

    >>> align("a b c", "a x c d").words
    Counts(substitutions=1, deletions=0, insertions=1, hits=2)
    """
    import jiwer

    reference, hypothesis = " ".join(reference.split()), " ".join(hypothesis.split())
    words = jiwer.process_words(reference, hypothesis)
    steps: list[Step] = []
    for chunk in words.alignments[0]:
        ours = words.references[0][chunk.ref_start_idx : chunk.ref_end_idx]
        theirs = words.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx]
        steps += _steps(chunk.type, ours, theirs)
    if not blanks:
        reference, hypothesis = reference.replace(" ", ""), hypothesis.replace(" ", "")
    return Alignment(_counts(words), _counts(jiwer.process_characters(reference, hypothesis)), tuple(steps))


def _counts(output: object) -> Counts:
    return Counts(*(getattr(output, name) for name in ("substitutions", "deletions", "insertions", "hits")))


def _steps(kind: str, reference: Sequence[str], hypothesis: Sequence[str]) -> list[Step]:
    if kind == "delete":
        return [("D", word, "") for word in reference]
    if kind == "insert":
        return [("I", "", word) for word in hypothesis]
    what = "" if kind == "equal" else "S"
    return [(what, ours, theirs) for ours, theirs in zip(reference, hypothesis, strict=True)]
