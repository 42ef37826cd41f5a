"""What is known of each utterance when one asks what went wrong: words, times, languages, the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from modellab.datasets import Dataset, decoded_length
from modellab.metrics.edit_distance import Alignment, EditCounts, align
from modellab.tasks import Task, Worded
from modellab.types import QualityBaseline, Result, Row, Utterance
from modellab.types.until import last_end_s

Others = Callable[[], Mapping[str, list[str]]]  # what other models heard, by utterance, each as it gave it
MANY_ERRORS, MANY_WRONG = 2, 0.3  # an utterance is bad with so many wrong words that are so much of its reference


@dataclass(frozen=True)
class UtteranceContext:
    """One utterance: what was said, what was heard, and when. Texts are raw; `reference` and `hypothesis` normalised.

    `end_s` is where the model's last segment ends, `ended_s` where it ended when accepted (NaN without times); `before`
    is what the baseline heard and `others` what other models heard, both normalised.
    """

    id: str
    transcript: str
    answer: str
    reference: str
    hypothesis: str
    duration_s: float
    error: str = ""
    end_s: float = math.nan
    ended_s: float = math.nan
    language: str = ""  # spoken
    told: str = ""  # the language that the model names
    before: str | None = None
    others: tuple[str, ...] = ()
    audio: Path | None = None

    @property
    def alignment(self) -> Alignment:
        """Made anew each time: of many utterances few are looked at more closely."""
        return align(self.reference, self.hypothesis)

    @cached_property
    def counts(self) -> EditCounts:
        """The errors in words."""
        return self.alignment.words

    @cached_property
    def words(self) -> int:
        return len(self.reference.split())

    @property
    def errors(self) -> int:
        return self.counts.errors

    @property
    def wrong(self) -> float:
        """Errors out of reference words; those of an empty reference count one by one."""
        return self.errors / max(1, self.words)

    @property
    def kept(self) -> float:
        """Reference words that were heard, in [0, 1]; 1.0 where there are none."""
        return self.counts.hits / self.words if self.words else 1.0

    @property
    def bad(self) -> bool:
        """Whether it is worth a closer look: every recogniser gets a few words wrong."""
        return bool(self.error) or (self.errors >= MANY_ERRORS and self.wrong >= MANY_WRONG)

    @property
    def was_good(self) -> bool:
        """Whether the baseline heard it well: then neither its audio nor its transcript is to blame."""
        return self.before is not None and wrong(self.reference, self.before) < MANY_WRONG


def wrong(reference: str, hypothesis: str) -> float:
    """Word errors out of reference words."""
    return align(reference, hypothesis).words.errors / max(1, len(reference.split()))


def no_others() -> dict[str, list[str]]:
    """No other model was asked."""
    return {}


def contexts(
    task: Task,
    result: Result,
    data: Dataset,
    accepted: QualityBaseline | None = None,
    others: Mapping[str, list[str]] | None = None,
) -> list[UtteranceContext]:
    """The utterances of a result in their order; none for a task whose answers are no words.

    `others` maps an utterance's id to what other models heard, as they gave it.
    """
    if not isinstance(task, Worded):
        return []
    places, options = {row["id"]: i for i, row in enumerate(data.rows)}, data.options
    return [
        _heard(task, item, data.rows[places[item.id]], options, accepted, others or {})
        for item in result.utterances
        if item.id in places
    ]


def _heard(
    task: Worded,
    item: Utterance,
    row: Row,
    options: Mapping[str, Any],
    accepted: QualityBaseline | None,
    others: Mapping[str, list[str]],
) -> UtteranceContext:
    case = task.read(row, options)
    transcript, answer, normalise = task.words(case, item.output)
    old = accepted.outputs.get(item.id) if accepted else None
    output: Mapping[str, Any] = item.output if isinstance(item.output, Mapping) else {}
    file = row.get("audio")
    return UtteranceContext(
        id=item.id,
        transcript=transcript,
        answer=answer,
        reference=normalise(transcript),
        hypothesis=normalise(answer),
        duration_s=float(decoded_length.row_of(row, item).get("duration_s", math.nan)),
        error=item.error,
        end_s=last_end_s(output),
        ended_s=accepted.until_s.get(item.id, math.nan) if accepted else math.nan,
        language=str(row.get("language") or options["language"] or ""),
        told=str(output.get("language") or ""),
        before=normalise(old) if isinstance(old, str) else None,
        others=tuple(normalise(text) for text in others.get(item.id, ())),
        audio=Path(file) if file else None,
    )
