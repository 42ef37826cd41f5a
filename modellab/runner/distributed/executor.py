"""What an executor is: something that starts workers, hands them shards and tells what becomes of them.

It knows nothing of models, and holds no state that the controller could not lose: what it tells is all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from modellab.runner.distributed.controller import Answer, Attempt

Plan = Mapping[str, Any]  # what a worker is told of a case: `plan.py`
OF_PLACES = ("ConfigError", "ExtraError", "LoadError", "WeightsError")  # that one worker may have, and others not


@dataclass(frozen=True, slots=True)
class Loading:
    """A worker is there, and loads the model, which may take long: it is waited for."""

    worker: str


@dataclass(frozen=True, slots=True)
class Up:
    """A worker has loaded the model; `facts` are what loading told, and about the machine."""

    worker: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """A worker has answered an attempt."""

    worker: str
    attempt: int
    answer: Answer
    audio: Mapping[str, Any] = field(default_factory=dict)  # what it saw of the files that were heard


@dataclass(frozen=True, slots=True)
class Early:
    """Utterances that nobody of this run asked for: a worker of a run that was stopped had computed them."""

    worker: str
    start: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker has died, or is silent: whatever it had is given to others."""

    worker: str
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker has left as it was told to."""

    worker: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker is there and cannot be used: it has other code, other data."""

    worker: str
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A fault of the case, wherever it runs: the name of an error in `modellab.errors`, and its text."""

    worker: str
    error: str
    text: str


def order_of(attempt: Attempt) -> dict[str, Any]:
    """What a worker is asked."""
    shard = attempt.shard
    return {"start": shard.start, "stop": shard.stop, "error": shard.error, "careful": attempt.careful}


Event = Loading | Up | Done | Early | Lost | Gone | Refused | Failed


class Executor(Protocol):
    """Four verbs. `start` may come again, with the plan of the next case: workers that are idle keep their model."""

    def start(self, plan: Plan) -> None:
        """Have workers load the model of a case. Raises ConfigError for what cannot be reached."""

    def submit(self, worker: str, attempt: Attempt) -> None:
        """Give a worker a shard; it has at most DEPTH of them and goes through them in this order."""

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened; waits so long for a first event."""

    def stop(self) -> None:
        """End the workers, whatever they are at."""
