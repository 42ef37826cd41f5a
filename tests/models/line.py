"""Run by the tests in a process of its own: one model hears one clip, and its functions tell when they were called.

`python line.py MODEL TASK DATASET FUNCTION...`, each function as `module:name` or `module:Class.name`, prints JSON: for
each function, whether the clocks ran, one entry for each time it was called. A module `.voice` is the adapter's own.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from modellab import datasets
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.runner import engine
from modellab.runner.meters import process
from modellab.types.rows import sendable

ROOT = Path(__file__).parents[2]
SEEN: dict[str, list[bool]] = {}
running = False


def case(model: str, task: str, data: str) -> Case:
    """The first one of the smoke tier; of a model that has none there, of the full one."""
    every = [each for each in Matrix(Project.at(ROOT)).cases(task) if isinstance(each, Case)]
    found = [each for each in every if (each.key.model, each.key.dataset) == (model, data)]
    return next(each for tier in ("smoke", "full") for each in found if each.tier == tier)


def watch(name: str) -> None:
    """Note each call of a function, and whether it falls between the clocks."""
    SEEN[name] = []
    module, _, path = name.partition(":")
    if module.startswith("."):
        module = next(each for each in sys.modules if each.endswith(module))
    *parents, last = path.split(".")
    owner = functools.reduce(getattr, parents, importlib.import_module(module))
    function = getattr(owner, last)

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        SEEN[name].append(running)
        return function(*args, **kwargs)

    setattr(owner, last, watched)


def watch_the_clocks() -> None:
    """Note when the meter's clocks run."""
    timed = process.timed

    def noted(call: Any, *rest: Any) -> Any:
        def inside() -> Any:
            global running
            running = True
            try:
                return call()
            finally:
                running = False

        return timed(inside, *rest)

    process.timed = noted  # type: ignore[assignment]


def main(model: str, task: str, data: str, *functions: str) -> None:
    chosen = case(model, task, data)
    order = {
        "folder": str(chosen.folder),
        "model": model,
        "variant": chosen.key.variant,
        "weights": chosen.source.name,
        "revision": chosen.variant.revision,
        "device": "cpu",
        "precision": chosen.key.precision,
        "threads": 1,
        "options": chosen.model.options_for(chosen.key.variant),
        "download": False,
    }
    one = engine.Engine()
    one.load(order)
    for name in functions:
        watch(name)
    watch_the_clocks()
    one.start({"task": task})
    row = min(datasets.load(chosen.dataset).rows, key=lambda row: row.get("duration_s", 0.0))
    one.utterance({"row": sendable(row)})
    one.close()
    sys.stdout.write(json.dumps(SEEN) + "\n")


if __name__ == "__main__":
    engine.pin_threads(1)
    main(*sys.argv[1:])
