"""What kind of word was got wrong, and where words were made up or lost in a row.

Each reference word is of one class, in this order:

- numbers: a word with a digit; in English also a number word (`forty`).
- names (English only): a word that the raw reference writes with a capital where no sentence begins, `I` excepted. A
  heuristic: it takes titles and months for names, and misses a name that begins a sentence. A reference that is all in
  lower case, all in upper case or has a capital in more than half of its words says nothing about names.
- function words (English only): the 174 stop words of Porter's list (snowballstem.org/algorithms/english/stop.txt, BSD
  licence), which leaves out `us`, `will`, `can` and `may` for their other meanings; and what a normaliser makes of
  those with an apostrophe (`it s`, `dont`).
- other words.

A substituted or deleted word counts for the class of the reference word, an inserted one for its own. For languages
other than English the classes that need a list or a habit of writing are left out: numbers are words with digits, the
rest are other words.

A hallucinated stretch is LONG or more words inserted in a row, or any word where the reference has none; a dropped
stretch is LONG or more words deleted in a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.metrics.edit_distance import Step, align
from modellab.tasks import Task, Worded
from modellab.types import Utterance

LONG = 3
NUMBERS, NAMES, FUNCTION, OTHER = "numbers", "names", "function words", "other words"
CLASSES = (NUMBERS, NAMES, FUNCTION, OTHER)
JUDGED, HEARD = ("tts",), "heard"  # tasks of which a judge heard the words, and where their output has them

_NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion
    trillion first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth hundredth thousandth half quarter dozen"""
_STOPS = """i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers
    herself it its itself they them their theirs themselves what which who whom this that these those am is are was were
    be been being have has had having do does did doing would should could ought i'm you're he's she's it's we're
    they're i've you've we've they've i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll we'll they'll isn't
    aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't won't wouldn't shan't shouldn't can't cannot
    couldn't mustn't let's that's who's what's here's there's when's where's why's how's a an the and but if or because
    as until while of at by for with about against between into through during before after above below to from up down
    in out on off over under again further then once here there when where why how all any both each few more most other
    some such no nor not only own same so than too very"""
NUMBER_WORDS = frozenset(_NUMBERS.split())
TAILS = frozenset("stdm") | {"ll", "ve", "re"}  # of "it's" where a normaliser makes the apostrophe a blank
OTHERS = {"hell", "shell", "ill", "well", "id", "wed", "shed"}  # what "he'll" looks like without one is another word
JOINED = frozenset(word.replace("'", "") for word in _STOPS.split() if "'" in word) - OTHERS
FUNCTION_WORDS = frozenset(_STOPS.split()) | TAILS | JOINED
PRONOUN = re.compile(r"\W*I\b")  # I, I'm, I'll
ENDS = (".", "!", "?", ":", ";", "…")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance's reference and hypothesis, as they are scored, and the reference as it was written."""

    reference: str
    hypothesis: str
    written: str
    normalise: Callable[[str], str]
    language: str
    compounds: bool = False

    @property
    def english(self) -> bool:
        return self.language.split("-")[0].lower() in ("en", "eng")

    def steps(self) -> tuple[Step, ...]:
        """The alignment, word by word."""
        return align(self.reference, self.hypothesis, compounds=self.compounds).steps


@dataclass(frozen=True, slots=True)
class Tally:
    """The errors of one utterance by class and by kind; `words` are the reference words of each class."""

    words: Mapping[str, int]
    errors: Mapping[str, int]
    kinds: Mapping[str, int]  # of "S", "D", "I"
    hallucinated: int
    dropped: int


def spoken(task: Task, case: Any, utterance: Utterance, language: str) -> Spoken | None:
    """The words of a stored utterance; None for a task without, and where the output was not kept.

    `language` is that of the dataset, for cases that name none. A model that raised said nothing.
    """
    if case is None or (utterance.output is None and not utterance.error):
        return None
    output = None if utterance.error else utterance.output
    if isinstance(task, Worded):
        written, heard, normalise = task.words(case, output)
    elif task.NAME in JUDGED:
        written, heard, normalise = case.text, "" if output is None else str(output.get(HEARD, "")), case.normaliser
    else:
        return None
    inner = getattr(case, "spoken", case)
    own = str(getattr(inner, "language", "")) or language
    merged = bool(getattr(inner, "compounds", False))
    return Spoken(normalise(written), normalise(heard), written, normalise, own, merged)


def tally(steps: Sequence[Step], of: Spoken, names: frozenset[str]) -> Tally:
    """The errors of an aligned utterance; `names` are the normalised words that are names in it."""
    words, errors = dict.fromkeys(CLASSES, 0), dict.fromkeys(CLASSES, 0)
    kinds = {"S": 0, "D": 0, "I": 0}
    for what, reference, hypothesis in steps:
        kind = class_of(reference or hypothesis, names, english=of.english)
        words[kind] += what != "I"
        if what:
            errors[kind] += 1
            kinds[what] += 1
    made_up = 1 if kinds["I"] and not of.reference.strip() else runs(steps, "I")
    return Tally(words, errors, kinds, made_up, runs(steps, "D"))


def class_of(word: str, names: frozenset[str], *, english: bool) -> str:
    """The class of a normalised word.

    >>> [class_of(word, frozenset({"paris"}), english=True) for word in ("forty", "7", "paris", "the", "sun")]
    ['numbers', 'numbers', 'names', 'function words', 'other words']
    >>> class_of("the", frozenset(), english=False)
    'other words'
    """
    if any(map(str.isdigit, word)) or (english and word in NUMBER_WORDS):
        return NUMBERS
    if word in names:
        return NAMES
    return FUNCTION if english and word in FUNCTION_WORDS else OTHER


def names_in(of: Spoken) -> frozenset[str] | None:
    """The normalised words that are names in a reference; None where its writing does not tell.

    "None" is also the answer for a language other than English, where capitals mean other things.
    """
    tokens = of.written.split()
    letters = [token for token in tokens if any(map(str.isalpha, token))]
    capitals = [token for token in letters if _first(token).isupper() and not PRONOUN.match(token)]
    if not of.english or not capitals or 2 * len(capitals) > len(letters):
        return None
    return frozenset(
        word
        for before, token in zip([".", *tokens], tokens, strict=False)
        if _first(token).isupper() and not before.rstrip("\"')”’").endswith(ENDS) and not PRONOUN.match(token)
        for word in of.normalise(token).split()
        if word not in FUNCTION_WORDS
    )


def runs(steps: Sequence[Step], kind: str) -> int:
    """How many stretches of LONG or more steps of one kind there are.

    >>> runs([("I", "", "a")] * 3 + [("", "b", "b")] + [("I", "", "c")] * 2, "I")
    1
    """
    return sum(length >= LONG for length in _lengths(steps, kind))


def _lengths(steps: Sequence[Step], kind: str) -> Iterator[int]:
    length = 0
    for what, _, _ in (*steps, ("", "", "")):
        if what == kind:
            length += 1
        elif length:
            yield length
            length = 0


def _first(token: str) -> str:
    """The first letter of a token, past quotes and brackets; '' for none."""
    return next((letter for letter in token if letter.isalpha()), "")
