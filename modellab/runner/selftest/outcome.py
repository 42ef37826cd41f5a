"""What the last self-test of this machine said, kept beside the results, and the mark that results carry.

    mlruns/selftest/<host>-<machine class>.json

It holds for the host, the machine class, and the versions that it was made with; anything else has no mark.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from modellab.runner.selftest.checks import Check, sentence, worst
from modellab.system.machine import SELFTEST, hostname, machine_class, slug, versions

FORMAT = 1
USED = ("modellab", "numpy", "psutil")


def keep(mlruns: Path, threads: int, checks: Sequence[Check], date: str) -> Path | None:
    """Write down what the checks said; None where they could not decide, then what was known before stands."""
    if (state := worst(checks)) == "undecided":
        return None
    path = _path(mlruns, threads)
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {
        "format": FORMAT,
        "date": date,
        "host": hostname(),
        "machine": machine_class(threads, "cpu"),
        "versions": versions(USED),
        "state": "passed" if state == "ok" else state,
        "why": sentence(checks),
        "checks": [dataclasses.asdict(check) for check in checks],
    }
    path.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def mark(mlruns: Path, threads: int) -> str:
    """`passed DATE`, or `failed DATE: what was wrong`; '' where nothing holds."""
    try:
        stored = json.loads(_path(mlruns, threads).read_text(encoding="utf-8"))
        if stored["format"] != FORMAT or stored["versions"] != versions(USED):
            return ""
        return f"{stored['state']} {stored['date']}" + (f": {stored['why']}" if stored["why"] else "")
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _path(mlruns: Path, threads: int) -> Path:
    return mlruns / SELFTEST / f"{slug(hostname())}-{machine_class(threads, 'cpu')}.json"
