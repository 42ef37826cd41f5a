"""The made-up history of docs/history.md: python tools/history_example.py docs/history.svg

Forty-eight nights of a case that never existed: noise as it was seen on a quiet machine, two nights of a busy one, and
four steps. `modellab.stats.change_points` finds them, `modellab.reports.history.chart` draws them.
"""

from __future__ import annotations

import datetime
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from modellab.cli.common import print_table
from modellab.reports.history import chart, text
from modellab.reports.history.events import Event, upgrades
from modellab.reports.history.series import History, Run, Series
from modellab.stats.change_points import steps
from modellab.system.machine import Commit
from modellab.types import CaseId, Floats, Kind, Status

SEED = 7
NIGHTS = 48
BUSY = frozenset({22, 40})
FIRST = datetime.datetime(2026, 9, 21, 2, 0, tzinfo=datetime.UTC)
KEY = CaseId("asr", "asr_smoke_v1", "faster_whisper", "lab", "cpu", "int8")
MIB = 2.0**20


def history() -> History:
    """All series, with the steps that are found in them."""
    generator, night = np.random.default_rng(SEED), np.arange(NIGHTS)
    wer = np.where((night < 8) | (night >= 36), 9, 8) / 246  # one wrong word
    cpu = 0.0161 * np.exp(0.012 * generator.normal(size=NIGHTS)) * np.where(night >= 29, 1.06, 1.0)
    wall = cpu * np.exp(0.01 * np.abs(generator.normal(size=NIGHTS))) * np.where(np.isin(night, list(BUSY)), 2.2, 1.0)
    peak = (200.5 + 0.15 * generator.normal(size=NIGHTS) + np.where(night >= 17, 4.0, 0.0)) * MIB
    series = (
        _series("wer", "ratio", "quality", wer, 8 / 246),
        _series("rtf", "s/s", "speed", wall, 0.0162, BUSY),
        _series("rtf_cpu", "s/s", "speed", cpu, 0.0161, BUSY),
        _series("peak_rss_bytes", "bytes", "memory", peak, 200.5 * MIB),
        _series("success_rate", "ratio", "quality", np.ones(NIGHTS), 1.0),
    )
    runs = tuple(_run(int(i)) for i in night)
    return History(KEY, "amd-epyc-f25.1-2c-1t", runs, series, events=_events(runs))


def _events(runs: Sequence[Run]) -> tuple[Event, ...]:
    """A baseline accepted twice, a promotion, and the upgrade that the versions show."""
    noon = datetime.timedelta(hours=10)
    made = (
        Event(FIRST + noon, "baseline", "quality and speed accepted (3f8a2c1): first results"),
        Event(FIRST + datetime.timedelta(days=8) + noon, "baseline", "quality accepted (b90d417): one error less"),
        Event(FIRST + datetime.timedelta(days=14) + noon, "stage", "moved to production by Ada: three quiet weeks"),
    )
    return (*made, *upgrades([(run.at, run.facts) for run in runs]))


def _series(
    metric: str, unit: str, kind: Kind, values: Floats, accepted: float, busy: frozenset[int] = frozenset()
) -> Series:
    """One metric; its pinned release is the level of the first night."""
    told = values[[i for i in range(NIGHTS) if i not in busy]]
    better: Literal["lower", "higher"] = "higher" if metric == "success_rate" else "lower"
    pinned = float(values[0]) if kind == "quality" else accepted
    return Series(metric, unit, kind, better, tuple(values.tolist()), busy, accepted, pinned, tuple(steps(told)))


def _run(night: int) -> Run:
    quality = Status.IMPROVED if night == 8 else Status.INCONCLUSIVE if night >= 36 else Status.PASS
    speed = Status.INCONCLUSIVE if night in BUSY else Status.PASS
    verdicts = {"wer": quality, "rtf": speed, "rtf_cpu": speed, "peak_rss_bytes": Status.PASS}
    commit = Commit(hashlib.sha1(str(night).encode(), usedforsecurity=False).hexdigest(), night + 1)
    facts = {"ctranslate2": "4.7.1" if night < 29 else "4.8.0"}
    worst = Status.INCONCLUSIVE if Status.INCONCLUSIVE in verdicts.values() else quality
    return Run(FIRST + datetime.timedelta(days=night), commit, worst, verdicts, facts)


def main() -> None:
    """Print what the command would, and draw."""
    made = history()
    print_table(*text.table(made))
    print(*text.sentences(made), *text.happened(made), sep="\n")
    chart.draw(made, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
