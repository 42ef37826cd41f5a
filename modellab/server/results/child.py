"""`python -m modellab.server.results.child ROOT`: answers a `Reader` for as long as it asks."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from modellab.errors import ConfigError, sentence
from modellab.server.errors import ApiError
from modellab.server.listening import clips, numbers
from modellab.server.results import accepting, lately, pages, past, report, slices, stages, whole
from modellab.server.results.reader import IDLE_S, MOST_BYTES
from modellab.system import json_child
from modellab.system.masking import masked

Order = Mapping[str, Any]
VERBS: Mapping[str, Callable[[Path, Order], dict[str, Any]]] = {
    "ready": whole.ready,
    "build": whole.build,
    "estimate": whole.estimate,
    "entry": whole.entry,
    "utterances": whole.utterances,
    "sounds": whole.sounds,
    "candidates": stages.candidates,
    "one": stages.one,
    "move": stages.move,
    "accept": accepting.accept,
    "report": report.report,
    "compare": report.compare,
    "lately": lately.lately,
    "page": whole.page,
    "past": past.past,
    "slices": slices.of,
    "run_page": pages.run,
    "clips": clips.make,
    "votes": numbers.results,
}


def answer(root: Path, order: Order) -> dict[str, Any]:
    """The reply to one request; what is refused on purpose is a reply that says so."""
    try:
        return {"answer": VERBS[order["verb"]](root, order["asked"])}
    except ApiError as error:
        names = ("status", "code", "message", "param", "headers")
        return {"refused": {name: getattr(error, name) for name in names}}
    except ConfigError as error:
        return {"refused": {"status": 400, "code": "invalid_value", "message": masked(sentence(error))}}


def main(root: str) -> NoReturn:
    """Answer in JSON lines."""
    json_child.run(functools.partial(answer, Path(root)), IDLE_S, MOST_BYTES)


if __name__ == "__main__":
    main(sys.argv[1])
