"""How much the peak memory of unchanged models differs between processes, and what the allocator has to do with it.

    python -m tools.peaks --runs 20

Each run of a case is a fresh worker process that loads the model and hears a few utterances, as a gated run does. The
settings of the allocator take turns, so that what the machine does meanwhile falls on both: `settled` is what workers
get (`modellab/system/allocator.py`), `default` is glibc's own, whose thresholds move.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

from modellab import datasets, tasks
from modellab.gate.calibration_noise import Noise
from modellab.gate.memory import margin_bytes
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case, Matrix
from modellab.plan.selection import find_case
from modellab.plan.settings import Project
from modellab.runner.evaluate import evaluate, load
from modellab.runner.worker import Worker
from modellab.system import allocator
from modellab.system.machine import hardware

MIB = 2**20
SETTINGS = ("settled", "default")
CASES = (
    "faster_whisper:lab-asr_smoke_v1-cpu-float32",
    "faster_whisper:lab-asr_smoke_v1-cpu-int8",
    "whisper_cpp:lab-asr_smoke_v1-cpu-f16",
    "whisper:lab-asr_smoke_v1-cpu-float32",
    "distil_whisper:lab-asr_smoke_v1-cpu-float32",
    "silero_vad:jit-vad_smoke_v1-cpu-float32",
    "espeak:en-us-tts_smoke_v1-cpu-int16",
    "heuristic_diarization:ge2e-diar_smoke_v1-cpu-float32",
    "pyannote_diarization:tiny-diar_smoke_v1-cpu-float32",
    "ctc_aligner:tiny-align_smoke_v1-cpu-float32",
    "seamlessm4t:tiny-asr_multi_v1-cpu-float32",
    "lfm2_5_audio:tiny-asr_taught_v1-cpu-float32",
)


@dataclass(slots=True)
class Runs:
    """The peaks (bytes) and CPU times (s per s of audio) of one case under one setting."""

    peaks: list[float] = field(default_factory=list)
    rtf_cpu: list[float] = field(default_factory=list)

    @property
    def sd(self) -> float:
        return statistics.stdev(self.peaks) if len(self.peaks) > 1 else 0.0

    @property
    def margin(self) -> float:
        """What the gate allows above the sessions' mean, in bytes, were these runs the calibration sessions."""
        return margin_bytes(statistics.mean(self.peaks), Noise.of(self.peaks))

    @property
    def within(self) -> bool:
        """Whether every run lies within that margin of the mean."""
        return max(abs(peak - statistics.mean(self.peaks)) for peak in self.peaks) <= self.margin


def measure(cell: Case, setting: str, utterances: int, runs: Runs) -> None:
    """One more run of a case in a fresh process."""
    data = datasets.load(cell.dataset)
    some = replace(data, rows=tuple(data.rows[i] for i in range(min(utterances, len(data.rows)))))
    with patch.dict(allocator.ENVIRONMENT, clear=setting == "default"):
        worker = Worker(1)
    try:
        loaded = load(cell, worker, 1)
        result = evaluate(tasks.get(cell.key.task), cell, some, loaded, 1, "")
    finally:
        worker.close()
    runs.peaks.append(result.readings["peak_rss_bytes"])
    runs.rtf_cpu.append(result.readings["rtf_cpu"])


def table(by_case: Mapping[str, Mapping[str, Runs]]) -> Iterator[str]:
    """Markdown: a line per case."""
    yield "| case | setting | runs | least, MiB | median | most | sd | margin | all within | CPU time |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for case, settings in by_case.items():
        for setting, runs in settings.items():
            if not runs.peaks:
                continue
            least, middle, most = (f"{f(runs.peaks) / MIB:.1f}" for f in (min, statistics.median, max))
            speed = f"{statistics.median(runs.rtf_cpu):.4f}"
            if setting != "settled" and (settled := settings.get("settled")):
                speed += f" ({statistics.median(runs.rtf_cpu) / statistics.median(settled.rtf_cpu):.2f})"
            numbers = (
                str(len(runs.peaks)),
                least,
                middle,
                most,
                f"{runs.sd / MIB:.2f}",
                f"{runs.margin / MIB:.1f}",
                "yes" if runs.within else "no",
            )
            yield f"| {' | '.join((f'`{case}`', setting, *numbers, speed))} |"


def run(cases: Sequence[str], runs: int, utterances: int, settings: Sequence[str]) -> dict[str, dict[str, Runs]]:
    """So many runs of every case, the settings in turn; what cannot run here is told and left out."""
    matrix = Matrix(Project.at(Path()))
    by_case: dict[str, dict[str, Runs]] = {}
    for case in cases:
        cell = find_case(matrix, case)
        if reason := why_not(cell):
            print(f"left out: {case}: {reason}", file=sys.stderr)
            continue
        by_case[case] = {setting: Runs() for setting in settings}
        for _ in range(runs):
            for setting in settings:
                measure(cell, setting, utterances, by_case[case][setting])
        print("\n".join(list(table({case: by_case[case]}))[2:]), flush=True)
    return by_case


def main() -> None:
    """The table of the cases that were asked for, a line as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=CASES, help="ids as pytest shows them; the embedded ones")
    parser.add_argument("--runs", type=int, default=20, help="of each case under each setting")
    parser.add_argument("--utterances", type=int, default=8, help="of each run")
    parser.add_argument("--setting", action="append", choices=SETTINGS, help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, help="also write every number to this file")
    given = parser.parse_args()
    by_case = run(given.cases, given.runs, given.utterances, given.setting or SETTINGS)
    print(f"\n{hardware('cpu')}, {os.cpu_count()} cores\n")
    print("\n".join(table(by_case)))
    if given.json:
        numbers = {
            case: {s: [r.peaks, r.rtf_cpu] for s, r in by_setting.items()} for case, by_setting in by_case.items()
        }
        given.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
