"""Records for tests: everything that a test does not care about is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from modellab.datasets import parquet_rows
from modellab.datasets.locking import lock
from modellab.datasets.manifest import Header
from modellab.models import Model, Variant
from modellab.plan.matrix import Case
from modellab.runner.outcome import Outcome
from modellab.tasks import asr
from modellab.types import CaseId, Counts, QualityBaseline, Ratio, ResourceBaseline, Result, Status, Utterance, Verdict

KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
PROVENANCE = {
    "dataset_digest": "sha256:d",
    "normaliser": "basic@1#0",
    "weights": "sha256:w",
    "commit": "c0ffee",
    "threads": "1",
}
READINGS = {
    "load_s": 0.5,
    "load_peak_rss_bytes": 90e6,
    "first_call_s": 0.2,
    "rtf": 0.05,
    "rtf_cpu": 0.04,
    "latency_p50_s": 0.1,
    "latency_p95_s": 0.2,
    "latency_p99_s": 0.3,
    "peak_rss_bytes": 100e6,
    "other_cores": 0.0,
    "cores": 2.0,
}
CONFIG: dict[str, Any] = {
    "summary": "a fake recogniser",
    "tasks": ["asr"],
    "status": "experimental",
    "devices": {"cpu": ["float32"]},
    "variants": {"one": {"weights": "package", "tier": "smoke"}},
}
HEADER: dict[str, Any] = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "licence": "CC0-1.0",
    "source": "tones",
    "normaliser": "basic",
}


def name(number: int) -> str:
    """The id of utterance `number`."""
    return f"{number:04}"


def utterance(id: str, counts: Mapping[str, Counts], output: Any = None, **changes: Any) -> Utterance:
    fields: dict[str, Any] = {"wall_s": 0.1, "cpu_s": 0.08, "duration_s": 2.0, **changes}
    return Utterance(id, counts, output if output is not None else {"text": "a b"}, **fields)


def utterances(metric: str, counts: Sequence[Sequence[float]]) -> tuple[Utterance, ...]:
    """Utterances 0000, 0001, ... with these counts of one metric."""
    return tuple(utterance(name(i), {metric: tuple(share)}) for i, share in enumerate(counts))


def result(said: Sequence[Utterance], **changes: Any) -> Result:
    fields: dict[str, Any] = {"key": KEY, "readings": READINGS, "machine": "a-cpu-1t", "provenance": PROVENANCE}
    return Result(utterances=tuple(said), **{**fields, **changes})


def accepted(said: Sequence[Utterance], **header: str) -> QualityBaseline:
    """These utterances as the accepted quality."""
    counts = {each.id: each.counts for each in said}
    return QualityBaseline({**PROVENANCE, **header}, counts, {each.id: each.output for each in said})


def resources(said: Sequence[Utterance], **readings: float) -> ResourceBaseline:
    """These utterances as the accepted speed."""
    return ResourceBaseline({}, {each.id: (each.wall_s, each.cpu_s) for each in said}, {**READINGS, **readings})


def asr_counts(errors: float, words: float = 5.0) -> dict[str, Counts]:
    """What a baseline of the ASR task needs: the counts of each metric that is judged, and of some that are not."""
    ratio, hits = Ratio(errors, words), max(0.0, words - errors)
    rest: dict[str, Counts] = {metric.name: Ratio(0.0, 1.0) for metric in asr.METRICS if metric.judged()}
    return {**rest, "wer": ratio, "cer": ratio, "mer": ratio, "wil": (hits, words, words), "success_rate": Ratio(1.0)}


def case(folder: Path = Path("fake"), dataset: Path = Path("short_v1"), key: CaseId = KEY, **config: Any) -> Case:
    """A cell of the fake model; `config` changes its config.yaml."""
    model = Model.model_validate({**CONFIG, **config})
    variant = model.variants.get(key.variant, Variant(weights="package"))
    return Case(key, model, variant, folder, dataset, Header.model_validate(HEADER))


def verdict(metric: str = "wer", status: Status = Status.PASS, now: float = 0.1, **changes: Any) -> Verdict:
    fields: dict[str, Any] = {"unit": "ratio", "kind": "quality", "red": status is Status.REGRESSED, **changes}
    return Verdict(metric, status=status, now=now, **fields)


def outcome(status: Status = Status.PASS, *verdicts: Verdict, **fields: Any) -> Outcome:
    return Outcome(fields.pop("case", None) or case(), status, verdicts, **fields)


def no_number(score: Callable[..., Mapping[str, Counts]]) -> Callable[..., Mapping[str, Counts]]:
    """A task's `score` whose error rate is NaN."""
    return lambda sample, output: {**score(sample, output), "wer": (float("nan"), 5.0)}


def as_parquet(folder: Path) -> None:
    """Make a dataset whose rows are in YAML one whose rows are in Parquet, with the hashes of their audio."""
    content = yaml.safe_load((folder / "dataset.yaml").read_text(encoding="utf-8"))
    rows = sorted(content.pop("cases"), key=lambda row: str(row["id"]))
    parquet_rows.write(folder / parquet_rows.NAME, rows)
    text = yaml.safe_dump({**content, "rows": parquet_rows.NAME}, sort_keys=False)
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    lock(folder)
