"""What a result says about how its texts were compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modellab import tasks
from modellab.datasets import Dataset
from modellab.datasets.manifest import Header
from modellab.results import text_facts

from ..make import HEADER, utterance

ROWS = [{"id": "1", "language": "pl"}, {"id": "2", "language": "fr"}, {"id": "3"}]


def data(rows: list[dict[str, Any]], task: str, **header: Any) -> Dataset:
    return Dataset("x", Path("x"), Header.model_validate({**HEADER, "task": task, **header}), rows, "sha256:d")


@pytest.mark.parametrize(
    ("task", "header", "rows", "told"),
    [
        ("asr", {}, ROWS, "pl"), ("chat", {"language": "ja"}, ROWS, "ja, pl"),
        ("tts", {"language": "hi"}, ROWS, "hi, pl"),
        ("streaming", {"language": "de"}, ROWS, "pl"), ("asr", {"language": "mul"}, ROWS, "pl"),
        ("translation", {"settings": {"target_language": "ru"}}, ROWS, "ru"),
        ("translation", {}, [{"id": "1", "target_language": "zh"}], "zh"),
        ("v2v", {"language": "pl"}, [{"id": "1"}], "pl"),
        ("v2v", {"language": "pl", "settings": {"target_language": "es"}}, [{"id": "1"}], ""),
        ("v2v", {}, [{"id": "1", "target_language": "uk"}], "uk"), ("diarization", {"language": "pl"}, ROWS, ""),
    ],
)  # fmt: skip
def test_languages_whose_numbers_stay_are_those_of_what_is_scored(
    task: str, header: Mapping[str, Any], rows: list[dict[str, Any]], told: str
) -> None:
    given = data(rows, task, **header)
    assert text_facts.facts(tasks.get(task), given, "auto", ()).get("numbers_as_written", "") == told
    assert text_facts.facts(tasks.get(task), given, "basic", ()) == {}


@pytest.mark.parametrize(
    ("said", "cut"),
    [
        ("nine", 0),
        ("9" * 999, 0),
        ("9" * 5000, 1),
        ("one " * 3000, 1),
        ("a b " * 2000, 0),
        ("12 " * 900 + "a " * 900, 0),
    ],
    ids=("a word", "999 digits", "5000 digits", "3000 words", "words", "900 figures"),
)  # fmt: skip
def test_texts_whose_numbers_whisper_en_cuts_are_counted(said: str, cut: int) -> None:
    given, heard = data([{"id": "1", "text": said}], "asr"), [utterance("1", {}, output={"text": said, "segments": []})]
    facts = text_facts.facts(tasks.get("asr"), given, "whisper_en", heard)
    assert facts.get("numbers_cut", "0") == str(2 * cut)
    assert "numbers_cut" not in text_facts.facts(tasks.get("asr"), given, "modellab_en", heard)
