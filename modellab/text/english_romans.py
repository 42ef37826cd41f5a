"""Roman numerals in `modellab_en`: "World War II" is "world war 2", "Henry VIII" is "henry the eighth".

Only capitals are read, and only behind a name or a word that is numbered so: "an IV line" and "CD" stay. A king's or a
pope's is an ordinal with its "the", any other one is not. A single V or X counts behind such a word or a ruler, and an
I, which mostly is somebody who speaks, where nothing is behind it or a word that follows no speaker: "World War I was".
"""

from __future__ import annotations

import re

from modellab.text.number_forms import ordinal

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_NUMBERED = frozenset({
    "act", "annex", "apollo", "appendix", "article", "book", "bowl", "canto", "chapter", "class", "division", "episode",
    "figure", "grade", "lesson", "level", "mark", "part", "phase", "psalm", "rambo", "rocky", "saturn", "scene",
    "schedule", "season", "section", "sonnet", "stage", "symphony", "table", "title", "type", "volume", "war",
})  # fmt: skip
_RULERS = frozenset({
    "albert", "alexander", "baldwin", "benedict", "catherine", "charles", "christian", "clement", "constantine",
    "darius", "edward", "elizabeth", "ferdinand", "francis", "frederick", "george", "gregory", "gustav", "harald",
    "haakon", "henry", "innocent", "isabella", "ivan", "james", "john", "julius", "leo", "leopold", "louis", "margaret",
    "mary", "maximilian", "mehmed", "napoleon", "nicholas", "otto", "paul", "peter", "philip", "pius", "ramesses",
    "richard", "robert", "urban", "victoria", "wilhelm", "william", "xerxes",
})  # fmt: skip
_LETTERS_TOO = frozenset({"IV", "VI", "XX"})  # a drip, an editor: no numerals behind a name that is not known
_NUMERAL = re.compile(
    r"(?<![\w.'-])(?P<before>[A-Z][A-Za-z]*|[a-z]{3,9})(?P<blank> )"
    r"(?P<numeral>(?=[IVXL]{2})(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?![\w'-]|\.\w)"
)
_BEHIND_I = "of|and|or|in|was|is|to|from|at|on|by|with|scene|section|trials?|diabetes|errors?|veterans?|era|began|ended"
_SINGLE = re.compile(
    r"(?<![\w.'-])(?P<before>[A-Z][a-z]+|world war|type|phase)(?P<blank> )(?P<numeral>[VX](?![\w'&-]|\.\w)"
    rf"|I(?=[.,;:!?)]*$|[.,;:!?)] |(?<=[Ww]ar I) |(?<=e I) (?:trials?|diabetes|errors?)\b| (?:{_BEHIND_I})\b))"
)
_SHORT = {"Vol": "Volume", "Ch": "Chapter", "Pt": "Part", "Ep": "Episode", "Mk": "Mark", "Art": "Article"}
_ABBREVIATED = re.compile(rf"(?<![\w.'-])({'|'.join(_SHORT)})\.? (?=[IVX]{{1,5}}(?![\w'.]))")
_COMMON = frozenset("The A An This That My Your His Her Our Their In On At And Or".split())  # noqa: SIM905


def in_figures(text: str) -> str:
    """The text with Roman numerals in figures or as ordinals; capitals are expected to be there yet.

    >>> in_figures("World War II and Henry VIII on an IV")
    'World War 2 and Henry the eighth on an IV'
    """
    text = _ABBREVIATED.sub(lambda found: f"{_SHORT[found[1]]} ", text)
    return _SINGLE.sub(_single, _NUMERAL.sub(_figure, text))


def _single(found: re.Match[str]) -> str:
    """A numeral of one letter, behind a ruler's name or a word that is numbered."""
    known = found["before"].lower().split()[-1]
    if known in _RULERS and found["before"][0].isupper() and found["numeral"] != "X":
        return f"{found['before']} the {ordinal(_value(found['numeral']))}"
    return f"{found['before']} {_value(found['numeral'])}" if known in _NUMBERED else found[0]


def _figure(found: re.Match[str]) -> str:
    before, numeral = found["before"], found["numeral"]
    known = before.lower()
    if known in _RULERS and not before.islower():
        return f"{before} the {ordinal(_value(numeral))}"
    name = before[0].isupper() and before not in _COMMON and numeral not in _LETTERS_TOO and numeral != before
    return f"{before} {_value(numeral)}" if name or known in _NUMBERED else found[0]


def _value(numeral: str) -> int:
    """What a numeral is worth: a smaller figure before a larger one is taken away."""
    values = [_VALUES[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
