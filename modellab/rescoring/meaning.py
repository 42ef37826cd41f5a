"""Which word errors of a stored result change its meaning, as a judge sees it: information only, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modellab import tasks
from modellab.datasets import Dataset, decoded_length
from modellab.errors import ConfigError
from modellab.metrics import semantic
from modellab.metrics.edit_distance import align
from modellab.metrics.semantic import Place, Same
from modellab.results.entry import Entry
from modellab.tasks import Worded
from modellab.types import Ratio


@dataclass(frozen=True, slots=True)
class Meaning:
    """All errors of a result, and those places that change what is said, each with its utterance's id."""

    wer: Ratio
    semantic_wer: Ratio
    changing: tuple[tuple[str, Place], ...]


def of(entry: Entry, data: Dataset, same: Same) -> Meaning:
    """What a judge says of a stored result; ConfigError for one without words."""
    task = tasks.get(entry.key.task)
    if not isinstance(task, Worded):
        raise ConfigError(f"{entry.key} is a case of {entry.key.task}, whose answers are no words that somebody spoke")
    if entry.result is None or data.is_private:
        why = "has no measurement" if entry.result is None else "is of a private dataset, whose texts are not kept"
        raise ConfigError(f"the newest result of {entry.key} {why}")
    errors, changed, words = 0.0, 0.0, 0.0
    changing: list[tuple[str, Place]] = []
    for id, reference, hypothesis in _texts(entry, data, task):
        alignment = align(reference, hypothesis)
        places = semantic.changing(alignment, same)
        changing += [(id, place) for place in places]
        errors, words = errors + alignment.wer().top, words + alignment.wer().bottom
        changed += sum(place.errors for place in places)
    return Meaning(Ratio(errors, words), Ratio(changed, words), tuple(changing))


def _texts(entry: Entry, data: Dataset, task: Worded) -> Iterator[tuple[str, str, str]]:
    """Id, reference and hypothesis of each utterance, both normalised."""
    rows, reader = {str(row["id"]): row for row in data.rows}, tasks.get(entry.key.task)
    assert entry.result is not None
    for utterance in entry.result.utterances:
        if utterance.id not in rows:
            raise ConfigError(
                f"{data.name} has no row {utterance.id!r}, which {entry.key} was measured on: run it again"
            )
        sample = decoded_length.stored(reader, rows[utterance.id], data.options, utterance)
        reference, hypothesis, normalise = task.words(sample, None if utterance.error else utterance.output)
        yield utterance.id, normalise(reference), normalise(hypothesis)
