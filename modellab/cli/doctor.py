"""`modellab doctor`: what this machine can run, what is missing, and the command that mends it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import TrackingError

if TYPE_CHECKING:
    from modellab.doctor import Check
    from modellab.plan.settings import Project
    from modellab.runner.selftest.checks import Check as Measured

UNDECIDED = 3  # the exit status of a measurement that was not possible, as in the suite


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The checks as one JSON object.")] = False,
    selftest: Annotated[
        bool, typer.Option("--selftest", help="Hold the meters to work of known cost instead (about 15 s).")
    ] = False,
) -> None:
    """Say what this machine can run and what is missing.

    Exit status 0 if the embedded default can run, else 1. With --selftest 0 if every meter is right, 1 if one is
    wrong, 3 if the machine was too busy to tell.
    """
    if selftest:
        _selftest(as_json)
        return
    from modellab.doctor import can_run_default, examine

    examined = examine(common.project_or_here(), _tracking)
    checks = list(examined) if as_json else _printed(examined)
    able = can_run_default(checks)
    if as_json:
        common.put_json({"ready": able, "checks": [dataclasses.asdict(check) for check in checks]})
    else:
        verdict = (
            "ready: `modellab run --tier smoke` runs the embedded models" if able else "the default cannot run here"
        )
        common.say(f"\n{verdict}", fg="green" if able else "red", bold=True)
    if not able:
        raise typer.Exit(1)


def _tracking(project: Project) -> Iterator[Check]:
    """MLflow and the place that results go to."""
    from modellab.doctor import Check
    from modellab.system import extras
    from modellab.tracking import store

    if extras.missing("mlflow"):
        meant = store.given()
        finding = f", and MLFLOW_TRACKING_URI names {store.shown(meant)}: nothing is sent there" if meant else ""
        mend = f"{extras.install('mlflow')}, then modellab sync"
        finding = f"MLflow is not installed{finding or ': results stay in the ledger'}"
        yield Check("tracking", "MLflow", "bad" if meant else "absent", finding, mend)
        return
    uri = store.address(project.mlruns)
    try:
        store.check(uri)
    except TrackingError as error:
        if store.is_server(uri):
            mend = "start that server, or unset MLFLOW_TRACKING_URI; then modellab sync"
        else:
            mend = "modellab sync --rebuild"
        yield Check("tracking", "MLflow", "bad", str(error), mend)
        return
    finding = f"MLflow {version('mlflow-skinny')}, results go to {store.shown(uri)}"
    yield Check("tracking", "MLflow", "ok", finding)


def _printed(examined: Iterable[Check]) -> list[Check]:
    """The checks, each printed as it is made."""
    colours = {"ok": "green", "absent": "yellow", "bad": "red"}
    checks = []
    for area, group in groupby(examined, key=lambda check: check.area):
        common.say(f"\n{area}", bold=True)
        for check in group:
            checks.append(check)
            common.say(f"  {check.state:6}", nl=False, fg=colours[check.state])
            common.say(f"  {check.name}: {check.found}", column=8)
            if check.mend:
                common.say(f"          -> {check.mend}")
    return checks


def _selftest(as_json: bool) -> None:
    """Measure, tell, and inside a project keep the outcome: its results are marked with it."""
    from modellab.plan.settings import find_root
    from modellab.runner.selftest import measure, outcome
    from modellab.runner.selftest.checks import worst
    from modellab.system.machine import today

    project = common.project_or_here()
    checks = measure.examine(threads=project.threads, tell=lambda name: common.say(f"measuring {name} ...", err=True))
    state = worst(checks)
    kept = outcome.keep(project.mlruns, project.threads, checks, today()) if find_root(project.root) else None
    if as_json:
        common.put_json({"state": state, "checks": [dataclasses.asdict(check) for check in checks]})
    else:
        _print_selftest(checks)
        common.say("\n" + _verdict(checks), fg={"ok": "green", "failed": "red"}.get(state, "yellow"), bold=True)
        if kept:
            common.say(f"kept for the results of this machine: {kept}")
    if state != "ok":
        raise typer.Exit(1 if state == "failed" else UNDECIDED)


def _print_selftest(checks: list[Measured]) -> None:
    from modellab.runner.selftest.checks import shown

    common.print_table(
        ("work", "meter", "known", "measured", "off by", "allowed", "trials", "state"),
        (
            (
                check.name,
                check.meter,
                *(shown(amount, check.unit) for amount in (check.known, check.measured, check.off, check.tolerance)),
                str(check.trials),
                f"{check.state}{': ' if check.why else ''}{check.why}",
            )
            for check in checks
        ),
    )


def _verdict(checks: list[Measured]) -> str:
    from modellab.runner.selftest.checks import sentence

    if wrong := sentence(checks):
        return f"the meters are wrong on this machine: {wrong}"
    undecided = sum(check.state == "undecided" for check in checks)
    return f"too busy to tell: {undecided} of {len(checks)} checks" if undecided else f"all {len(checks)} checks passed"
