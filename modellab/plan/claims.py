"""What the makers of the models state (`claims:` of a config.yaml), each with the cases that it can be held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modellab import tasks
from modellab.errors import did_you_mean
from modellab.models import Claim, Model
from modellab.plan import thresholds
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project
from modellab.types import Floats, Result, Rule, Verdict
from modellab.types.utterances import clusters, counts_or_zeros

Place = tuple[str, str, str]  # model, variant, dataset
NONE: Floats = np.empty((0, 0))  # of a metric of which no row has counts


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claim, and one case that it is about; without a case, why there is none."""

    model: str
    claim: Claim
    case: Case | None
    missing: str = ""

    def __str__(self) -> str:
        place = f"{self.model}:{self.claim.variant}-{self.claim.dataset}" if self.case is None else str(self.case.key)
        return f"{place}-{self.claim.metric}"


@dataclass(frozen=True, slots=True)
class ClaimData:
    """What a claim is held against: the counts of every metric, shape (n_utterances, k), and who spoke."""

    counts: Mapping[str, Floats]
    clusters: tuple[str, ...]

    @classmethod
    def of(cls, result: Result) -> ClaimData:
        """The little of a result that claims need, so that a session can keep it."""
        utterances = result.utterances
        # optional ones may be of some utterances only
        names = dict.fromkeys(name for utterance in utterances for name in utterance.counts)
        return cls({name: counts_or_zeros(utterances, name) for name in names}, tuple(clusters(utterances)))


def concern(case: Case) -> bool:
    """Whether its model's makers state anything about a case."""
    return any((claim.variant, claim.dataset) == (case.key.variant, case.key.dataset) for claim in case.model.claims)


def assess(claimed: Claimed, sample: ClaimData, project: Project) -> Verdict:
    """The verdict on a claim that has a case."""
    from modellab.gate import claim as gate  # not above: collecting tests has no use for it

    assert claimed.case is not None, "a claim without a case is skipped"
    task, claim = tasks.get(claimed.case.key.task), claimed.claim
    metric = next(metric for metric in task.METRICS if metric.name == claim.metric)
    rule = thresholds.rules(task, claimed.case, project).get(metric.name, Rule())
    return gate.assess(metric, rule, claim.value, sample.counts.get(metric.name, NONE), sample.clusters)


def find(matrix: Matrix) -> list[Claimed | Broken]:
    """Every claim with each case it is about; Broken with a sentence where a claim names what there is not."""
    sound = [entry for entry in matrix.models if not isinstance(entry, Broken)]
    cases: dict[Place, list[Case]] = defaultdict(list)
    if any(model.claims for _, model in sound):
        for case in (case for task in tasks.names() for case in matrix.cases(task)):
            if isinstance(case, Case):
                cases[case.key.model, case.key.variant, case.key.dataset].append(case)
    return [
        claimed
        for folder, model in sound
        for number, claim in enumerate(model.claims)
        for claimed in _claimed(matrix, folder, model, claim, number, cases)
    ]


def _claimed(
    matrix: Matrix, folder: Path, model: Model, claim: Claim, number: int, cases: Mapping[Place, list[Case]]
) -> Iterator[Claimed | Broken]:
    if fault := _fault(matrix, model, claim):
        yield Broken(f"{folder.name}-claim-{number}", f"{folder / 'config.yaml'}: claims.{number}{fault}")
        return
    if claim.dataset not in _tasks_of(matrix):
        place = matrix.project.golden / claim.dataset
        shown = place.relative_to(matrix.project.root) if place.is_relative_to(matrix.project.root) else place
        yield Claimed(folder.name, claim, None, f"no dataset {claim.dataset}: expected it in {shown}")
        return
    about = cases.get((folder.name, claim.variant, claim.dataset), [])
    fitting = [case for case in about if claim.precision in {"", case.key.precision}]
    if not fitting:
        fault = f" is about {claim.dataset}, which {claim.variant} does not meet: its language or domain does not fit"
        yield Broken(f"{folder.name}-claim-{number}", f"{folder / 'config.yaml'}: claims.{number}{fault}")
    yield from (Claimed(folder.name, claim, case) for case in fitting)


def _fault(matrix: Matrix, model: Model, claim: Claim) -> str:
    """What a claim names and nobody has; '' if it is sound."""
    if claim.variant not in model.variants:
        return f".variant is {claim.variant!r}: {did_you_mean(claim.variant, model.variants)}"
    offered = {precision for _, precision in model.device_precisions(claim.variant)}
    if claim.precision and claim.precision not in offered:
        return f".precision is {claim.precision!r}: {did_you_mean(claim.precision, offered)}"
    task = _tasks_of(matrix).get(claim.dataset)
    if task is not None and task not in model.tasks:
        return f".dataset is {claim.dataset!r}, whose task {task} the model does not have"
    names = [metric.name for name in ([task] if task else model.tasks) for metric in tasks.get(name).METRICS]
    if claim.metric not in names:
        return f".metric is {claim.metric!r}, which nothing measures there: {did_you_mean(claim.metric, names)}"
    return ""


def _tasks_of(matrix: Matrix) -> dict[str, str]:
    """Each dataset that can be read, with its task."""
    return {entry[0].name: entry[1].task for entry in matrix.datasets if not isinstance(entry, Broken)}


def engines(matrix: Matrix) -> dict[str, str]:
    """The id of each claim that has a case -> the engine that it needs, as pytest-xdist groups cases by."""
    all_claimed = (claimed for claimed in find(matrix) if isinstance(claimed, Claimed))
    return {str(claimed): "/".join(claimed.case.engine) for claimed in all_claimed if claimed.case}
