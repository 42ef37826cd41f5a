"""The pooled area under the ROC curve against scikit-learn, and what its counts promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import roc
from modellab.types import Metric, Region

AUC = Metric("roc_auc", "ratio", "higher", rate=roc.auc_rate)
SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60)


def pooled(scores: np.ndarray, labels: np.ndarray) -> float:
    """The value of one clip whose frames last a second, the speech frames first."""
    order = np.argsort(~labels)
    speech = [Region(0.0, float(labels.sum()))]
    return AUC.value([roc.counts(roc.levels(scores[order]), 1.0, speech, float(len(scores)))])


@given(SCORED)
def test_it_is_sklearns_on_the_rounded_scores(scored: list[tuple[float, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = np.array([score for score, _ in scored]), np.array([label for _, label in scored])
    if labels.all() or not labels.any():
        assert math.isnan(pooled(scores, labels))
    else:
        assert pooled(scores, labels) == pytest.approx(metrics.roc_auc_score(labels, roc.levels(scores)), abs=1e-12)


def test_rounding_hardly_moves_it_and_clips_pool_as_one() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(5)
    labels = chance.random(6000) < 0.6
    scores = 1 / (1 + np.exp(-chance.normal(np.where(labels, 4.0, -4.0), 4.0)))
    counts = []
    for part in np.split(np.arange(6000), 10):
        order = part[np.argsort(~labels[part])]
        speech = [Region(0.0, float(labels[part].sum()))]
        counts.append(roc.counts(roc.levels(scores[order]), 1.0, speech, 600.0))
    assert AUC.value(counts) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-3)


def test_the_middle_of_a_frame_decides_and_padding_counts_for_nothing() -> None:
    found = np.array(roc.counts([200, 200, 200, 200], 0.5, [Region(0.3, 0.8)], duration_s=1.7))
    assert found[: roc.LEVELS].sum() == 1.0  # of the middles 0.25, 0.75, 1.25 and 1.75 one is speech, one padding
    assert found[roc.LEVELS :].sum() == 2.0


def test_extremes_keep_their_order() -> None:
    assert roc.levels([0.0, 1e-4, 0.5, 0.9999, 1.0]) == [0, 8, 100, 192, 200]


@pytest.mark.parametrize(
    ("given", "says"), [([1.5], "a probability of 1.5"), ([math.nan], "a probability of nan"), ([[0.1]], "of shape")]
)
def test_what_is_no_probability_is_told(given: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        roc.levels(given)  # type: ignore[arg-type]
