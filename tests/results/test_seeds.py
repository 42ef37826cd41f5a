"""Several seeds as one result: averages that add up, and what differs by chance alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.results import seeds
from modellab.tasks import asr
from modellab.types import Utterance

from .. import make

WER = next(metric for metric in asr.METRICS if metric.name == "wer")


def runs(*errors: Sequence[float]) -> list[tuple[Utterance, ...]]:
    """One run for each list of error counts, five words to an utterance."""
    return [make.utterances("wer", [(count, 5.0) for count in each]) for each in errors]


def test_errors_become_fractions() -> None:
    counts = [utterance.counts["wer"] for utterance in seeds.merged(runs([0, 2], [1, 2], [0, 5]))]
    assert counts == [(pytest.approx(1 / 3), 5.0), (3.0, 5.0)]


def test_one_seed_changes_nothing() -> None:
    (only,) = runs([0, 2])
    assert seeds.merged([only]) == only
    assert seeds.spread([WER], [only]) == {}


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=5))
def test_the_rate_is_the_mean_of_the_seeds_rates(errors: list[list[int]]) -> None:
    """Every seed has the same words below the line, so that averaging counts averages the rate."""
    each = runs(*errors)
    pooled = WER.value(utterance.counts["wer"] for utterance in seeds.merged(each))
    values = [WER.value(utterance.counts["wer"] for utterance in run) for run in each]
    assert pooled == pytest.approx(statistics.fmean(values))
    assert seeds.spread([WER], each)["wer_seed_sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-12)


def test_what_is_shown_and_timed_is_the_first_seeds() -> None:
    first = make.utterance("1", make.asr_counts(0), {"text": "one"}, wall_s=0.1)
    second = make.utterance("1", make.asr_counts(5), {"text": "another"}, wall_s=0.9)
    (merged,) = seeds.merged([[first], [second]])
    assert (merged.output, merged.wall_s, merged.counts["wer"]) == ({"text": "one"}, 0.1, (2.5, 5.0))


def test_what_raised_once_has_raised() -> None:
    good = make.utterance("1", make.asr_counts(0))
    bad = make.utterance("1", {**make.asr_counts(5), "success_rate": (0.0, 1.0)}, error="RuntimeError: no luck")
    (merged,) = seeds.merged([[good], [good], [bad]])
    assert merged.error == "with seed 2: RuntimeError: no luck"
    assert merged.counts["success_rate"] == (pytest.approx(2 / 3), 1.0)


def test_only_what_is_judged_has_a_spread() -> None:
    each = [[make.utterance("1", make.asr_counts(count))] for count in (0.0, 1.0)]
    counts = {metric.name for metric in asr.METRICS} - each[0][0].counts.keys()
    full = [[make.utterance("1", {**run[0].counts, **dict.fromkeys(counts, (1.0, 2.0))})] for run in each]
    judged = {metric.name for metric in asr.METRICS if metric.judged()}
    assert "wer" in judged
    assert "mer" not in judged
    assert seeds.spread(asr.METRICS, full).keys() == {f"{name}_seed_sd" for name in judged}


def test_a_value_that_does_not_exist_has_no_spread() -> None:
    each = [make.utterances("wer", [(0.0, 0.0)]), make.utterances("wer", [(1.0, 5.0)])]
    assert seeds.spread([WER], each) == {}


def test_the_noise_is_that_of_the_mean() -> None:
    result = make.result(
        make.utterances("wer", [(1, 5)]),
        readings={**make.READINGS, "wer_seed_sd": 0.03},
        provenance={**make.PROVENANCE, "seeds": "9"},
    )
    assert seeds.noise(result) == {"wer": pytest.approx(0.01)}
    assert seeds.noise(make.result(make.utterances("wer", [(1, 5)]))) == {}


def test_the_noise_is_what_results_with_other_seeds_differ_by() -> None:
    """By simulation: the sd of the averaged value, over many sets of three seeds, is the noise that one set tells."""
    generator = np.random.default_rng(7)
    values, told = [], []
    for _ in range(400):
        each = runs(*generator.binomial(5, 0.2, size=(3, 40)).tolist())
        values.append(WER.value(utterance.counts["wer"] for utterance in seeds.merged(each)))
        told.append(seeds.spread([WER], each)["wer_seed_sd"] ** 2 / 3)
    assert math.sqrt(statistics.fmean(told)) == pytest.approx(statistics.stdev(values), rel=0.1)
