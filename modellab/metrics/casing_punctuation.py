"""Casing and punctuation of a transcript: what the normalisers leave out before words are counted.

Conventions
-----------
Inputs are texts as they were written. A word is a run of letters, marks and digits, with apostrophes and hyphens inside
and with `.`, `,` or `:` between digits; in scripts without blanks each character is a word. Words are aligned by what
they are without their casing (NFKC, case folded), and only those that are the same on both sides are looked at: a word
that was misheard is an error of `wer`, and of nothing here. That alignment is made here, whatever normaliser the
dataset has: where one of the two writes `20` and the other `twenty`, nothing is compared.

Punctuation marks are `. , ? ! ; :` with the ellipsis as `.`, and their forms in other scripts. Quotation marks,
brackets and dashes are a matter of house style and are not looked at.

A reference without any casing (all letters upper, or all lower) says nothing about casing, one without a mark nothing
about punctuation: such an utterance has 0 at the bottom, and a dataset of such has no value (NaN).

Source: the punctuation error rate of Meister et al., "LibriSpeech-PC" (ASRU 2023), as NeMo computes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from modellab.metrics.edit_distance import align
from modellab.types import Ratio

MARKS = ".,?!;:"
SAME_MARK = str.maketrans(
    {
        **dict.fromkeys("。．｡।॥۔።…‥", "."), **dict.fromkeys("，、､،", ","), **dict.fromkeys("？؟¿", "?"),
        **dict.fromkeys("！¡", "!"), **dict.fromkeys("；؛", ";"), **dict.fromkeys("：", ":"),
    }
)  # fmt: skip
APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ‘＇", "'"))
NO_BLANKS = r"\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}"


@dataclass(frozen=True, slots=True)
class Writing:
    """A text in words. `marks` are the punctuation marks before the first word and after each: one more than words."""

    words: tuple[str, ...]
    marks: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """The words without their casing."""
        return [word.casefold() for word in self.words]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two texts compared once. `pairs` are the words that are the same, as the reference and the other have them;
    `marks` what stands after them."""

    reference: Writing
    hypothesis: Writing
    pairs: tuple[tuple[str, str], ...]
    marks: tuple[tuple[str, str], ...]

    def case_error_rate(self) -> Ratio:
        """Words whose casing differs out of words that both have and that have a casing: in [0, 1], lower is better.

        No value for a reference whose letters are all upper or all lower.

        >>> compare("Nice to meet Ann.", "nice to meet ann").case_error_rate()
        Ratio(top=2, bottom=4)
        """
        if not is_cased("".join(self.reference.words)):
            return Ratio(0, 0)
        cased = [(ours, theirs) for ours, theirs in self.pairs if ours.lower() != ours.upper()]
        return Ratio(sum(_case(ours) != _case(theirs) for ours, theirs in cased), len(cased))

    def punctuation_error_rate(self) -> Ratio:
        """Wrong, missing and extra marks out of all, (S + D + I) / (S + D + I + C): in [0, 1], lower is better.

        Compared is what stands after each word that both have, and before the first one. No value for a reference
        without marks. Deviation from NeMo: marks beside misheard words are not counted, which makes it lower.

        >>> compare("Well, come in.", "Well come in!").punctuation_error_rate()
        Ratio(top=2, bottom=2)
        """
        from rapidfuzz.distance import Levenshtein

        if not any(self.reference.marks):
            return Ratio(0, 0)
        wrong = sum(Levenshtein.distance(ours, theirs) for ours, theirs in self.marks)
        right = sum(max(len(ours), len(theirs)) for ours, theirs in self.marks) - wrong
        return Ratio(wrong, wrong + right)


def compare(reference: str, hypothesis: str) -> Compared:
    """The two texts, as they were written."""
    ours, theirs = write(reference), write(hypothesis)
    steps = align(" ".join(ours.keys), " ".join(theirs.keys)).steps
    pairs, marks = [], [(ours.marks[0], theirs.marks[0])]
    i = j = 0
    for what, _, _ in steps:
        if not what:
            pairs.append((ours.words[i], theirs.words[j]))
            marks.append((ours.marks[i + 1], theirs.marks[j + 1]))
        i, j = i + (what != "I"), j + (what != "D")
    return Compared(ours, theirs, tuple(pairs), tuple(marks))


def write(text: str) -> Writing:
    """The words of a text, and the marks around them.

    >>> write("Oh, don't... 3.5?")
    Writing(words=('Oh', "don't", '3.5'), marks=('', ',', '.', '?'))
    """
    flat = unicodedata.normalize("NFKC", text.translate(SAME_MARK)).translate(APOSTROPHES)
    words, marks, last = [], [], 0
    for match in _word().finditer(flat):
        words.append(match.group())
        marks.append(_marks(flat[last : match.start()]))
        last = match.end()
    return Writing(tuple(words), (*marks, _marks(flat[last:])))


def differences(before: str, after: str) -> tuple[str, ...]:
    """In what two texts differ whose words are the same: "casing", "punctuation", "spacing", "signs"; else "words".

    "signs" are all characters that are neither letters, digits, marks nor blanks.

    >>> differences("a b", "A  b."), differences("a b", "a c")
    (('casing', 'punctuation', 'spacing'), ('words',))
    """
    ours, theirs = write(before), write(after)
    if ours.keys != theirs.keys:
        return ("words",)
    kinds = {
        "casing": ours.words != theirs.words,
        "punctuation": ours.marks != theirs.marks,
        "spacing": _blanks(before) != _blanks(after),
        "signs": _signs(before) != _signs(after),
    }
    return tuple(what for what, differs in kinds.items() if differs) or ("signs",)


def told(changed: Iterable[tuple[str, str]]) -> str:
    """How outputs changed whose errors stayed as many, as a sentence; '' for none. Pairs are (accepted, now).

    >>> told([("a b", "A B."), ("c", "C")])
    'casing in 2, punctuation in 1; such as “A B.” for “a b”'
    """
    pairs = list(changed)
    if not pairs:
        return ""
    counts: dict[str, int] = {}
    for before, after in pairs:
        for what in differences(before, after):
            counts[what] = counts.get(what, 0) + 1
    before, after = pairs[0]
    parts = ", ".join(f"{what} in {count}" for what, count in counts.items())
    return f"{parts}; such as {_shown(after)} for {_shown(before)}"


def _shown(text: str, most: int = 60) -> str:
    return f"“{text if len(text) <= most else text[: most - 1] + '…'}”"


def is_cased(letters: str) -> bool:
    """Whether letters have a casing: some are upper, some lower."""
    return letters not in {letters.lower(), letters.upper()}


def _case(word: str) -> tuple[bool, ...]:
    """Which letters are upper, a ligature or `ß` counted as what the case folding makes of it."""
    return tuple(character != character.lower() for character in word for _ in character.casefold())


def _marks(between: str) -> str:
    """The marks in what stands between two words; an ellipsis and other repeats are one."""
    marks = ""
    for character in between:
        if character in MARKS and not marks.endswith(character):
            marks += character
    return marks


def _blanks(text: str) -> list[int]:
    """How much white space stands before each word and at the end."""
    parts = _word().split(unicodedata.normalize("NFKC", text))
    return [sum(map(str.isspace, part)) for part in parts]


def _signs(text: str) -> str:
    return "".join(c for c in text if not (c.isalnum() or c.isspace() or c.translate(SAME_MARK) in MARKS))


@cache
def _word() -> Any:
    import regex

    letters = rf"(?:(?![{NO_BLANKS}])[\p{{L}}\p{{M}}\p{{N}}])"
    inner = rf"(?:['\-\u2010\u2011](?={letters})|(?<=\p{{N}})[.,:](?=\p{{N}}))"
    return regex.compile(rf"[{NO_BLANKS}--[\p{{P}}\p{{Z}}]]\p{{M}}*|{letters}+(?:{inner}{letters}+)*", regex.V1)
