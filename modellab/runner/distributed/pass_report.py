"""What is told of a pass by workers: how far it is, and in the end its throughput and what a person should know."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from modellab.results import baselines
from modellab.runner.distributed.controller import Controller
from modellab.runner.distributed.parts import Parts
from modellab.runner.events import WorkersProgress, WorkerState
from modellab.units import counted

SLOW = 2.0  # times the median pace of all: a worker that is named
FEW = 3


@dataclass(slots=True)
class Happened:
    """What has become of the workers, beside what the controller knows of them."""

    refused: list[str] = field(default_factory=list)  # why, of each
    machines: dict[str, str] = field(default_factory=dict)  # by worker
    computed_s: dict[str, tuple[float, float]] = field(default_factory=dict)  # by worker: busy, audio
    loading: set[str] = field(default_factory=set)  # workers that are there, and are none of the controller's yet
    losses: int = 0


def progress(case: str, controller: Controller, happened: Happened, before: int, took_s: float) -> WorkersProgress:
    """How far a pass is that began with so many utterances done, so long ago."""
    total = len(controller.done)
    done = total - controller.left
    rate = (done - before) / max(1e-9, took_s)
    left_s = controller.left / rate if rate else math.nan
    members = controller.members.values()
    workers = tuple(
        WorkerState(member.name, member.utterances, member.pace, len(member.attempts)) for member in members
    )
    refused = happened.refused[0] if happened.refused else ""
    return WorkersProgress(case, done, total, rate, left_s, workers, len(happened.loading), refused)


def readings(controller: Controller, happened: Happened, took_s: float, batch: int) -> dict[str, float]:
    """Throughput, as information: it is of machines that were shared, and is never judged."""
    busy_s, audio_s = (sum(of_worker[i] for of_worker in happened.computed_s.values()) for i in (0, 1))
    if not audio_s or not busy_s or not took_s:
        return {}
    return {
        "fleet_workers": float(controller.most_members),
        "fleet_rtfx": audio_s / took_s,
        "worker_rtfx": audio_s / busy_s,
        **({baselines.BATCH: float(batch)} if batch > 1 else {}),
    }


def notes(controller: Controller, happened: Happened, parts: Parts, known: int) -> Iterator[str]:
    """What a person should know of a pass that began with so many utterances of an earlier one."""
    if known:
        yield f"{known} of {len(controller.done)} utterances were computed before, and not again"
    if parts.torn:
        yield f"{parts.path.name}: {counted(parts.torn, 'line')} cut off by a kill: left out"
    if happened.losses:
        again = counted(controller.lost_attempts, "shard")
        yield f"{counted(happened.losses, 'worker')} lost on the way, {again} given to others"
    if died := controller.model_deaths:
        yield f"the model's process died {counted(len(died), 'time')}, a fresh one went on each time: {died[-1]}"
    if controller.different:
        many = f"{len(controller.different)} of {counted(controller.twice, 'utterance')}"
        yield f"not deterministic: {many} that were computed twice came out differently"
    if refused := happened.refused:
        yield f"{counted(len(refused), 'worker')} refused: {refused[0]}"
    if len(kinds := set(happened.machines.values())) > 1:
        yield f"computed on different machines: {'; '.join(sorted(kinds)[:FEW])}"
    yield from _slow(happened.computed_s)


def _slow(computed_s: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    paces = {name: busy / audio for name, (busy, audio) in computed_s.items() if audio}
    usual = statistics.median_low(paces.values()) if paces else math.nan  # of two the faster one
    for name, pace in paces.items():
        if pace > SLOW * usual:
            yield f"{name} took {pace / usual:.1f} times as long as the others: slow, throttled or shared?"
