"""Every number that judges a case, and where it comes from. Later places win, number by number:

built in                                   the task's METRICS and LIMITS
[tool.modellab] alpha                      pyproject.toml: the whole suite's false alarms
[tool.modellab.thresholds.METRIC]          pyproject.toml: every case
limits, thresholds of a dataset            golden/<dataset>/dataset.yaml
thresholds of a model                      models/<model>/config.yaml
thresholds of a variant                    the same file
[tool.modellab.cases."PATTERN".METRIC]     pyproject.toml: the cases whose name fits, the project's last word
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path

from modellab import tasks
from modellab.errors import ConfigError, did_you_mean
from modellab.plan import batching
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.schema import Threshold, Thresholds
from modellab.tasks import Task
from modellab.types import CaseId, Metric, Rule

BUILT_IN = "built in"
PYPROJECT = "pyproject.toml"
FRACTIONS = ("margin", "margin_relative", "cap", "sensitivity")
MOST_RATE = 2.0  # a word error rate may be above 1
NUMBERS = tuple(field.name for field in fields(Rule) if field.name != "built_in_limit")


@dataclass(frozen=True, slots=True)
class Source:
    """A number and the place that it comes from."""

    value: float
    origin: str


Sources = dict[str, dict[str, Source]]  # metric -> number -> where it is from


def check(matrix: Matrix) -> None:
    """ConfigError for a metric in pyproject.toml that nothing measures, and for a pattern that fits no case."""
    judging = matrix.project.judging
    if not (judging.thresholds or judging.cases):
        return
    known = {name for task in tasks.names() for name in tasks.judged(task)}
    places = {
        "thresholds": judging.thresholds,
        **{f'cases."{name}"': thresholds for name, thresholds in judging.cases.items()},
    }
    for place, given in places.items():
        for name in given:
            if name not in known:
                where = f"{PYPROJECT} [tool.modellab.{place}]"
                raise ConfigError(f"{where} has {name!r}, which nothing measures: {did_you_mean(name, known)}")
    if judging.cases:
        every_case = [case for task in tasks.names() for case in matrix.cases(task)]
        keys = [str(case.key) for case in every_case if isinstance(case, Case)]
        if len(keys) < len(every_case):  # what is broken says so itself, and may be what a pattern is about
            return
        for pattern in judging.cases:
            if not any(_fits(case.key, pattern) for case in every_case if isinstance(case, Case)):
                raise ConfigError(
                    f'{PYPROJECT} [tool.modellab.cases."{pattern}"] fits no case: expected a pattern such as'
                    f" {keys[0] if keys else 'MODEL:VARIANT-DATASET-DEVICE-PRECISION'}, with * and ?"
                )


def rules(task: Task, case: Case, project: Project) -> dict[str, Rule]:
    """The rule of each metric, of speed, memory and the readings that may have a limit."""
    return {name: rule(by_number) for name, by_number in sources(task, case, project).items()}


def rule(by_number: Mapping[str, Source]) -> Rule:
    """The rule of one metric from its numbers."""
    numbers = {number: source.value for number, source in by_number.items()}
    return Rule(**numbers, built_in_limit="limit" in by_number and by_number["limit"].origin == BUILT_IN)


def sources(task: Task, case: Case, project: Project) -> Sources:
    """Each number of `rules` with its origin; ConfigError for an alpha above the suite's."""
    names = tasks.judged(task.NAME)
    by_metric = _built_in(task, names)
    origin = BUILT_IN if "alpha" not in project.judging.model_fields_set else f"{PYPROJECT} [tool.modellab]"
    everywhere = Source(project.judging.alpha, origin)
    for numbers in by_metric.values():
        numbers["alpha"] = everywhere
    for origin, thresholds in _places(case, project):
        for name, given in thresholds.items():
            if name in by_metric:
                by_metric[name] |= {number: Source(value, origin) for number, value in _given(given)}
    for name in names:
        if (alpha := by_metric[name]["alpha"]).value > project.judging.alpha:
            raise ConfigError(
                f"{alpha.origin}: {name}.alpha is {alpha.value:g}, above the whole suite's {project.judging.alpha:g}:"
                f" raise alpha under [tool.modellab] of {PYPROJECT}"
            )
    for metric in task.METRICS:
        if metric.unit == "ratio" and metric.kind == "quality":
            _check_fractions(metric, by_metric[metric.name])
    return by_metric


def _check_fractions(metric: Metric, numbers: Mapping[str, Source]) -> None:
    """ConfigError for a number of a metric in per cent that nothing reaches: 5 where 0.05 was meant."""
    beyond = dict.fromkeys(FRACTIONS, 1.0) | ({"limit": MOST_RATE} if metric.gross or metric.margin_relative else {})
    for number, most in beyond.items():
        if (given := numbers.get(number)) and given.value >= most:
            raise ConfigError(
                f"{given.origin}: {metric.name}.{number} is {given.value:g}, which is {100 * given.value:g} %:"
                f" expected a fraction below {most:g}, {given.value / 100:g} for {given.value:g} %"
            )


def _built_in(task: Task, names: tuple[str, ...]) -> Sources:
    by_metric: Sources = {name: {} for name in names}
    for metric in task.METRICS:
        if metric.gated and metric.kind == "quality":
            given = {"margin": metric.margin, "margin_relative": metric.margin_relative}
            gross = {
                f"broken_{part}": value for part, value in (metric.gross._asdict() if metric.gross else {}).items()
            }
            by_metric[metric.name] = {name: Source(value, BUILT_IN) for name, value in {**given, **gross}.items()}
    for name, limit in task.LIMITS.items():
        by_metric[name]["limit"] = Source(limit, BUILT_IN)
    return by_metric


def _places(case: Case, project: Project) -> Iterator[tuple[str, Thresholds]]:
    judging, key = project.judging, case.key
    yield f"{PYPROJECT} [tool.modellab.thresholds]", judging.thresholds
    limits = {name: Threshold(limit=value) for name, value in case.header.limits.items()}
    if limits or case.header.thresholds:
        manifest = _shown(case.dataset / "dataset.yaml", project)
        yield f"{manifest} limits", limits
        yield f"{manifest} thresholds", case.header.thresholds
    if case.model.thresholds or case.variant.thresholds:
        config = _shown(case.folder / "config.yaml", project)
        yield f"{config} thresholds", case.model.thresholds
        yield f"{config} variants.{key.variant}.thresholds", case.variant.thresholds
    for pattern, thresholds in judging.cases.items():
        if _fits(key, pattern):
            yield f'{PYPROJECT} [tool.modellab.cases."{pattern}"]', thresholds


def _fits(key: CaseId, pattern: str) -> bool:
    """Whether a case is meant: by its whole name, or by one that it has without its preprocessing or its batch size."""
    return any(fnmatchcase(name, pattern) for name in batching.names(key))


def _given(threshold: Threshold) -> Iterator[tuple[str, float]]:
    parts = {f"broken_{name}": value for name, value in threshold.broken or ()}
    for number in NUMBERS:
        if (value := parts.get(number) if number.startswith("broken_") else getattr(threshold, number)) is not None:
            yield number, value


def _shown(path: Path, project: Project) -> str:
    """A file as seen from the project, where it lies there."""
    return str(path.relative_to(project.root) if path.is_relative_to(project.root) else path)
