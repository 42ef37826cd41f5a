"""What a transducer's joint network thinks at each step, which the library's `generate` does not return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class Kept:
    """A logits processor that passes scores on as they are, and keeps the probabilities of the tokens.

    Behind them stand the scores of durations, which are left out.
    """

    def __init__(self, n_tokens: int) -> None:
        self.n_tokens = n_tokens
        self.steps: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ARG002  (what the library gives)
        self.steps.append(scores[:, : self.n_tokens].float().softmax(-1).cpu())
        return scores

    def of(self, sound: int, numbers: Sequence[int]) -> list[float]:
        """The probability of each token of a sequence, whose first is the start and was decided by nobody."""
        chances = [float(step[sound, number]) for step, number in zip(self.steps, numbers[1:], strict=False)]
        return [math.nan, *chances] if self.steps else []
