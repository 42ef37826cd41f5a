"""What a run's process tells of its events: with each utterance what was said and heard, and the value so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from modellab import tasks
from modellab.errors import shortened
from modellab.results import withheld
from modellab.runner.events import Event, UtteranceDone, encoded
from modellab.types import Floats, Metric, Utterance

MOST_TEXT = 300  # characters of what was said, or heard


class EventEncoder:
    """Makes a line of each event. It adds counts up itself: all utterances so far may be very many."""

    def __init__(self) -> None:
        self.case, self.done = "", 0
        self.sums: Floats = np.zeros(2)

    def __call__(self, event: Event) -> dict[str, Any]:
        """The event as plain data for JSON; of a private dataset without texts."""
        line = encoded(event)
        if isinstance(event, UtteranceDone) and event.data is not None and event.utterances:
            return {**line, **self._seen(event)}
        return line

    def _seen(self, event: UtteranceDone) -> dict[str, Any]:
        assert event.data is not None
        utterance, data = event.utterances[-1], event.data
        metrics = tasks.get(data.header.task).METRICS
        metric = next((candidate for candidate in metrics if candidate.name in utterance.counts), None)
        row = data.rows[(event.done - 1) % len(data.rows)]
        shown = {"id": utterance.id, **_texts(row if row["id"] == utterance.id else {}, utterance, data.is_private)}
        if metric is None:
            return {"utterance": shown}
        counts = np.array(utterance.counts[metric.name], dtype=float)
        is_new = event.case != self.case or event.done <= self.done
        self.case, self.done = event.case, event.done
        self.sums = counts if is_new else self.sums + counts
        running = {"metric": metric.name, "unit": metric.unit, "value": _number(metric, self.sums)}
        return {**running, "utterance": {**shown, "value": _number(metric, counts)}}


def _texts(row: Any, utterance: Utterance, is_private: bool) -> dict[str, str]:
    """What was to be said and what the model made of it, where both are texts."""
    if is_private:
        return {"error": withheld.message(utterance.error)} if utterance.error else {}
    output = utterance.output if isinstance(utterance.output, dict) else {}
    texts = {"reference": row.get("text"), "said": output.get("text"), "error": utterance.error.partition("\n")[0]}
    return {name: shortened(text, MOST_TEXT) for name, text in texts.items() if isinstance(text, str) and text}


def _number(metric: Metric, counts: Floats) -> float | None:
    """The value of these counts; None where there is none."""
    value = float(metric.rate(counts))
    return value if np.isfinite(value) else None
