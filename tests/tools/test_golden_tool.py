"""The maker of golden datasets: what it writes can be loaded, and a failure leaves the old dataset alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from modellab import datasets
from tools.golden import asr_smoke_v1, lab, prose, vad_smoke_v1
from tools.golden.__main__ import names
from tools.golden.write import Clip, write
from tools.speech.espeak import Espeak
from tools.whisper_lab import corpus

SPEECHLESS = np.zeros(1600, np.float32)


def test_names_are_the_modules_with_a_version() -> None:
    assert {"asr_golden_v1", "asr_lab_v1", "asr_smoke_v1", "vad_smoke_v1"} <= set(names())
    assert not {"lab", "prose", "write"} & set(names())


def test_a_written_dataset_is_sound(tmp_path: Path) -> None:
    clips = [Clip("no", SPEECHLESS, {"text": "yes: 'no', 42", "condition": "clean"})]
    size_bytes = write(tmp_path / "toy_v1", asr_smoke_v1.HEADER, clips)
    assert datasets.validate(tmp_path / "toy_v1") == []
    assert datasets.load(tmp_path / "toy_v1").rows[0]["text"] == "yes: 'no', 42"
    assert size_bytes > 0


def test_a_failure_keeps_the_old_dataset(tmp_path: Path) -> None:
    def breaks() -> Iterator[Clip]:
        yield Clip("a", SPEECHLESS, {"text": "one"})
        raise OSError("disk full")

    write(tmp_path / "toy_v1", asr_smoke_v1.HEADER, [Clip("a", SPEECHLESS, {"text": "one"})])
    before = datasets.load(tmp_path / "toy_v1").digest
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "toy_v1", asr_smoke_v1.HEADER, breaks())
    assert datasets.load(tmp_path / "toy_v1").digest == before


def test_new_sentences_are_new_and_different() -> None:
    found = lab.new_sentences(Random(9), 64)
    assert len(set(found)) == 64
    assert not corpus.banned_texts().intersection(found)


def test_written_and_spoken_figures_go_together() -> None:
    assert len(prose.NUMBERS) == len(prose.NUMBERS_SPOKEN)
    assert not any(character.isdigit() for text in prose.NUMBERS_SPOKEN for character in text)
    assert all(any(character.isdigit() for character in text) for text in prose.NUMBERS)


def test_regions_lie_where_the_sound_is() -> None:
    timeline = vad_smoke_v1.Timeline(Espeak(), Random(0)).wait(1.0).say("one", vad_smoke_v1.SPEAKERS[0]).wait(0.5)
    clip = timeline.clip("a", "clean")
    ((start_s, end_s),) = clip.row["speech"]
    loud = np.flatnonzero(np.abs(clip.samples) > 1e-4) / 16000
    assert loud[0] == pytest.approx(start_s, abs=0.02)
    assert loud[-1] == pytest.approx(end_s, abs=0.03)
