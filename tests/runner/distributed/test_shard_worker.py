"""What of an utterance is compared where it was computed twice."""

from __future__ import annotations

from typing import Any

import pytest

from modellab import tasks
from modellab.runner.distributed.shard_worker import without_clocks

SPOKEN = {"duration_s": 1.0, "health": {"rms": 0.1}}


@pytest.mark.parametrize(
    ("task", "output"),
    [
        ("tts", {**SPOKEN, "first_audio_s": 0.0}),
        ("chat", {"turns": [{"text": "yes", "first_token_s": 0.0, "first_audio_s": 0.0}]}),
    ],
)
def test_the_time_a_machine_took_tells_no_two_answers_apart(task: str, output: dict[str, Any]) -> None:
    """An answer of a slower machine is the same one; one with other words or counts is not."""
    metrics = tasks.get(task).METRICS
    counts = {metric.name: [0.0, 1.0] for metric in metrics}
    said = {"id": "a", "wall_s": 1.0, "cpu_s": 1.0, "output": output, "counts": counts}
    slower = {**said, "wall_s": 2.0, "output": later(output), "counts": {**counts, "first_audio_s": [0.5, 1.0]}}
    assert without_clocks([said], metrics) == without_clocks([slower], metrics)
    worse = {**said, "counts": {**counts, "empty_rate": [1.0, 1.0]}}
    assert without_clocks([said], metrics) != without_clocks([worse], metrics)


def later(part: Any) -> Any:
    """The output with other clocks."""
    if isinstance(part, dict):
        return {
            name: 0.5 if name in {"first_token_s", "first_audio_s"} else later(value) for name, value in part.items()
        }
    return [*map(later, part)] if isinstance(part, list) else part
