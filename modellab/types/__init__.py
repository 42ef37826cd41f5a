"""The nouns of modellab, in the order the data meets them.

    manifest row -> Sample -> Audio -> Output (Transcript, Regions) -> Counts per metric -> Result -> Verdict

Units are in the field names: `_s` seconds, `_hz` hertz, `_bytes` bytes. `Sample` belongs to a task
(see `modellab/tasks/`); `Setting` is what a model's adapter is given. Nothing here does I/O.

Layer 1: may import the ground alone (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from modellab.types.gate_counts import RARE, Basis, Break, Gross
from modellab.types.speech import Audio, Confidence, Region, Reply, Segment, Setting, SpokenTurn, Transcript, Turn, Word
from modellab.types.status import Status

__all__ = [
    "PINNED_RELEASE",
    "RARE",
    "Audio",
    "Basis",
    "Break",
    "CaseId", "Confidence",
    "Counts",
    "Floats",
    "Gross",
    "Kind",
    "Metric",
    "QualityBaseline",
    "Ratio",
    "Region",
    "Reply",
    "ResourceBaseline",
    "Result",
    "Row",
    "Rule",
    "Segment",
    "Setting",
    "SpokenTurn",
    "Status",
    "Transcript",
    "Turn",
    "Utterance",
    "Verdict",
    "Word",
    "top_over_bottom",
    "total",
]  # fmt: skip

Row = Mapping[str, Any]  # one entry of a manifest's `cases`, its `audio` made an absolute path
Floats = npt.NDArray[np.float64]

# ---------------------------------------------------------------------------- numbers


class Ratio(NamedTuple):
    """One utterance's part of a rate: `top` out of `bottom`. Such counts add up; rates are never averaged.

    WER is errors/words, RTF is compute seconds/audio seconds, a plain per-utterance score is score/1.
    """

    top: float
    bottom: float = 1.0


Counts = tuple[float, ...]  # one utterance's summable counts; a `Ratio` for most metrics
Kind = Literal["quality", "speed", "memory", "sanity"]
PINNED_RELEASE = "anchor"  # a verdict's `versus`, for the pinned release; stored, as the folder `baselines.PINNED` is


def top_over_bottom(sums: Floats) -> Floats:
    """The rate of summed `Ratio`s: shape (..., 2) -> (...). NaN where the bottom is 0.

    >>> top_over_bottom(np.array([[1.0, 4.0], [3.0, 0.0]])).tolist()
    [0.25, nan]
    """
    rate: Floats
    if sums.ndim == 1:  # each case asks for a hundred of these, and whole arrays take ten times as long
        rate = sums[0] / (sums[1] or np.nan)
    else:
        rate = sums[..., 0] / np.where(sums[..., 1] == 0, np.nan, sums[..., 1])
    return rate


def total(sums: Floats) -> Floats:
    """The first sum itself, for metrics that are plain amounts: shape (..., k) -> (...)."""
    return sums[..., 0]


@dataclass(frozen=True, slots=True)
class Metric:
    """How to pool, compare and print one number.

    `rate` turns the sum of all utterances' counts, shape (..., k), into the corpus value, shape (...). `margin` is the
    smallest change for the worse that matters, in `unit`; `margin_relative` the same as a fraction of the baseline; the
    larger of the two counts. `gross` says when an utterance is broken, of a sanity metric what its built-in limit
    counts; None: never. `gated=False` is reported and never judged; with `on_request` it is judged where thresholds
    give it a margin, and baselines keep it. Utterances without counts of an `optional` one count 0 of 0. A `clock` is
    time that this machine took: the same model never gives the same twice.
    """

    name: str
    unit: str  # "ratio" is shown as a percentage; otherwise "s", "bytes", ..., see `units.py`
    better: Literal["lower", "higher"]
    margin: float = 0.0
    margin_relative: float = 0.0
    gross: Gross | None = None
    kind: Kind = "quality"
    rate: Callable[[Floats], Floats] = top_over_bottom
    gated: bool = True
    on_request: bool = False
    optional: bool = False
    clock: bool = False

    def judged(self, margin: float | None = None) -> bool:
        """Whether a change of it can fail a case whose thresholds give it this margin, or none."""
        return self.kind == "quality" and (self.gated or (self.on_request and margin is not None))

    def value(self, counts: Iterable[Counts] | Floats) -> float:
        """The corpus value: add the counts up, shape (n, k) as an array, then take the rate once. NaN for no counts."""
        rows = counts if isinstance(counts, np.ndarray) else np.array(list(counts), dtype=float)
        return self.pooled(rows.sum(axis=0), len(rows))

    def pooled(self, total: Floats, n: int) -> float:
        """The corpus value of the sum of n utterances' counts, shape (k,). NaN for no counts."""
        return float(self.rate(total)) if n else float("nan")


# ---------------------------------------------------------------------------- results


@dataclass(frozen=True, slots=True)
class Rule:
    """How one metric of one case is judged. None takes what is built in for the metric or the mode.

    `margin` is in the metric's unit for quality, a fraction (0.1 = 10 %) for speed and memory. `limit` is an absolute
    value, `cap` a change that is red whatever its reason; no cap is built in. `alpha` is the chance of a false alarm:
    of the whole suite for quality, of one confirmed case for speed. A case that cannot see `sensitivity` does not pass,
    it is INCONCLUSIVE. `broken_...` are the parts of `Gross`. A `built_in_limit` on a fraction is held with statistics.
    """

    margin: float | None = None
    margin_relative: float | None = None
    limit: float | None = None
    cap: float | None = None
    alpha: float = 0.01
    sensitivity: float | None = None
    broken_share: float | None = None
    broken_least: float | None = None
    broken_often: float | None = None
    built_in_limit: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """What came of one sample of a dataset.

    `output` is the task's JSON form of what the model said (for ASR: {"text", "segments", ...}), None when
    the model raised; then `error` holds the sentence. `counts` has one entry per metric of the task.
    `wall_s`, `cpu_s` and `gpu_s` (CUDA events, NaN elsewhere) are the time of the model call and nothing else.
    `cluster` names the speaker or recording; utterances of one cluster are judged together. '' stands alone.
    """

    id: str
    counts: Mapping[str, Counts]
    output: Any
    wall_s: float
    cpu_s: float
    duration_s: float
    error: str = ""
    cluster: str = ""
    gpu_s: float = math.nan


@dataclass(frozen=True, slots=True)
class CaseId:
    """Which case: one pytest item, a model variant on a dataset on a device. `str()` is the id that pytest shows.

    `preprocessing` is the name of the chain that its audio goes through first, '' where there is none.
    """

    task: str
    dataset: str
    model: str
    variant: str
    device: str
    precision: str
    preprocessing: str = ""

    def __str__(self) -> str:
        return f"{self.model}:{self.variant}-{self.dataset}-{self.place}"

    @property
    def place(self) -> str:
        """Device, precision and preprocessing, where there is some, as one word: `cpu-float32`."""
        return "-".join(filter(None, (self.device, self.precision, self.preprocessing)))


@dataclass(frozen=True, slots=True)
class Result:
    """One case, measured, before any judgement."""

    key: CaseId
    utterances: Sequence[Utterance]  # a tuple, or while it is measured `utterances.Utterances`
    readings: Mapping[str, float]  # per case: "load_s", "first_call_s", "latency_p50_s", "peak_rss_bytes", ...
    machine: str  # machine class, e.g. "amd-epyc-9b14-1t"; the key of speed and memory baselines
    provenance: Mapping[str, str]  # "dataset_digest", "normaliser", "weights", "commit", "threads", library versions


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer for one metric. `change` is now - baseline in the metric's unit; for speed, a fraction of it.

    `p` is the one-sided chance of such a change for the worse if nothing got worse, `least_p` the smallest that these
    data could have given, `adjusted_p` is p with the other metrics of the case counted, by which the suite's test goes
    (None without a test). `detects` is the smallest change for the worse that would be seen with 80 % power, in the
    unit of `change`. `versus` is what it was compared with: "baseline", PINNED_RELEASE or the reference of a paired
    speed run. `broken` utterances are counted, the first of them are `breaks`.
    """

    metric: str
    unit: str
    kind: Kind
    status: Status
    now: float
    baseline: float | None = None
    change: float | None = None
    interval: tuple[float, float] | None = None  # 95 % confidence interval of `change`
    why: str = ""  # the sentence a person needs when the status is not PASS
    red: bool = False  # this verdict fails the test
    p: float | None = None
    least_p: float | None = None
    detects: float | None = None
    versus: str = "baseline"
    alpha: float = 0.01
    pending: bool = False  # beyond its margin and its own alpha: the whole suite's test decides at the end
    adjusted_p: float | None = None
    basis: Basis | None = None
    broken: int = 0
    breaks: tuple[Break, ...] = ()

    @property
    def title(self) -> str:
        """The metric, with what it was compared with where that is not the baseline."""
        return self.metric if self.versus == "baseline" else f"{self.metric} against {self.reference}"

    @property
    def reference(self) -> str:
        """What it was compared with, in a person's words."""
        return "the pinned release" if self.versus == PINNED_RELEASE else self.versus


# ---------------------------------------------------------------------------- what was accepted before


@dataclass(frozen=True, slots=True)
class QualityBaseline:
    """The accepted quality of one case: `baselines/<task>/<dataset>/<model>-<variant>.<device>-<precision>.json`.

    `counts` maps utterance id -> metric -> counts; `outputs` holds what a person wants to see of each. `noise` is the
    sd of a metric's value between runs that differ in their seeds alone, and "churn" the fraction of outputs that do.
    `until_s` is where the model's last segment ended, of the utterances of which that was kept.
    """

    header: Mapping[str, str]  # provenance at the time, and "reason", "date"
    counts: Mapping[str, Mapping[str, Counts]]
    outputs: Mapping[str, Any]
    noise: Mapping[str, float] = field(default_factory=dict)
    until_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceBaseline:
    """The accepted speed and memory of one case on one machine class.

    `times` maps utterance id -> (wall_s, cpu_s), on CUDA also gpu_s, each the median of the baseline run's passes.
    `sessions` are A/A runs of `modellab calibrate`: for each clock and each part of the reference workload
    log(now / accepted), for memory the peak in bytes.
    """

    header: Mapping[str, str]  # "machine", "reason", "date", versions
    times: Mapping[str, tuple[float, ...]]
    readings: Mapping[str, float]
    sessions: tuple[Mapping[str, float], ...] = ()
