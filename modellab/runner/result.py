"""A measured case as one record: its utterances, readings, and what the numbers depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modellab import text
from modellab.datasets import Dataset, used_audio
from modellab.plan.matrix import Case
from modellab.results import seeds, text_facts, withheld
from modellab.runner import preprocessed
from modellab.system import allocator
from modellab.system.machine import HARDWARE, hardware, machine_class
from modellab.tasks import Task
from modellab.types import Result, Utterance


def result_of(
    task: Task,
    case: Case,
    data: Dataset,
    runs: Sequence[Sequence[Utterance]],
    facts: Mapping[str, Any],
    threads: int,
    commit: str,
    readings: Mapping[str, float],
    told: Mapping[str, str],
) -> Result:
    """A case, measured: the utterances of each seed, what loading its model told, what its meters read."""
    return Result(
        key=case.key,
        utterances=seeds.merged(runs),
        readings={**readings, **seeds.spread(task.METRICS, runs)},
        machine=machine_class(threads, case.key.device),
        provenance={
            "commit": commit,
            "dataset_digest": data.heard_digest,
            used_audio.KEY: data.digest_checked,
            "normaliser": str(text.get(data.normaliser)),
            "weights": str(facts["weights"]),
            "threads": str(threads),
            "python": str(facts["python"]),
            HARDWARE: hardware(case.key.device),
            **({allocator.KEY: str(facts[allocator.KEY])} if allocator.KEY in facts else {}),
            **text_facts.facts(task, data, data.normaliser, runs[0]),
            **({"seeds": str(len(runs))} if len(runs) > 1 else {}),
            **preprocessed.provenance(case.chain, case.chain_from),
            **({**told} | withheld.provenance(data.secret)),
            **facts["versions"],
        },
    )


def load_readings(facts: Mapping[str, Any]) -> dict[str, float]:
    """What loading the model took."""
    return {name: float(facts[name]) for name in ("load_s", "load_peak_rss_bytes")}
