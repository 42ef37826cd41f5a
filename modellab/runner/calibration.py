"""A/A runs: the unchanged model measured again and again, each time in a fresh process, to learn how much it varies.

The cases take turns (session 1 of all, session 2 of all, ...), so that a slow drift of the machine is part of the
noise. Each session is written as soon as it is finished: its numbers beside the accepted speed and memory
(`gate/calibration_noise.py`), and for decoders that draw at random the sd of each quality metric beside the accepted
quality. Nothing is written to the ledger or to MLflow: a calibration is no result.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from modellab import datasets, tasks
from modellab.datasets import Dataset
from modellab.errors import sentence
from modellab.gate.calibration_noise import FEWEST_SESSIONS, session
from modellab.gate.power_speed import PAIR, pair_spread
from modellab.gate.quality import COMPARED
from modellab.gate.timing_validity import invalid
from modellab.plan.availability import why_not
from modellab.plan.matrix import Broken, Case
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.runner.evaluate import Loaded, evaluate
from modellab.runner.pool import Pool
from modellab.system import allocator
from modellab.system.machine import machine_class
from modellab.tasks import Task
from modellab.types import QualityBaseline, ResourceBaseline, Result
from modellab.types.readings import CLOCKS

RETRIES = 5  # sessions of a case that may be thrown away before it is given up
PAUSE_S = 15.0  # before the next try: a busy machine may be quiet then
CHURN = "churn"  # beside the metrics in Accepted.noise: the fraction of outputs that differ between two sessions

Say = Callable[[str], None]
Measure = Callable[[Task, Case, Dataset, Loaded, int, str], Result]  # `evaluate`


@dataclass(slots=True)
class CalibrationCase:
    """One case under calibration. `data` holds the utterances that are run, `total` counts those of the dataset."""

    case: Case
    task: Task
    data: Dataset
    total: int
    machine: str
    resources: ResourceBaseline
    accepted: QualityBaseline | None
    kept: int = 0
    thrown: int = 0
    trouble: str = ""  # why it was given up
    failed: bool = False  # because something was raised
    previous: Result | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)  # what each session remembers, by utterance
    values: list[dict[str, float]] = field(default_factory=list)  # of each session, of every judged quality metric

    @property
    def churn(self) -> float | None:
        """The fraction of outputs that differ between one session and the next; None with fewer than two."""
        pairs = list(zip(self.outputs, self.outputs[1:], strict=False))
        differing = [before[id] != after[id] for before, after in pairs for id in before.keys() & after.keys()]
        return statistics.fmean(differing) if differing else None

    def noise(self) -> dict[str, float]:
        """The sd of each metric's value over the whole dataset, and the churn; {} where nothing differs.

        Only some utterances ran, the others stood in with their accepted counts. Their noise is taken to be like that
        of those that ran, so the variance is scaled up by the number of utterances. A model with several seeds starts
        each session with the same ones: what its baseline knows of them stays, if it is more.
        """
        known = self.accepted.noise if self.accepted and self.case.model.seeds_for(self.case.key.variant) > 1 else {}
        if not self.churn or len(self.values) < FEWEST_SESSIONS:
            return dict(known)
        scale = (self.total / len(self.data.rows)) ** 0.5
        spreads = {name: scale * statistics.stdev(value[name] for value in self.values) for name in self.values[0]}
        return {CHURN: self.churn} | {name: max(sd, known.get(name, 0.0)) for name, sd in spreads.items()}


def prepare(
    project: Project, cases: Iterable[Case | Broken], threads: int, utterances: int, *, speed_only: bool = False
) -> tuple[list[CalibrationCase], list[tuple[str, str]]]:
    """The cases that can be calibrated here, and for each that cannot its name and a sentence.

    With `speed_only` the files of accepted quality stay as they are: the noise of random decoders is not kept.
    """
    calibrated_cases, refused = [], []
    for case in cases:
        try:
            prepared = case.error if isinstance(case, Broken) else _prepare(project, case, threads, utterances)
            if speed_only and isinstance(prepared, CalibrationCase):
                prepared.accepted = None
        except Exception as error:  # noqa: BLE001 - one case ends here: whatever was raised is told, the next is prepared
            prepared = sentence(error)
        if isinstance(prepared, CalibrationCase):
            calibrated_cases.append(prepared)
        else:
            refused.append((str(case.key if isinstance(case, Case) else case), prepared))
    return calibrated_cases, refused


def _prepare(project: Project, case: Case, threads: int, utterances: int) -> CalibrationCase | str:
    if reason := why_not(case):
        return reason
    machine = machine_class(threads, case.key.device)
    resources = baselines.load_resources(project.baselines, case.key, machine)
    if resources is None:
        chosen = f"--model {case.key.model}:{case.key.variant} --dataset {case.key.dataset}"
        only = " --speed-only" if baselines.quality_path(project.baselines, case.key).is_file() else ""
        return (
            f"no accepted speed on {machine} to calibrate:"
            f" make one with `modellab run {chosen} --update-baselines{only} --reason '...'`"
        )
    data = datasets.load(case.dataset)
    if (then := resources.header.get("dataset_digest")) != data.digest:
        return f"the dataset was {then} when its speed was accepted and is {data.digest} now: accept it again first"
    rows = data.rows
    chosen_rows = tuple(rows[i] for i in evenly(len(rows), utterances))
    accepted = baselines.load(project.baselines, case.key)
    task, some = tasks.get(case.key.task), replace(data, rows=chosen_rows)
    return CalibrationCase(case, task, some, len(rows), machine, resources, accepted)


def evenly(n: int, most: int) -> list[int]:
    """At most `most` of the indices 0 to n - 1, first and last among them, evenly spread.

    >>> evenly(9, 5), evenly(3, 40)
    ([0, 2, 4, 6, 8], [0, 1, 2])
    """
    return [round(i) for i in np.linspace(0, n - 1, min(n, most))]


def run(
    project: Project, calibrated_cases: list[CalibrationCase], pool: Pool, sessions: int, say: Say, *,
    measure: Measure = evaluate, pause_s: float = PAUSE_S,
) -> None:  # fmt: skip
    """So many sessions of each case, in turns; `say` gets a line about each. Keeps what is finished at any time.

    `measure` gives the result of a session; `pause_s` is waited where the machine is busy.
    """
    try:
        for number in range(1, sessions + 1):
            for calibrated in calibrated_cases:
                if not calibrated.trouble:
                    name = f"{calibrated.case.key} {number}/{sessions}"
                    _session(project, calibrated, pool, name, say, measure, pause_s)
    finally:
        pool.close()


def _session(
    project: Project, calibrated: CalibrationCase, pool: Pool, name: str, say: Say, measure: Measure, pause_s: float
) -> None:
    """One session that proves something, unless the machine stays busy; what goes wrong ends this case only."""
    try:
        while not calibrated.trouble:
            pool.close()  # the noise between processes is part of what is measured
            result = measure(
                calibrated.task, calibrated.case, calibrated.data, pool.get(calibrated.case), pool.threads, ""
            )
            calibrated.trouble = _other_model(result, calibrated.resources)
            if not calibrated.trouble:
                reason = invalid(result)
                if not reason:
                    say(f"{name}: {_keep(project, calibrated, result)}")
                    return
                say(f"{name}: thrown away, {reason}")
                calibrated.thrown += 1
                if calibrated.thrown > RETRIES:
                    calibrated.trouble = f"given up after {calibrated.thrown} unusable sessions"
                else:
                    pool.close()
                    time.sleep(pause_s)
    except Exception as error:  # noqa: BLE001 - one case ends here: whatever was raised is told, the next one runs
        calibrated.trouble, calibrated.failed = sentence(error), True
    say(f"{name}: {calibrated.trouble}")


def _other_model(result: Result, resources: ResourceBaseline) -> str:
    """Why this is no run of what was accepted: its sessions would hide what changed; '' if it is."""
    for name in ("weights", *COMPARED):
        if (then := resources.header.get(name)) not in {None, now := result.provenance.get(name)}:
            return f"{name.replace('_', ' ')} was {then} when its speed was accepted and is {now} now: accept it first"
    version = "reference_version"
    if result.key.device == "cpu" and result.readings.get(version) != resources.readings.get(version):
        return "its speed was accepted beside another version of the reference workload: accept it again first"
    then, now = (facts.get(allocator.KEY, "not recorded") for facts in (resources.header, result.provenance))
    if then != now:
        return f"its memory was accepted with the allocator set to {then} and it is {now} now: accept it again first"
    return ""


def _keep(project: Project, calibrated: CalibrationCase, result: Result) -> str:
    """Write a session; what it says, in a line."""
    numbers = session(result, calibrated.resources)
    if calibrated.previous:
        spreads = {clock: pair_spread(result, calibrated.previous, clock) for clock in CLOCKS if clock in numbers}
        numbers |= {PAIR + clock: spread for clock, spread in spreads.items() if spread is not None}
    baselines.add_sessions(project.baselines, calibrated.case.key, calibrated.machine, [numbers])
    calibrated.kept, calibrated.previous = calibrated.kept + 1, result
    remember = calibrated.task.remember
    calibrated.outputs.append(
        {utterance.id: None if utterance.error else remember(utterance.output) for utterance in result.utterances}
    )
    if calibrated.accepted and not any(calibrated.accepted.header.get(n) != result.provenance.get(n) for n in COMPARED):
        calibrated.values.append(_values(calibrated.task, calibrated.accepted, result))
        if len(calibrated.values) >= FEWEST_SESSIONS and (noise := calibrated.noise()) != calibrated.accepted.noise:
            baselines.set_noise(project.baselines, calibrated.case.key, noise)
    clocks = "  ".join(f"{name} {100 * np.expm1(numbers[name]):+.1f} %" for name in CLOCKS if name in numbers)
    return f"{clocks}  peak {numbers['peak_rss_bytes'] / 2**20:.1f} MiB".strip()


def _values(task: Task, accepted: QualityBaseline, result: Result) -> dict[str, float]:
    """The value of each judged quality metric with the session's counts in place of the accepted ones."""
    now = {utterance.id: utterance.counts for utterance in result.utterances}
    counts: Mapping[str, Mapping[str, Any]] = {**accepted.counts, **now}
    judged = [metric for metric in task.METRICS if metric.gated and metric.kind == "quality"]
    known = [metric for metric in judged if all(metric.name in of_utterance for of_utterance in counts.values())]
    return {
        metric.name: metric.value(of_utterance[metric.name] for of_utterance in counts.values()) for metric in known
    }
