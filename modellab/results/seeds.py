"""Decoders that draw at random: the same utterances under several seeds, as one result.

An utterance's counts are the mean over the seeds, so its error counts become fractions; what is shown and timed is the
first seed's. How much a metric's value differs from seed to seed tells what of a change means nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from modellab.types import Metric, Result, Utterance
from modellab.types.utterances import Utterances, counts_of

SPREAD = "_seed_sd"  # after a metric's name, in a result's readings


def merged(runs: Sequence[Sequence[Utterance]]) -> Sequence[Utterance]:
    """One utterance of each id: `runs` has the same utterances once for each seed. What raised once has raised."""
    return runs[0] if len(runs) == 1 else Utterances(_merged(same) for same in zip(*runs, strict=True))


def _merged(same: Sequence[Utterance]) -> Utterance:
    by_seed = [utterance.counts for utterance in same]
    means = {
        name: tuple(statistics.fmean(parts) for parts in zip(*(one[name] for one in by_seed), strict=True))
        for name in by_seed[0]
        if all(name in one for one in by_seed)  # an optional metric may have nothing under one of them
    }
    raised = (f"with seed {seed}: {utterance.error}" for seed, utterance in enumerate(same) if utterance.error)
    return replace(same[0], counts=means, error=next(raised, ""))


def spread(metrics: Sequence[Metric], runs: Sequence[Sequence[Utterance]]) -> dict[str, float]:
    """The standard deviation over the seeds of each judged metric's pooled value, in its unit; {} for one seed."""
    return dict(_spread(metrics, runs)) if len(runs) > 1 else {}


def _spread(metrics: Sequence[Metric], runs: Sequence[Sequence[Utterance]]) -> Iterator[tuple[str, float]]:
    for metric in metrics:
        if metric.gated and metric.kind == "quality":
            values = [metric.value(counts_of(run, metric.name)) for run in runs]
            if all(map(math.isfinite, values)):
                yield f"{metric.name}{SPREAD}", statistics.stdev(values)


def noise(result: Result) -> Mapping[str, float]:
    """What `types.QualityBaseline.noise` is: the standard error of each metric's mean over the seeds; {} for one seed.

    So it is the sd of the value that is reported and judged, between results that differ in nothing but their seeds.
    """
    seeds = int(result.provenance.get("seeds", "1"))
    return {
        name.removesuffix(SPREAD): value / math.sqrt(seeds)
        for name, value in result.readings.items()
        if name.endswith(SPREAD)
    }
