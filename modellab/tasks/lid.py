"""Language identification: audio in, the language spoken out.

Manifest row: {id, audio, duration_s, spoken: "de", speaker?, condition?}; `spoken` is a language code.
Model: `identify(audio: Audio) -> str`, 16 kHz mono in, a language code out.
Output as JSON: {"language": str}.

Codes of both sides are brought to one form by `text.languages.code`, so that "deu", "de-AT" and "de" are the same; an
answer that is no language code is wrong. A model that raised counts as one that was wrong. A dataset of several
languages has `language: mul` in its header, so that variants for one language do not meet it.

`overview` is the confusion table, which a red case prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modellab import audio
from modellab.errors import ConfigError, DatasetError
from modellab.text import languages
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Row
from modellab.types.rows import length_s

NAME = "lid"
RATE_HZ = 16_000
RAISED = "(raised)"  # where there is no answer

METRICS = (
    Metric("error_rate", unit="ratio", better="lower", margin=0.01, gross=Gross(0.5, 0.0, 0.03)),
    Metric("success_rate", unit="ratio", better="higher"),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("spoken", "speaker", "condition")
SETTINGS: Mapping[str, Any] = {}


class Identifier(Protocol):
    """What a language identification model's adapter provides."""

    def identify(self, audio: Audio) -> str: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip with the language spoken in it, as a short code."""

    id: str
    duration_s: float
    spoken: str
    speaker: str = ""
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:  # noqa: ARG001  (the header has nothing for this task)
    """A Sample, or DatasetError where the language is missing or none. Uses none of the header."""
    spoken = row.get("spoken")
    if not isinstance(spoken, str) or not spoken:
        raise DatasetError(f"case {row['id']!r}: expected `spoken` as a language code, got {spoken!r}")
    try:
        known = languages.code(spoken)
    except ConfigError as error:
        raise DatasetError(f"case {row['id']!r}: `spoken` has an {error}") from error
    return Sample(str(row["id"]), length_s(row), known, str(row.get("speaker", "")), str(row.get("condition", "")))


def prepare(row: Row) -> Audio:
    """The row's audio as 16 kHz mono."""
    return audio.read(Path(row["audio"]), rate_hz=RATE_HZ)


def run(model: Identifier, given: Audio) -> str:
    """Identify the language of one clip: the timed call."""
    return model.identify(given)


def encode(output: Any) -> dict[str, str]:
    """A language code as JSON; TypeError for anything else than text."""
    if not isinstance(output, str):
        came = "None" if output is None else f"a {type(output).__name__} ({repr(output)[:60]})"
        hint = ": does identify() end without a return?" if output is None else ""
        raise TypeError(f"identify() returned {came}, expected a language code such as 'de'{hint}")
    return {"language": output}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is an error with success 0."""
    return {
        "error_rate": Ratio(float(_answer(output) != sample.spoken)),
        "success_rate": Ratio(float(output is not None)),
    }


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The language as the model gave it."""
    return None if output is None else str(output["language"])


def recall(remembered: str | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one."""
    return None if remembered is None else {"language": remembered}


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """Both languages."""
    return [f"spoken {sample.spoken}, identified as {_answer(output)}"]


def overview(samples: Sequence[Sample], outputs: Sequence[Mapping[str, Any] | None]) -> list[str]:
    """How often each language was taken for which: a row for each one spoken, a column for each answer.

    >>> samples = [Sample("1", 1.0, "de"), Sample("2", 1.0, "de"), Sample("3", 1.0, "en")]
    >>> print("\\n".join(overview(samples, [{"language": "de"}, {"language": "en"}, {"language": "en"}])))
    spoken   de   en
    de        1    1
    en        .    1
    """
    counts = Counter((sample.spoken, _answer(output)) for sample, output in zip(samples, outputs, strict=True))
    spoken = sorted({sample.spoken for sample in samples})
    answers = [*spoken, *sorted({answer for _, answer in counts} - set(spoken))]
    width = max(map(len, ["spoken", *spoken]))
    widths = [max(5, len(answer) + 2) for answer in answers]
    lines = ["spoken".ljust(width) + "".join(map(str.rjust, answers, widths))]
    for language in spoken:
        cases = [str(counts[language, answer] or ".") for answer in answers]
        lines.append(language.ljust(width) + "".join(map(str.rjust, cases, widths)))
    return lines


def _answer(output: Mapping[str, Any] | None) -> str:
    """The answer as a short code; as it came where it is no language code."""
    if output is None:
        return RAISED
    try:
        return languages.code(output["language"])
    except ConfigError:
        return str(output["language"])
