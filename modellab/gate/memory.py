"""Memory: peak resident size (and peak GPU memory) of the worker during inference, against the accepted peak.

Repeated runs of one engine differ by well under 1 %; the margin is the larger of 3 % and 12 MiB.
"""

from __future__ import annotations

from modellab.types import Pace, Result, Status, Verdict

MARGIN_SHARE = 0.03
MARGIN_BYTES = 12 * 2**20
METRICS = {"cpu": ("peak_rss_bytes",), "cuda": ("peak_rss_bytes", "peak_vram_bytes"), "mps": ("peak_rss_bytes",)}


def judge(result: Result, pace: Pace | None) -> list[Verdict]:
    """One verdict for each kind of memory that the device has and that could be read."""
    return [_judge(metric, result, pace) for metric in METRICS[result.key.device] if metric in result.readings]


def _judge(metric: str, result: Result, pace: Pace | None) -> Verdict:
    now = float(result.readings[metric])
    if pace is None or metric not in pace.readings:
        return Verdict(metric, "bytes", "memory", Status.NEW, now, why=f"no baseline for {result.machine}")
    then = float(pace.readings[metric])
    margin = max(MARGIN_SHARE * then, MARGIN_BYTES)
    status, why = Status.PASS, ""
    if now - then > margin:
        status = Status.REGRESSED
        why = f"{(now - then) / 2**20:+.0f} MiB above the accepted peak, {margin / 2**20:.0f} MiB is allowed"
    elif then - now > margin:
        status = Status.IMPROVED
    return Verdict(metric, "bytes", "memory", status, now, then, now - then, None, why, status is Status.REGRESSED)
