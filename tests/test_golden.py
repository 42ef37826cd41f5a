"""The golden datasets that lie in the repository: sound, small, and what their README promises."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from modellab import datasets, tasks
from tools.golden.__main__ import names
from tools.speech import voices
from tools.whisper_lab import corpus, grammar

GOLDEN = Path(__file__).parents[1] / "golden"
LAB = ("asr_smoke_v1", "asr_lab_v1")


@pytest.mark.parametrize("folder", datasets.available(GOLDEN), ids=lambda folder: folder.name)
def test_every_dataset_is_sound(folder: Path) -> None:
    assert datasets.validate(folder, tasks.get(datasets.header(folder).task)) == []


def test_every_dataset_can_be_made_again() -> None:
    assert [folder.name for folder in datasets.available(GOLDEN)] == names()


def test_all_of_it_stays_under_30_mb() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 30_000_000


@pytest.mark.parametrize("name", LAB)
def test_no_sentence_was_trained_on(name: str) -> None:
    texts = [row["text"] for row in datasets.load(GOLDEN / name).rows]
    assert len(set(texts)) == len(texts)
    assert not corpus.banned_texts().intersection(texts)
    assert set(" ".join(texts).split()) <= set(grammar.VOCABULARY)


def test_the_lab_set_has_enough_of_everything() -> None:
    rows = datasets.load(GOLDEN / "asr_lab_v1").rows
    assert len(rows) >= 400
    unseen = {row["speaker"] for row in rows if row["voice"] == "unseen"}
    assert len({row["speaker"] for row in rows}) == 20
    assert {speaker.split("+")[1] for speaker in unseen} == set(voices.HELD_OUT)
    conditions = [row["condition"] for row in rows]
    assert [conditions.count(name) for name in ("clean", "noisy_20db", "noisy_15db")] == [300, 60, 40]


def test_word_times_leave_no_gap_and_no_word_was_guessed() -> None:
    rows = datasets.load(GOLDEN / "align_smoke_v1").rows
    assert len(rows) == 24
    texts = [" ".join(word for word, _, _ in row["words"]) for row in rows]
    assert not corpus.banned_texts().intersection(texts)
    assert not any(pair in f"{text} " for text in texts for pair in (" on the ", " in the "))  # marked as one word
    for row in rows:
        assert all(end_s == next_s for (_, _, end_s), (_, next_s, _) in pairwise(row["words"]))
        assert all(0.04 < end_s - start_s < 1 for _, start_s, end_s in row["words"])
