"""Numbers of listening tests computed once more from the lines of votes, pair of votes by pair of votes.

The formulas are those of Ribeiro et al., "CrowdMOS" (ICASSP 2011): the variances of raters, sentences and the rest
follow from the squared differences of two votes of one rater, of one sentence, and of neither.
"""

from __future__ import annotations

import html
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from scipy import stats

from tests.server.conftest import Server
from tests.server.listening import people
from tests.server.listening.test_listening import LIKING, ids, made, site, trials
from tests.server.recomputing import holm

__all__ = ["site"]
pytestmark = pytest.mark.slow
Cells = dict[tuple[str, str], float]  # what each rater said of a sentence


def mean(cells: Cells) -> tuple[float, float, float, float]:
    """The mean, the ends of its 95 % interval, and the two-sided p of its being 0."""
    apart: defaultdict[tuple[bool, bool], list[float]] = defaultdict(list)
    for (one, a), (other, b) in combinations(cells.items(), 2):
        apart[one[0] == other[0], one[1] == other[1]].append((a - b) ** 2)
    half = {which: sum(squares) / len(squares) / 2 for which, squares in apart.items()}
    both, same_rater, same_item = half[False, False], half[True, False], half[False, True]
    of_raters, of_items, rest = both - same_rater, both - same_item, same_rater + same_item - both
    raters, items = (Counter(cell[place] for cell in cells) for place in (0, 1))
    n = len(cells)
    shares = [sum(count**2 for count in each.values()) / n**2 for each in (raters, items)]
    parts = zip((of_raters, of_items, rest), (*shares, 1 / n), strict=True)
    error = math.sqrt(sum(max(0.0, variance) * share for variance, share in parts))
    value, df = sum(cells.values()) / n, min(len(raters), len(items)) - 1
    wide = float(stats.t.ppf(0.975, df)) * error
    p = 2 * float(stats.t.sf(abs(value) / error, df)) if error else float(value == 0)
    return value, value - wide, value + wide, p


def votes(site: Server, test: str) -> Iterator[dict[str, Any]]:
    """One for each condition that was rated by somebody who does not say the same of everything."""
    path = site.root / "mlruns" / "lab" / "listening" / f"{test}.jsonl"
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    rated = [line for line in lines if line.get("part") == "rated"]
    said: defaultdict[str, set[str]] = defaultdict(set)
    for line in rated:
        said[line["rater"]].add(str(line.get("score", line.get("scores"))))
    for line in rated:
        if len(said[line["rater"]]) > 1:
            each = [line] if "score" in line else [
                {**line, "systems": [system], "score": score}
                for system, score in zip(line["systems"], line["scores"], strict=True)
            ]  # fmt: skip
            yield from each


@pytest.mark.parametrize("kind", ["acr", "ab", "mushra"])
def test_scores_and_pairs_are_those_of_the_votes(site: Server, kind: str) -> None:
    reference = {"reference": ids(site, "middle")[0], "per_rater": 16} if kind == "mushra" else {}
    said = made(site, name=f"again {kind}", kind=kind, **reference)
    test, asked = trials(site, said["id"])
    for number in range(9):
        people.take_part(said["url"], asked, people.listener(test, LIKING, 100 + number))
    same = "50 50 50 50"
    people.take_part(said["url"], asked, lambda each: same if each.trial.reference else each.answers[0])
    results = site.get(f"/api/v1/listening-tests/{said['id']}")[1]["results"]
    page = html.unescape(site.get(f"/listening/{said['id']}")[1])
    counted = list(votes(site, said["id"]))
    assert results["votes"] == len(counted)
    assert results["raters"] == len({vote["rater"] for vote in counted}) == 9
    for each in results["systems"] if kind != "ab" else ():
        own = {(v["rater"], v["item"]): v["score"] for v in counted if v["systems"] == [each["number"]]}
        value, low, high, _ = mean(own)
        assert [each["score"]["value"], *each["score"]["interval"]] == pytest.approx([value, low, high])
        assert each["score"]["n"] == len(own)
        digits = 2 if kind == "acr" else 1
        assert all(f"{number:.{digits}f}" in page for number in (value, low, high))
    liked = [differences(counted, kind, pair["first"], pair["second"]) for pair in results["pairs"]]
    assert len(liked) == (3 if kind == "mushra" else 1)
    adjusted = holm([mean(cells)[3] for cells in liked])
    for pair, cells, p in zip(results["pairs"], liked, adjusted, strict=True):
        value, low, high, _ = mean(cells)
        assert [pair["change"], *pair["interval"]] == pytest.approx([value, low, high])
        assert pair["adjusted_p"] == pytest.approx(p)
        assert (pair["n"], pair["differs"]) == (len(cells), p <= 0.05)


def differences(counted: list[dict[str, Any]], kind: str, first: int, second: int) -> Cells:
    """How much more the first is liked than the second, by rater and sentence."""
    if kind == "ab":
        own = [vote for vote in counted if set(vote["systems"]) == {first, second}]
        return {(v["rater"], v["item"]): v["score"] * (1 if v["systems"][0] == first else -1) for v in own}
    ours, theirs = (
        {(v["rater"], v["item"]): v["score"] for v in counted if v["systems"] == [number]} for number in (first, second)
    )
    return {cell: ours[cell] - theirs[cell] for cell in ours.keys() & theirs.keys()}
