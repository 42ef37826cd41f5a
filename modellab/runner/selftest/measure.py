"""Let the model of known cost go the way of any other: a worker process, the engine, the meters, the evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from modellab import audio, datasets, models, tasks
from modellab.gate.timing_validity import too_busy
from modellab.models import find_package
from modellab.plan.availability import missing_device
from modellab.plan.matrix import Case
from modellab.runner import evaluate
from modellab.runner.evaluate import Loaded
from modellab.runner.selftest.checks import Check, check
from modellab.runner.selftest.probes import PROBES, Probe
from modellab.runner.worker import Worker
from modellab.system import leftovers
from modellab.types import Audio, CaseId, Result

COSTS = Path(__file__).parent / "known_cost"
TRIALS, PEAKS = 5, 3  # calls for each time; pairs of runs for each peak
RATE_HZ = 16_000
BASE = 480_000  # samples; as in known_cost/adapter.py
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "licence": "CC0-1.0",
    "source": "silence",
}
Tell = Callable[[str], None]


def examine(
    probes: Sequence[Probe] = PROBES,
    *,
    threads: int = 1,
    trials: int = TRIALS,
    peaks: int = PEAKS,
    folder: Path = COSTS,
    tell: Tell | None = None,
) -> list[Check]:
    """Every check of the probes that this machine has the device for; `folder` is the model's. Raises WorkerError."""
    checks: list[Check] = []
    for device, group in groupby(probes, key=lambda probe: probe.device):
        if device == "cpu" or not (missing_device(device) or find_package("torch") is None):
            with _bench(folder, list(group), threads, device) as bench:
                for place, probe in enumerate(bench.probes):
                    if tell:
                        tell(probe.name)
                    checks += _time(bench, place, trials) if probe.clocks else _memory(bench, place, peaks)
    return checks


class Bench:
    """The loaded model and its clips: the first of each pair stands for a probe, the second for its empty twin."""

    def __init__(self, place: Path, loaded: Loaded, case: Case, probes: Sequence[Probe], threads: int) -> None:
        self.place, self.loaded, self.case, self.probes, self.threads = place, loaded, case, probes, threads

    def measured(self, number: int, calls: int) -> Result:
        """The result of so many calls on clip `number`, as a dataset of its own."""
        folder = self.place / f"{number}-{calls}"
        if not folder.is_dir():
            folder.mkdir()
            clip = Audio(np.zeros(BASE + number, np.float32), RATE_HZ)
            audio.write(folder / "clip.wav", clip)
            rows = [
                {"id": f"{i}", "audio": "clip.wav", "duration_s": clip.duration_s, "text": "known"}
                for i in range(calls)
            ]
            (folder / datasets.FILE_NAME).write_text(
                yaml.safe_dump({**HEADER, "cases": rows}, sort_keys=False), encoding="utf-8"
            )
        data = datasets.load(folder)
        return evaluate.evaluate(tasks.get("asr"), self.case, data, self.loaded, self.threads, "")


@contextmanager
def _bench(folder: Path, probes: Sequence[Probe], threads: int, device: str) -> Iterator[Bench]:
    config = models.config(folder)
    plan = [[probe.work, amount] for probe in probes for amount in (probe.amount, 0)]
    model = config.model_copy(update={"options": {"plan": plan}})
    key = CaseId("asr", "selftest", folder.name, "known", device, "none")
    with leftovers.folder("selftest") as place:
        header = datasets.Header.model_validate(HEADER)
        case = Case(key, model, model.variants["known"], folder, place, header)
        worker = Worker(threads)
        try:
            yield Bench(place, evaluate.load(case, worker, threads), case, probes, threads)
        finally:
            worker.close()


def _time(bench: Bench, place: int, trials: int) -> Iterator[Check]:
    """One check for each clock, and of the wall clock what RTF makes of it."""
    probe, result = bench.probes[place], bench.measured(2 * place, trials)
    known: list[dict[str, Any]] = [json.loads(utterance.output["text"]) for utterance in result.utterances]
    for clock in probe.clocks:
        pairs = [
            (told[clock], float(getattr(measured, f"{clock}_s")))
            for told, measured in zip(known, result.utterances, strict=True)
        ]
        yield check(probe.name, clock, "s", pairs, too_busy(result))
    if probe.clocks[0] == "wall" and probe.amount:
        audio_s = result.readings["audio_s"]
        pair = (sum(told["wall"] for told in known) / trials, result.readings["rtf"] * audio_s / trials)
        yield replace(check(probe.name, "rtf", "s", [pair], too_busy(result)), trials=trials)


def _memory(bench: Bench, place: int, peaks: int) -> Iterator[Check]:
    """How much higher the peak is than that of the same work with nothing held."""
    probe = bench.probes[place]
    bench.measured(2 * place + 1, 1)  # what a first run brings into memory stays there
    pairs = []
    for _ in range(peaks):
        empty, full = (bench.measured(number, 1).readings.get(probe.peak, 0.0) for number in (2 * place + 1, 2 * place))
        pairs.append((probe.amount, full - empty))
    yield check(probe.name, "peak", "bytes", pairs)
