"""The forced aligner on an untrained network: what holds wherever the letters are found."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.models import adapter_code
from modellab.types import Audio, Setting

pytestmark = pytest.mark.engine

FOLDER = models.folders()["ctc_aligner"]
SOUND = Audio(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 16_000)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return adapter_code.load(FOLDER, "make")


@pytest.fixture(scope="module")
def aligner(make: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The network of `tiny` before its training."""
    folder = tmp_path_factory.mktemp("untrained")
    make.empty().save_pretrained(folder)
    make.processor(folder).save_pretrained(folder)
    return adapter_code.load(FOLDER, "adapter").load(Setting("ctc_aligner", "tiny", folder, "cpu", "float32", 1))


@pytest.mark.parametrize("text", ["turn on the light", "Off", "a a a", "off off", "don't"])
def test_every_word_has_its_place_in_order(aligner: Any, text: str) -> None:
    found = aligner.align(SOUND, text)
    assert [word.text for word in found] == text.split()
    edges = [edge for word in found for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= SOUND.duration_s
    assert all(word.end_s - word.start_s >= 0.0199 * len(word.text) for word in found)  # a frame for each letter
    assert all(after.start_s >= before.end_s for before, after in itertools.pairwise(found))


def test_letters_without_a_token_are_left_out(aligner: Any) -> None:
    light, number, on = aligner.align(SOUND, "licht2 42 on")
    assert light.end_s <= on.start_s
    assert math.isnan(number.start_s)
    assert math.isnan(number.end_s)
    assert aligner.align(SOUND, "") == []
    assert [math.isnan(word.start_s) for word in aligner.align(SOUND, "42 7")] == [True, True]


def test_more_letters_than_frames_is_an_error(aligner: Any) -> None:
    with pytest.raises(ValueError, match=r"the text has 60 letters and the audio 49 frames of 0\.02 s"):
        aligner.align(SOUND, "turn " * 15)


def test_a_double_letter_is_taught_with_a_gap(make: ModuleType) -> None:
    teach = adapter_code.load(FOLDER, "teach")
    spelled = [make.LETTERS[number] for number in teach._labels([("off", 0.02, 0.2)], 12)]
    assert spelled == ["<pad>", "O", "O", "O", "F", "F", "F", "<pad>", "F", "F", "<pad>", "<pad>"]


def test_lessons_say_where_their_words_are() -> None:
    speech = adapter_code.load(FOLDER, "teach_speech")
    for lesson in itertools.islice(speech.lessons(3, seed=5), 3):
        starts, ends = [start_s for _, start_s, _ in lesson.words], [end_s for _, _, end_s in lesson.words]
        assert starts[1:] == ends[:-1]
        loud = np.flatnonzero(np.abs(lesson.samples) > 1e-4) / speech.RATE_HZ
        assert loud[0] == pytest.approx(starts[0], abs=0.02)
        assert loud[-1] == pytest.approx(ends[-1], abs=0.03)


def test_there_is_one_checkpoint_to_make(make: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no checkpoint 'huge' to make: only tiny"):
        make.make("huge", tmp_path)
