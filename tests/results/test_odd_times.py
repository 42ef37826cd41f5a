"""Times of answers that cannot be those of their clips are told, and what real engines do is not."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.results import odd_times
from modellab.types import Utterance


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"segments": [["a", -5.0, 1.0]]}, "segments[0] begins at -5 s"),
        ({"segments": [["a", 0.0, 1.0], ["b", 1.8, 1.2]]}, "segments[1] begins at 1.8 s and ends at 1.2 s"),
        ({"segments": [["a", 0.0, 33.0]]}, "segments[0] begins at 0 s and ends at 33 s, in a clip of 2 s"),
        ({"segments": [["a", 3.5, 4.0]]}, "segments[0] begins at 3.5 s and ends at 4 s, in a clip of 2 s"),
        ({"segments": [["a", 1500.0, None]]}, "segments[0] begins at 1500 s, in a clip of 2 s"),
        ({"segments": [["b", 1.9, 2.0], ["a", 0.0, 0.5]]}, "segments[1] begins at 0 s, the one before it at 1.9 s"),
        ({"segments": [["a", "x", 1.0]]}, "they are no numbers"),
        ({"segments": "abc"}, "they are no numbers"),
        ({"regions": [[-0.5, 1.0]]}, "regions[0] begins at -0.5 s"),
        ({"turns": [[4.0, 5.0, "A"]]}, "turns[0] begins at 4 s and ends at 5 s, in a clip of 2 s"),
        ({"utterances": [[4.0, 5.0, "A", "a"]]}, "utterances[0] begins at 4 s and ends at 5 s, in a clip of 2 s"),
    ],
)
def test_what_cannot_be_is_told(output: Any, said: str) -> None:
    assert odd_times.fault(output, 2.0) == said


@pytest.mark.parametrize(
    "output",
    [
        None,
        {"text": "a"},
        {"segments": [["a", None, None], ["b", 0.0, 2.0]]},
        {"segments": [["a", 0.0, 30.0]]},  # the end of Whisper's window
        {"segments": [["a", -0.02, 2.3]]},
        {"segments": [["a", 1.0, 0.98]]},
        {"segments": [["a", 1.5, 2.0], ["b", 0.9, 1.4]]},  # two people at once
        {"turns": [[1.0, 2.0, "A"], [0.0, 0.5, "B"]]},  # in the order of speakers
        {"words": [["a", -5.0, 1.0]]},  # which misplaced_rate counts
    ],
)
def test_what_engines_do_is_not_told(output: Any) -> None:
    assert not odd_times.fault(output, 2.0)


def test_one_sentence_counts_them() -> None:
    outputs = {"u1": {"segments": [["a", 0.0, 1.0]]}, "u2": {"segments": [["a", -9.0, 1.0]]}}
    said = [Utterance(id, {}, output, 0.1, 0.1, 2.0) for id, output in outputs.items()]
    (told,) = odd_times.told(said)
    assert told.startswith(
        "the times of 1 of 2 answers cannot be those of their clips (u2: segments[0] begins at -9 s)"
    )
    (secret,) = odd_times.told(said, names=False)
    assert "u2" not in secret
    assert not list(odd_times.told([said[0], Utterance("u3", {}, None, 0.1, 0.1, 2.0, error="raised")]))
