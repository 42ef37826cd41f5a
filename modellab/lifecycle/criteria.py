"""The criteria of pyproject.toml, applied to a variant: which cases it has to show, and the limits they are held to.

[tool.modellab.lifecycle.production]
runs = 3                                    # sessions of each case with the present weights, data and normaliser
utterances = 3                              # the fewest of a case
days = 7                                    # in the stage before
devices = ["cpu"]
datasets = {asr = ["asr_smoke_v1"]}         # of a task that is not named every smoke dataset; [] asks for none
limits = {success_rate = 1.0}               # absolute, wherever the metric is measured
limits_of.asr = {wer = 0.05}                # of a task, or of a dataset: the closer one holds
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from modellab import tasks
from modellab.errors import ConfigError, did_you_mean
from modellab.models import Device, Model
from modellab.plan.matrix import Case, Matrix
from modellab.plan.selection import dataset_names
from modellab.schema import Criteria
from modellab.types import Metric

PYPROJECT = "pyproject.toml"
WITH_CRITERIA = ("candidate", "production")


@dataclass(frozen=True, slots=True)
class Required:
    """The cases that a variant has to show; `silent` are its tasks for which no dataset counts."""

    cases: tuple[Case, ...]
    silent: tuple[str, ...]


def criteria_of(matrix: Matrix, stage: str) -> Criteria:
    """The criteria of a stage; for going down to one without any, those of production say what counts as evidence."""
    criteria = getattr(matrix.project.judging.lifecycle, stage, None)
    return criteria if isinstance(criteria, Criteria) else matrix.project.judging.lifecycle.production


def required_cases(matrix: Matrix, folder: Path, model: Model, variant: str, criteria: Criteria) -> Required:
    """The cases of a variant that count for these criteria."""
    every = {task: list(_counting(matrix, task, folder.name, variant, criteria)) for task in model.tasks_of(variant)}
    asked = (task for task, cases in every.items() if not cases and criteria.datasets.get(task) != ())
    return Required(tuple(case for cases in every.values() for case in cases), tuple(asked))


def _counting(matrix: Matrix, task: str, model: str, variant: str, criteria: Criteria) -> Iterator[Case]:
    named = criteria.datasets.get(task)
    for case in matrix.cases(task, model):
        if isinstance(case, Case) and (case.key.model, case.key.variant) == (model, variant):
            counts = case.header.tier == "smoke" if named is None else case.key.dataset in named
            if counts and case.key.device in criteria.devices:
                yield case


def limits(criteria: Criteria, case: Case) -> dict[str, float]:
    """The limits of a case by metric, those of its task's metrics alone."""
    closer = criteria.limits_of.get(case.key.task, {}) | criteria.limits_of.get(case.key.dataset, {})
    given = criteria.limits | closer
    return {name: given[name] for name in tasks.judged(case.key.task) if name in given}


def metric_of(task: str, name: str) -> Metric | None:
    """A task's metric; None for a reading such as `rtf`, of which less is better."""
    return next((metric for metric in tasks.get(task).METRICS if metric.name == name), None)


def beyond(task: str, name: str, value: float, limit: float) -> bool:
    """Whether a value is on the wrong side of its limit; NaN is."""
    metric = metric_of(task, name)
    return not (value >= limit if metric is not None and metric.better == "higher" else value <= limit)


def check(matrix: Matrix) -> None:
    """ConfigError for a task, dataset, device or metric in the criteria that nothing has."""
    known = tasks.names()
    for stage in WITH_CRITERIA:
        criteria, where = criteria_of(matrix, stage), f"{PYPROJECT} [tool.modellab.lifecycle.{stage}]"
        _check_names(f"{where} devices", "device", criteria.devices, get_args(Device))
        _check_names(f"{where} datasets", "task", criteria.datasets, known)
        for task, named in criteria.datasets.items():
            _check_names(f"{where} datasets.{task}", f"dataset of {task}", named, _datasets(matrix, task))
        _check_names(
            f"{where} limits", "metric", criteria.limits, (name for task in known for name in tasks.judged(task))
        )
        places = {name: (name,) for name in known} | (_tasks(matrix) if criteria.limits_of else {})
        _check_names(f"{where} limits_of", "task or dataset", criteria.limits_of, places)
        for place, given in criteria.limits_of.items():
            judged = {name for task in places[place] for name in tasks.judged(task)}
            _check_names(f"{where} limits_of.{place}", f"metric of {place}", given, judged)


def _check_names(where: str, what: str, given: Iterable[str], known: Iterable[str]) -> None:
    if not (asked := list(given)):
        return  # before `known` is walked, which may load every task
    names = list(known)
    for name in asked:
        if name not in names:
            raise ConfigError(f"{where} has {name!r}, no {what}: {did_you_mean(name, names)}")


def _datasets(matrix: Matrix, task: str) -> list[str]:
    """The datasets of a task, and the broken ones: those say themselves what is wrong with them."""
    return [name for name, of in _tasks(matrix).items() if task in of]


def _tasks(matrix: Matrix) -> dict[str, tuple[str, ...]]:
    """The task of each dataset; every task for a broken one."""
    headers = {entry[0].name: entry[1] for entry in matrix.datasets if isinstance(entry, tuple)}
    every = tuple(tasks.names())
    return {name: (headers[name].task,) if name in headers else every for name in dataset_names(matrix)}
