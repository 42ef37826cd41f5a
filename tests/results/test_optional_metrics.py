"""Metrics of which an utterance may have nothing: what a baseline keeps of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modellab.results import baselines
from modellab.tasks import asr

from .. import make
from ..make import KEY, result, utterances

REST = {**make.asr_counts(0.0), "entity_recall": (0.0, 0.0)}


def test_a_baseline_keeps_zeros_where_only_some_rows_ask_and_nothing_where_none_does(tmp_path: Path) -> None:
    said = [
        replace(each, counts={**REST, **({"keyword_recall": (1.0, 2.0)} if i else {})}, output=None)
        for i, each in enumerate(utterances("wer", [(0.0, 5.0)] * 3))
    ]
    baselines.save(tmp_path, asr, [result(said)], "the first", "2026-11-21", timed=False)
    accepted = baselines.load(tmp_path, KEY)
    assert accepted is not None
    kept = {id: dict(counts) for id, counts in accepted.counts.items()}
    assert kept["0000"]["keyword_recall"] == (0, 0)
    assert kept["0001"]["keyword_recall"] == (1, 2)
    assert all("entity_recall" not in counts for counts in kept.values())
