"""`modellab doctor`: what this machine can run, what is missing, and the command that mends it."""

from __future__ import annotations

import dataclasses
import json
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common

if TYPE_CHECKING:
    from modellab.doctor import Check


def doctor(as_json: Annotated[bool, typer.Option("--json", help="The checks as one JSON object.")] = False) -> None:
    """Say what this machine can run and what is missing.

    Exit status 0 if the embedded default can run, else 1.
    """
    from modellab.doctor import can_run_default, examine

    checks = examine(common.project_or_here())
    able = can_run_default(checks)
    if as_json:
        typer.echo(json.dumps({"ready": able, "checks": [dataclasses.asdict(check) for check in checks]}, indent=1))
    else:
        _print(checks)
        verdict = (
            "ready: `modellab run --tier smoke` runs the embedded models" if able else "the default cannot run here"
        )
        typer.secho(f"\n{verdict}", fg="green" if able else "red", bold=True)
    if not able:
        raise typer.Exit(1)


def _print(checks: list[Check]) -> None:
    colours = {"ok": "green", "absent": "yellow", "bad": "red"}
    for area, group in groupby(checks, key=lambda check: check.area):
        typer.secho(f"\n{area}", bold=True)
        for check in group:
            state = typer.style(f"{check.state:6}", fg=colours[check.state])
            typer.echo(f"  {state}  {check.name}: {check.found}")
            if check.mend:
                typer.echo(f"          -> {check.mend}")
