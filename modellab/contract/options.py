"""Names on the command line to models in their tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from modellab import models
from modellab.errors import ConfigError
from modellab.models import find_package
from modellab.plan.availability import why_not
from modellab.plan.matrix import Matrix, ModelInstance, instances
from modellab.plan.selection import find_model
from modellab.plan.settings import Project, find_root
from modellab.system import textfile

Chosen = tuple[str, ModelInstance]  # a task, and a model in it


def chosen(given: Sequence[str], here: Path) -> Iterator[Chosen]:
    """Each model of these names in each of its tasks; without a name every smoke variant. Raises ConfigError."""
    matrix = Matrix(Project.at(find_root(here) or here))
    for instance in [one for name in given for one in _here(matrix, name)] if given else _smoke(matrix):
        for task in instance.model.tasks_of(instance.key.variant):
            yield task, instance


def _smoke(matrix: Matrix) -> list[ModelInstance]:
    return [one for one in matrix.instances() if one.variant.tier == "smoke" and not why_not(one)]


def _here(matrix: Matrix, name: str) -> list[ModelInstance]:
    """What of a named model this machine can run; ConfigError with the reason if nothing."""
    every = _named(matrix, name)
    runs = [one for one in every if not why_not(one)]
    if not runs:
        raise ConfigError(f"--model {name}: {why_not(every[0])}")
    return runs


def _named(matrix: Matrix, name: str) -> list[ModelInstance]:
    """The instances of a model by name, of a folder in a package, or of a folder."""
    head, _, tail = name.partition(":")
    folder = textfile.expanded(name, "--model")
    if head in matrix.model_names():
        model_folder, model, variant = find_model(matrix, name)
    elif (spec := find_package(head)) is not None and spec.submodule_search_locations:
        places = [Path(place) / tail for place in spec.submodule_search_locations]
        model_folder, model, variant = _at(next((place for place in places if place.is_dir()), places[0]))
    elif folder.is_dir():
        model_folder, model, variant = _at(folder)
    else:
        raise ConfigError(f"--model {name}: no model of the project, no folder of an installed package and no folder")
    return [
        one
        for variant_name in model.variants
        if variant in {"", variant_name}
        for one in instances(model_folder, model, variant_name)
    ]


def _at(folder: Path) -> tuple[Path, models.Model, str]:
    return folder.resolve(), models.config(folder.resolve()), ""
