"""Curves as lines: what is pooled, in which order, how long the bars are."""

from __future__ import annotations

import math

from modellab.reports import robustness_curves
from modellab.tasks import robustness
from modellab.types import Ratio

from ..make import result, utterance

WER = robustness.METRICS[0]


def test_utterances_of_a_condition_are_pooled() -> None:
    said = [
        utterance("a", {"wer": Ratio(1, 2)}),
        utterance("b", {"wer": Ratio(0, 6)}),
        utterance("c", {"wer": Ratio(2, 2)}),
        utterance("gone", {"wer": Ratio(9, 9)}),
    ]
    named = {"a": "noise:5", "b": "noise:5", "c": "telephone"}
    assert robustness_curves.rates(result(said), named, WER) == {"noise:5": 1 / 8, "telephone": 1.0}


def test_mildest_first_and_missing_is_a_dash() -> None:
    names = ["noise:0", "noise:20", "speed:0.8", "speed:1.1", "mp3:8", "mp3:32", "reverb:1", "reverb:0.2", "clean"]
    one = dict.fromkeys(names, 0.5)
    headings, rows = robustness_curves.table(["x", "y"], [one, {"clean": 0.0}])
    assert headings == ["condition", "x", "y", ""]
    assert [row[0] for row in rows] == [
        "clean", "mp3:32", "mp3:8", "noise:20", "noise:0", "reverb:0.2", "reverb:1", "speed:1.1", "speed:0.8",
    ]  # fmt: skip
    assert rows[0] == ["clean", "50.00 %", "0.00 %", "█" * 10]
    assert rows[1][2] == "-"


def test_bars() -> None:
    assert [robustness_curves.bar(rate) for rate in (0.0, 0.5, 1.0, 1.01, math.nan)] == [
        "",
        "█" * 10,
        "█" * 20,
        "█" * 20 + "+",
        "",
    ]
