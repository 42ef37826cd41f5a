"""Voice activity detection: audio in, the stretches that hold speech out.

Manifest row: {id, audio, duration_s, speech: [[start_s, end_s], ...], condition?}; `speech: []` means no speech at all.
Model: `detect(audio: Audio) -> list[Region]`, 16 kHz mono in, seconds out.
Output as JSON: {"regions": [[start_s, end_s], ...]}.

Everything is counted in seconds, exactly (see `modellab/metrics/vad.py`); no collar. A model that raised counts as one
that found nothing. On clips without speech only `false_alarm_s` and the bottoms of precision and F1 can move.
`miss_s` is the complement of recall and therefore only reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modellab import audio
from modellab.errors import DatasetError
from modellab.manifest import length_s
from modellab.metrics.vad import Detection, compare
from modellab.types import Audio, Metric, Ratio, Region, Row, Share, total

NAME = "vad"
RATE_HZ = 16_000
SLACK_S = 0.01  # a region may end this much behind the stated duration: manifests are rounded

METRICS = (
    Metric("f1", unit="ratio", better="higher", margin=0.005, cap=0.05),
    Metric("precision", unit="ratio", better="higher", margin=0.01, cap=0.10),
    Metric("recall", unit="ratio", better="higher", margin=0.01, cap=0.10),
    Metric("false_alarm_s", unit="s", better="lower", margin=0.5, cap=math.inf, rate=total),
    Metric("miss_s", unit="s", better="lower", rate=total, gated=False),
    Metric("success_rate", unit="ratio", better="higher", cap=0.05),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("speech", "condition")
SETTINGS: Mapping[str, Any] = {}


class Detector(Protocol):
    """What a VAD model's adapter provides."""

    def detect(self, audio: Audio) -> list[Region]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One clip with its reference regions."""

    id: str
    duration_s: float
    speech: tuple[Region, ...]
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Case:  # noqa: ARG001  (the header has nothing for this task)
    """A Case, or DatasetError where the regions are not pairs of seconds inside the clip. Uses none of the header."""
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
    return Case(str(row["id"]), duration_s, regions, str(row.get("condition", "")))


def prepare(row: Row) -> Audio:
    """The row's audio as 16 kHz mono."""
    return audio.read(Path(row["audio"]), rate_hz=RATE_HZ)


def run(model: Detector, given: Audio) -> list[Region]:
    """Find the speech in one clip: the timed call."""
    return model.detect(given)


def encode(output: Any) -> dict[str, Any]:
    """Regions as JSON types; TypeError for anything else."""
    if not isinstance(output, Sequence) or isinstance(output, str):
        hint = ": does detect() end without a return?" if output is None else ""
        raise TypeError(f"detect() returned {_described(output)}, expected a list of Region(start_s, end_s){hint}")
    try:
        return {"regions": [list(_region(pair)) for pair in output]}
    except ValueError as error:
        raise TypeError(f"detect() returned {error}") from error


def score(case: Case, output: Mapping[str, Any] | None) -> dict[str, Share]:
    """One share per metric; `None` (the model raised) is scored as no regions with success 0."""
    detection = _compare(case, output)
    return {
        "f1": detection.f1(),
        "precision": detection.precision(),
        "recall": detection.recall(),
        "false_alarm_s": detection.false_alarm(),
        "miss_s": detection.miss(),
        "success_rate": Ratio(float(output is not None)),
    }


def remember(output: Mapping[str, Any] | None) -> list[list[float]] | None:
    """The regions."""
    return None if output is None else [list(pair) for pair in output["regions"]]


def show(case: Case, output: Mapping[str, Any] | None) -> list[str]:
    """The regions of both sides, then every false alarm and every miss, in seconds."""
    detection = _compare(case, output)
    failed = ["(the model raised: no regions)"] if output is None else []
    return [
        f"ref          {_listed(case.speech)}",
        f"hyp          {_listed(_found(output))}",
        f"false alarm  {_listed(detection.false_alarms)}  ({detection.false_alarm_s:.2f} s)",
        f"miss         {_listed(detection.misses)}  ({detection.miss_s:.2f} s)",
        *failed,
    ]


def _compare(case: Case, output: Mapping[str, Any] | None) -> Detection:
    return compare(case.speech, _found(output), case.duration_s)


def _found(output: Mapping[str, Any] | None) -> list[Region]:
    return [] if output is None else [Region(*pair) for pair in output["regions"]]


def _region(pair: Any) -> Region:
    """A pair of finite seconds in order, or ValueError saying what came."""
    try:
        start_s, end_s = (float(edge) for edge in pair)
    except (TypeError, ValueError):
        raise ValueError(f"{_described(pair)}, expected [start_s, end_s]") from None
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise ValueError(f"[{start_s}, {end_s}], expected finite seconds")
    if end_s < start_s:
        raise ValueError(f"[{start_s:g}, {end_s:g}], expected a region that ends after it starts")
    return Region(start_s, end_s)


def _listed(regions: Sequence[Region]) -> str:
    return "  ".join(f"{start_s:.2f}-{end_s:.2f}" for start_s, end_s in regions) or "none"


def _described(value: object) -> str:
    """None as None, anything else as its type and the beginning of its repr."""
    return "None" if value is None else f"a {type(value).__name__} ({repr(value)[:60]})"
