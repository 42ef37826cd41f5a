"""`python -m tools.gpu.sweep MODEL:VARIANT DEVICE PRECISION BATCH ...`: one model, batch by batch; prints JSON.

{"audio_s": s of one pass, "batches": {size: {"s", "peak_bytes", "other"}}}: seconds of the faster of two passes, GPU
memory at its peak (0 on a CPU), and how many transcripts are others than with one at a time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from modellab import api, datasets, tasks
from modellab.models import adapter_code, weights
from modellab.types import Setting

PASSES = 2


def main(name: str, device: str, precision: str, *batches: str) -> None:
    """Load the model once and hear all clips with each size of batch."""
    import torch

    (case,) = api.find_cases(model=[name], device=[device], precision=[precision], dataset=["asr_smoke_v1"])
    options = case.model.options_for(case.key.variant)
    path = weights.locate(case.source)
    adapter = adapter_code.load(case.folder, "adapter")
    model = adapter.load(Setting(case.key.model, case.key.variant, path, device, precision, 1, options))
    task = tasks.get("asr")
    sounds = [task.prepare(row) for row in datasets.load(case.dataset).rows]
    model.transcribe_batch(sounds[:2])  # whatever is made for the first call
    alone: list[str] = []
    by_size: dict[str, Any] = {}
    for size in map(int, batches):
        texts, figures = swept(model, sounds, size, torch.cuda if device == "cuda" else None)
        alone = alone or texts
        by_size[str(size)] = {**figures, "other": sum(a != b for a, b in zip(alone, texts, strict=True))}
    audio_s = sum(sound.duration_s for sound in sounds)
    sys.stdout.write(json.dumps({"audio_s": audio_s, "n": len(sounds), "batches": by_size}) + "\n")


def swept(model: Any, sounds: Sequence[Any], size: int, gpu: Any) -> tuple[list[str], dict[str, float]]:
    """The transcripts, and what they cost, with so many sounds at a time."""
    model.batch_size = size
    if gpu:
        gpu.reset_peak_memory_stats()
    took_s, texts = [], []
    for _ in range(PASSES):
        start_s = time.perf_counter()
        texts = [transcript.text for transcript in model.transcribe_batch(sounds)]
        if gpu:
            gpu.synchronize()
        took_s.append(time.perf_counter() - start_s)
    return texts, {"s": min(took_s), "peak_bytes": float(gpu.max_memory_allocated() if gpu else 0)}


if __name__ == "__main__":
    main(*sys.argv[1:])
