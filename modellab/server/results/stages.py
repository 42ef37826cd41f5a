"""What a reader's process says of the lifecycle: the candidates and what each lacks, one variant, and its moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.errors import ChangedError, ConfigError
from modellab.lifecycle import criteria, moves, stages
from modellab.lifecycle.moves import Move
from modellab.lifecycle.stages import STAGES, Standing, version
from modellab.models import Model
from modellab.plan.matrix import Broken, Matrix
from modellab.plan.selection import find_model
from modellab.server.errors import ApiError
from modellab.server.results import difference, every
from modellab.server.results.tables import ENTRIES
from modellab.server.results.whole import opened, project
from modellab.system import machine
from modellab.tracking import registry

Json = dict[str, Any]
Order = Mapping[str, Any]
NEXT = {"experimental": "candidate", "candidate": "production", "production": "production"}
NOBODY = "modellab serve"  # who moved it, where neither a token nor git names anybody


def candidates(root: Path, order: Order) -> Json:
    """Every variant that has results or was moved, with what it lacks for the next stage.

    Of one in production that is what it lacks to stay there.
    """
    matrix = Matrix(project(root))
    criteria.check(matrix)
    rows: list[Json] = []
    faults = moves.damaged_records(matrix)
    with opened(order["url"]) as engine:
        measured = _measured(engine, order["owner"])
        for folder, model in _models(matrix, order.get("model", "")):
            try:
                standings = moves.find(matrix, folder, model, "")
            except ConfigError:  # its file is damaged, which `faults` say
                continue
            known = [
                standing for standing in standings if standing.records or (standing.model, standing.variant) in measured
            ]
            rows += [_row(engine, matrix, (folder, model), standing, order["owner"]) for standing in known]
    return {"candidates": rows, "warnings": [text.replace(f"{root}/", "") for text in faults]}


def _models(matrix: Matrix, name: str) -> Iterator[tuple[Path, Model]]:
    if name:
        folder, model, _ = _find_variant(matrix, name)
        yield folder, model
        return
    yield from (entry for entry in matrix.models if not isinstance(entry, Broken))


def _measured(engine: sa.Engine, owner: str) -> set[tuple[str, str]]:
    asked = sa.select(ENTRIES.c.model, ENTRIES.c.variant).where(ENTRIES.c.project == owner).distinct()
    with engine.connect() as connection:
        return {(row.model, row.variant) for row in connection.execute(asked)}


def _row(engine: sa.Engine, matrix: Matrix, place: tuple[Path, Model], standing: Standing, owner: str) -> Json:
    """A variant with what it lacks."""
    to = NEXT.get(standing.stage)
    move = _plan(engine, matrix, place, standing, to, owner) if to else None
    return {**_standing(standing), "next": to, **(_move(move) if move else {"missing": [], "evidence": []})}


def one(root: Path, order: Order) -> Json:
    """A variant's stage, what it lacks for the next and on what evidence, its history, its model's version."""
    matrix = Matrix(project(root))
    criteria.check(matrix)
    folder, model, variant = _find_variant(matrix, f"{order['model']}:{order['variant']}")
    (standing,) = moves.find(matrix, folder, model, variant)
    history = [record.model_dump(mode="json") for record in standing.records]
    with opened(order["url"]) as engine:
        now = _row(engine, matrix, (folder, model), standing, order["owner"])
    about = {"before": standing.before, "version": version(matrix.project.baselines, folder.name)}
    return {**now, "history": history, **about}


def move(root: Path, order: Order) -> Json:
    """Move a variant to a stage, or back, if it lacks nothing, and if its records are of the version that is expected.

    A dry run moves nothing; both say in `files` what changes in the file of its records.
    """
    matrix = Matrix(project(root))
    folder, model, variant = _find_variant(matrix, f"{order['model']}:{order['variant']}")
    criteria.check(matrix)
    baselines = matrix.project.baselines
    before = version(baselines, folder.name)
    if order["expected"] not in ("", before):
        raise _changed(folder.name, before)
    (standing,) = moves.find(matrix, folder, model, variant)
    plan = _planned(matrix, (folder, model), standing, order)
    made = {**_standing(standing), "to": plan.to, **_move(plan), "version": before, "moved": False, "files": []}
    if plan.missing:
        return made
    commit = machine.commit(root)
    signature = (order["by"] or machine.author(root) or NOBODY, order["because"], commit.hash + "+" * commit.dirty)
    path = stages.file(baselines, folder.name)
    made["files"] = [difference.of(root, path, moves.drafted(baselines, [plan], *signature))]
    if order["dry_run"]:
        return made
    try:
        moves.apply(baselines, [plan], *signature, before)
    except ChangedError:
        raise _changed(folder.name, version(baselines, folder.name)) from None
    return {**made, "stage": plan.to, "moved": True, "version": version(baselines, folder.name)}


def _planned(matrix: Matrix, place: tuple[Path, Model], standing: Standing, order: Order) -> Move:
    """The move that is asked for; ApiError where there is no such stage, and where there is nothing to do."""
    if bool(order["to"]) is order["rollback"]:
        raise ApiError(400, "invalid_value", "expected `to`, a stage, or `rollback`: true, and not both", "to")
    if order["rollback"]:
        if standing.before is None:
            message = f"{standing} is {standing.stage} as config.yaml says: no move of it can be taken back"
            raise ApiError(409, "nothing_to_take_back", message, "rollback")
        return moves.rollback(standing)
    to = next((stage for stage in STAGES if stage == order["to"]), None)
    if to is None:
        raise ApiError(400, "invalid_value", f"`to` is {order['to'][:60]!r}, expected one of {', '.join(STAGES)}", "to")
    if moves.is_at(standing, to):
        raise ApiError(409, "already_there", f"{standing} is {to} already", "to")
    with opened(order["url"]) as engine:
        return _plan(engine, matrix, place, standing, to, order["owner"])


def _changed(model: str, now: str) -> ApiError:
    message = f"the records of {model} have changed since you looked, they are of version {now} now: look again"
    return ApiError(412, "changed", message, headers={"ETag": f'"{now}"'})


def _find_variant(matrix: Matrix, name: str) -> tuple[Path, Model, str]:
    """The model and the variant of a name; ApiError 404 with the closest ones."""
    try:
        return find_model(matrix, name)
    except ConfigError as error:
        raise ApiError(404, "model_not_found", str(error).splitlines()[0], "model") from None


def _plan(
    engine: sa.Engine, matrix: Matrix, place: tuple[Path, Model], standing: Standing, to: Any, owner: str
) -> Move:
    entries = every.of(engine, matrix.project, owner, model=standing.model, variant=standing.variant)
    return moves.promote(matrix, place, standing, to, entries, registry.run_ids(matrix.project.mlruns))


def _standing(standing: Standing) -> Json:
    last = standing.last
    return {
        "object": "candidate",
        "id": str(standing),
        "model": standing.model,
        "variant": standing.variant,
        "stage": standing.stage,
        "since": last.when if last else None,
        "by": last.by if last else None,
        "because": last.because if last else "as its config.yaml says",
    }


def _move(plan: Move) -> Json:
    return {
        "missing": [{"what": criterion.what, "mend": criterion.mend} for criterion in plan.missing],
        "evidence": [evidence.model_dump(mode="json") for evidence in plan.evidence],
        "silent": list(plan.silent),
    }
