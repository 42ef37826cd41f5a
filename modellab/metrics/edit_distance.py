"""Word and character error rates from one alignment per utterance (rapidfuzz, C++, as jiwer does).

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
from typing import Any

import numpy as np

from modellab.metrics.compound_words import Edit, merge
from modellab.types import Counts, Floats, Ratio

KINDS = {"replace": "S", "delete": "D", "insert": "I"}
Step = tuple[str, str, str]  # (what, reference word, hypothesis word); what is "", "S", "D" or "I"


@dataclass(frozen=True, slots=True)
class EditCounts:
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
    """One utterance compared once; every rate and the view for people read off it.

    `edits` are what differs, left to right: "S", "D" or "I" and the positions in reference and hypothesis where it
    happens. Between them words are the same. Without `blanks` they are no characters.
    """

    reference: tuple[str, ...]
    hypothesis: tuple[str, ...]
    edits: tuple[Edit, ...]
    blanks: bool = True

    @property
    def words(self) -> EditCounts:
        """The errors in words."""
        kinds = [what for what, _, _ in self.edits]
        substitutions, deletions = kinds.count("S"), kinds.count("D")
        hits = len(self.reference) - substitutions - deletions
        return EditCounts(substitutions, deletions, len(kinds) - substitutions - deletions, hits)

    @property
    def characters(self) -> EditCounts:
        """The errors in characters. To align them takes far longer than to count them, which is all that `cer` does."""
        from rapidfuzz.distance import Levenshtein

        reference, hypothesis = self._texts()
        kinds = [operation[0] for operation in Levenshtein.editops(reference, hypothesis).as_list()]
        substitutions, deletions = kinds.count("replace"), kinds.count("delete")
        hits = len(reference) - substitutions - deletions
        return EditCounts(substitutions, deletions, len(kinds) - substitutions - deletions, hits)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Word by word, left to right."""
        steps: list[Step] = []
        i = 0
        for what, start, other in self.edits:
            steps += [("", word, word) for word in self.reference[i:start]]
            ours = "" if what == "I" else self.reference[start]
            theirs = "" if what == "D" else self.hypothesis[other]
            steps.append((what, ours, theirs))
            i = start + (what != "I")
        return (*steps, *(("", word, word) for word in self.reference[i:]))

    def _texts(self) -> tuple[str, str]:
        glue = " " if self.blanks else ""
        return glue.join(self.reference), glue.join(self.hypothesis)

    def _most_wrong_characters(self) -> int:
        """At most so many characters are wrong: those of the words that are. Close enough to find the number fast."""
        return sum(
            max(len(self.reference[i]) if what != "I" else 0, len(self.hypothesis[j]) if what != "D" else 0) + 1
            for what, i, j in self.edits
        )

    def wer(self) -> Ratio:
        """Word error rate: (S + D + I) / N.

        >>> align("the cat sat", "the cat sat down").wer()
        Ratio(top=1, bottom=3)
        """
        return Ratio(len(self.edits), len(self.reference))

    def cer(self) -> Ratio:
        """Character error rate: the same over characters, spaces included.

        >>> align("cat", "cut").cer()
        Ratio(top=1, bottom=3)
        """
        from rapidfuzz.distance import Levenshtein

        reference, hypothesis = self._texts()
        if not self.edits:
            return Ratio(0, len(reference))
        errors = Levenshtein.distance(reference, hypothesis, score_hint=self._most_wrong_characters())
        return Ratio(errors, len(reference))

    def mer(self) -> Ratio:
        """Match error rate: (S + D + I) / (S + D + I + H), the fraction of aligned words that are wrong; at most 1."""
        words = self.words
        return Ratio(words.errors, words.errors + words.hits)

    def wil(self) -> Counts:
        """Word information lost, as the counts (H, N, P) that `wil_rate` pools."""
        return (self.words.hits, len(self.reference), len(self.hypothesis))


def wil_rate(sums: Floats) -> Floats:
    """1 - H^2 / (N P) of summed (H, N, P): shape (..., 3) -> (...). NaN where N is 0, else 1 where P is 0.

    >>> wil_rate(np.array([[2.0, 4.0, 2.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0]])).tolist()
    [0.5, 1.0, nan]
    """
    hits, reference, hypothesis = np.moveaxis(np.asarray(sums, dtype=float), -1, 0)
    preserved = hits / np.where(reference == 0, np.nan, reference) * (hits / np.where(hypothesis == 0, 1.0, hypothesis))
    lost: Floats = 1.0 - preserved
    return lost


def align(reference: str, hypothesis: str, blanks: bool = True, compounds: bool = False) -> Alignment:
    """Compare normalised texts, split at any white space.

    Without `blanks` they are no characters: for texts that have one between all characters, such as Chinese after the
    normaliser `auto`, whose blanks would count as hits. With `compounds` neighbouring words that together are one word
    of the other side are taken for it: see `modellab/metrics/compound_words.py`.

    >>> align("a b c", "a x c d").words
    EditCounts(substitutions=1, deletions=0, insertions=1, hits=2)
    >>> align("ice cream now", "icecream now", compounds=True).wer()
    Ratio(top=0, bottom=3)
    """
    ours, theirs = reference.split(), hypothesis.split()
    edits = [] if ours == theirs else _edits(ours, theirs)
    if compounds and edits and (merged := merge(ours, theirs, len(edits))):
        theirs, edits = merged
    return Alignment(tuple(ours), tuple(theirs), tuple(edits), blanks)


def _edits(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Edit]:
    """The edits of one cheapest alignment: the one that jiwer takes, which asks the same library."""
    from rapidfuzz.distance import Levenshtein

    ids: dict[str, int] = {}
    ours, theirs = ([ids.setdefault(word, len(ids)) for word in words] for words in (reference, hypothesis))
    edits: Any = Levenshtein.editops(ours, theirs).as_list()
    return [(KINDS[what], i, j) for what, i, j in edits]
