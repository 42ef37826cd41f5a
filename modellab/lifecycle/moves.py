"""Moves from stage to stage: what each lacks, what it rests on, and its record.

| to | asks for |
|---|---|
| candidate, from experimental | the criteria of candidate |
| production, from candidate | the criteria of production |
| candidate from production, experimental, deprecated | nothing: going down is always allowed |

A deprecated variant goes to experimental first. What is at a stage by its config.yaml alone can be promoted to that
stage, which puts the evidence into a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import ConfigError, did_you_mean
from modellab.lifecycle import evidence, stages
from modellab.lifecycle.criteria import PYPROJECT, WITH_CRITERIA, Required, criteria_of, required_cases
from modellab.lifecycle.evidence import Missing, Shown
from modellab.lifecycle.stages import Evidence, Record, Standing
from modellab.models import Model
from modellab.plan.matrix import Broken, Matrix
from modellab.results.entry import Entry
from modellab.schema import Stage

STEPS = ("experimental", "candidate", "production")


@dataclass(frozen=True, slots=True)
class Move:
    """A variant on its way to a stage, with what it lacks and what it rests on."""

    standing: Standing
    to: Stage
    missing: tuple[Missing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    silent: tuple[str, ...] = ()  # its tasks for which no dataset counts
    rollback: bool = False

    def record(self, by: str, because: str, commit: str, when: str) -> Record:
        """What is kept of it."""
        return Record(
            stage=self.to,
            when=when,
            by=by,
            because=" ".join(because.split()),
            commit=commit,
            rollback=self.rollback,
            evidence=self.evidence,
        )


def find(matrix: Matrix, folder: Path, model: Model, variant: str) -> list[Standing]:
    """Where a variant stands, or, with '', each variant of the model."""
    records = stages.read(matrix.project.baselines, folder.name)
    chosen = [variant] if variant else list(model.variants)
    return [Standing(folder.name, name, model.status, records.get(name, ())) for name in chosen]


def promote(
    matrix: Matrix,
    place: tuple[Path, Model],
    standing: Standing,
    to: Stage,
    entries: Sequence[Entry],
    mlflow_runs: Mapping[str, str],
) -> Move:
    """The plan of a move to a stage; with nothing missing it may be made."""
    criteria = criteria_of(matrix, to)
    required = required_cases(matrix, *place, standing.variant, criteria)
    shown_cases = [evidence.shown(matrix.project, case, entries) for case in required.cases]
    lacks = list(_order(standing, to))
    if _rises(standing, to):
        lacks += _time(standing, shown_cases, criteria.days)
        lacks += _nothing(standing, required)
        lacks += [lack for shown_case in shown_cases for lack in evidence.missing(shown_case, criteria)]
    rests = tuple(
        number for shown_case in shown_cases for number in evidence.evidence(shown_case, criteria, mlflow_runs)
    )
    return Move(standing, to, tuple(lacks), rests, required.silent)


def rollback(standing: Standing) -> Move:
    """The plan of going back to the stage before; ConfigError where there is none."""
    if standing.before is None:
        raise ConfigError(f"{standing} is {standing.stage} as config.yaml says: no move of it can be taken back")
    return Move(standing, standing.before, rollback=True)


def apply(root: Path, moves: Sequence[Move], by: str, because: str, commit: str, expected: str = "") -> Path:
    """Write the records of one model's moves, all or none; the file. ChangedError as of `stages.append`."""
    return stages.append(root, moves[0].standing.model, _records(moves, by, because, commit), expected)


def drafted(root: Path, moves: Sequence[Move], by: str, because: str, commit: str) -> str:
    """What the file of one model's records would hold after `apply`, which is not done."""
    model = moves[0].standing.model
    return stages.text(model, stages.added(root, model, _records(moves, by, because, commit)))


def _records(moves: Sequence[Move], by: str, because: str, commit: str) -> dict[str, Record]:
    when = stages.now()
    return {move.standing.variant: move.record(by, because, commit, when) for move in moves}


def is_at(standing: Standing, to: Stage) -> bool:
    """Whether there is nothing to do: it is at the stage, and a record says so."""
    return standing.stage == to and (standing.last is not None or to not in WITH_CRITERIA)


def _rises(standing: Standing, to: Stage) -> bool:
    now = standing.stage
    return to in WITH_CRITERIA and (now not in STEPS or STEPS.index(to) >= STEPS.index(now))


def _order(standing: Standing, to: Stage) -> Iterable[Missing]:
    """What of the way lies still before it."""
    if standing.stage == "deprecated" and to in WITH_CRITERIA:
        yield Missing(f"{standing} is deprecated", f"modellab promote {standing} experimental --because TEXT")
    elif standing.stage == "experimental" and to == "production":
        what = f"{standing} is experimental, and production comes after candidate"
        yield Missing(what, f"modellab promote {standing} candidate --because TEXT")


def _time(standing: Standing, shown_cases: Sequence[Shown], asked: float) -> Iterable[Missing]:
    """The days that are still to wait; where no record tells since when, its first fitting result does."""
    if asked <= 0:
        return
    first = min((entry.finished_at for shown_case in shown_cases for entry in shown_case.fitting), default="")
    since = standing.last.when if standing.last else f"{first[:19]}Z" if first else stages.now()
    if (there := stages.days(since, stages.now())) < asked:
        yield Missing(
            f"{standing} is {standing.stage} for {there:.1f} days, {asked:g} are asked for",
            f"wait, or set days in {PYPROJECT}",
        )


def _nothing(standing: Standing, required: Required) -> Iterable[Missing]:
    if not required.cases:
        yield Missing(
            f"no dataset that counts meets {standing} on the devices that count",
            f"name one for its tasks ({', '.join(required.silent) or 'none'}) under datasets in {PYPROJECT}",
        )


def damaged_records(matrix: Matrix) -> list[str]:
    """A sentence for each file that is damaged and each record of an unknown model or variant.

    What was deprecated may be gone.
    """
    sentences: list[str] = []
    known = {entry[0].name: entry[1] for entry in matrix.models if not isinstance(entry, Broken)}
    for path in stages.files(matrix.project.baselines):
        try:
            records = stages.read(matrix.project.baselines, path.stem)
        except ConfigError as error:
            sentences.append(str(error))
            continue
        if path.stem in matrix.model_names() and path.stem not in known:
            continue  # broken: its own case says so
        variants = known[path.stem].variants if path.stem in known else {}
        for name in sorted(records.keys() - variants.keys()):
            if records[name] and records[name][-1].stage != "deprecated":
                what = f"the variant {name!r}" if path.stem in known else f"the model {path.stem!r}"
                there = did_you_mean(name, variants) if path.stem in known else did_you_mean(path.stem, known)
                sentences.append(
                    f"{path}: there is no {what.removeprefix('the ')}: {there}; what is gone is deprecated first"
                )
    return list(dict.fromkeys(sentences))
