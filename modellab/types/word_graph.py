"""Several ways to say the same, as one graph of words: alternatives, words that may be left out, broken-off words.

    parts   ["i've", Choice((("um",), ("uh",), ())), Marked("okay", optional=True)]
    graph   0 -i've-> 1 -um|uh|nothing-> 2 -okay-> 3, the last one free to miss

Nodes are numbered so that each arc leads from a lower to a higher one: 0 is the start, the highest the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Broken = Literal["", "end", "start"]  # what of a word was not said: its end (`th-`), its start (`-ing`)


@dataclass(frozen=True, slots=True)
class Marked:
    """Words that are no plain ones: `optional` ones may be left out; `broken` says what of a word is missing."""

    text: str
    optional: bool = False
    broken: Broken = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives, of which each is right; one without any part is nothing said."""

    branches: tuple[tuple[Part, ...], ...]


Part = str | Marked | Choice


class Arc(NamedTuple):
    """A word between two nodes; the word "" says nothing. `null` marks the arc of an alternative that is nothing."""

    start: int
    end: int
    word: str
    optional: bool = False
    broken: Broken = ""
    null: bool = False


@dataclass(frozen=True, slots=True)
class WordGraph:
    """Every way to say something: each path from node 0 to the last one. `arcs` are sorted by where they end."""

    arcs: tuple[Arc, ...]
    nodes: int

    @property
    def is_line(self) -> bool:
        """Whether there is one way alone, word after word."""
        return len(self.arcs) == self.nodes - 1 and all(arc.word and arc.end == arc.start + 1 for arc in self.arcs)


def line(words: Iterable[str]) -> WordGraph:
    """The graph of one text.

    >>> line(["a", "b"]).arcs[1]
    Arc(start=1, end=2, word='b', optional=False, broken='', null=False)
    """
    arcs = tuple(Arc(i, i + 1, word) for i, word in enumerate(words))
    return WordGraph(arcs, len(arcs) + 1)


def graph(parts: Sequence[Part], words: Callable[[str], Sequence[str]]) -> WordGraph:
    """The graph of parts; `words` makes words of each stretch of text, on its own."""
    arcs: list[Arc] = []
    last = _chain(parts, words, 0, 0, arcs)
    return WordGraph(tuple(sorted(arcs, key=lambda arc: arc.end)), last + 1)


def _chain(
    parts: Sequence[Part], words: Callable[[str], Sequence[str]], start: int, highest: int, arcs: list[Arc]
) -> int:
    """Append parts after the node `start`; the node after them, which is the highest of all if there are any."""
    at = start
    for part in parts:
        if isinstance(part, Choice):
            at = _branches(part, words, at, max(at, highest), arcs)
        else:
            marked = part if isinstance(part, Marked) else Marked(part)
            marked_words = words(marked.text)
            for i, word in enumerate(marked_words):
                is_broken = i == (len(marked_words) - 1 if marked.broken == "end" else 0)
                after = max(at, highest) + 1
                arcs.append(Arc(at, after, word, marked.optional, marked.broken if is_broken else ""))
                at = after
        highest = max(at, highest)
    return at


def _branches(choice: Choice, words: Callable[[str], Sequence[str]], at: int, highest: int, arcs: list[Arc]) -> int:
    """Append alternatives, which meet again in one node."""
    ends = []
    for branch in choice.branches:
        ends.append(_chain(branch, words, at, highest, arcs))
        highest = max(highest, ends[-1])
    arcs += [Arc(end, highest + 1, "", null=end == at) for end in ends]
    return highest + 1
