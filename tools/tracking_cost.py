"""What tracking costs: `python -m tools.tracking_cost`, 3 minutes, on a machine that does nothing else.

A copy of a real smoke session (the newest in the project's ledger with 30 cases or more; `--session` names another)
is sent to MLflow by a child process, to a database that has another session already, with every case's page. The wall
time of that process, import and all, is set against that session's own, from its first case's start to its last one's
end: what the suite takes without tracking. Then the same by a process that is ready before, as a session has it: what
its end waits for. Then 1,000 synthetic cases are sent in one go. Written to docs/performance/.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from modellab import tracking
from modellab.plan.settings import Project
from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.system import machine
from modellab.types import Result
from tools.tracking_kills import entry as synthetic

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "performance"
TARGET_SHARE, TARGET_MS = 0.05, 40.0
PARTS = ("start and import", "first answer of the store", "results and pages", "end")


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall times of one push, in seconds: of the whole child, and of its parts."""

    cases: int
    whole_s: float
    parts_s: tuple[float, ...]


def push(folder: Path, bytecode: Path) -> Cost:
    """Run the child that a session's end runs, and look at the clock when it says something."""
    command = [sys.executable, "-m", "modellab.tracking", str(folder), "--announce", "--root", str(ROOT)]
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables |= {"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONUNBUFFERED": "1"}
    variables.pop("MLFLOW_TRACKING_URI", None)
    begin, moments, line = time.monotonic(), [], "{}"
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True, env=variables) as child:
        assert child.stdout is not None
        for announced in child.stdout:
            line = announced
            moments.append(time.monotonic() - begin)
    end = time.monotonic() - begin
    if child.returncode:
        raise SystemExit(f"the child failed: {line}")
    imported, *sent, _ = moments
    first, last = (sent[0], sent[-1]) if sent else (imported, imported)
    return Cost(json.loads(line)["new"], end, (imported, first - imported, last - first, end - last))


def push_ready(folder: Path) -> float:
    """The same by a child that is ready before, as a session has it: wall seconds from when it is told to send."""
    turns = folder.parent / "turns"
    prestarted = tracking.Prestart.start(folder, ROOT, turns)
    if prestarted is None:
        raise SystemExit("the child could not be started")
    with turns.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as before a timed passage
    begin = time.monotonic()
    outcome = tracking.push(folder, root=ROOT, prestarted=prestarted)
    if not outcome.startswith("logged"):
        raise SystemExit(outcome)
    return time.monotonic() - begin


def session(name: str) -> tuple[list[Entry], float]:
    """The entries of the named session, or of the newest with 30 cases; and its wall time in seconds."""
    every = [entry for entry in ledger.read(Project.at(ROOT).mlruns)[0] if entry.result]
    sessions: dict[str, list[Entry]] = {}
    for entry in every:
        sessions.setdefault(entry.session, []).append(entry)
    fitting = [id for id, entries in sessions.items() if id.startswith(name) and len(entries) >= (1 if name else 30)]
    if not fitting:
        raise SystemExit("no session with 30 cases in the ledger: run `make smoke` first, or name one with --session")
    entries = sessions[max(fitting)]
    first = min(datetime.fromisoformat(entry.started_at) for entry in entries)
    last = max(datetime.fromisoformat(entry.finished_at) for entry in entries)
    return entries, (last - first).total_seconds()


def write(folder: Path, name: str, entries: list[Entry]) -> None:
    """These results as a session of their own, all of one worker."""
    book = Ledger(folder, name)
    for entry in entries:
        book.append(replace(entry, session=name, id=uuid.uuid4().hex))


def many(count: int, like: list[Entry]) -> list[Entry]:
    """Synthetic cases: 50 models with 20 datasets each, with the utterances of real ones in turn."""
    made = []
    for number in range(count):
        entry, real = synthetic("many", number), like[number % len(like)]
        key = replace(real.key, dataset=f"{real.key.dataset}_{number % 20}", model=f"model{number // 20}")
        assert real.result
        result = Result(key, real.result.utterances, real.result.readings, real.result.machine, real.result.provenance)
        made.append(replace(entry, key=key, result=result, verdicts=real.verdicts, values=real.values))
    return made


def measure(name: str, repeats: int, count: int) -> dict[str, Any]:
    """Everything that is written down."""
    entries, suite_s = session(name)
    with tempfile.TemporaryDirectory(prefix="modellab-cost-") as place:
        folder, bytecode = Path(place) / "mlruns", Path(place) / "bytecode"
        write(folder, "first", entries)
        fresh = push(folder, bytecode)  # compiles what it imports, too: not counted
        smoke = []
        for number in range(repeats):
            write(folder, f"again{number}", entries)
            smoke.append(push(folder, bytecode))
        ready = []
        for number in range(repeats):
            write(folder, f"ready{number}", entries)
            ready.append(push_ready(folder))
        nothing = push(folder, bytecode)
        write(folder, "many", many(count, entries))
        crowd = push(folder, bytecode)
    typical = sorted(smoke, key=lambda cost: cost.whole_s)[len(smoke) // 2]
    return {
        "machine": machine.machine_class(1, "cpu"),
        "commit": machine.commit(ROOT).short,
        "smoke_cases": typical.cases,
        "smoke_s": suite_s,
        "push_s": typical.whole_s,
        "push_all_s": [cost.whole_s for cost in smoke],
        "share": typical.whole_s / suite_s,
        "end_s": statistics.median(ready),
        "end_all_s": ready,
        "parts_s": dict(zip(PARTS, typical.parts_s, strict=True)),
        "nothing_new_s": nothing.whole_s,
        "first_database_s": fresh.whole_s,
        "many_cases": crowd.cases,
        "many_ms_per_case": 1000 * crowd.whole_s / crowd.cases,
    }


def page(figures: dict[str, Any]) -> str:
    """The Markdown page."""
    times, waits = ([f"{value:.1f}" for value in sorted(figures[name])] for name in ("push_all_s", "end_all_s"))
    parts = "".join(f"| {name} | {value:.2f} s |\n" for name, value in figures["parts_s"].items())
    return f"""# What tracking costs

Made by `python -m tools.tracking_cost` at {figures["commit"]} on {figures["machine"]}.

| | measured | target |
|---|--:|--:|
| share of the smoke suite's wall time ({figures["smoke_cases"]} cases, {figures["smoke_s"]:.0f} s without tracking) | \
{figures["share"]:.1%} | {TARGET_SHARE:.0%} |
| a case, amortised over {figures["many_cases"]:,} in one session | {figures["many_ms_per_case"]:.0f} ms | \
{TARGET_MS:.0f} ms |

The {figures["smoke_cases"]} cases take {figures["push_s"]:.1f} s (median of {len(times)}: {", ".join(times)}) from the
start of the process to its end. A session starts that process while its first model is loaded, so that its end waits
for {figures["end_s"]:.1f} s of it (median of {len(waits)}: {", ".join(waits)}). Nothing of tracking runs beside a timed
passage but the ledger's append.

| part of it | |
|---|--:|
{parts}
With nothing new `modellab sync` takes {figures["nothing_new_s"]:.1f} s. MLflow's bytecode is there in all of this.
"""


def main() -> int:
    """Measure, print, write. Exit status 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--session", default="", help="how the session's name begins")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cases", type=int, default=1000, help="how many synthetic ones")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    figures = measure(given.session, given.repeats, given.cases)
    print(page(figures))
    if not given.dry:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "tracking.md").write_text(page(figures), encoding="utf-8")
        (OUT / "tracking.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(figures["share"] > TARGET_SHARE or figures["many_ms_per_case"] > TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
