"""Where the contract looks for times in what a task encodes."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.contract import test_model as contract


@pytest.mark.parametrize(
    ("output", "spans"),
    [
        ({"text": "a", "segments": [["a", 0.5, 1.0], ["b", None, None]]}, [(0.5, 1.0)]),
        ({"words": [["a", 0.0, 0.5], ["b", 0.5, float("nan")]], "forced": True}, [(0.0, 0.5)]),
        ({"regions": [[0.0, 1.0], [2.0, 3.0]]}, [(0.0, 1.0), (2.0, 3.0)]),
        ({"turns": [[1.0, 2.0, "a"], [0.0, 1.0, "b"]]}, [(1.0, 2.0), (0.0, 1.0)]),
        ({"utterances": [[1.0, 2.0, "a", "yes"], [3.0, 4.0, "b", ""]]}, [(1.0, 2.0), (3.0, 4.0)]),
        ("en", []),
    ],
)
def test_the_times_of_every_kind_of_output_are_found(output: Any, spans: list[tuple[float, float]]) -> None:
    assert contract._spans(output) == spans
