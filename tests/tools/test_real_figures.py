"""The figures of real checkpoints: the documents have those of the baselines, and say the truth about the engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import real_figures
from tools.real_figures import accepted, wer

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/real-weights.md"])
def test_a_page_has_the_accepted_figures(page: str) -> None:
    assert real_figures.table() in (ROOT / page).read_text(encoding="utf-8"), "run: python -m tools.real_figures"


@pytest.mark.parametrize("variant", real_figures.VARIANTS)
def test_the_engines_agree_on_the_neural_voice_within_half_a_point(variant: str) -> None:
    precision = {"whisper_cpp": "f16"}
    every = [
        accepted("spoken_piper_v1", engine, variant, precision.get(engine, "float32"))
        for engine in real_figures.ENGINES
    ]
    rates = [wer(each) for each in every if each]
    assert len(rates) == 4
    assert max(rates) - min(rates) <= 0.005


@pytest.mark.parametrize("dataset", ["librivox_v1", "spoken_piper_v1", "spoken_espeak_v1"])
@pytest.mark.parametrize("variant", real_figures.VARIANTS)
def test_openai_whisper_and_faster_whisper_say_the_same(dataset: str, variant: str) -> None:
    (ours, theirs) = (accepted(dataset, engine, variant, "float32") for engine in ("whisper", "faster_whisper"))
    assert {id: each["output"] for id, each in ours.items()} == {id: each["output"] for id, each in theirs.items()}


def test_a_rate_is_pooled_over_its_part() -> None:
    utterances = {"a": {"shares": {"wer": [1, 10]}}, "b": {"shares": {"wer": [3, 10]}}}
    assert wer(utterances) == pytest.approx(0.2)
    assert wer(utterances, lambda name: name == "b") == pytest.approx(0.3)
