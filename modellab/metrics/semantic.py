"""Semantic word error rate: only the errors that change what is said, as a judge of meaning sees it.

Conventions
-----------
Errors that stand side by side are one place. For each place the reference is written with this place as the hypothesis
has it and all else right, and the judge is asked whether both mean the same; the errors of places that do not are
counted, out of the reference words. So a judge sees one error at a time, in its sentence. In [0, WER], lower is better;
0 at the bottom for an empty reference, whose insertions all count.

It is as good as its judge, which has errors and a taste of its own: for people to look at, and never judged.

Source: the idea of counting only errors that change meaning is that of Kim et al., "Semantic Distance: A New Metric for
ASR Performance Analysis Towards Spoken Language Understanding" (Interspeech 2021), who take the distance of sentence
embeddings; a verdict for each place is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from modellab.metrics.edit_distance import Alignment
from modellab.types import Ratio

Same = Callable[[str, str], bool]  # whether two sentences mean the same


class Place(NamedTuple):
    """Errors side by side: what is said there, what was heard, how many errors, and the sentence with these alone."""

    reference: str
    hypothesis: str
    errors: int
    sentence: str


def places(alignment: Alignment) -> Iterator[Place]:
    """Each place with errors, left to right.

    >>> from modellab.metrics.edit_distance import align
    >>> [place.sentence for place in places(align("call anna at nine", "please call hannah at nine"))]
    ['please call anna at nine', 'call hannah at nine']
    """
    ours, theirs = alignment.reference, alignment.hypothesis
    for start, end, first, last, errors in _stretches(alignment):
        heard = theirs[first:last]
        yield Place(" ".join(ours[start:end]), " ".join(heard), errors, " ".join((*ours[:start], *heard, *ours[end:])))


def changing(alignment: Alignment, same: Same) -> list[Place]:
    """The places that change the meaning."""
    reference = " ".join(alignment.reference)
    return [place for place in places(alignment) if not reference or not same(reference, place.sentence)]


def wer(alignment: Alignment, same: Same) -> Ratio:
    """Errors that change the meaning out of reference words.

    >>> from modellab.metrics.edit_distance import align
    >>> wer(align("call anna right now", "call hannah right away"), lambda one, other: "hannah" not in other)
    Ratio(top=1, bottom=4)
    """
    return Ratio(sum(place.errors for place in changing(alignment, same)), len(alignment.reference))


def _stretches(alignment: Alignment) -> Iterator[tuple[int, int, int, int, int]]:
    """From and to in the reference, from and to in the hypothesis, and the errors, of edits that touch."""
    stretch: list[int] = []
    for what, i, j in alignment.edits:
        if not stretch or (i, j) != (stretch[1], stretch[3]):
            if stretch:
                yield stretch[0], stretch[1], stretch[2], stretch[3], stretch[4]
            stretch = [i, i, j, j, 0]
        stretch[1], stretch[3], stretch[4] = i + (what != "I"), j + (what != "D"), stretch[4] + 1
    if stretch:
        yield stretch[0], stretch[1], stretch[2], stretch[3], stretch[4]
