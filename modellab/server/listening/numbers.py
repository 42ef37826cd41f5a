"""What the votes of a listening test say, in a reader's process: scores with intervals, and who is better than whom."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from modellab import units
from modellab.server.listening import rules
from modellab.server.listening.records import ListeningTest, ListeningTests, Vote
from modellab.server.results import whole
from modellab.stats import multiple_testing, raters
from modellab.stats.estimate import Estimate
from modellab.stats.intervals import PooledRate

Json = dict[str, Any]
Order = Mapping[str, Any]
ALPHA = 0.05
METRICS = {"acr": "mos_human", "ab": "preference_human", "mushra": "mushra_human"}


def results(root: Path, order: Order) -> Json:
    """Scores and pairs of a test; without them where too few people or sentences are behind it."""
    kept = ListeningTests(whole.project(root).mlruns)
    return summed(kept.get(order["project"], order["test"]), *kept.raters_and_votes(order["test"]))


def summed(test: ListeningTest, begun: list[Any], votes: list[Vote]) -> Json:
    """The same of votes that were read."""
    counted, left_out = rules.counted(test, votes)
    people, sentences = {vote.rater for vote in counted}, {vote.item for vote in counted}
    enough = len(people) >= rules.RATERS and len(sentences) >= rules.ITEMS
    pairs = _pairs(test, counted) if enough else []
    return {
        "test": test.id,
        "metric": METRICS[test.kind],
        "raters_begun": len(begun),
        "raters": len(people),
        "sentences": len(sentences),
        "votes": len(counted),
        "left_out": [asdict(rule) for rule in left_out],
        "enough": enough,
        "why_not": "" if enough else _why_not(len(people), len(sentences), len(test.items)),
        "systems": _systems(test, counted, pairs) if enough else [],
        "pairs": pairs,
    }


def _why_not(people: int, sentences: int, of: int) -> str:
    if of < rules.ITEMS:
        return f"never enough: it has {units.counted(of, 'sentence')}, and {rules.ITEMS} are needed, whoever hears them"
    return (
        f"not enough yet: the votes of {people} of at least {rules.RATERS} raters on {sentences} of at least "
        f"{rules.ITEMS} sentences count"
    )


def _systems(test: ListeningTest, votes: list[Vote], pairs: list[Json]) -> list[Json]:
    """Each system with its score and its rank: one more than how many are surely better; then what MUSHRA hides."""
    systems = []
    for number, name in enumerate(test.conditions):
        own = [vote for vote in votes if vote.systems == [number]]
        score = _estimate(raters.mean(*_cells(own))) if test.kind != "ab" else None
        is_system = number < len(test.systems)
        rank = 1 + len({other for other in _better(pairs, number) if other < len(test.systems)})
        systems.append({"name": name, "score": score, "quartiles": _quartiles(own) if test.kind == "mushra" else None,
                      "rank": rank if is_system else None, "number": number,
                      "estimates": test.systems[number].estimates if is_system else {}})  # fmt: skip
    return sorted(systems, key=lambda system: (system["rank"] or math.inf, system["number"]))


def _better(pairs: list[Json], number: int) -> list[int]:
    """Who surely is better than one of them."""
    of = [pair for pair in pairs if pair["differs"] and number in (pair["first"], pair["second"])]
    winners = [pair["first" if pair["change"] > 0 else "second"] for pair in of]
    return [winner for winner in winners if winner != number]


def _quartiles(votes: list[Vote]) -> list[float] | None:
    """Of the scores, which are skewed: what BS.1534 asks for beside the mean."""
    return (
        [float(quartile) for quartile in np.percentile([vote.score for vote in votes], (25, 50, 75))] if votes else None
    )


def _pairs(test: ListeningTest, votes: list[Vote]) -> list[Json]:
    """Every two systems: how much more the first is liked, within people and sentences, and whether that is sure."""
    judged = len(test.systems) + (test.kind == "mushra")  # with the reference, which a system may be as good as
    pairs = list(itertools.combinations(range(judged), 2))
    how = _preferences if test.kind == "ab" else _differences
    cells = [how(votes, first, second) for first, second in pairs]
    pooled = [raters.pooled(*cell) for cell in cells]
    ps = multiple_testing.adjusted([_p(change) for change in pooled])
    return [
        {
            "first": first, "second": second, "n": len(scores), "change": change.value,
            "interval": _ends(*change.interval()), "adjusted_p": p, "differs": p is not None and p <= ALPHA,
        }
        for (first, second), (scores, _, _), change, p in zip(pairs, cells, pooled, ps, strict=True)
    ]  # fmt: skip


def _differences(votes: list[Vote], first: int, second: int) -> tuple[list[float], list[str], list[str]]:
    """The first's score less the second's, where one rater judged a sentence by both."""
    ours, theirs = (
        {(vote.rater, vote.item): vote.score for vote in votes if vote.systems == [number]}
        for number in (first, second)
    )
    both = [cell for cell in ours if cell in theirs]
    return [ours[cell] - theirs[cell] for cell in both], [rater for rater, _ in both], [item for _, item in both]


def _preferences(votes: list[Vote], first: int, second: int) -> tuple[list[float], list[str], list[str]]:
    """1 where the first was preferred, -1 where the second was, whichever came first to the ear."""
    own = [vote for vote in votes if set(vote.systems) == {first, second}]
    scores = [vote.score if vote.systems[0] == first else -vote.score for vote in own]
    return scores, [vote.rater for vote in own], [vote.item for vote in own]


def _cells(votes: list[Vote]) -> tuple[list[float], list[str], list[str]]:
    return [vote.score for vote in votes], [vote.rater for vote in votes], [vote.item for vote in votes]


def _p(pooled: PooledRate) -> float | None:
    """Two-sided; None where nothing can be said."""
    if pooled.units < 2 or pooled.error != pooled.error:
        return None
    return min(1.0, 2 * pooled.p_above(abs(pooled.value)))


def _estimate(estimate: Estimate) -> Json:
    return {"value": estimate.value, "interval": _ends(estimate.low, estimate.high), "n": estimate.n}


def _ends(low: float, high: float) -> list[float] | None:
    return [low, high] if low == low and high == high else None
