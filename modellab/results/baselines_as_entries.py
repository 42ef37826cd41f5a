"""What is accepted in `baselines/`, in the form of results, so that it can be reported and compared like them.

Speed and memory are those of one machine class: this machine's where it has some, else the first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

from modellab import tasks
from modellab.errors import BaselineError
from modellab.results import baselines, withheld
from modellab.results.entry import NOT_A_VERSION, Entry, pooled
from modellab.system.machine import Commit, machine_class
from modellab.types import CaseId, QualityBaseline, ResourceBaseline, Result, Status, Utterance

ABOUT = {"reason", "date", "seeds", "signature", "machine", "passes"}  # of a header, what is no library's version


def entries(root: Path, damaged: list[str] | None = None) -> Iterator[Entry]:
    """Every accepted case below `root`, sorted.

    BaselineError for a file that cannot be used; with `damaged` its sentence goes there, and the others are read.
    """
    for path in sorted(root.glob("*/*/*.json")):
        key = baselines.key_of(path)
        try:
            accepted = baselines.load(root, key) if key and key.task in tasks.names() else None
            entry = _entry(key, accepted, *_resources(root, key, accepted)) if key and accepted else None
        except BaselineError as error:
            if damaged is None:
                raise
            damaged.append(str(error))
            continue
        if entry:
            yield entry


def _resources(root: Path, key: CaseId, accepted: QualityBaseline) -> tuple[ResourceBaseline | None, str]:
    """The accepted speed of one machine class, and its name."""
    own = machine_class(int(accepted.header.get("threads", "1")), key.device)
    there = baselines.other_machines(root, key)
    machine = own if own in there else next(iter(there), "")
    return (baselines.load_resources(root, key, machine) if machine else None), machine


def _entry(key: CaseId, accepted: QualityBaseline, resources: ResourceBaseline | None, machine: str) -> Entry:
    header = accepted.header
    utterances = tuple(_utterance(key, id, accepted, resources) for id in accepted.counts)
    provenance = {name: text for name, text in header.items() if name not in {"reason", "date"}}
    result = Result(key, utterances, resources.readings if resources else {}, machine, provenance)
    date = f"{header.get('date', '1970-01-01')}T00:00:00.000000+00:00"
    return Entry(
        key=key,
        status=Status.PASS,
        session="baseline",
        result=result,
        values={name: value for name, value in pooled(result).items() if math.isfinite(value)},
        weights=header.get("weights", ""),
        commit=Commit(header.get("commit", "")),
        versions={name: text for name, text in header.items() if name not in NOT_A_VERSION | ABOUT},
        host="",
        started_at=date,
        finished_at=date,
        id=hashlib.sha256(f"{key.task} {key} {sorted(header.items())}".encode()).hexdigest()[:32],
    )


def _utterance(key: CaseId, id: str, accepted: QualityBaseline, resources: ResourceBaseline | None) -> Utterance:
    """Its times are NaN where nothing was accepted for a machine, its length is not kept in a baseline."""
    times = (*(resources.times.get(id, ()) if resources else ()), math.nan, math.nan, math.nan)
    remembered, task = accepted.outputs.get(id), tasks.recalled(key.task)
    private = withheld.FACT in accepted.header  # what it remembers are hashes
    output = task.recall(remembered) if task and not private else None
    return Utterance(id, accepted.counts[id], output, times[0], times[1], math.nan, gpu_s=times[2])
