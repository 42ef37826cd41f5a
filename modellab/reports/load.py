"""What a load on a server gave, as text, Markdown and JSON: latencies, throughput, errors by code, words got wrong."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from modellab.results import serialization
from modellab.runner.load.measure import Load, Row

FORMAT = 1
RANKS = (50, 90, 95, 99)
MOST_CODES = 8


def summary(load: Load) -> dict[str, Any]:
    """Every figure. Of what was not answered nothing is in a latency; what is not known is None."""
    ok = [row for row in load.rows if row.is_ok]
    plan, span_s = load.plan, load.elapsed_s or math.nan
    words = sum(row.words or 0.0 for row in ok)
    about: dict[str, Any] = {"url": load.target.url, "model": load.target.model, "files": load.clips}
    loop = {"rate_per_s": plan.rate_per_s, "in_flight": plan.in_flight} if plan.is_open else {"clients": plan.clients}
    figures: dict[str, Any] = {
        "requests": len(load.rows),
        "answered": len(ok),
        "failed": len(load.rows) - len(ok),
        "elapsed_s": load.elapsed_s,
        "answered_per_s": len(ok) / span_s,
        "asked_per_s": len(load.rows) / span_s,
        "rtfx": sum(row.audio_s for row in ok) / span_s,
        "latency_s": _spread([row.wall_s for row in ok]),
        "service_s": _spread([row.service_s for row in ok]),
        "retried": sum(row.tries > 1 for row in load.rows),
        "waited_s": sum(row.waited_s for row in load.rows),
        "errors": codes(load.rows),
        "wer": sum(row.errors or 0.0 for row in ok) / words if words else math.nan,
        "words": words,
        "first_late_s": max((row.wall_s - row.service_s - row.waited_s for row in load.rows), default=math.nan),
    }
    kind = {"loop": "open" if plan.is_open else "closed", **loop, "seed": plan.seed, "retries": plan.retries}
    facts = {"format": FORMAT, **about, **kind, "begun_at": load.begun_at, "ended_early": load.ended_early, **figures}
    plain: dict[str, Any] = serialization.plain(facts)
    return plain


def codes(rows: Sequence[Row]) -> dict[str, int]:
    """What was answered instead of a transcription: `429 queue_full`, `timeout`, ... with how often, most first."""
    counted = Counter(f"{row.status or ''} {row.code}".strip() for row in rows if not row.is_ok)
    return dict(counted.most_common())


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    percentiles = {f"p{rank}": float(np.percentile(values, rank)) for rank in RANKS}
    return {"mean": float(np.mean(values)), **percentiles, "max": max(values)}


def as_json(load: Load) -> str:
    """Every figure as JSON."""
    return json.dumps(summary(load), indent=1, ensure_ascii=False) + "\n"


def as_text(load: Load) -> str:
    """For a terminal."""
    return "\n".join([_title(load), "", tabulate(_table(load), tablefmt="plain", disable_numparse=True), *_notes(load)])


def as_markdown(load: Load) -> str:
    """For a page."""
    table = tabulate(_table(load), headers=["figure", "value"], tablefmt="github", disable_numparse=True)
    return "\n\n".join([f"# {_title(load)}", table, *_notes(load)]) + "\n"


def _title(load: Load) -> str:
    plan = load.plan
    kind = "regular" if plan.is_regular else "Poisson"
    clients = f"{plan.clients} client{'s' * (plan.clients > 1)} (closed loop)"
    how = f"{plan.rate_per_s:g} requests/s ({kind}, open loop)" if plan.is_open else clients
    return f"{load.target.model} at {load.target.url}: {how}"


def _table(load: Load) -> list[list[str]]:
    figures = summary(load)
    rows = [
        ["requests", f"{figures['requests']}, {figures['answered']} answered, {figures['failed']} failed"],
        ["time", _seconds(figures["elapsed_s"])],
        ["answered", f"{_number(figures['answered_per_s'])} /s"],
        ["audio", f"{_number(figures['rtfx'])} s of it per second (RTFx)"],
    ]
    for name, what in (("latency_s", "latency"), ("service_s", "of which since it was sent")):
        spread = figures[name]
        told = ", ".join(f"{rank} {_seconds(value)}" for rank, value in spread.items()) if spread else "-"
        rows.append([what, told])
    if load.plan.retries:
        rows.append(["made again", f"{figures['retried']} requests, after {_seconds(figures['waited_s'])} of waiting"])
    rows += [[f"failed: {code}", str(count)] for code, count in list(figures["errors"].items())[:MOST_CODES]]
    if figures["words"]:
        rows.append(["word error rate", f"{100 * figures['wer']:.2f} % of {figures['words']:.0f} words"])
    return rows


def _notes(load: Load) -> list[str]:
    reason = next((row.said for row in load.rows if not row.is_ok and row.said), "")
    notes = [f"the first failure: {reason}"] if reason else []
    if load.ended_early:
        notes.append("it was ended early: what was answered until then is counted, what was broken off is not")
    if not load.plan.is_open:
        notes.append("a closed loop asks a slow server less often: --rate gives the latencies that users would find")
    return ["", *notes] if notes else []


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g} s"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
