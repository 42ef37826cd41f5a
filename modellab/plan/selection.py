"""Which cases of the matrix are meant: names from a command line, taken whole and never as parts of other names.

`whisper` is the model `whisper` and neither `faster_whisper` nor `distil_whisper`; `whisper_cpp:lab` is that variant
and not `lab-q8_0`. A name that nothing has is a ConfigError that says which one was probably meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args

from modellab import tasks
from modellab.errors import ConfigError, did_you_mean
from modellab.models import Device, Model
from modellab.plan import batching, elsewhere
from modellab.plan.matrix import TIERS, Broken, Case, Matrix

CALLED = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"}  # devices, by what people call them
ALONE = "real"  # the tier that does not bring those below it: its data and weights are its own


@dataclass(frozen=True, slots=True)
class Selection:
    """What to run. An empty field takes everything."""

    model: tuple[str, ...] = ()  # MODEL or MODEL:VARIANT
    dataset: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    tier: str = ""  # this tier and those below it; of `real` only its own

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def arguments(self) -> Iterator[str]:
        """The selection as options of a command line."""
        for field in fields(self):
            given = getattr(self, field.name)
            for value in (given,) if isinstance(given, str) else given:
                if value:
                    yield f"--{field.name}={value}"

    def check(self, matrix: Matrix) -> None:
        """ConfigError for the first name that nothing in the matrix has."""
        for name in self.model:
            if name.partition(":")[0] not in broken_models(matrix):
                find_model(matrix, name)
        for name in self.dataset:
            known("dataset", name, dataset_names(matrix))
        for name in self.device:
            known("device", name, get_args(Device))
        for name in self.precision:
            known("precision", name, {instance.key.precision for instance in matrix.instances()})
        if self.tier:
            known("tier", self.tier, TIERS)

    def takes(self, matrix: Matrix, case: Case | Broken) -> bool:
        """Whether the case is meant. What is broken is meant where its name is, or where no name of its kind is."""
        if isinstance(case, Broken):
            models = tuple(name.partition(":")[0] for name in self.model)
            chosen = models if case.name in broken_models(matrix) else self.dataset
            return not chosen or case.name in chosen
        key = case.key
        return (
            (not self.model or key.model in self.model or f"{key.model}:{batching.plain(key.variant)}" in self.model)
            and (not self.dataset or key.dataset in self.dataset)
            and (not self.device or key.device in self.device)
            and (not self.precision or key.precision in self.precision)
            and self._is_of_tier(case.tier)
        )

    def _is_of_tier(self, tier: str) -> bool:
        if self.tier == ALONE:
            return tier == ALONE
        return not self.tier or TIERS.index(tier) <= TIERS.index(self.tier)

    def cases(self, matrix: Matrix) -> Iterator[Case | Broken]:
        """The cases that are meant, of every task."""
        return (case for task in tasks.names() for case in matrix.cases(task) if self.takes(matrix, case))


def find_model(matrix: Matrix, name: str) -> tuple[Path, Model, str]:
    """MODEL or MODEL:VARIANT -> folder, model, variant ('' where none is named); ConfigError where there is none."""
    model, _, variant = name.partition(":")
    folder = matrix.project.root / "models" / model
    if model not in matrix.model_names() and model and (folder / "config.yaml").is_file():
        raise ConfigError(f'unknown model {model!r}: {folder} is one, but [tool.modellab] has no models = ["models"]')
    known("model", model, matrix.model_names())
    for entry in matrix.models:
        if isinstance(entry, Broken):
            if entry.name == model:
                raise ConfigError(entry.error)
        elif entry[0].name == model:
            if variant or name.endswith(":"):
                known("variant", variant, entry[1].variants, f" of {model}")
            return *entry, variant
    raise AssertionError(f"{model} is a known name without a folder")


def find_case(matrix: Matrix, name: str) -> Case:
    """The case with this id, as pytest shows it; ConfigError with the closest ones where there is none."""
    cases = [case for task in tasks.names() for case in matrix.cases(task)]
    ids = {str(case.key): case for case in cases if isinstance(case, Case)}
    if name in ids:
        return ids[name]
    if broken := next((case for case in cases if isinstance(case, Broken) and name in {case.name, str(case)}), None):
        raise ConfigError(broken.error)
    if there := elsewhere.named(matrix.project, name):
        return there
    close = difflib.get_close_matches(name, ids, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise ConfigError(f"unknown case {name!r}: {hint}`modellab run --co -q` lists them")


def known(what: str, name: str, names: Iterable[str], whose: str = "") -> None:
    """ConfigError unless `name` is one of `names`."""
    listed = list(names)
    if name not in listed and (meant := CALLED.get(name.lower())) in listed and what == "device":
        raise ConfigError(f"unknown device {name!r}{whose}: did you mean {meant}? known: {', '.join(sorted(listed))}")
    if name not in listed:
        raise ConfigError(f"unknown {what} {name!r}{whose}: {did_you_mean(name, listed)}")


def dataset_names(matrix: Matrix) -> list[str]:
    """The name of each dataset folder, broken ones too."""
    return [entry.name if isinstance(entry, Broken) else entry[0].name for entry in matrix.datasets]


def broken_models(matrix: Matrix) -> set[str]:
    """The names of the model folders that cannot be read."""
    return {entry.name for entry in matrix.models if isinstance(entry, Broken)}
