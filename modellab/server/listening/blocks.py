"""What one rater hears: their share of the items, in an order of their own, with the parts that show how they listen.

Everybody's share begins where the one's before ended, so that all items are heard about equally often. An item is heard
of every system, or in every pair of them, by the same rater: systems are compared within people and sentences.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from modellab.server.listening.records import Clip, ListeningTest, Part, Rater

TRAINING = 2
REPEATED = 0.1  # of what is rated
APART = 3  # that a repeat comes after its first, at least
ANCHOR = -1  # in place of a system's number: its clip, spoilt
DRAWS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One question: an item by one system, by two in the order in which they are heard, or under all conditions."""

    part: Part
    item: str
    systems: tuple[int, ...]
    clips: tuple[Clip, ...]
    reference: Clip | None = None  # of MUSHRA: the one that is shown as such

    @property
    def sounds(self) -> tuple[Clip, ...]:
        """Everything that is played."""
        return self.clips if self.reference is None else (*self.clips, self.reference)


def trials(test: ListeningTest, rater: Rater) -> list[Trial]:
    """All questions of one rater, the same whenever they are asked for."""
    draw = random.Random(f"{test.seed} {rater.number} {rater.rater}")  # noqa: S311 - no secret
    items = list(range(len(test.items)))
    random.Random(test.seed).shuffle(items)  # noqa: S311 - no secret
    ways = _ways(test)
    at_once = len(ways[0]) if test.kind == "mushra" else 1
    share = max(1, min(len(items), test.per_rater // (len(ways) * at_once)))
    mine = [items[(rater.number * share + place) % len(items)] for place in range(share)]
    rated = _mixed(draw, [_trial(draw, test, "rated", item, way) for item in mine for way in ways])
    block = rated
    if test.kind != "mushra":  # which has its anchors, and the reference twice, in every sentence
        block = _with_repeats(draw, rated)
        block.insert(draw.randrange(len(block) + 1), _anchor(draw, test))
    others = [item for item in items if item not in mine] or items
    training = [_trial(draw, test, "training", others[i % len(others)], draw.choice(ways)) for i in range(TRAINING)]
    return [*_tones(test), *training, *block]


def _ways(test: ListeningTest) -> list[tuple[int, ...]]:
    """Each system alone, each pair of them, or all conditions at once."""
    if test.kind == "mushra":
        return [tuple(range(len(test.conditions)))]
    return list(itertools.combinations(range(len(test.systems)), 2 if test.kind == "ab" else 1))


def _trial(draw: random.Random, test: ListeningTest, part: Part, item: int, way: tuple[int, ...]) -> Trial:
    systems = tuple(draw.sample(way, len(way)))
    there = test.items[item]
    reference = there.clips[test.reference] if test.kind == "mushra" else None
    return Trial(part, there.id, systems, tuple(there.clips[system] for system in systems), reference)


def _mixed(draw: random.Random, rated: list[Trial]) -> list[Trial]:
    """In another order, with as few sentences twice in a row as a few draws give."""
    orders = [draw.sample(rated, len(rated)) for _ in range(DRAWS)]
    return min(orders, key=lambda order: sum(a.item == b.item for a, b in itertools.pairwise(order)))


def _with_repeats(draw: random.Random, rated: list[Trial]) -> list[Trial]:
    """Some asked again later, a pair with its sides changed."""
    block = list(rated)
    count = round(REPEATED * len(rated)) or int(len(rated) > APART)
    for first in draw.sample(rated[: max(1, len(rated) - APART)], min(count, max(1, len(rated) - APART))):
        again = Trial("repeat", first.item, first.systems[::-1], first.clips[::-1])
        after = block.index(first) + 1 + APART
        block.insert(draw.randint(min(after, len(block)), len(block)), again)
    return block


def _anchor(draw: random.Random, test: ListeningTest) -> Trial:
    """A clip that nobody who listens finds good; in a pair, beside the same one unspoilt."""
    item = test.items[0]
    if test.kind == "acr":
        return Trial("anchor", item.id, (ANCHOR,), (test.anchor,))
    sides = draw.sample([(ANCHOR, test.anchor), (0, item.clips[0])], 2)
    return Trial("anchor", item.id, tuple(side[0] for side in sides), tuple(side[1] for side in sides))


def _tones(test: ListeningTest) -> list[Trial]:
    if not test.needs_headphones:
        return []
    return [Trial("headphones", f"tones-{place}", (), (tone.clip,)) for place, tone in enumerate(test.tones)]
