"""What stands on the page: the meters' own test, cases at each precision, throughput by size of batch."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab import api, datasets, tasks
from modellab.errors import ModellabError
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case
from modellab.runner import evaluate
from modellab.runner.selftest.checks import Check
from modellab.runner.selftest.measure import examine
from modellab.runner.selftest.probes import PROBES, Probe
from modellab.runner.worker import Worker
from modellab.system.machine import versions

MODELS = (
    "whisper:lab",
    "faster_whisper:lab",
    "distil_whisper:lab",
    "transformers_asr:lab",
    "transformers_asr:tiny",
    "transformers_asr:tiny-tdt",
    "seamlessm4t:tiny",
    "lfm2_5_audio:tiny",
)
DATASETS = ("asr_smoke_v1", "asr_multi_v1", "asr_taught_v1")
SWEPT = "transformers_asr:lab"
BATCHES = (1, 2, 4, 8, 16, 32)
SWEEP_TIMEOUT_S = 150.0
LIBRARIES = ("torch", "transformers", "ctranslate2", "numpy")
QUERY = "name,driver_version,memory.total,clocks.sm,clocks.max.sm,power.limit,temperature.gpu"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One case: its name, its main metric and readings by name, or why it was not measured."""

    case: str
    metric: str = ""
    value: float = float("nan")
    readings: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


@dataclass(slots=True)
class Figures:
    """Everything on the page."""

    device: str
    machine: Mapping[str, str]
    checks: Sequence[Check] = ()
    rows: list[Row] = field(default_factory=list)
    sweeps: dict[str, Any] = field(default_factory=dict)  # precision -> what sweep.py printed, or {"why": ...}
    took_s: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a meter is off: then no figure of the page means anything."""
        return any(check.state == "failed" for check in self.checks)


def everything(
    device: str, models: Sequence[str], precisions: Sequence[str], until: float, tell: Tell, batches: Sequence[int],
    probes: Sequence[Probe] = PROBES,
) -> Figures:  # fmt: skip
    """All figures; what is not begun by `until` (of time.monotonic) is left out and says so."""
    began = time.monotonic()
    figures = Figures(device, {"before": gpu_state(), **_versions()})
    tell("testing the meters ...")
    figures.checks = examine([probe for probe in probes if probe.device == device], tell=tell)
    for case in cases(device, models, precisions):
        if time.monotonic() > until:
            figures.rows.append(Row(str(case.key), why="no time was left"))
            continue
        tell(f"{case.key} ...")
        figures.rows.append(measured(case))
    for precision in dict.fromkeys(case.key.precision for case in cases(device, [SWEPT], precisions)):
        left_s = min(SWEEP_TIMEOUT_S, until - time.monotonic())
        tell(f"batches at {precision} ...")
        figures.sweeps[precision] = (
            swept(device, precision, batches, left_s) if left_s > 0 else {"why": "no time was left"}
        )
    figures.machine = {**figures.machine, "after": gpu_state()}
    figures.took_s = time.monotonic() - began
    return figures


def cases(device: str, models: Sequence[str], precisions: Sequence[str]) -> Iterator[Case]:
    """What the models offer on the device, at each precision, on the first dataset that fits them."""
    for model in models:
        seen = set()
        for case in api.find_cases(model=[model], device=[device], dataset=DATASETS):
            place = (case.key.model, case.key.variant, case.key.precision)
            if (
                case.key.task == "asr"
                and place not in seen
                and case.key.precision in (precisions or [case.key.precision])
            ):
                seen.add(place)
                yield case


def measured(case: Case) -> Row:
    """One case, through a worker and the meters as any run."""
    if reason := why_not(case):
        return Row(str(case.key), why=reason)
    worker = Worker(1, **case.place)
    try:
        loaded = evaluate.load(case, worker, 1)
        task = tasks.get(case.key.task)
        result = evaluate.evaluate(task, case, datasets.load(case.dataset), loaded, 1, "")
    except ModellabError as error:
        return Row(str(case.key), why=str(error))
    finally:
        worker.close()
    metric = task.METRICS[0]
    value = metric.value(utterance.counts[metric.name] for utterance in result.utterances)
    return Row(str(case.key), metric.name, value, dict(result.readings))


def swept(device: str, precision: str, batches: Sequence[int], timeout_s: float) -> dict[str, Any]:
    """Throughput and memory at each size of batch, in a process of its own."""
    command = [sys.executable, "-m", "tools.gpu.sweep", SWEPT, device, precision, *map(str, batches)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return {"why": f"not done after {timeout_s:.0f} s"}
    if done.returncode:
        return {"why": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    sweep: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return sweep


def gpu_state() -> str:
    """Name, driver, memory, clocks and power as the driver tells them now; '' where there is none to ask."""
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else ""


def _versions() -> dict[str, str]:
    return dict(versions(LIBRARIES))


if __name__ == "__main__":
    sys.exit(f"{Path(__file__).name} is a part of `python -m tools.gpu`")
