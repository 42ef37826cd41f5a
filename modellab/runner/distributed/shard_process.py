"""A process that computes shards: `python -m modellab.runner.distributed.shard_process`, asked in JSON lines.

Its own child is the model's process. It ends with its parent, and at SIGTERM after the utterance it is at.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from modellab.errors import ModellabError, UnexpectedError
from modellab.runner.distributed.controller import Answer
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.system import json_child
from modellab.system.json_child import JsonChild

MOST_REPLY_BYTES = 2**28


class ShardProcess(JsonChild):
    """The parent's handle."""

    def __init__(self, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", __name__]
        super().__init__(command, env={**os.environ, **env}, most_bytes=MOST_REPLY_BYTES)


def answered(worker: ShardWorker, order: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to one order. What belongs to no utterance is told as `failed`, with its kind."""
    try:
        if order["verb"] == "open":
            return {"opened": worker.open(order["plan"])}
        return worker.shard(order)
    except Exception as error:  # noqa: BLE001 - the process boundary: what was raised is told where the run was started
        worker.forget()
        told = error if isinstance(error, ModellabError) else UnexpectedError.of(error)
        return {"failed": type(told).__name__, "text": str(told)}


def answer_of(reply: Mapping[str, Any]) -> Answer:
    """A reply to a shard."""
    return Answer(reply["lines"], reply["hashes"], float(reply["wall_s"]), str(reply["died"]))


def main() -> NoReturn:
    """Answer until the parent is gone."""
    worker = ShardWorker(Path(sys.argv[1]) if len(sys.argv) > 3 else None)
    going: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: going.append(number))
    worker.told_to_go = lambda: bool(going)
    json_child.run(lambda order: {**answered(worker, order), "going": bool(going)}, most_bytes=MOST_REPLY_BYTES)


if __name__ == "__main__":
    main()
