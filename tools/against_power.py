"""What `--against` sees on a real model of this machine: unchanged, and made slower on purpose.

    python -m tools.against_power --runs 12
    python -m tools.against_power --unchanged 100 --slower 0.05 --runs 12 faster_whisper:lab-asr_smoke_v1-cpu-int8

Each run times the model in turn with itself, as `--against` does, the confirmation in fresh processes included. The
candidate is the model's own adapter, or one that computes for nothing after each call, for so large a fraction of the
CPU time that the call took. The runs take turns, so that what the machine does meanwhile falls on all of them; the
load is the kernel's average of the last minute when a run ends. Quiet and busy runs come from quiet and busy machines:
start it on either, `--busy N` keeps N cores of this machine busy meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from modellab import datasets, tasks
from modellab.plan import thresholds
from modellab.plan.matrix import Case, Matrix
from modellab.plan.selection import find_case
from modellab.plan.settings import Project
from modellab.runner import paired
from modellab.runner.evaluate import Loaded, evaluate, load
from modellab.runner.paired import verdicts as paired_verdicts
from modellab.runner.worker import Worker
from modellab.system.machine import hardware
from modellab.types import Status, Verdict

CASE = "faster_whisper:lab-asr_smoke_v1-cpu-int8"
UTTERANCES = 8  # of the pass before the pairs, which the pairs take nothing from but the machine's load
SPIN = "while True: pass"
ADAPTER = '''
"""The adapter of {original}, slower by a share of each call's CPU time."""

import time
from pathlib import Path

from modellab.models import adapter_code


class Slower:
    def __init__(self, model):
        self.model = model

    def __getattr__(self, name):
        return getattr(self.model, name)

    def transcribe(self, *arguments, **options):
        start_s = time.process_time()
        output = self.model.transcribe(*arguments, **options)
        end_s = start_s + (time.process_time() - start_s) * (1 + {share})
        while time.process_time() < end_s:
            pass
        return output


def load(setting):
    return Slower(adapter_code.load(Path({original!r}), "adapter").load(setting))
'''


@dataclass(frozen=True, slots=True)
class Run:
    """What one run said of the clock that decides."""

    slower: float  # the fraction that was injected; 0.0: unchanged
    verdict: Verdict
    red: bool  # whether any clock was
    load: float
    wall_s: float


def slowed(cell: Case, share: float, folder: Path) -> Case:
    """The case with an adapter that is slower by a fraction; itself for 0."""
    if share == 0.0:
        return cell
    place = folder / f"{share:g}" / cell.folder.name
    if not place.exists():
        shutil.copytree(cell.folder, place)
        (place / "adapter.py").write_text(ADAPTER.format(original=str(cell.folder), share=share), encoding="utf-8")
    return replace(cell, folder=place)


def once(project: Project, matrix: Matrix, cell: Case, share: float, folder: Path, seed: int) -> Run:
    """One paired run of a case, slower by a fraction, against itself."""
    started, task, data = time.monotonic(), tasks.get(cell.key.task), datasets.load(cell.dataset)
    rows = tuple(data.rows)
    first = seed % len(rows)
    turned = replace(data, rows=rows[first:] + rows[:first])  # so that each run begins elsewhere
    candidate = slowed(cell, share, folder)
    open_now: list[Loaded] = []

    def fresh() -> Loaded:
        while open_now:
            open_now.pop().handle.close()
        open_now.append(load(candidate, Worker(1), 1))
        return open_now[0]

    base = paired.resolve(f":{cell.key.variant}", "", matrix, project.root)
    paired_run = paired.PairedRun(base, 1, False, lambda line: print(line, file=sys.stderr))
    try:
        paired_run.get(cell)
        loaded = fresh()
        some = replace(turned, rows=turned.rows[:UTTERANCES])
        result = evaluate(task, candidate, some, loaded, 1, "")
        case = paired.PairedCase(
            task, cell, turned, result, thresholds.rules(task, cell, project)
        )  # the base is its case's
        verdicts = paired_verdicts.judge(case, paired_run.measure(case, loaded, fresh))
    finally:
        paired_run.close()
        while open_now:
            open_now.pop().handle.close()
    clocks = [verdict for verdict in verdicts if verdict.kind == "speed"]
    red = any(verdict.red for verdict in clocks)
    return Run(share, clocks[-1], red, os.getloadavg()[0], time.monotonic() - started)


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Markdown: a line per share that was injected."""
    yield "| slower by | runs | red | INCONCLUSIVE | PASS | sees, median | load | seconds a run |"
    yield "|---|---|---|---|---|---|---|---|"
    for share in sorted({run.slower for run in runs}):
        own = [run for run in runs if run.slower == share]
        status = [run.verdict.status for run in own if not run.red]
        open_ended = sum(outcome is Status.INCONCLUSIVE for outcome in status)
        sees = np.median([run.verdict.detects or np.nan for run in own])
        loads = [run.load for run in own]
        yield (
            f"| {f'{share:.0%}' if share else 'unchanged'} | {len(own)} | {len(own) - len(status)} | {open_ended}"
            f" | {len(status) - open_ended} | {sees:.1%} | {min(loads):.1f} to {max(loads):.1f}"
            f" | {np.median([run.wall_s for run in own]):.0f} |"
        )


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """So many processes that compute for nothing."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()


def main() -> None:
    """Every run as a line, the table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", default=CASE, help=f"a case of the task asr; {CASE}")
    parser.add_argument("--runs", type=int, default=12, help="of each share")
    parser.add_argument("--unchanged", type=int, help="runs without any change; as many as of each share")
    parser.add_argument("--slower", type=float, action="append", help="a share to inject; 0.03, 0.05 and 0.1")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="keep N cores busy meanwhile")
    given = parser.parse_args()
    project = Project.at(Path())
    matrix = Matrix(project)
    cell = find_case(matrix, given.case)
    unchanged = given.runs if given.unchanged is None else given.unchanged
    counts = {0.0: unchanged, **dict.fromkeys(given.slower or (0.03, 0.05, 0.1), given.runs)}
    done: list[Run] = []
    with tempfile.TemporaryDirectory() as folder, busy(given.busy):
        for number in range(max(counts.values())):
            for share in (share for share, count in counts.items() if number < count):
                run = once(project, matrix, cell, share, Path(folder), number)
                done.append(run)
                verdict = run.verdict
                print(
                    f"{share:.0%} {verdict.metric} {verdict.status} {verdict.change or 0:+.1%} load {run.load:.1f}",
                    verdict.why,
                    flush=True,
                )
    print(f"\n{given.case} on {hardware('cpu')}, {os.cpu_count()} cores\n")
    print("\n".join(table(done)))


if __name__ == "__main__":
    main()
