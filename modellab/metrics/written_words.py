"""Words as they are written: word error rates with casing and punctuation, and F1 of each punctuation mark.

Conventions
-----------
Read off `casing_punctuation.compare`, whose words and marks these are: no normaliser has seen them, so `20` for
`twenty` is an error here. A word of `written_wer` is a word with its casing and with the marks after it (those before
the first word belong to it), of `cased_wer` one without marks, of `punctuated_wer` one without casing. Rates are in [0,
inf), lower is better, and have no value where the reference has neither casing nor marks, of which there is nothing to
be wrong.

A mark is found where it stands after a word that both texts have, as `punctuation_error_rate` compares them: beside
misheard words nothing is counted, so a word that is lost moves no F1. F1 is 2 TP / (2 TP + FP + FN), in [0, 1], higher
is better; no value where neither text has the mark, and for a reference without any mark.

Source: WER with punctuation and capitalisation as in Meister et al., "LibriSpeech-PC" (ASRU 2023). Deviation: there
words are what blanks part, so quotation marks, brackets and dashes count, too, which makes its rate higher.
"""

from __future__ import annotations

from collections.abc import Sequence

from modellab.metrics.casing_punctuation import MARKS, Compared, Writing, is_cased
from modellab.types import Counts, Ratio

NAMES = dict(zip(MARKS, ("period", "comma", "question", "exclamation", "semicolon", "colon"), strict=True))
NOTHING = Ratio(0, 0)


def error_rates(compared: Compared) -> dict[str, Counts]:
    """`cased_wer`, `punctuated_wer` and `written_wer`: errors out of reference words.

    >>> from modellab.metrics.casing_punctuation import compare
    >>> list(error_rates(compare("Well, come in.", "well, come in")).values())
    [Ratio(top=1, bottom=3), Ratio(top=1, bottom=3), Ratio(top=2, bottom=3)]
    """
    ours, theirs = compared.reference, compared.hypothesis
    cased, marked = is_cased("".join(ours.words)), any(ours.marks)
    return {
        "cased_wer": _errors(ours.words, theirs.words) if cased else NOTHING,
        "punctuated_wer": _errors(_with_marks(ours.keys, ours), _with_marks(theirs.keys, theirs))
        if marked
        else NOTHING,
        "written_wer": _errors(_with_marks(ours.words, ours), _with_marks(theirs.words, theirs))
        if cased or marked
        else NOTHING,
    }


def mark_scores(compared: Compared) -> dict[str, Counts]:
    """`punctuation_f1` of all marks together, and the F1 of each, such as `comma_f1`.

    >>> from modellab.metrics.casing_punctuation import compare
    >>> scores = mark_scores(compare("Well, come in.", "Well, come in!"))
    >>> scores["comma_f1"], scores["period_f1"], scores["punctuation_f1"]
    (Ratio(top=2, bottom=2), Ratio(top=0, bottom=1), Ratio(top=2, bottom=4))
    """
    if not any(compared.reference.marks):
        return dict.fromkeys(["punctuation_f1", *(f"{name}_f1" for name in NAMES.values())], NOTHING)
    ours, theirs = "".join(mark for mark, _ in compared.marks), "".join(mark for _, mark in compared.marks)
    both = "".join(mark for left, right in compared.marks for mark in _shared(left, right))
    by_mark = {
        f"{name}_f1": Ratio(2 * both.count(mark), ours.count(mark) + theirs.count(mark)) for mark, name in NAMES.items()
    }
    return {"punctuation_f1": Ratio(2 * len(both), len(ours) + len(theirs)), **by_mark}


def _shared(ours: str, theirs: str) -> str:
    """The marks that two places have in common, each as often as both have it."""
    return "".join(mark * min(ours.count(mark), theirs.count(mark)) for mark in dict.fromkeys(ours))


def _with_marks(words: Sequence[str], text: Writing) -> list[str]:
    marked = [word + marks for word, marks in zip(words, text.marks[1:], strict=True)]
    return [text.marks[0] + marked[0], *marked[1:]] if marked else []


def _errors(ours: Sequence[str], theirs: Sequence[str]) -> Ratio:
    from rapidfuzz.distance import Levenshtein

    return Ratio(Levenshtein.distance(ours, theirs), len(ours))
