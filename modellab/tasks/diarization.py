"""Diarization: audio in, who speaks when out.

Manifest row: {id, audio, duration_s, rttm: FILE, uem?: FILE, num_speakers?, condition?}, or in place of the file
    `turns: [[start_s, end_s, speaker], ...]`; `turns: []` means that nobody speaks.
Model: `diarize(audio: Audio, num_speakers: int | None) -> list[Turn]`, 16 kHz mono in, seconds out.
Output as JSON: {"turns": [[start_s, end_s, speaker], ...]}.

`rttm` and `uem` may hold several recordings: the one called like the row, or like its audio file, is meant. Without a
`uem` the whole recording is scored. Under `settings:` a dataset says

    speaker_count           `unknown`: the model must find out; `known`: it is told each row's `num_speakers`
    collar_s, collar        not scored around a reference boundary: collar `nist` each side, `pyannote` both together
    skip_overlap            leave out where the reference has several speakers at once
    same_speaker_overlap    `refuse` an RTTM in which a speaker overlaps himself, or `merge` his turns
    mapping                 speakers are mapped over what is `scored`, or as `md-eval` does: see the metrics

What the RTTM says is NOSCORE is not scored, and no speaker is mapped by it. Everything is counted in seconds, exactly
(see `metrics/diarization.py`). A model that raised counts as one that found nobody. `miss_rate`, `false_alarm_rate` and
`confusion_rate` are the parts of `der`: only reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from modellab import audio
from modellab.errors import DatasetError
from modellab.metrics import diarization as metric
from modellab.metrics import diarization_errors
from modellab.metrics.diarization import Collar, Diarization
from modellab.tasks import _reference_turns, _returned
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Region, Row, Turn
from modellab.types.display import DisplayBlock, Kind, Lane, Lines, Span, Timeline
from modellab.types.rows import length_s

NAME = "diarization"
RATE_HZ = 16_000
SLACK_S = 0.1  # a turn may end this much after the stated duration: RTTMs are rounded, and made on frames

METRICS = (
    Metric("der", unit="ratio", better="lower", margin=0.005, gross=Gross(0.03, 0.0, 0.10)),
    Metric("der_without_overlap", unit="ratio", better="lower", gated=False),
    Metric("miss_rate", unit="ratio", better="lower", gated=False),
    Metric("false_alarm_rate", unit="ratio", better="lower", gated=False),
    Metric("confusion_rate", unit="ratio", better="lower", gated=False),
    Metric("jer", unit="ratio", better="lower", margin=0.01, gross=Gross(0.03, 0.0, 0.10)),
    Metric("speaker_count_error", unit="1", better="lower", margin=0.1, gross=Gross(1.0, 1.0, 0.10)),
    Metric("success_rate", unit="ratio", better="higher"),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("turns", "rttm", "uem", "num_speakers", "condition")
SETTINGS: Mapping[str, Any] = {
    "speaker_count": "unknown",
    "collar_s": 0.0,
    "collar": "nist",
    "skip_overlap": False,
    "same_speaker_overlap": "refuse",
    "mapping": "scored",
}
CHOICES: Mapping[str, Sequence[Any]] = {
    "speaker_count": ("unknown", "known"),
    "collar": metric.COLLARS,
    "skip_overlap": (False, True),
    "same_speaker_overlap": ("refuse", "merge"),
    "mapping": ("scored", "md-eval"),
}


class Diarizer(Protocol):
    """What a diarization model's adapter provides; `num_speakers` is None where nobody told."""

    def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]: ...


class Given(NamedTuple):
    """What a model is given."""

    audio: Audio
    num_speakers: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One recording with its reference and what of it is scored."""

    id: str
    duration_s: float
    turns: tuple[Turn, ...]
    scored: tuple[Region, ...]
    skip_overlap: bool = False
    condition: str = ""
    mapped: tuple[Region, ...] | None = None  # over what speakers are mapped; None: what is scored


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where turns, UEM or settings are not sound; uses the header's `settings`."""
    settings = _settings(options)
    duration_s, name = length_s(row), str(row["id"])
    turns = _reference_turns.turns(row, merge=settings["same_speaker_overlap"] == "merge")
    late = next((turn for turn in turns if turn.end_s > duration_s + SLACK_S), None)
    if late:
        raise DatasetError(f"case {name!r}: {list(late)} ends after the clip's {duration_s:g} s")
    _reference_turns.check_count(row, turns, settings["speaker_count"])
    whole = _reference_turns.scorable(row, duration_s)
    scored = metric.scored(whole, turns, settings["collar_s"], cast(Collar, settings["collar"]))
    if not scored:
        taken = f"a collar of {settings['collar_s']:g} s" if whole else "NOSCORE"
        raise DatasetError(f"case {name!r}: {taken} leaves nothing of the clip to score")
    mapped = tuple(whole) if settings["mapping"] == "md-eval" else None
    about = settings["skip_overlap"], str(row.get("condition", ""))
    return Sample(name, duration_s, tuple(turns), tuple(scored), *about, mapped)


def prepare(row: Row) -> Given:
    """The row's audio as 16 kHz mono, and how many people speak where the row says so."""
    return Given(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), row.get("num_speakers"))


def run(model: Diarizer, given: Given) -> list[Turn]:
    """Find who speaks when in one recording: the timed call."""
    return model.diarize(given.audio, given.num_speakers)


def encode(output: Any) -> dict[str, Any]:
    """Turns as JSON types; TypeError for anything else."""
    turns = _returned.rows("diarize()", output, "Turn", _reference_turns.turn)
    return {"turns": list(map(list, turns))}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as no turns with success 0."""
    compared = _compare(sample, output)
    single = compared if sample.skip_overlap else _compare(sample, output, skip_overlap=True)
    return {
        "der": compared.der(),
        "der_without_overlap": single.der(),
        "miss_rate": compared.miss(),
        "false_alarm_rate": compared.false_alarm(),
        "confusion_rate": compared.confusion(),
        "jer": compared.jer(),
        "speaker_count_error": compared.speaker_count_error(),
        "success_rate": Ratio(float(output is not None)),
    }


def remember(output: Mapping[str, Any] | None) -> list[list[Any]] | None:
    """The turns."""
    return None if output is None else [list(turn) for turn in output["turns"]]


def recall(remembered: Sequence[Sequence[Any]] | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one."""
    return None if remembered is None else {"turns": [list(turn) for turn in remembered]}


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The turns of each speaker of both sides, mapped ones called alike, then the seconds of each kind of error."""
    compared = _compare(sample, output)
    failed = ["(the model raised: no turns)"] if output is None else []
    alike = [Turn(t.start_s, t.end_s, compared.mapping.get(t.speaker, f"{t.speaker}?")) for t in _hypothesis(output)]
    parts = (("miss", compared.miss_s), ("false alarm", compared.false_alarm_s), ("confusion", compared.confusion_s))
    return [
        *_drawn("ref", sample.turns),
        *_drawn("hyp", alike),
        "  ".join(f"{name} {seconds:.2f} s" for name, seconds in parts) + f"  of {compared.speech_s:.2f} s",
        *failed,
    ]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """A lane for each speaker of each side, errors in place, then the seconds of each kind."""
    sides, skip = (sample.turns, _hypothesis(output)), sample.skip_overlap
    cut = diarization_errors.error_segments(*sides, _compare(sample, output).mapping, sample.scored, skip_overlap=skip)
    drawn = [
        Lane(f"{speaker} {side}", tuple(Span(segment.start_s, segment.end_s, _kind(segment)) for segment in own))
        for (speaker, side), own in groupby(
            sorted(cut, key=_by_speaker), key=lambda segment: (segment.speaker, segment.side)
        )
    ]
    summary = next(line for line in show(sample, output) if line.startswith("miss"))
    return [Timeline(sample.duration_s, tuple(drawn)), Lines((summary,))]


def _by_speaker(segment: diarization_errors.ErrorSegment) -> tuple[bool, str, bool, float]:
    """A speaker's two sides below each other, those without a counterpart last."""
    return segment.speaker.endswith("?"), segment.speaker, segment.side != "ref", segment.start_s


def _kind(segment: diarization_errors.ErrorSegment) -> Kind:
    if segment.kind != "hit":
        return segment.kind
    return "reference" if segment.side == "ref" else "hypothesis"


def _compare(sample: Sample, output: Mapping[str, Any] | None, *, skip_overlap: bool | None = None) -> Diarization:
    skip = sample.skip_overlap if skip_overlap is None else skip_overlap
    return metric.compare(sample.turns, _hypothesis(output), sample.scored, skip_overlap=skip, mapped=sample.mapped)


def _hypothesis(output: Mapping[str, Any] | None) -> list[Turn]:
    return [] if output is None else [Turn(*turn) for turn in output["turns"]]


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The dataset's choices over the defaults, each checked."""
    chosen = {**SETTINGS, **options.get("settings", {})}
    for key, allowed in CHOICES.items():
        if chosen[key] not in allowed:
            raise DatasetError(f"settings.{key} is {chosen[key]!r}, expected one of {', '.join(map(str, allowed))}")
    collar_s = chosen["collar_s"]
    if isinstance(collar_s, bool) or not isinstance(collar_s, int | float) or not 0 <= collar_s < math.inf:
        raise DatasetError(f"settings.collar_s is {collar_s!r}, expected seconds from 0 up")
    return chosen


def _drawn(side: str, turns: Sequence[Turn]) -> list[str]:
    """A line per speaker; one that says none where nobody speaks."""
    lines = []
    for speaker in sorted({turn.speaker for turn in turns}):
        own = "  ".join(f"{turn.start_s:.2f}-{turn.end_s:.2f}" for turn in sorted(turns) if turn.speaker == speaker)
        lines.append(f"{side}  {speaker}  {own}")
    return lines or [f"{side}  none"]
