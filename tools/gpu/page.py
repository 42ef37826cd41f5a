"""The figures as one page of Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from modellab.runner.selftest.checks import shown
from tools.gpu.measure import SWEPT, Figures, Row

HEAD = """# Figures of one machine

Written by `python -m tools.gpu --device {device}` in {took_s:.0f} s. The models are whisper-lab and
tiny checkpoints, which need no download: what is measured is the path (each precision, memory,
clocks, batches), not any model that people use.
"""


def text(figures: Figures) -> str:
    """The whole page."""
    parts = [HEAD.format(device=figures.device, took_s=figures.took_s), "\n".join(_machine(figures.machine))]
    if figures.failed:
        parts.append("**A meter failed its own test: no figure below means anything.**")
    parts += ["## The meters against work of known cost", _table(*_checks(figures))]
    parts += ["## Each model at each precision", _table(*_cases(figures.rows, figures.device))]
    parts += [f"## Batches of {SWEPT}", _table(*_sweeps(figures.sweeps))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _machine(machine: Mapping[str, str]) -> Iterator[str]:
    names = {"before": "GPU before", "after": "GPU after"}
    yield from (
        f"- {names.get(name, name)}: {value or 'none that a driver tells of'}" for name, value in machine.items()
    )


def _checks(figures: Figures) -> tuple[list[str], list[list[str]]]:
    rows = [
        [check.name, check.meter, shown(check.known, check.unit), shown(check.measured, check.unit),
         shown(check.tolerance, check.unit), f"{check.state} {check.why}".strip()]
        for check in figures.checks
    ]  # fmt: skip
    return ["work", "meter", "known", "measured", "tolerance", "state"], rows


def _cases(rows: list[Row], device: str) -> tuple[list[str], list[list[str]]]:
    peak = "peak_vram_bytes" if device == "cuda" else "peak_rss_bytes"
    header = ["case", "metric", "RTF", "GPU s per s", "load s", f"{peak.split('_')[1].upper()} MiB", "clocks lowered"]
    return header, [_case(row, peak) for row in rows]


def _case(row: Row, peak: str) -> list[str]:
    if row.why:
        return [row.case, row.why, "", "", "", "", ""]
    told = row.readings
    lowered = told.get("gpu_throttled", math.nan)
    return [
        row.case,
        f"{row.metric} {row.value:.2%}",
        _number(told.get("rtf")),
        _number(told.get("rtf_gpu")),
        _number(told.get("load_s")),
        _number(told.get(peak, math.nan) / 2**20),
        "-" if math.isnan(lowered) else f"{lowered:.0%} of calls",
    ]


def _sweeps(sweeps: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    header = ["precision", "batch", "seconds of audio per s", "against one at a time", "peak MiB", "other transcripts"]
    return header, [row for precision, sweep in sweeps.items() for row in _sweep(precision, sweep)]


def _sweep(precision: str, sweep: Mapping[str, Any]) -> Iterator[list[str]]:
    if "why" in sweep:
        yield [precision, "", sweep["why"], "", "", ""]
        return
    first_s = next(iter(sweep["batches"].values()))["s"]
    for size, measured in sweep["batches"].items():
        peak = _number(measured["peak_bytes"] / 2**20) if measured["peak_bytes"] else "-"
        speed = f"{first_s / measured['s']:.2f} x"
        yield [
            precision,
            size,
            _number(sweep["audio_s"] / measured["s"]),
            speed,
            peak,
            f"{measured['other']} of {sweep['n']}",
        ]


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
