"""`modellab promote`, `rollback`, `lifecycle`: the stage of each model variant, who moved it, and on what evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, options
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.lifecycle.moves import Move
    from modellab.lifecycle.stages import Evidence, Standing
    from modellab.models import Model
    from modellab.plan.matrix import Matrix
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry

Name = Annotated[str, typer.Argument(metavar="MODEL[:VARIANT]", help="Without a variant: every one of the model.")]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; kept in the record.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who; git's user.name if not given.")]
NoMlflow = Annotated[bool, typer.Option("--no-mlflow", help="Leave MLflow's registry to the next `modellab sync`.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and show, write nothing.")]


def promote(
    name: Name,
    stage: Annotated[str, typer.Argument(metavar="candidate|production|experimental|deprecated")],
    because: Because,
    by: By = "",
    dry_run: DryRun = False,
    no_mlflow: NoMlflow = False,
) -> None:
    """Move a model variant to a stage, if it meets the criteria of pyproject.toml.

    Refused, with exit status 1 and a list of what is missing, if it does not. All variants move, or none.
    """
    from modellab.lifecycle import criteria, moves
    from modellab.lifecycle.stages import STAGES
    from modellab.plan.selection import find_model, known

    project = common.project()
    matrix = common.matrix(project)
    known("stage", stage, STAGES)
    to = next(known_stage for known_stage in STAGES if known_stage == stage)
    folder, model, variant = find_model(matrix, name)
    criteria.check(matrix)
    version = _version(project, folder)
    standings = [standing for standing in moves.find(matrix, folder, model, variant) if not moves.is_at(standing, to)]
    if not standings:
        raise ConfigError(_already(moves.find(matrix, folder, model, variant)))
    entries, runs = _entries(project), _mlflow_runs(project)
    plan = [moves.promote(matrix, (folder, model), standing, to, entries, runs) for standing in standings]
    _make(project, plan, because, by, version, dry_run=dry_run, mlflow=not no_mlflow)


def rollback(name: Name, because: Because, by: By = "", dry_run: DryRun = False, no_mlflow: NoMlflow = False) -> None:
    """Take a model variant's last move back: it returns to the stage before."""
    from modellab.lifecycle import moves
    from modellab.plan.selection import find_model

    project = common.project()
    matrix = common.matrix(project)
    folder, model, variant = find_model(matrix, name)
    version = _version(project, folder)
    standings = moves.find(matrix, folder, model, variant)
    moved = [standing for standing in standings if standing.before is not None]
    plan = [moves.rollback(standing) for standing in moved or standings[:1]]  # of none, the first says why
    _make(project, plan, because, by, version, dry_run=dry_run, mlflow=not no_mlflow)


def lifecycle(
    name: Annotated[str, typer.Argument(metavar="[MODEL[:VARIANT]]", help="With its history and evidence.")] = "",
    as_json: options.AsJson = False,
) -> None:
    """List the stage of every model; of one model its history: who, when, why, on what evidence."""
    from modellab.lifecycle import moves
    from modellab.plan.matrix import Broken
    from modellab.plan.selection import find_model

    project = common.project()
    matrix = common.matrix(project)
    if as_json:
        common.put_json(_told(matrix, name))
        return
    if name:
        folder, model, variant = find_model(matrix, name)
        for standing in moves.find(matrix, folder, model, variant):
            _tell(standing)
        return
    rows: list[list[str]] = []
    for entry in matrix.models:
        if not isinstance(entry, Broken):
            rows += _rows(_standings(matrix, *entry))
    common.print_table(["model", "stage", "since", "by", "because"], rows)
    for fault in moves.damaged_records(matrix):
        common.say(f"damaged: {fault}", err=True)


# ---------------------------------------------------------------------------- moving


def _version(project: Project, folder: Path) -> str:
    """Of the records of a model, so that a move is made of those that it was planned with."""
    from modellab.lifecycle import stages

    return stages.version(project.baselines, folder.name)


def _make(
    project: Project, plan: list[Move], because: str, by: str, version: str, *, dry_run: bool, mlflow: bool
) -> None:
    """Show the plan, refuse it or carry it out."""
    from modellab.lifecycle import moves
    from modellab.system import machine

    if not because.strip():
        raise ConfigError("--because is empty, expected why: it is kept in the record")
    who = by.strip() or machine.author(project.root)
    if not who:
        raise ConfigError("nobody is named: git has no user.name here, say who decides with --by NAME")
    for move in plan:
        _show(move)
    if any(move.missing for move in plan):
        raise typer.Exit(1)
    if dry_run:
        common.say("dry run: nothing was written")
        return
    commit = machine.commit(project.root)
    path = moves.apply(project.baselines, plan, who, because, commit.hash + "+" * commit.dirty, version)
    shown = path.relative_to(project.root) if path.is_relative_to(project.root) else path
    common.say(f"{shown} written: review it and commit it")
    common.say(
        _mirrored(project) if mlflow else "MLflow's registry was left alone: `modellab sync` brings it up to date"
    )


def _show(move: Move) -> None:
    standing, verb = move.standing, "goes back" if move.rollback else "goes"
    if move.missing:
        count = f"{len(move.missing)} {'criterion is' if len(move.missing) == 1 else 'criteria are'} not met"
        common.say(f"refused: {standing} stays {standing.stage}, for {move.to} {count}", fg="red", bold=True)
        for missing in move.missing:
            common.say(f"  missing  {missing.what}\n           {missing.mend}")
        return
    way = f"{verb} from {standing.stage} to {move.to}" if standing.stage != move.to else f"stays {move.to}, on record"
    common.say(f"{standing} {way}", bold=True)
    _tell_evidence(move.evidence, standing)
    if move.silent and move.evidence:
        common.say(f"  nothing is shown of {', '.join(move.silent)}: no dataset that counts meets it there")


def _already(standings: list[Standing]) -> str:
    first = standings[0]
    since = f", since {first.last.when} by {first.last.by}: {first.last.because}" if first.last else ", by config.yaml"
    more = f" (and {len(standings) - 1} other variants)" if len(standings) > 1 else ""
    return f"{first}{more} is {first.stage} already{since}; nothing was written"


def _entries(project: Project) -> list[Entry]:
    from modellab.results import ledger

    entries, warnings = ledger.read(project.mlruns)
    for warning in warnings:
        common.say(f"warning: {warning}", err=True)
    return entries


def _mlflow_runs(project: Project) -> Mapping[str, str]:
    from modellab.tracking import registry

    return registry.run_ids(project.mlruns)


def _mirrored(project: Project) -> str:
    from modellab.tracking import registry

    return registry.say(project.mlruns, project.baselines, project.root)


# ---------------------------------------------------------------------------- showing


def _told(matrix: Matrix, name: str) -> dict[str, Any]:
    """What a program reads: each variant's stage and moves, as `/api/v1/candidates` names them; damaged records."""
    from modellab.lifecycle import moves
    from modellab.plan.matrix import Broken
    from modellab.plan.selection import find_model

    if name:
        standings = moves.find(matrix, *find_model(matrix, name))
    else:
        sound = [entry for entry in matrix.models if not isinstance(entry, Broken)]
        standings = [standing for entry in sound for standing in _standings(matrix, *entry)]
    return {
        "variants": [
            {
                "id": str(standing),
                "model": standing.model,
                "variant": standing.variant,
                "stage": standing.stage,
                "has_record": bool(standing.records),
                "since": standing.last.when if standing.last else None,
                "by": standing.last.by if standing.last else None,
                "because": standing.last.because if standing.last else None,
                "history": [record.model_dump(mode="json") for record in standing.records],
            }
            for standing in standings
        ],
        "damaged": [str(fault) for fault in moves.damaged_records(matrix)],
    }


def _standings(matrix: Matrix, folder: Path, model: Model) -> list[Standing]:
    """Nothing of a model whose records are damaged; that is told below the table."""
    from modellab.lifecycle import moves

    try:
        return moves.find(matrix, folder, model, "")
    except ConfigError:
        return []


def _rows(standings: list[Standing]) -> list[list[str]]:
    """A row for each variant that was moved, one for all others of the model."""
    rest = [standing for standing in standings if not standing.records]
    rows = [_row(str(standing), standing) for standing in standings if standing.records]
    if rest:
        name = (
            str(rest[0]) if len(rest) == 1 else f"{rest[0].model}: {'the other ' if rows else ''}{len(rest)} variants"
        )
        rows.append(_row(name, rest[0]))
    return rows


def _row(name: str, standing: Standing) -> list[str]:
    last = standing.last
    since, by, why = (last.when[:10], last.by, last.because) if last else ("", "", "as its config.yaml says")
    return [name, standing.shown, since, by, why]


def _tell(standing: Standing) -> None:
    common.say(f"{standing}: {standing.shown}", bold=True)
    common.say(f"  {'':20}  {standing.start}, as its config.yaml says")
    for record in standing.records:
        back = "back to " if record.rollback else ""
        commit = f" at {record.commit[:7]}{'+' * record.commit.endswith('+')}" if record.commit else ""
        common.say(f"  {record.when}  {back}{record.stage}, by {record.by}{commit}: {record.because}")
        _tell_evidence(record.evidence, standing)


def _tell_evidence(evidence: Iterable[Evidence], standing: Standing) -> None:
    from modellab.lifecycle import evidence_table

    evidence = list(evidence)
    for line in evidence_table.table(evidence, str(standing)).splitlines():
        common.say(f"    {line}")
    if runs := dict.fromkeys(case_evidence.mlflow_run for case_evidence in evidence if case_evidence.mlflow_run):
        common.say(
            f"    in MLflow, after the address that `modellab ui` gives: {' '.join(f'#/runs/{run}' for run in runs)}"
        )
