"""A ledger of three models on two datasets over fourteen sessions, for a leaderboard and histories."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from modellab import tasks
from modellab.datasets import load
from modellab.results import ledger
from modellab.results.entry import Entry, pooled
from modellab.types import CaseId
from tests import make
from tests.server.results.conftest import entry

WER = tasks.get("asr").METRICS[0]
DATASET = """
task: asr
version: 1
language: en
tier: smoke
domain: lab
licence: CC0-1.0
source: made up
normaliser: basic
cases:
"""
RATES = {"m0": 0.05, "m1": 0.10, "m2": 0.30}  # of errors
SPEEDS = {"m0": 0.2, "m1": 0.05, "m2": 0.4}  # RTF
RUNS = 14


def dataset(root: Path) -> str:
    """A dataset `parts_v1` whose rows name a condition; its digest."""
    folder = root / "golden" / "parts_v1"
    folder.mkdir(parents=True)
    rows = [
        {"id": make.name(n), "text": "a b", "condition": "noise" if n % 2 else "clean", "duration_s": 4.0, "audio": "x"}
        for n in range(40)
    ]
    (folder / "dataset.yaml").write_text(DATASET + "".join(f"  - {json.dumps(row)}\n" for row in rows))
    return load(folder).digest


def results(digest: str) -> Iterator[Entry]:
    """Three models over fourteen sessions: m1 gets slower after the ninth, m2 has no result on `second_v1`."""
    draws = random.Random(1)
    for number in range(RUNS):
        for model, rate in RATES.items():
            for name in ("parts_v1", "second_v1"):
                if (model, name) == ("m2", "second_v1"):
                    continue
                key = CaseId("asr", name, model, "one", "cpu", "float32")
                slow = 2.0 if model == "m1" and number >= 9 else 1.0
                said = tuple(
                    make.utterance(
                        make.name(n), make.asr_counts(float(sum(draws.random() < rate for _ in range(10))), 10.0),
                        wall_s=4 * SPEEDS[model] * slow * draws.uniform(0.95, 1.05), duration_s=4.0,
                    )
                    for n in range(40)
                )  # fmt: skip
                of = {**make.PROVENANCE, "dataset_digest": digest if name == "parts_v1" else "sha256:other"}
                readings = {"rtf": sum(u.wall_s for u in said) / 160, "peak_rss_bytes": 1e8}
                measured = make.result(said, key=key, provenance=of, readings=readings, machine="epyc-2c-1t")
                yield entry(10 * number, key=key, session=f"s{number:05}", result=measured, values=pooled(measured))


def newest(root: Path) -> dict[CaseId, Entry]:
    """The newest result of each case of the first project, as the ledger has it."""
    own = (each for each in ledger.read(root / "mlruns")[0] if "project" not in each.labels)
    return {each.key: each for each in own if each.result}
