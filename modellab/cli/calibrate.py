"""`modellab calibrate`: how much the accepted cases vary on this machine, written beside them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, options
from modellab.cli.run import pytest_command
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import Selection
    from modellab.plan.settings import Project
    from modellab.runner.calibration import CalibrationCase

COLUMNS = (
    "case",
    "sessions",
    "clock",
    "sd",
    "sd rtf",
    "sees slowdown",
    "sd peak",
    "sees growth",
    "changed",
    "may fail",
)
FAILED = 1
INTERRUPTED = 2
NOTHING_MEASURED = 3


def calibrate(
    model: options.ModelNames = None,
    dataset: options.DatasetNames = None,
    device: options.DeviceNames = None,
    precision: options.PrecisionNames = None,
    tier: options.TierName = "smoke",
    sessions: Annotated[
        int, typer.Option(min=1, max=20, metavar="N", help="A/A sessions of each case, each in a fresh process.")
    ] = 10,
    utterances: Annotated[
        int, typer.Option(min=5, metavar="N", help="At most so many utterances a session, evenly spread.")
    ] = 40,
    threads: Annotated[int, typer.Option(min=0, metavar="N", help="Threads each model may use; 0: the project's.")] = 0,
    speed_only: Annotated[
        bool, typer.Option("--speed-only", help="Leave the files of accepted quality alone.")
    ] = False,
    update_baselines: Annotated[
        bool, typer.Option("--update-baselines", help="First accept speed and memory here; with --speed-only.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for --update-baselines: stored in them.")] = "",
) -> None:
    """Measure how much the accepted cases vary on this machine.

    Runs each chosen case several times without any change and writes the spread into its baselines. Only then may its
    speed fail a test. Ctrl-C keeps the sessions that are finished. Exit status 1 if a case failed.
    """
    _check(speed_only=speed_only, update_baselines=update_baselines, reason=reason)
    from modellab.runner import calibration
    from modellab.runner.pool import Pool
    from modellab.runner.worker import Worker

    project = common.project()
    matrix, selection = common.matrix(project), options.chosen(model, dataset, device, precision, tier)
    options.check(matrix, selection)
    threads = threads or project.threads
    if update_baselines:
        _accept_speed(matrix, selection, threads, reason)
    ready, refused = calibration.prepare(project, selection.cases(matrix), threads, utterances, speed_only=speed_only)
    _tell_refused(refused, nothing=not ready)
    interrupted = False
    try:
        say, pause_s = partial(common.say, err=True), calibration.PAUSE_S
        calibration.run(project, ready, Pool(Worker, threads), sessions, say, pause_s=pause_s)
    except KeyboardInterrupt:
        interrupted = True
        common.say("interrupted: the sessions that were finished are kept", err=True)
    _report(project, ready)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    _exit(ready)


def _exit(calibrated_cases: Sequence[CalibrationCase]) -> None:
    """The status of what was not measured, or of a case that failed."""
    if not any(calibrated.kept for calibrated in calibrated_cases):
        raise typer.Exit(NOTHING_MEASURED)
    if any(calibrated.failed for calibrated in calibrated_cases):
        raise typer.Exit(FAILED)


def _check(*, speed_only: bool, update_baselines: bool, reason: str) -> None:
    if update_baselines and not (speed_only and reason.strip()):
        raise ConfigError(
            "calibrate --update-baselines accepts speed and memory alone: give it --speed-only and --reason '...'"
        )


def _accept_speed(matrix: Matrix, selection: Selection, threads: int, reason: str) -> None:
    """`modellab run --update-baselines --speed-only` on the chosen cases; its exit status where it is not 0."""
    command = pytest_command(
        matrix, selection, ["--update-baselines", "--speed-only", f"--reason={reason}", f"--threads={threads}"]
    )
    if status := subprocess.run(command, check=False).returncode:
        common.say("not calibrated: the run that accepts speed and memory did not pass", err=True)
        raise typer.Exit(status)


def _tell_refused(refused: Sequence[tuple[str, str]], *, nothing: bool) -> None:
    """Each reason once, with the cases that it keeps out; ConfigError where it keeps out all."""
    if nothing:
        # what can be done here is first
        told = sorted(refused, key=lambda refusal: "--update-baselines" not in refusal[1])
        raise ConfigError("nothing to calibrate: " + (": ".join(told[0]) if told else "no case was chosen"))
    reasons = dict.fromkeys(reason for _, reason in refused)
    for reason in reasons:
        names = [name for name, why in refused if why == reason]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        common.say(f"not calibrated: {names[0]}{more}: {reason}", err=True)


def _report(project: Project, calibrated_cases: Sequence[CalibrationCase]) -> None:
    """What every case can see now, with all sessions that it has."""
    rows: list[list[str]] = []
    notes: list[str] = []
    for calibrated in calibrated_cases:
        row_texts, note = _row(project, calibrated)
        rows.append(row_texts)
        thrown = (
            f"{calibrated.thrown} sessions were thrown away" if calibrated.thrown and not calibrated.trouble else ""
        )
        notes += [f"note: {calibrated.case.key}: {remark}" for remark in (calibrated.trouble, thrown, note) if remark]
    common.print_table(COLUMNS, rows)
    for line in notes:
        common.say(line)


def _row(project: Project, calibrated: CalibrationCase) -> tuple[list[str], str]:
    """A case's line of the table, and what a person should know beside it."""
    from modellab import units
    from modellab.gate import memory, power_speed
    from modellab.plan import thresholds
    from modellab.results import baselines

    key = calibrated.case.key
    rules = thresholds.rules(calibrated.task, calibrated.case, project)
    resources = baselines.load_resources(project.baselines, key, calibrated.machine) or calibrated.resources
    clocks = {detectable.metric: detectable for detectable in power_speed.clocks(resources, key.device, rules)}
    first, wall = clocks[power_speed.decisive(resources, key.device)], clocks["rtf"]
    peak = power_speed.peaks(resources, key.device, rules)[0]
    reason, away = first.hindrance(rules[first.metric]), first.offset(rules[first.metric])
    notes = [f"its sessions lie {away:+.0%} from the accepted times: accept it again on the machine as it is now"]
    notes = notes if away else []
    if memory.apart(accepted := resources.readings[peak.metric], peak.noise, peak.limit):
        apart = units.change(peak.noise.mean - accepted, "bytes")
        notes.append(f"its sessions' peaks lie {apart} from the accepted one: accept its memory again")
    row_texts = [
        str(key),
        str(len(resources.sessions)),
        first.metric,
        *(units.relative(s.noise.sd).lstrip("+") if s.noise.calibrated else units.MISSING for s in (first, wall)),
        units.relative(first.smallest),
        units.value(peak.noise.sd, "bytes") if peak.noise.calibrated else units.MISSING,
        units.change(peak.smallest, "bytes"),
        units.value(calibrated.churn, "ratio"),
        f"no: {reason}" if reason else "yes",
    ]
    return row_texts, "; ".join(notes)
