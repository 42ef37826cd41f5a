"""What a file of hypotheses says, and what is written into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from modellab.datasets.importers.records import LeftOut, Note
from modellab.types import Confidence, SpokenTurn


class Hypothesis(NamedTuple):
    """What a model said of one utterance. `names` are its id or the path of its audio file, the likelier first.

    `text` is None where the file says that there is no answer. `turns` are times, speakers and words from the beginning
    of the utterance. `start_s` is where it begins in its audio file, for files with several.
    """

    names: tuple[str, ...]
    where: str  # file and line, for messages
    text: str | None = None
    turns: tuple[SpokenTurn, ...] | None = None
    start_s: float | None = None
    confidences: tuple[Confidence, ...] = ()  # of its words, in their order


class HypothesisSegment(NamedTuple):
    """A word, several words or a turn at its time in a recording; `channel` counts from 0, None is unknown.

    `text` is None in a format that has no words, `confidence` where nothing says how sure the model was.
    """

    recording: str
    where: str
    start_s: float
    end_s: float
    channel: int | None = None
    speaker: str = ""
    text: str | None = None
    confidence: float | None = None


Item = Hypothesis | HypothesisSegment | LeftOut | Note


@dataclass(frozen=True, slots=True)
class Columns:
    """What a person says about a table or JSON: which column holds the ids, which the hypotheses; '' is found out."""

    id: str = ""
    hyp: str = ""


class Exported(NamedTuple):
    """One utterance of a result for another scorer: texts as they were compared, or as written.

    `spoken` and `heard` are the same at their times, from 0 to `duration_s`; None for a task without.
    """

    id: str
    audio: str
    duration_s: float
    wall_s: float
    reference: str = ""
    hypothesis: str = ""
    spoken: tuple[SpokenTurn, ...] = ()
    heard: tuple[SpokenTurn, ...] = ()
    failed: bool = False
