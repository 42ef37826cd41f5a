"""Phrases that matter: which keywords and entities of a row were heard, and the words of another language.

Conventions
-----------
Words are normalised, as they are for the error rate. A phrase is some words in a row; each of its occurrences counts,
and one within another counts for both ("new york" and "york"). A list may hold phrases that nobody says: heard all the
same they are false. With TP the occurrences that both texts have (of each phrase the fewer), recall is TP out of those
of the reference, precision TP out of those of the hypothesis, F1 2 TP out of both; all in [0, 1], higher is better, no
value where the bottom is 0. Where in the text an occurrence stands makes no difference. Micro averages, as
scikit-learn's.

`point_errors` is the point-of-interest error rate (PIER): S, D and I at the words of interest out of their number, in
[0, inf), lower is better. An insertion belongs to the word that it stands before, after the last word to that one. The
alignment is that of the word error rate, so PIER over all words is WER. Source: Ugan et al., "PIER: A Novel Metric for
Evaluating What Matters in Code-Switching" (ICASSP 2025), and its published code, whose counts these are.
"""

from __future__ import annotations

from collections.abc import Sequence

from modellab.metrics.edit_distance import Alignment
from modellab.types import Counts, Ratio

Phrase = tuple[str, ...]


def places(phrase: Phrase, words: Sequence[str]) -> list[int]:
    """Where a phrase begins among words.

    >>> places(("new", "york"), "in new york new york".split())
    [1, 3]
    """
    first, length = phrase[0], len(phrase)
    return [i for i, word in enumerate(words) if word == first and tuple(words[i : i + length]) == phrase]


def scores(name: str, phrases: Sequence[Phrase], alignment: Alignment) -> dict[str, Counts]:
    """Recall, precision and F1 of phrases, such as `keyword_recall` where `name` is "keyword".

    >>> from modellab.metrics.edit_distance import align
    >>> scores("keyword", [("anna",), ("bob",)], align("call anna", "call bob anna"))["keyword_precision"]
    Ratio(top=1, bottom=2)
    """
    counts = [
        (len(places(phrase, alignment.reference)), len(places(phrase, alignment.hypothesis))) for phrase in phrases
    ]
    both, in_reference, in_hypothesis = (
        sum(map(min, counts)),
        *(sum(pair[side] for pair in counts) for side in (0, 1)),
    )
    return {
        f"{name}_recall": Ratio(both, in_reference),
        f"{name}_precision": Ratio(both, in_hypothesis),
        f"{name}_f1": Ratio(2 * both, in_reference + in_hypothesis),
    }


def point_errors(phrases: Sequence[Phrase], alignment: Alignment) -> Ratio:
    """Errors at the words of interest out of their number: PIER.

    >>> from modellab.metrics.edit_distance import align
    >>> point_errors([("file",), ("gedownloadet",)], align("hast du das file gedownloadet", "das file geload et"))
    Ratio(top=2, bottom=2)
    """
    words = alignment.reference
    points = {i + k for phrase in phrases for i in places(phrase, words) for k in range(len(phrase))}
    errors = sum(min(i, len(words) - 1) in points for _, i, _ in alignment.edits)
    return Ratio(errors, len(points))
