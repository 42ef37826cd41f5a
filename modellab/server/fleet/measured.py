"""What requests do while something is measured on this machine: they wait for a while, or go on and are told of.

`while_measuring = "pause"`: no model begins with a request or is loaded; who has waited for `WAIT_S` gets a 503.
`"share"`: models go on, and the measurement notes that it was disturbed.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from modellab.runner.occupied import Occupied
from modellab.server.errors import ApiError
from modellab.server.fleet.queues import ModelQueue

WAIT_S = 30.0
LOOK_S = 0.05
PAUSE = "pause"


class Gate:
    """What the replicas of all models go through, each time before they are at work."""

    def __init__(self, while_measuring: str, occupied: Occupied | None = None) -> None:
        self.is_shared = while_measuring != PAUSE
        self.occupied = occupied or Occupied()

    def is_shut(self, queue: ModelQueue) -> bool:
        """Whether something is measured, so that nothing may begin; then a moment passes, and who waited is told."""
        if self.is_shared or not self.occupied.is_measured():
            return False
        message = f"something is measured on this machine, and models have paused for {WAIT_S:g} s: try again later"
        queue.fail_older(WAIT_S, ApiError(503, "measuring", message, headers={"Retry-After": f"{WAIT_S:g}"}))
        time.sleep(LOOK_S)
        return True

    def working(self) -> AbstractContextManager[None]:
        """While a model is loaded or at a request."""
        return self.occupied.answering(is_shared=self.is_shared)
