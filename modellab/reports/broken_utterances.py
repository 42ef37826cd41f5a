"""Broken utterances in words: which they are, whether they broke again, what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modellab.types import Break

TITLE = "look at these first: utterances that lost a large part of their words, too few to prove anything"
AGAIN = {True: "broke again in a fresh process", False: "not again in a fresh process", None: "not run again"}


def lines(breaks: Iterable[Break]) -> Iterator[str]:
    """Each with its reference, what was said before and what is said now."""
    for each in breaks:
        what = f"lost {each.lost:.4g} of {each.of:.4g}" if each.of else f"{each.lost:.4g} made up where nobody speaks"
        yield f"{each.id}: {what}, {AGAIN[each.again]}"
        yield from (f"  {line}" for line in each.lines)
