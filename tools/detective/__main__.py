"""Inject every fault, ask the detective, count: see the package."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, datasets, models
from modellab.diagnosis import UtteranceContext, examine
from modellab.diagnosis.kinds import Finding, Kind
from modellab.models import weights
from modellab.results import baselines
from modellab.types import Audio, CaseId, Floats, Setting
from tools.detective.catalogue import CATALOGUE
from tools.detective.faults import RATE_HZ, Bench, Clip, Hear, Injected

ROOT = Path(__file__).parents[2]
DATASET = "asr_lab_v1"
OTHERS = (("whisper_cpp", "f16"), ("distil_whisper", "float32"))  # whose accepted answers stand for other models
POOL = 11  # the dice that choose the published clips; the rules were written looking at those of 7


def recogniser() -> Hear:
    """The embedded model in faster_whisper, in this process."""
    folder = models.folders()["faster_whisper"]
    config = models.config(folder)
    path = weights.locate(config.variants["lab"].source("int8", folder))
    spec = importlib.util.spec_from_file_location("detective_adapter", folder / "adapter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.load(Setting("faster_whisper", "lab", path, "cpu", "int8", 1, config.options_for("lab")))

    def hear(samples: Floats) -> tuple[str, float]:
        reply = model.transcribe(Audio(np.ascontiguousarray(samples, dtype=np.float32), RATE_HZ))
        return reply.text.strip(), max((segment.end_s for segment in reply.segments), default=float("nan"))

    return hear


def clips(hear: Hear, count: int, pool: int) -> list[Clip]:
    """Clips of the dataset, with what the model and others hear."""
    data, dice = datasets.load(ROOT / "golden" / DATASET), np.random.default_rng(pool)
    keys = [CaseId("asr", DATASET, model, "lab", "cpu", precision) for model, precision in OTHERS]
    stored = (baselines.load(ROOT / "baselines", key) for key in keys)
    accepted = [quality for quality in stored if quality]
    drawn = []
    for row in (data.rows[i] for i in dice.permutation(len(data.rows))[:count]):
        samples = np.asarray(audio.read(row["audio"], RATE_HZ).samples, dtype=float)
        others = tuple(str(quality.outputs.get(row["id"])) for quality in accepted)
        drawn.append(Clip(row["id"], row["text"], samples, *hear(samples), others))
    return drawn


def case(injected: Injected, those: Sequence[Clip], hear: Hear, seed: int) -> list[dict[str, Any]]:
    """Each utterance of a case with the fault in it that was hit, or that something was found in.

    Every other case has a baseline.
    """
    with tempfile.TemporaryDirectory() as folder:
        dice = np.random.default_rng([seed, len(injected.name)])
        bench = Bench(those, hear, Path(folder), dice, with_baseline=seed % 2 == 0)
        every = injected.make(bench)
        by_id = {id: finding for finding in examine(every, bench.normaliser) for id in finding.ids}
    hit = {heard.id for heard in every if heard.id in bench.hit and (heard.bad or heard.id in by_id)}
    return [
        {
            "fault": injected.name,
            "seed": seed,
            "id": heard.id,
            **_expected(injected, heard, hit),
            **_diagnosis(by_id, heard),
        }
        for heard in every
        if heard.id in hit or heard.id in by_id
    ]


def _expected(injected: Injected, heard: UtteranceContext, hit: set[str]) -> dict[str, Any]:
    """What fits an utterance: nothing but wrong words where it was not hit; what noise drowned is an empty answer."""
    kind = (injected.kind if heard.id in hit else None) or Kind.WORDS
    if injected.kind is Kind.WORDS and not heard.hypothesis:
        kind = Kind.EMPTY
    blame = (injected.fault if heard.id in hit else None) or "model"
    return {"expected": str(kind), "blame": blame, "said": heard.transcript, "answer": heard.answer}


def _diagnosis(by_id: dict[str, Finding], heard: UtteranceContext) -> dict[str, Any]:
    finding = by_id.get(heard.id)
    return {"found": str(finding.kind) if finding else "nothing", "blamed": finding.fault if finding else "nobody"}


def results(seeds: int, hear: Hear, pool: int = POOL, size: int = 12) -> Iterator[dict[str, Any]]:
    """Every fault in `seeds` cases of `size` clips each."""
    there = clips(hear, size * seeds, pool)
    for seed in range(seeds):
        for injected in CATALOGUE:
            yield from case(injected, there[seed * size : (seed + 1) * size], hear, seed)


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For every kind: cases and utterances with it, recall, precision, and how often its fault was right."""
    table = []
    for kind in Kind:
        expected = [row for row in rows if row["expected"] == kind]
        named = [row for row in rows if row["found"] == kind]
        right = [row for row in expected if row["found"] == kind]
        blamed = [row for row in right if row["blamed"] == row["blame"]]
        cases = len({(row["fault"], row["seed"]) for row in expected})
        counts = _share(right, expected), _share(right, named), _share(blamed, right)
        names = ("kind", "cases", "utterances", "recall", "precision", "fault")
        table.append(dict(zip(names, (str(kind), cases, len(expected), *counts), strict=True)))
    return table


def _share(some: Sequence[Any], every: Sequence[Any]) -> float | None:
    return round(len(some) / len(every), 3) if every else None


def main() -> int:
    """Print the tables; with --out write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.detective", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="cases of each fault")
    parser.add_argument("--pool", type=int, default=POOL, help="the dice that choose the clips")
    parser.add_argument("--out", default=str(ROOT / "docs" / "detective.json"), help="- for nowhere")
    parser.add_argument("--errors", action="store_true", help="print every utterance that was taken for another kind")
    given = parser.parse_args()
    rows = list(results(given.seeds, recogniser(), given.pool))
    wrong = [row for row in rows if (row["expected"], row["blame"]) != (row["found"], row["blamed"])]
    for row in wrong if given.errors else ():
        print(row)
    table = summary(rows)
    print("kind              cases  utterances  recall  precision  fault")
    for line in table:
        counts = ("-" if line[name] is None else f"{line[name]:.1%}" for name in ("recall", "precision", "fault"))
        print(
            f"{line['kind']:16}{line['cases']:7}{line['utterances']:12}" + "".join(f"{share:>10}" for share in counts)
        )
    cases = len(CATALOGUE) * given.seeds
    print(f"{cases} cases, {len(rows)} utterances, {len(rows) - len(wrong)} with the right kind and fault; most wrong:")
    print(Counter(row["fault"] for row in wrong).most_common(6))
    if given.out != "-":
        told = {"cases": cases, "utterances": len(rows), "right": len(rows) - len(wrong), "kinds": table}
        Path(given.out).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
