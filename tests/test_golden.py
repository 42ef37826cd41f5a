"""The golden datasets that lie in the repository: sound, small, and what their README promises."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from modellab import datasets, tasks
from tools.golden import librivox_v1, spoken
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
    shipped = [path for folder in GOLDEN.iterdir() for path in _shipped(folder)]
    assert sum(path.stat().st_size for path in shipped) < 30_000_000


def _shipped(folder: Path) -> list[Path]:
    """What of a dataset lies in the repository: all but audio that `make real` brings."""
    if folder.is_dir() and datasets.header(folder).made:
        return [folder / datasets.FILE_NAME]
    return [path for path in (folder, *folder.rglob("*")) if path.is_file()]


def test_three_hundred_sentences_are_spoken_once_by_each_voice() -> None:
    every = [sentence for passage in spoken.passages() for sentence in passage.sentences]
    assert len(set(every)) == len(every) >= 300
    rows = {name: datasets.load(GOLDEN / name).rows for name in ("spoken_piper_v1", "spoken_espeak_v1")}
    assert " ".join(row["text"] for row in rows["spoken_piper_v1"]) == " ".join(every)
    assert {row["text"] for row in rows["spoken_espeak_v1"]} <= {row["text"] for row in rows["spoken_piper_v1"]}
    for of in rows.values():
        conditions = [row["condition"] for row in of]
        assert set(conditions) == set(spoken.CONDITIONS)
        assert conditions.count("clean") == -(-len(of) // 2)
        kinds = [row["group"]["kind"] for row in of]
        assert {kinds.count(kind) for kind in spoken.KINDS} == {len(of) // len(spoken.KINDS)}


def test_a_transcript_of_librivox_is_corrected() -> None:
    data = datasets.load(GOLDEN / "librivox_v1")
    texts = " ".join(row["text"] for row in data.rows)
    assert librivox_v1.RIGHT in texts
    assert librivox_v1.WRONG not in texts
    assert "corrected" in data.source


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
