"""What the suite holds production to: an accepted baseline that fits, within the limits, of every case that counts.

One check for each production variant of tier smoke; no model is loaded and no audio read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import BaselineError, ConfigError
from modellab.lifecycle import evidence, moves, stages
from modellab.lifecycle.criteria import PYPROJECT, criteria_of, limits, required_cases
from modellab.lifecycle.stages import Standing
from modellab.models import Model
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.schema import Criteria

STAGE = "production"


@dataclass(frozen=True, slots=True)
class Promise:
    """A variant in production."""

    folder: Path
    model: Model
    standing: Standing

    def __str__(self) -> str:
        return f"{self.standing}-{STAGE}"


def promises(matrix: Matrix) -> list[Promise | Broken]:
    """Every production variant of tier smoke, sorted; Broken where it cannot be told which those are."""
    damaged = moves.damaged_records(matrix)
    promised: list[Promise | Broken] = [Broken(STAGE, "; ".join(damaged))] if damaged else []
    for entry in matrix.models:
        if not isinstance(entry, Broken):
            folder, model = entry
            try:
                records = stages.read(matrix.project.baselines, folder.name)
            except ConfigError:  # among the damaged ones already
                continue
            standings = (Standing(folder.name, name, model.status, records.get(name, ())) for name in model.variants)
            promised += [
                Promise(folder, model, standing)
                for standing in standings
                if standing.stage == STAGE and model.variants[standing.variant].tier == "smoke"
            ]
    return promised


def cases(matrix: Matrix, promise: Promise) -> tuple[Case, ...]:
    """The cases that defend a production variant."""
    criteria = criteria_of(matrix, STAGE)
    return required_cases(matrix, promise.folder, promise.model, promise.standing.variant, criteria).cases


def is_foreign(matrix: Matrix, promise: Promise) -> bool:
    """Whether it is in production by its author's word alone, and this project has no data for it."""
    return promise.standing.last is None and not cases(matrix, promise)


def broken(matrix: Matrix, promise: Promise) -> list[str]:
    """Why a production variant is not defended, one sentence for each case; none if it is."""
    required, criteria = cases(matrix, promise), criteria_of(matrix, STAGE)
    if not required:
        return [f"no dataset that counts meets it: name one under datasets in {PYPROJECT}"]
    return [sentence for case in required for sentence in _broken(matrix.project, case, criteria)]


def _broken(project: Project, case: Case, criteria: Criteria) -> Iterator[str]:
    try:
        accepted = baselines.load(project.baselines, case.key)
    except BaselineError as error:
        yield f"{case.key}: {error}"
        return
    if accepted is None:
        yield f"{case.key}: it has no accepted baseline: {evidence.command(case.key)} --update-baselines --reason TEXT"
        return
    now = {name: value for name, value in evidence.facts(case).items() if name != "weights"}
    if unfit := evidence.unlike(accepted.header, now):
        yield f"{case.key}: its baseline was accepted {unfit}: measure and accept it again"
        return
    if (count := len(accepted.counts)) < criteria.utterances:
        yield f"{case.key}: {count} utterances are accepted, {criteria.utterances} are asked for"
    for metric, limit in limits(criteria, case).items():
        if excess := evidence.accepted_beyond(case.key, accepted, metric, limit):
            yield f"{case.key}: the accepted {excess}"
