"""Cutting long audio, and joining tokens to words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.models import adapter_code
from modellab.types import Word

FOLDER: Path = models.FOLDER / "transformers_asr"
RATE_HZ = 1_000
cut = adapter_code.load(FOLDER, "windows").cut
WORDS = adapter_code.load(FOLDER, "words")


def loud(length_s: float, *quiet_s: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Noise with 0.2 s of silence around some moments."""
    samples = np.random.default_rng(0).uniform(0.5, 1.0, round(length_s * RATE_HZ)).astype(np.float32)
    for at_s in quiet_s:
        samples[round((at_s - 0.1) * RATE_HZ) : round((at_s + 0.1) * RATE_HZ)] = 0
    return samples


@pytest.mark.parametrize(
    ("samples", "starts_s"),
    [
        pytest.param(loud(0.0), [], id="nothing"),
        pytest.param(loud(5.0), [0.0], id="shorter than a window"),
        pytest.param(loud(10.0), [0.0], id="exactly one window"),
        pytest.param(loud(15.0, 9.0), [0.0, 9.05], id="cut in the last pause"),
        pytest.param(loud(15.0, 4.0, 8.5), [0.0, 8.55], id="not in a pause far before its end"),
        pytest.param(loud(30.0, 9.0, 18.0, 27.0), [0.0, 9.05, 18.05, 27.05], id="again and again"),
    ],
)
def test_long_audio_is_cut_where_it_is_quiet(samples: Any, starts_s: list[float]) -> None:
    found = list(cut(samples, RATE_HZ, 10.0, 0.2))
    assert [window.start_s for window in found] == pytest.approx(starts_s, abs=0.06)
    assert all(len(window.samples) <= 10 * RATE_HZ for window in found)
    joined = np.concatenate([window.samples for window in found] or [samples])
    assert np.array_equal(joined, samples), "nothing is lost, nothing comes twice"


def test_a_short_sound_is_made_longer_with_silence() -> None:
    (only,) = cut(loud(0.05), RATE_HZ, 10.0, 0.2)
    assert len(only.samples) == 200
    assert np.array_equal(only.samples[:50], loud(0.05))
    assert not only.samples[50:].any()


class Letters:
    """As wav2vec2's tokenizer: `|` between words, 0 is the blank."""

    word_delimiter_token = "|"
    all_special_ids = (0,)
    pieces = ("<pad>", "|", "A", "B", "▁c", "d")

    def convert_ids_to_tokens(self, number: int) -> str:
        return self.pieces[number]

    def decode(self, numbers: list[int]) -> str:
        return "".join(self.pieces[number] for number in numbers).replace("▁", " ")

    def _decode(self, numbers: list[int]) -> str:
        return self.decode(numbers)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([(2, 1, 2), (3, 3, 4)], [("AB", 10.1, 10.4)], id="letters of one word"),
        pytest.param([(2, 1, 2), (1, 2, 3), (3, 3, 4)], [("A", 10.1, 10.2), ("B", 10.3, 10.4)], id="a delimiter"),
        pytest.param([(4, 1, 2), (5, 2, 3), (4, 5, 6)], [("cd", 10.1, 10.3), ("c", 10.5, 10.6)], id="a blank in front"),
        pytest.param([(0, 0, 1), (2, 1, 2)], [("A", 10.1, 10.2)], id="special tokens are no words"),
        pytest.param([(1, 0, 1), (1, 1, 2)], [], id="delimiters alone"),
        pytest.param([(2, 9, 99)], [("A", 10.9, 12.0)], id="not beyond the end"),
    ],
)
def test_tokens_become_words(tokens: list[tuple[int, int, int]], expected: list[tuple[str, float, float]]) -> None:
    found = WORDS.words([WORDS.Token(*token) for token in tokens], Letters(), 0.1, 10.0, 12.0)
    assert [word.text for word in found] == [text for text, _, _ in expected]
    assert all(isinstance(word, Word) for word in found)
    times = [edge for _, *both in expected for edge in both]
    assert [edge for word in found for edge in word[1:]] == pytest.approx(times)
