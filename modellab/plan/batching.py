"""Variants whose utterances go to the model several at a time, for a run that asks for it: `--batch 16`.

Company changes outputs, so the size is part of a case's name and of its settings: `lab` becomes `lab+batch16`, with
the option `batch_size: 16`. Its accepted results are its own, and nothing is held against those of another size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from modellab import tasks
from modellab.models import Model, Variant
from modellab.types import CaseId

OPTION = "batch_size"  # of an adapter: how many it decodes together
MARK = "+batch"
NAMED = re.compile(rf"{re.escape(MARK)}\d+$")


def several(model: Model, task: str, size: int) -> bool:
    """Whether utterances of a task go to a model so many at a time."""
    return size > 1 and model.batches and isinstance(tasks.get(task), tasks.Batched)


def of_size(model: Model, size: int) -> Model:
    """The model with a further variant of that batch size for each of its own."""
    made = {
        f"{name}{MARK}{size}": variant.model_copy(update={"options": {**variant.options, OPTION: size}})
        for name, variant in model.variants.items()
    }
    return model.model_copy(update={"variants": {**model.variants, **made}})


def variants(model: Model, task: str, size: int) -> Iterator[tuple[Model, str, Variant, int]]:
    """What of a model meets the datasets of a task, and how many utterances at a time: each variant, in that size."""
    together = several(model, task, size)
    made = of_size(model, size) if together else model
    for name in model.variants:
        if task in model.tasks_of(name):
            sized = f"{name}{MARK}{size}" if together else name
            yield made, sized, made.variants[sized], size if together else 1


def plain(variant: str) -> str:
    """A variant as its model folder calls it.

    >>> plain("lab+batch16"), plain("lab")
    ('lab', 'lab')
    """
    return NAMED.sub("", variant)


def unasked(key: CaseId) -> CaseId:
    """The case as it is without what a run asks of it: a chain of preprocessing, a batch size."""
    return replace(key, variant=plain(key.variant), preprocessing="")


def names(key: CaseId) -> set[str]:
    """What a person may call a case: by all of it, or without what a run asks of every case."""
    if not key.preprocessing and plain(key.variant) == key.variant:  # as nearly all of the thousands of a project are
        return {str(key)}
    return {
        str(key),
        str(replace(key, preprocessing="")),
        str(replace(key, variant=plain(key.variant))),
        str(unasked(key)),
    }
