"""Means over raters and items, against a textbook's analysis of variance and against what is known of made-up votes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modellab.stats import raters
from modellab.types import Floats


def votes(table: Floats) -> tuple[list[float], list[int], list[int]]:
    """A table of raters x items as votes; NaN is none."""
    cells = [(float(value), *place) for place, value in np.ndenumerate(table) if not math.isnan(value)]
    scores, by, on = zip(*cells, strict=True)
    return list(scores), list(by), list(on)


def anova_variances(table: Floats) -> tuple[float, float, float]:
    """Two-way random effects of a table without gaps, by expected mean squares (Searle, "Linear Models", 1971)."""
    rows, columns = table.shape
    whole = table.mean()
    of_rows = columns * ((table.mean(axis=1) - whole) ** 2).sum() / (rows - 1)
    of_columns = rows * ((table.mean(axis=0) - whole) ** 2).sum() / (columns - 1)
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + whole
    rest = (left**2).sum() / ((rows - 1) * (columns - 1))
    return (of_rows - rest) / columns, (of_columns - rest) / rows, rest


def random_scores(seed: int, n_raters: int, n_items: int, rater: float, item: float, rest: float) -> Floats:
    random = np.random.default_rng(seed)
    return (
        3.0
        + rater * random.standard_normal((n_raters, 1))
        + item * random.standard_normal((1, n_items))
        + rest * random.standard_normal((n_raters, n_items))
    )


def test_a_whole_table_has_the_variances_of_the_analysis_of_variance() -> None:
    table = random_scores(1, 12, 20, 0.7, 0.5, 0.9)
    found = raters.variances(*votes(table))
    assert (found.rater, found.item, found.rest) == pytest.approx(anova_variances(table), rel=1e-9)


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_nineteen_of_twenty_intervals_hold_the_truth(missing: float) -> None:
    inside, plain, times = 0, 0, 400
    for seed in range(times):
        table = random_scores(seed, 12, 24, 0.6, 0.5, 0.8)
        table[np.random.default_rng(seed + times).random(table.shape) < missing] = math.nan
        scores, by, on = votes(table)
        found = raters.mean(scores, by, on)
        inside += found.low <= 3.0 <= found.high
        half = 1.96 * float(np.std(scores)) / math.sqrt(len(scores))
        plain += abs(float(np.mean(scores)) - 3.0) <= half
    assert 0.92 <= inside / times <= 0.99
    assert plain / times < 0.7, "what a plain interval would do"


def test_votes_that_cannot_tell_have_no_interval() -> None:
    assert raters.mean([], [], []).n == 0
    for scores, by, on in ([4.0], ["a"], ["x"]), ([4.0, 5.0], ["a", "a"], ["x", "y"]), ([4.0, 5.0], ["a", "b"], "xy"):
        found = raters.mean(scores, by, on)
        assert found.value == pytest.approx(np.mean(scores))
        assert found.interval is None


def test_one_rater_votes_once_on_an_item() -> None:
    with pytest.raises(ValueError, match="expected one vote of each rater on an item"):
        raters.mean([1.0, 2.0], ["a", "a"], ["x", "x"])


def test_who_agrees_in_all_has_no_spread() -> None:
    found = raters.mean([4.0] * 6, [1, 1, 2, 2, 3, 3], [1, 2] * 3)
    assert found.interval == (4.0, 4.0)
