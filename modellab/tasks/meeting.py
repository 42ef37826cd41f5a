"""Meeting: audio of several people in, who said what and when out: recognition and diarization together.

Manifest row: {id, audio, duration_s, stm: FILE, condition?, language?}, or in place of the file
    `utterances: [[start_s, end_s, speaker, words], ...]`.
Model: `transcribe_speakers(audio: Audio) -> list[SpokenTurn]`, 16 kHz mono in, seconds out.
Output as JSON: {"utterances": [[start_s, end_s, speaker, text], ...]}.

`stm` may hold several recordings: the one called like the row, or like its audio file, is meant. Reference and
hypothesis go through the dataset's normaliser utterance by utterance before anything is counted; `auto` is that of the
row's language. Under `settings:` a dataset says

    collar_s    how far the time of a hypothesis word may be off in `tcpwer`, s; 5 as in the CHiME challenges

`cpwer` counts words, whoever is called how; `tcpwer` also wants them at their time (see `modellab/metrics/meeting.py`).
Their substitutions, deletions and insertions are only reported. A model that raised counts as one that heard nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from modellab import audio, text
from modellab.annotations import rttm, stm
from modellab.errors import DatasetError, described
from modellab.metrics import alignment_text
from modellab.metrics import meeting as metric
from modellab.metrics.edit_distance import Alignment, align
from modellab.metrics.meeting import Attribution
from modellab.tasks import _returned
from modellab.text import Normaliser
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Row, SpokenTurn
from modellab.types.display import DisplayBlock, Lane, Span, Timeline, Words
from modellab.types.rows import length_s

NAME = "meeting"
RATE_HZ = 16_000
SLACK_S = 0.1  # an utterance may end this much after the stated duration: files are rounded

METRICS = (
    Metric("cpwer", unit="ratio", better="lower", margin=0.005, margin_relative=0.02, gross=Gross(0.05, 3.0, 0.10)),
    Metric("tcpwer", unit="ratio", better="lower", margin=0.005, margin_relative=0.02, gross=Gross(0.05, 3.0, 0.10)),
    Metric("speaker_count_error", unit="1", better="lower", margin=0.1, gross=Gross(1.0, 1.0, 0.10)),
    Metric("success_rate", unit="ratio", better="higher"),
    *(
        Metric(f"{name}_{part}", unit="ratio", better="lower", gated=False)
        for name in ("cpwer", "tcpwer")
        for part in ("substitutions", "deletions", "insertions")
    ),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("utterances", "stm", "condition", "language")
SETTINGS: Mapping[str, Any] = {"collar_s": 5.0}


class MeetingTranscriber(Protocol):
    """What the adapter of a model that tells speakers apart provides."""

    def transcribe_speakers(self, audio: Audio) -> list[SpokenTurn]: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One recording with what was said in it, normalised."""

    id: str
    duration_s: float
    utterances: tuple[SpokenTurn, ...]
    collar_s: float
    normaliser: Normaliser
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError for unsound utterances or settings; uses `normaliser`, `language`, `settings`."""
    name, duration_s, collar_s = str(row["id"]), length_s(row), _collar_s(options)
    stated = _stated(row)
    late = next((utterance for utterance in stated if utterance.end_s > duration_s + SLACK_S), None)
    if late:
        raise DatasetError(f"case {name!r}: {list(late)} ends after the clip's {duration_s:g} s")
    normaliser = text.get(options["normaliser"]).for_language(str(row.get("language") or options.get("language") or ""))
    utterances = tuple(_normalised(stated, normaliser))
    if not utterances:
        raise DatasetError(
            f"case {name!r}: {normaliser.name} leaves no word of its utterances, so it has no error rate"
        )
    return Sample(name, duration_s, utterances, collar_s, normaliser, str(row.get("condition", "")))


def prepare(row: Row) -> Audio:
    """The row's audio as 16 kHz mono, with the row's language."""
    return replace(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), language=str(row.get("language", "")))


def run(model: MeetingTranscriber, given: Audio) -> list[SpokenTurn]:
    """Find out who says what in one recording: the timed call."""
    return model.transcribe_speakers(given)


def encode(output: Any) -> dict[str, Any]:
    """Utterances as JSON types; TypeError for anything else."""
    spoken = _returned.rows("transcribe_speakers()", output, "SpokenTurn", _spoken)
    return {"utterances": list(map(list, spoken))}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as no words with success 0."""
    attributions = {"cpwer": _compare(sample, output), "tcpwer": _compare(sample, output, sample.collar_s)}
    parts = {
        f"{name}_{part}": getattr(attribution, part)()
        for name, attribution in attributions.items()
        for part in ("substitutions", "deletions", "insertions")
    }
    return {
        "cpwer": attributions["cpwer"].error_rate(),
        "tcpwer": attributions["tcpwer"].error_rate(),
        "speaker_count_error": attributions["cpwer"].speaker_count_error(),
        "success_rate": Ratio(float(output is not None)),
        **parts,
    }


def remember(output: Mapping[str, Any] | None) -> list[list[Any]] | None:
    """The utterances as the model gave them, before the normaliser."""
    return None if output is None else [list(utterance) for utterance in output["utterances"]]


def recall(remembered: Sequence[Sequence[Any]] | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one."""
    return None if remembered is None else {"utterances": [list(utterance) for utterance in remembered]}


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """For each person reference over hypothesis, then who was heard besides, then how many errors time alone makes."""
    plain, timed = _compare(sample, output), _compare(sample, output, sample.collar_s)
    lines = [line for title, alignment in _aligned(sample, output, plain) for line in _lines(title, alignment)]
    late = f"errors: {plain.words.errors}, with words at their time (+-{sample.collar_s:g} s) {timed.words.errors}"
    failed = ["(the model raised: no words)"] if output is None else []
    return [*lines, late, *failed]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """A lane for each speaker of each side, mapped ones called alike, then their words aligned."""
    attribution = _compare(sample, output)
    heard = [
        utterance._replace(speaker=attribution.mapping.get(utterance.speaker, f"{utterance.speaker}?"))
        for utterance in _hypothesis(sample, output)
    ]
    sides = [*(("ref", utterance) for utterance in sample.utterances), *(("hyp", utterance) for utterance in heard)]
    rows = sorted({(turn.speaker.endswith("?"), turn.speaker, side == "hyp", side) for side, turn in sides})
    drawn = [
        Lane(f"{name} {side}", tuple(_span(where, one) for where, one in sides if (where, one.speaker) == (side, name)))
        for _, name, _, side in rows
    ]
    words = [Words(alignment.steps, title) for title, alignment in _aligned(sample, output, attribution)]
    return [Timeline(sample.duration_s, tuple(drawn)), *words]


def _lines(title: str, words: Alignment) -> list[str]:
    """One line for a person of whom every word was found."""
    return [title, *alignment_text.lines(words)] if words.words.errors else [f"{title}: no errors"]


def _span(side: str, utterance: SpokenTurn) -> Span:
    return Span(utterance.start_s, utterance.end_s, "reference" if side == "ref" else "hypothesis", utterance.text)


def _aligned(sample: Sample, output: Mapping[str, Any] | None, attribution: Attribution) -> list[tuple[str, Alignment]]:
    """Each person's words beside those of the speaker mapped to them, then the words of speakers without a person."""
    references, hypotheses = metric.streams(sample.utterances), metric.streams(_hypothesis(sample, output))
    partner = {ours: theirs for theirs, ours in attribution.mapping.items()}
    blanks = not sample.normaliser.splits
    pairs = [
        (f"{name}, heard as {partner[name]}" if name in partner else f"{name}, not heard", words, partner.get(name, ""))
        for name, words in references.items()
    ]
    pairs += [(f"nobody, heard as {name}", "", name) for name in hypotheses if name not in attribution.mapping]
    return [(title, align(words, hypotheses.get(name, ""), blanks=blanks)) for title, words, name in pairs]


def _compare(sample: Sample, output: Mapping[str, Any] | None, collar_s: float | None = None) -> Attribution:
    return metric.compare(sample.utterances, _hypothesis(sample, output), collar_s)


def _hypothesis(sample: Sample, output: Mapping[str, Any] | None) -> list[SpokenTurn]:
    """What was heard, normalised."""
    given = [] if output is None else [SpokenTurn(*utterance) for utterance in output["utterances"]]
    return list(_normalised(given, sample.normaliser))


def _normalised(utterances: Iterable[SpokenTurn], normaliser: Normaliser) -> Iterable[SpokenTurn]:
    """Those of which the normaliser leaves a word."""
    normalised = (utterance._replace(text=normaliser(utterance.text)) for utterance in utterances)
    return (utterance for utterance in normalised if utterance.text.split())


def _collar_s(options: Mapping[str, Any]) -> float:
    collar_s = {**SETTINGS, **options.get("settings", {})}["collar_s"]
    if isinstance(collar_s, bool) or not isinstance(collar_s, int | float) or not 0 <= collar_s < math.inf:
        raise DatasetError(f"settings.collar_s is {collar_s!r}, expected seconds from 0 up")
    return float(collar_s)


def _stated(row: Row) -> list[SpokenTurn]:
    """The reference of a row, from its file or as written in it."""
    name = str(row["id"])
    if ("stm" in row) == ("utterances" in row):
        raise DatasetError(f"case {name!r}: expected `stm` with a file or `utterances` with a list, one of the two")
    if "stm" in row:
        path = Path(row["stm"])
        return rttm.one(stm.read(path), path, name, audio.stretch.parsed(Path(row["audio"])).file.stem)
    given = row["utterances"]
    if not isinstance(given, Sequence) or isinstance(given, str):
        wanted = "expected `utterances` as a list of [start_s, end_s, speaker, words]"
        raise DatasetError(f"case {name!r}: {wanted}, got {given!r}")
    try:
        return sorted((_spoken(utterance) for utterance in given), key=lambda utterance: utterance.start_s)
    except ValueError as error:
        raise DatasetError(f"case {name!r}: `utterances` holds {error}") from error


def _spoken(given: Any) -> SpokenTurn:
    """A stretch of finite seconds in order with a name and words, or ValueError saying what came."""
    try:
        start_s, end_s, speaker, words = given
        start_s, end_s = _returned.seconds(start_s), _returned.seconds(end_s)
    except (TypeError, ValueError):
        raise ValueError(f"{described(given)}, expected [start_s, end_s, speaker, words]") from None
    if not isinstance(speaker, str) or not speaker:
        raise ValueError(f"{list(given)}, expected a name as speaker")
    if not isinstance(words, str):
        raise ValueError(f"{list(given)}, expected a text as words")
    if not 0 <= start_s <= end_s < math.inf:
        raise ValueError(f"[{start_s:g}, {end_s:g}, {speaker}], expected finite seconds from 0 up, the end not before")
    return SpokenTurn(start_s, end_s, speaker, words)
