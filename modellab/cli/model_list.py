"""`modellab models list`: the models there are, and what of them runs on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from rich.text import Text

    from modellab.plan.matrix import Broken, Matrix, ModelInstance

COLUMNS = ("model", "tasks", "stage", "tier", "devices and precisions", "runs here")

Here = Annotated[bool, typer.Option("--here", help="Only what runs on this machine as it is.")]
Task = Annotated[str, typer.Option(metavar="TASK", help="Only models that do this task: asr, tts, vad, ...")]


@dataclass(frozen=True, slots=True)
class Place:
    """A device and precision of a variant: why it cannot run here ('' if it can), and the command that mends that."""

    device: str
    precision: str
    runs: bool
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A variant of a model, as the list shows it."""

    model: str
    variant: str
    tasks: tuple[str, ...]
    stage: str
    tier: str
    domain: str
    languages: tuple[str, ...]
    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        """MODEL:VARIANT."""
        return f"{self.model}:{self.variant}"

    @property
    def runs(self) -> list[str]:
        """The devices that can run it."""
        return list(dict.fromkeys(place.device for place in self.places if place.runs))


def list_models(here: Here = False, task: Task = "", as_json: options.AsJson = False) -> None:
    """List the models and what of them runs on this machine."""
    show(common.matrix(common.project_or_here()), here=here, task=task, as_json=as_json)


def show(matrix: Matrix, *, here: bool = False, task: str = "", as_json: bool = False) -> None:
    """The list as a table, or as JSON; ConfigError where nothing fits."""
    from modellab import tasks
    from modellab.plan.matrix import Broken
    from modellab.plan.selection import known

    if task:
        known("task", task, tasks.names())
    stage = Stages(matrix)
    broken = [entry for entry in matrix.models if isinstance(entry, Broken)]
    every = [variant for variant in listed(matrix, stage) if not task or task in variant.tasks]
    variants = [variant for variant in every if variant.runs or not here]
    if as_json:
        told = {
            "models": [_told(variant) for variant in variants],
            "broken": {entry.name: entry.error for entry in broken},
        }
        common.put_json(told)
    else:
        _print(matrix, variants, [] if here or task else broken, task)
    for problem in stage.problems:
        common.say(f"damaged: {problem}", err=True)


def listed(matrix: Matrix, stage: Stages) -> Iterator[Listed]:
    """Each variant, with what it needs that is not here."""
    from modellab.plan.availability import obstacle

    for (model, variant), group in groupby(
        matrix.instances(), key=lambda instance: (instance.key.model, instance.key.variant)
    ):
        instances = list(group)
        first = instances[0]
        obstacles = [(instance.key, *obstacle(instance)) for instance in instances]
        places = tuple(Place(key.device, key.precision, not why, why, mend) for key, why, mend in obstacles)
        facts = (first.variant.tier, first.variant.domain, tuple(first.variant.languages))
        yield Listed(model, variant, tuple(first.model.tasks), stage.of(first), *facts, places)


class Stages:
    """The present stage of variants; of a model whose records are damaged that of its config.yaml, with a ?."""

    def __init__(self, matrix: Matrix) -> None:
        self.root, self.problems = matrix.project.baselines, dict[str, None]()

    def of(self, instance: ModelInstance) -> str:
        """One word, with a ? where it is in doubt, or what it rests on where no record here shows it."""
        from modellab.lifecycle import stages

        key, start = instance.key, instance.model.status
        try:
            return stages.standing(self.root, key.model, key.variant, start).shown
        except ConfigError as error:
            self.problems[str(error)] = None
            return f"{start}?"


def _told(variant: Listed) -> dict[str, Any]:
    """What a program reads of a variant."""
    stage, _, doubt = variant.stage.partition(" ")
    facts = {"stage": stage.removesuffix("?"), "on_record": not doubt and not stage.endswith("?"), "runs": variant.runs}
    return {"name": variant.name, **dataclasses.asdict(variant), **facts}


def _print(matrix: Matrix, variants: Sequence[Listed], broken: Iterable[Broken], task: str) -> None:
    from rich.text import Text

    rows: list[list[str | Text]] = [
        [entry.name, "", "", "", "", Text(f"broken: {entry.error}", "red")] for entry in broken
    ]
    mends: dict[str, None] = {}
    for variant in variants:
        pairs = "; ".join(f"{device} {' '.join(names)}" for device, names in _pairs(variant.places))
        here = Text(" ".join(variant.runs), "green") if variant.runs else Text(variant.places[0].why, "dim")
        if not variant.runs:
            mends[variant.places[0].mend.replace(variant.name, "MODEL:VARIANT")] = None
        rows.append([variant.name, " ".join(variant.tasks), variant.stage, variant.tier, pairs, here])
    if not rows:
        wanted = f"no model does {task} here: `modellab models list --task {task}` shows what each one needs"
        none = f"no models: expected model folders beside modellab's own in {matrix.project.root}"
        raise ConfigError(wanted if task else none)
    common.print_table(COLUMNS, rows)
    for mend in mends:
        if mend:
            common.say(f"to run more: {mend}")


def _pairs(places: Sequence[Place]) -> Iterator[tuple[str, list[str]]]:
    for device, group in groupby(places, key=lambda place: place.device):
        yield device, [place.precision for place in group]
