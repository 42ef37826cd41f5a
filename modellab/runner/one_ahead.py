"""The next utterance, begun before it is asked for: the model does not wait while its reply is read and scored.

Of calls that nobody times. Whoever asks has said which row comes next, and may still ask for another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modellab.runner.engine import Engine

Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of an utterance that was not asked for yet."""

    row: Mapping[str, Any]
    chain: str
    said: dict[str, Any] | Exception

    def answers(self, order: Order) -> bool:
        """Whether it is this that an order asks for."""
        return order["verb"] == "utterance" and self.row == order["row"] and self.chain == _chain(order)


class OneAhead:
    """An engine that answers orders; `go_on` between two of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.following: Order | None = None  # the order that is expected
        self.begun: Begun | None = None

    def answer(self, order: Order) -> dict[str, Any]:
        """The reply to an order; raises what the model raised at it."""
        begun, self.begun, self.following = self.begun, None, _following(order)
        if begun is None or not begun.answers(order):
            reply: dict[str, Any] = getattr(self.engine, order["verb"])(order)
            return reply
        assert self.engine.task is not None, "what was begun has a task"
        self.engine.prepared.begin(self.engine.task, order.get("then", ()))
        if isinstance(begun.said, Exception):
            raise begun.said
        return begun.said

    def go_on(self) -> None:
        """Have the model hear the row that comes next, where the last order told of one."""
        order, self.following = self.following, None
        if order is None:
            return
        reply: dict[str, Any] | Exception
        try:
            reply = self.engine.utterance(order)
        except Exception as error:  # noqa: BLE001 - the process boundary: it is raised when the row is asked for
            reply = error
        self.begun = Begun(order["row"], _chain(order), reply)


def _chain(order: Order) -> str:
    return str(order.get("preprocessing", ""))


def _following(order: Order) -> Order | None:
    """The order that comes next, if this one says so."""
    if not order.get("go_on"):
        return None
    row, *then = order["then"]
    return {**order, "row": row, "then": then}
