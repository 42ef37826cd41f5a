"""The simulation beside the formula: what the sizing page goes by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.scale_simulation import Job, closed_form, lengths, simulated

HOURS = 20.0
EVEN = Job("even", HOURS * 3600, 145.0, workers=8, shard_s=60.0)


@pytest.mark.parametrize(
    "job", [EVEN, replace(EVEN, shard_s=600.0), replace(EVEN, slow=0.25)], ids=["even", "large shards", "slow workers"]
)
def test_the_formula_is_the_simulations_to_a_tenth(job: Job) -> None:
    lengths_s = lengths(job.audio_s)
    took_s, controller = simulated(job, lengths_s)
    assert controller.is_complete
    assert took_s >= job.load_s + sum(lengths_s) / ((job.workers * (1 - 0.75 * job.slow)) * job.x)
    assert took_s == pytest.approx(closed_form(job, len(lengths_s)), rel=0.1)


def test_workers_that_are_taken_away_cost_what_they_were_at() -> None:
    lengths_s = lengths(EVEN.audio_s)
    calm, _ = simulated(EVEN, lengths_s)
    taken, controller = simulated(replace(EVEN, life_s=30.0, load_s=5.0), lengths_s)
    assert controller.is_complete
    assert controller.lost_attempts > 0
    assert taken - 5.0 > calm - EVEN.load_s


def test_the_lengths_are_those_of_sentences() -> None:
    lengths_s = lengths(3600.0)
    assert 1.0 <= min(lengths_s) <= max(lengths_s) <= 30.0
    assert 3500 < sum(lengths_s) <= 3600
