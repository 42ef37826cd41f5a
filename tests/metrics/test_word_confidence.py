"""Confidences of words: calibration against torchmetrics, AUROC against scikit-learn, coverage by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.metrics import word_confidence as confidence
from modellab.metrics.edit_distance import align
from modellab.types import Counts

WORDS = st.lists(st.tuples(st.integers(0, 999).map(lambda k: (k + 0.5) / 1000), st.booleans()), min_size=1, max_size=40)


def counted(words: list[tuple[float, bool]]) -> dict[str, Counts]:
    """Counts of words with a confidence each, right or wrong."""
    said = [(f"w{i}", p) for i, (p, _) in enumerate(words)]
    reference = " ".join(f"w{i}" if right else f"x{i}" for i, (_, right) in enumerate(words))
    return confidence.counts(said, str, align(reference, " ".join(word for word, _ in said)))


def value(found: dict[str, Counts], of: str, rate: object = None) -> float:
    chosen = rate or {"calibration": confidence.calibration, "levels": confidence.separation}[of]
    return float(chosen(np.array(found[of])))  # type: ignore[operator]


@settings(deadline=None)
@given(WORDS)
def test_the_calibration_error_is_torchmetrics(words: list[tuple[float, bool]]) -> None:
    import torch
    from torchmetrics.classification import BinaryCalibrationError

    probabilities, right = zip(*words, strict=True)
    error = BinaryCalibrationError(n_bins=confidence.BINS, norm="l1")
    expected = error(torch.tensor(probabilities, dtype=torch.float64), torch.tensor(right, dtype=torch.int64))
    assert value(counted(words), "calibration") == pytest.approx(expected.item(), abs=1e-6)


@settings(deadline=None)
@given(WORDS.filter(lambda words: len({right for _, right in words}) == 2))
def test_the_area_is_scikit_learns_on_rounded_log_odds(words: list[tuple[float, bool]]) -> None:
    from sklearn.metrics import roc_auc_score

    probabilities, right = (np.array(side) for side in zip(*words, strict=True))
    rounded = np.rint((np.log(probabilities) - np.log1p(-probabilities)) / confidence.STEP)
    assert value(counted(words), "levels") == pytest.approx(roc_auc_score(right, rounded))


@given(WORDS, st.integers(1, 40))
def test_at_coverage_the_doubtful_words_are_gone(words: list[tuple[float, bool]], count: int) -> None:
    """Where the cut falls between two steps the rate is that of the words above it."""
    levels = sorted((round(np.log(p / (1 - p)) / confidence.STEP), right) for p, right in words)[::-1]
    kept = levels[: min(count, len(levels))]
    if len(kept) < len(levels) and levels[len(kept)][0] == kept[-1][0]:
        return
    rate = confidence.at_coverage(len(kept) / len(levels))
    expected = sum(not right for _, right in kept) / len(kept)
    assert value(counted(words), "levels", rate) == pytest.approx(expected)


def test_by_hand() -> None:
    found = counted([(0.95, True), (0.9, True), (0.6, False), (0.6, True), (0.1, False)])
    assert value(found, "calibration") == pytest.approx((0.05 + 0.1 + abs(1.2 - 1) + 0.1) / 5)
    assert value(found, "levels") == pytest.approx((2 + 2 + 1 + 0.5) / 6)
    for kept, wrong in [(0.4, 0), (0.8, 1 / 4), (0.6, 0.5 / 3), (1.0, 2 / 5)]:
        assert value(found, "levels", confidence.at_coverage(kept)) == pytest.approx(wrong)


def test_certainties_and_nothing_have_their_places() -> None:
    sure = counted([(1.0, True), (0.0, False)])
    assert (value(sure, "calibration"), value(sure, "levels")) == (0.0, 1.0)
    nothing = counted([])
    assert np.isnan([value(nothing, "calibration"), value(nothing, "levels")]).all()
    assert np.isnan(value(nothing, "levels", confidence.at_coverage(0.8)))
    assert np.isnan(value(counted([(0.5, True)]), "levels"))


def test_of_words_that_the_normaliser_joins_or_parts_the_alignment_finds_the_confidence() -> None:
    joined = {"forty": "40", "two": "2", "o'clock": "o clock"}.get
    said = [("forty", 0.9), ("two", 0.8), ("o'clock", 0.7)]
    found = confidence.counts(said, lambda word: joined(word) or word, align("42 o clock", "42 o clock"))
    assert found["calibration"][confidence.BINS] == 3
    assert sum(found["levels"]) == 3


def test_deleted_words_have_no_part_in_it() -> None:
    found = confidence.counts([("go", 0.9)], str, align("go home now", "go"))
    assert (found["calibration"][confidence.BINS], sum(found["levels"])) == (1, 1)
