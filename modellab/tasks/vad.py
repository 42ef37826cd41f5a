"""Voice activity detection: audio in, the stretches that hold speech out.

Manifest row: {id, audio, duration_s, speech: [[start_s, end_s], ...], condition?}; `speech: []` means no speech at all.
Model: `detect(audio: Audio) -> list[Region]`, 16 kHz mono in, seconds out; and if it can
`probabilities(audio: Audio) -> (array of shape (n_frames,), hop_s)`, the chance of speech in each frame. That is asked
for outside the clocks, so a model that gives it is timed as one that does not.
Output as JSON: {"regions": [[start_s, end_s], ...]}, with probabilities also "levels" (`modellab.metrics.roc.levels`)
and "hop_s".

Everything is counted in seconds, exactly (see `modellab/metrics/vad.py`); no collar. A model that raised counts as one
that found nothing. On clips without speech only `false_alarm_s` and the bottoms of precision and F1 can move.
`miss_s` is the complement of recall and therefore only reported. `hallucination_rate` is the fraction of the clips
without any speech that was called speech; it and `roc_auc` are held by absolute limits where a dataset or model sets
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from modellab import audio
from modellab.errors import DatasetError, described
from modellab.metrics import roc
from modellab.metrics.vad import Detection, compare, edges, intersect, merge
from modellab.tasks import _returned
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Region, Row, total
from modellab.types.display import DisplayBlock, Kind, Lane, Lines, Span, Timeline
from modellab.types.rows import length_s

NAME = "vad"
RATE_HZ = 16_000
SLACK_S = 0.01  # a region may end this much after the stated duration: manifests are rounded

METRICS = (
    Metric("f1", unit="ratio", better="higher", margin=0.005, gross=Gross(0.05, 0.0, 0.05)),  # over twice the speech
    Metric("precision", unit="ratio", better="higher", margin=0.01, gross=Gross(0.10, 0.0, 0.05)),
    Metric("recall", unit="ratio", better="higher", margin=0.01, gross=Gross(0.10, 0.0, 0.05)),
    Metric("false_alarm_s", unit="s", better="lower", margin=0.5, rate=total),
    Metric("miss_s", unit="s", better="lower", rate=total, gated=False),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("roc_auc", unit="ratio", better="higher", kind="sanity", margin=0.01, rate=roc.auc_rate),
    Metric("hallucination_rate", unit="ratio", better="lower", kind="sanity", margin=0.05),
    Metric("onset_error_s", unit="s", better="lower", gated=False),
    Metric("offset_error_s", unit="s", better="lower", gated=False),
    Metric("edge_miss_rate", unit="ratio", better="lower", gated=False),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("speech", "condition")
SETTINGS: Mapping[str, Any] = {}


class Detector(Protocol):
    """What a VAD model's adapter provides."""

    def detect(self, audio: Audio) -> list[Region]: ...


@dataclass(frozen=True, slots=True)
class Detected:
    """What a model found, and how to ask for its probabilities once the clocks have stopped."""

    regions: list[Region]
    probabilities: Callable[[], tuple[Any, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip with its reference regions."""

    id: str
    duration_s: float
    speech: tuple[Region, ...]
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:  # noqa: ARG001  (the header has nothing for this task)
    """A Sample, or DatasetError where the regions are not pairs of seconds inside the clip. Uses none of the header."""
    duration_s = length_s(row)
    speech = row.get("speech")
    if not isinstance(speech, Sequence) or isinstance(speech, str):
        raise DatasetError(f"case {row['id']!r}: expected `speech` as a list of [start_s, end_s], got {speech!r}")
    try:
        regions = tuple(_region(pair) for pair in speech)
    except ValueError as error:
        raise DatasetError(f"case {row['id']!r}: `speech` holds {error}") from error
    for region in regions:
        if region.start_s < 0 or region.end_s > duration_s + SLACK_S:
            raise DatasetError(f"case {row['id']!r}: {list(region)} in `speech` is outside the clip's {duration_s:g} s")
    return Sample(str(row["id"]), duration_s, regions, str(row.get("condition", "")))


def prepare(row: Row) -> Audio:
    """The row's audio as 16 kHz mono."""
    return audio.read(Path(row["audio"]), rate_hz=RATE_HZ)


def run(model: Detector, given: Audio) -> list[Region] | Detected:
    """Find the speech in one clip: the timed call."""
    regions = model.detect(given)
    probabilities = getattr(model, "probabilities", None)
    return regions if probabilities is None else Detected(regions, partial(probabilities, given))


def encode(output: Any) -> dict[str, Any]:
    """Regions as JSON types, and the levels of a model that gives probabilities; TypeError for anything else."""
    if isinstance(output, Detected):
        return {**encode(output.regions), **_levels(output.probabilities())}
    regions = _returned.rows("detect()", output, "Region(start_s, end_s)", _region)
    return {"regions": list(map(list, regions))}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as no regions with success 0."""
    detection = _compare(sample, output)
    near = edges(sample.speech, _hypothesis(output), sample.duration_s)
    return {
        "f1": detection.f1(),
        "precision": detection.precision(),
        "recall": detection.recall(),
        "false_alarm_s": detection.false_alarm(),
        "miss_s": detection.miss(),
        "success_rate": Ratio(float(output is not None)),
        "roc_auc": _roc(sample, output),
        "hallucination_rate": Ratio(0.0, 0.0) if sample.speech else Ratio(detection.false_alarm_s, sample.duration_s),
        "onset_error_s": near.onset_error(),
        "offset_error_s": near.offset_error(),
        "edge_miss_rate": near.miss_rate(),
    }


def remember(output: Mapping[str, Any] | None) -> list[list[float]] | None:
    """The regions."""
    return None if output is None else [list(pair) for pair in output["regions"]]


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The regions of both sides, then every false alarm and every miss, in seconds."""
    detection = _compare(sample, output)
    failed = ["(the model raised: no regions)"] if output is None else []
    return [
        f"ref          {_listed(sample.speech)}",
        f"hyp          {_listed(_hypothesis(output))}",
        f"false alarm  {_listed(detection.false_alarms)}  ({detection.false_alarm_s:.2f} s)",
        f"miss         {_listed(detection.misses)}  ({detection.miss_s:.2f} s)",
        *failed,
    ]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """Both sides as lanes, misses and false alarms in place, then their seconds in words."""
    detection = _compare(sample, output)
    speech, detected = merge(sample.speech), merge(_hypothesis(output))
    lanes = (
        Lane("reference", _lane(intersect(speech, detected), "reference", detection.misses, "miss")),
        Lane("hypothesis", _lane(intersect(detected, speech), "hypothesis", detection.false_alarms, "false alarm")),
    )
    *_, false_alarm, miss = show(sample, output)[:4]
    return [Timeline(sample.duration_s, lanes), Lines((miss, false_alarm))]


def _lane(hits: Iterable[Region], side: Kind, errors: Iterable[Region], kind: Kind) -> tuple[Span, ...]:
    return tuple(sorted([*(Span(*hit, side) for hit in hits), *(Span(*error, kind) for error in errors)]))


def _compare(sample: Sample, output: Mapping[str, Any] | None) -> Detection:
    return compare(sample.speech, _hypothesis(output), sample.duration_s)


def _roc(sample: Sample, output: Mapping[str, Any] | None) -> Counts:
    """The frames' counts; none for a model without probabilities, or one that raised."""
    if output is None or "levels" not in output:
        return roc.EMPTY
    return roc.counts(output["levels"], output["hop_s"], sample.speech, sample.duration_s)


def _levels(given: Any) -> dict[str, Any]:
    """What probabilities() gave, as JSON types; TypeError for anything else."""
    try:
        probabilities, hop_s = given
        if not 0 < float(hop_s) < math.inf:
            raise ValueError(f"a hop of {hop_s!r} s, expected seconds above 0")
        return {"levels": roc.levels(probabilities), "hop_s": float(hop_s)}
    except (TypeError, ValueError) as error:
        expected = "expected (an array of numbers from 0 to 1, one for each frame; seconds between frames)"
        raise TypeError(f"probabilities() returned {described(given)}, {expected}: {error}") from error


def _hypothesis(output: Mapping[str, Any] | None) -> list[Region]:
    return [] if output is None else [Region(*pair) for pair in output["regions"]]


def _region(pair: Any) -> Region:
    """A pair of finite seconds in order, or ValueError saying what came."""
    try:
        start_s, end_s = (_returned.seconds(edge) for edge in pair)
    except (TypeError, ValueError):
        raise ValueError(f"{described(pair)}, expected [start_s, end_s]") from None
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise ValueError(f"[{start_s}, {end_s}], expected finite seconds")
    if end_s < start_s:
        raise ValueError(f"[{start_s:g}, {end_s:g}], expected a region that ends after it starts")
    return Region(start_s, end_s)


def _listed(regions: Sequence[Region]) -> str:
    return "  ".join(f"{start_s:.2f}-{end_s:.2f}" for start_s, end_s in regions) or "none"
