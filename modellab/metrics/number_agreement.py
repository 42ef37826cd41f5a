"""Numbers: whether they were heard, and whether they are written as figures where the reference writes figures.

Conventions
-----------
`scores` looks at words with a digit after the normaliser, which a good one makes of numbers however they are written
(`whisper_en`, `modellab_en`, `auto`; under `basic` or `none` a number in words is no number here). A number is right
where the alignment of the word error rate has it on both sides. Recall is those out of the numbers of the reference,
precision out of those of the hypothesis, F1 twice those out of both.

`figures` looks at the texts as they are written, before any normaliser: words with a digit, which agree where both
texts have them at the same place. `20` for `twenty` and `1000` for `1,000` are disagreements there though nothing was
misheard: what inverse text normalisation (ITN) is for. F1, too. Currency and other signs beside the digits are not
looked at.

All are in [0, 1], higher is better, and have no value without numbers.

Source: none to follow; it is precision and recall of numbers by position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from modellab.metrics.casing_punctuation import Compared
from modellab.metrics.edit_distance import Alignment
from modellab.types import Counts, Ratio

DIGIT = re.compile(r"\d")


def scores(alignment: Alignment) -> dict[str, Counts]:
    """`number_recall`, `number_precision` and `number_f1` of normalised texts.

    >>> from modellab.metrics.edit_distance import align
    >>> scores(align("room 20 at 9", "room 30 at 9"))["number_f1"]
    Ratio(top=2, bottom=4)
    """
    in_reference, in_hypothesis = _with_digits(alignment.reference), _with_digits(alignment.hypothesis)
    if not in_reference and not in_hypothesis:
        return dict.fromkeys(("number_recall", "number_precision", "number_f1"), Ratio(0, 0))
    wrong = {i for what, i, _ in alignment.edits if what != "I"} if in_reference and in_hypothesis else set()
    right = (
        sum(_has_digit(word) and i not in wrong for i, word in enumerate(alignment.reference)) if in_hypothesis else 0
    )
    return {
        "number_recall": Ratio(right, in_reference),
        "number_precision": Ratio(right, in_hypothesis),
        "number_f1": Ratio(2 * right, in_reference + in_hypothesis),
    }


def figures(written: Compared) -> Ratio:
    """Agreement in which numbers are written as figures: F1 of words with digits, as they are written.

    >>> from modellab.metrics.casing_punctuation import compare
    >>> figures(compare("In room 20 at nine.", "In room twenty at 9."))
    Ratio(top=0, bottom=2)
    """
    in_reference, in_hypothesis = _with_digits(written.reference.words), _with_digits(written.hypothesis.words)
    both = sum(_has_digit(ours) for ours, _ in written.pairs) if in_reference and in_hypothesis else 0
    return Ratio(2 * both, in_reference + in_hypothesis)


def _with_digits(words: Sequence[str]) -> int:
    return sum(map(_has_digit, words)) if _has_digit(" ".join(words)) else 0


def _has_digit(word: str) -> bool:
    return DIGIT.search(word) is not None
