"""Where the last segment of an accepted answer ended: kept of a model that says so, refused where it is no time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import BaselineError
from modellab.results.baselines import load, quality_path, save
from modellab.tasks import Task, asr

from ..make import KEY, asr_counts, name, result, utterance

TASK: Task = asr


def test_it_is_kept_of_a_model_that_says_so(tmp_path: Path) -> None:
    segments = [["a b", 0.0, 1.2], ["c", 1.2, 2.3456], ["", 2.5, None]]
    both = [
        utterance(name(i), asr_counts(i), {"text": "a b c", "language": "en", "segments": each})
        for i, each in enumerate((segments, []))
    ]
    file, *_ = save(tmp_path, TASK, [result(both)], "a first run", "2026-03-01")
    accepted = load(tmp_path, KEY)
    assert accepted is not None
    assert accepted.until_s == {name(0): 2.346}
    first, second = json.loads(file.read_text(encoding="utf-8"))["utterances"].values()
    assert "until_s" in first
    assert "until_s" not in second


@pytest.mark.parametrize("end_s", [None, "3", -1, math.nan, True])
def test_what_is_no_time_is_damage(tmp_path: Path, end_s: Any) -> None:
    row = {"output": "x", "shares": {"wer": [0, 1]}, "until_s": end_s}
    path = quality_path(tmp_path, KEY)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"format": 1, "header": {}, "utterances": {"a": row}}))
    with pytest.raises(BaselineError, match=r"is not a baseline \(.*its last segment ends at"):
        load(tmp_path, KEY)
