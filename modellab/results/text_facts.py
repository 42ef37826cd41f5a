"""What a result says about how its texts were compared: numbers that stayed as written, absurd ones that were cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modellab import text
from modellab.datasets import Dataset
from modellab.tasks import Task
from modellab.types import Utterance

OF_TRANSCRIPTS = ("asr", "meeting", "robustness", "streaming", "tts", "chat")  # their text is in the spoken language
OF_TARGETS = ("translation", "v2v")  # and theirs in the target language


def facts(task: Task, data: Dataset, normaliser: str, utterances: Iterable[Utterance]) -> dict[str, str]:
    """Both facts, as the provenance of a result has them; {} where there is nothing to say.

    Numbers stay as written in the language of what is scored: the target language of translation and voice to voice,
    else the spoken one.
    """
    if task.NAME not in (*OF_TRANSCRIPTS, *OF_TARGETS):
        return {}
    settings = data.options.get("settings", {})
    target = "target_language" if task.NAME in OF_TARGETS else "language"
    own = str(settings.get(target) or data.header.language)
    languages, cut = set(), 0
    for row in data.rows:  # once, and never all of them at a time: there may be a million
        languages.add(str(row.get(target) or own))
        cut += sum(text.is_cut(normaliser, string) for string in _strings(row))
    for utterance in utterances:
        cut += sum(text.is_cut(normaliser, string) for string in _strings(utterance.output))
    kept = text.as_written(normaliser, languages)
    return {**({text.AS_WRITTEN: kept} if kept else {}), **({text.CUT: str(cut)} if cut else {})}


def _strings(value: Any) -> Iterator[str]:
    """Every text within lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
