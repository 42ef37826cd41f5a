"""How fast a model was over a dataset: factors of real time and percentiles, of the calls that gave an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from modellab.types import Ratio, Utterance
from modellab.types.utterances import RAISED, clocks, timed


def latencies(utterances: Sequence[Utterance]) -> dict[str, float]:
    """RTF by each clock and the percentiles of the model call's wall time; of timed utterances with an answer.

    RTF is pooled: seconds of computing over seconds of audio; `rtf_gpu` only where the GPU timed every one of them.
    Percentiles use numpy's linear interpolation.
    """
    table = timed(utterances)
    if not len(table):
        every = clocks(utterances)
        table = every[every[:, RAISED] == 0]
    wall, cpu, gpu, length = table.T[:RAISED]
    audio_s = float(length.sum()) or math.nan
    rtf, rtf_cpu = Ratio(float(wall.sum()), audio_s), Ratio(float(cpu.sum()), audio_s)
    rtf_gpu = float(gpu.sum()) / audio_s  # NaN without a GPU
    p50, p95, p99 = np.percentile(wall, [50, 95, 99])
    return {
        "rtf": rtf.top / rtf.bottom,
        "rtf_cpu": rtf_cpu.top / rtf_cpu.bottom,
        **({"rtf_gpu": rtf_gpu} if math.isfinite(rtf_gpu) else {}),
        "latency_p50_s": float(p50),
        "latency_p95_s": float(p95),
        "latency_p99_s": float(p99),
        "audio_s": audio_s,
    }
