"""What broke in a transcript: metrics beside the error rate, each of one kind of fault.

They inform, and are judged on request at most. All are optional: where a row or an output has nothing that one of them
needs, the utterance has no counts of it.
"""

from __future__ import annotations

from modellab.metrics import written_words
from modellab.metrics.casing_punctuation import Compared
from modellab.types import Counts, Metric


def _told(name: str, better: str, unit: str = "ratio", margin: float = 0.0) -> Metric:
    """A metric that informs; with a margin it is judged on request."""
    lower = better == "lower"
    return Metric(name, unit, "lower" if lower else "higher", margin, gated=False, on_request=margin > 0, optional=True)


METRICS = (
    _told("written_wer", "lower", margin=0.002),
    _told("cased_wer", "lower"),
    _told("punctuated_wer", "lower"),
    _told("punctuation_f1", "higher", margin=0.005),
    *(_told(f"{name}_f1", "higher") for name in written_words.NAMES.values()),
)


def counts(written: Compared) -> dict[str, Counts]:
    """The counts of what an utterance has something for."""
    return {**written_words.error_rates(written), **written_words.mark_scores(written)}
