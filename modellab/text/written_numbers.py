"""What is written with figures, in the words it is read aloud with: "$150–$250" is "150 dollars to 250 dollars".

A text is read once from left to right, one of its `quantities` after the other. A dash is "to" only between two
quantities, and "minus" only where one begins, so that no sign is read twice and none is lost.

What was read is remembered by what stands there, so that a text that repeats itself takes no longer than another one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from modellab.text import number_patterns as patterns
from modellab.text.quantities import Quantities, Quantity

REACH = 80  # characters from where a quantity begins: neither it nor what binds the next one depends on more,
LONG = re.compile(r"[\d.,]{21}")  # unless there are as many figures
TELEPHONE = re.compile(r"\d+(?:-\d+)+")


class _Read(NamedTuple):
    """A quantity and what binds the next one to it; positions are counted from where the quantity begins."""

    words: str
    end: int
    number: str
    currency: str
    joint: str  # '' where nothing follows
    following: int  # where the next one begins


def in_words(text: str) -> str:
    """The text with everything that has a figure as it is read aloud; a text in lower case is expected."""
    return _Reader(text).whole()


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.quantities = Quantities(text)
        self.known: dict[tuple[str, bool, str], _Read | None] = {}

    def whole(self) -> str:
        """The text with every quantity in words."""
        found, done = [], 0
        while start := patterns.START.search(self.text, done):
            begin = start.start()
            if plain := patterns.PLAIN.match(self.text, begin):
                found.append(self.text[done : plain.end()])
                done = plain.end()
                continue
            found.append(self.text[done:begin])
            if read := self._read(begin):
                words, done = self._range(read, begin) if read.joint else (read.words, begin + read.end)
                found += (" ", words, " ")
            else:
                found.append(start[0])
                done = start.end()
        return "".join([*found, self.text[done:]])

    def _range(self, first: _Read, begin: int) -> tuple[str, int]:
        """The words of a quantity and of those that a dash or an operator binds to it, and where they end."""
        words, joints, last, start = [first.words], [""], first, begin
        while last.joint:
            start_of_next = start + last.following
            following = self._read(start_of_next, bound=True)
            if following is None:
                break
            if last.joint == "to" and last.currency and following.words == following.number:  # "$5-10 million"
                following = self._read(start_of_next, bound=True, currency=last.currency) or following
                if following.number and last.number:
                    words[-1] = last.number
            words.append(following.words)
            joints.append(last.joint)
            last, start = following, start_of_next
        end = start + last.end
        if joints[1:] == ["to"] and words[0] == words[1]:
            joints = ["", ""]  # "50-50", "a 2-2 draw"
        if len(words) > 2 and TELEPHONE.fullmatch(self.text, begin, end):
            joints = [""] * len(words)  # a date, an account, a telephone number
        elif patterns.EQUATION.match(self.text, end):
            joints = ["minus" if name == "to" else name for name in joints]
        return " ".join(filter(None, (word for pair in zip(joints, words, strict=True) for word in pair))), end

    def _read(self, i: int, *, bound: bool = False, currency: str = "") -> _Read | None:
        """The quantity that begins at i, None where none does; a `bound` one stands behind a dash.

        With a `currency` it is an amount of that.
        """
        if not i:
            return self._anew(i, bound, currency)
        key = (self.text[i - 1 : i + REACH], bound, currency)
        if key in self.known:
            return self.known[key]
        read = self._anew(i, bound, currency)
        if not LONG.search(key[0]):
            self.known[key] = read
        return read

    def _anew(self, i: int, bound: bool, currency: str) -> _Read | None:
        found = self.quantities.money(i, currency) if currency else self.quantities.quantity(i, bound=bound)
        if found is None:
            return None
        joint, following = self._joint(found) or ("", i)
        return _Read(found.words, found.end - i, found.number, found.currency, joint, following - i)

    def _joint(self, last: Quantity) -> tuple[str, int] | None:
        """What binds the next quantity to the last one, and where that begins."""
        if self.text[last.end : last.end + 1] not in patterns.JOINTS:
            return None
        if operator := patterns.OPERATOR.match(self.text, last.end):
            return ("minus" if operator["minus"] else "plus"), operator.end()
        if dash := patterns.TO.match(self.text, last.end):
            negative = dash[0] == "--" and last.words.startswith("minus")
            return "to", dash.start() + 1 if negative else dash.end()
        return None
