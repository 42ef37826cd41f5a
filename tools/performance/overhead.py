"""What the harness itself costs, each figure beside what it is a part of: `python -m tools.performance.overhead`.

suite_over_bare    wall time of `pytest benchmarks` over that of tools/performance/bare.py, which runs the same model
                   over the same ten minutes of audio. Measured in turns: the median of the ratios of PAIRS pairs, which
                   one turn on a busy machine does not move. MLflow's store is there before
ledger_over_bare   the same with --no-mlflow
controller_rss_mb  peak of pytest's own process with 20,000 utterances (MB of 10^6 bytes), their baseline included
controller_growth_mb  the same less the peak with 100 utterances
per_case_ms        (500 cases of a trivial model - 1 case) / 499, worker included, one clip each
case_fsync_ms      of it: until the disk has the ledger's line, the median of as many lines of that size
case_reference_ms  of it: the reference workload after the call, the median
import_s, help_s   fresh processes, the median
collect_10k_ratio  collecting 10,000 cases over collecting 10,000 parametrised tests of plain pytest, in turns

All processes, the bare loop's too, find the bytecode of what they import, as after the first run of any installation.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from modellab import datasets
from modellab.system import cache
from tools.performance import projects

ROOT = Path(__file__).parents[2]
MODEL, DATA = "distil_whisper", "asr_lab_v1"  # the slowest of the embedded ones: 0.06 of real time
MINUTES = 10.0
PAIRS, STARTS, TURNS = 4, 7, 3
MANY, FEW, CASES = 20_000, 100, 500
LINES, LINE_BYTES = 100, 13_000
PLAIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio", "-q")
PEAK = """
from pathlib import Path

def pytest_unconfigure():
    status = Path("/proc/self/status").read_text()
    Path("peak").write_text(status.partition("VmHWM:")[2].split()[0])
"""


REFERENCE = """
import statistics, timeit
from modellab.runner.meters import reference_workload

print(1000 * statistics.median(timeit.repeat(reference_workload.measured, repeat=50, number=1)))
"""


def measure(scale: float = 1.0) -> dict[str, float]:
    """All figures; `scale` shrinks every amount of work, for a trial. About ten minutes of a quiet machine."""
    with tempfile.TemporaryDirectory(prefix="modellab-performance-") as place:
        folder = Path(place)
        return {
            **suite_over_bare(folder / "bare", MINUTES * scale),
            **controller(folder, max(2 * FEW, int(MANY * scale))),
            "per_case_ms": per_case_ms(folder, max(10, int(CASES * scale))),
            "case_fsync_ms": 1000 * _fsync_s(folder / "lines"),
            "case_reference_ms": float(_run([sys.executable, "-c", REFERENCE])),
            "import_s": statistics.median(_seconds([sys.executable, "-c", "import modellab"]) for _ in range(STARTS)),
            "help_s": statistics.median(_seconds([_command("modellab"), "--help"]) for _ in range(STARTS)),
            "collect_10k_ratio": collect_ratio(folder, max(10, int(100 * scale**0.5))),
        }


def suite_over_bare(root: Path, minutes: float) -> dict[str, float]:
    """The suite's wall time over the bare loop's, with and without MLflow: the medians over the pairs."""
    _project(root)
    _minutes(root / "golden" / "first_v1", 0.1)
    folder = _minutes(root / "golden" / "minutes_v1", minutes)
    bare = [sys.executable, "-m", "tools.performance.bare", MODEL, str(folder)]
    suite = [_command("pytest"), "benchmarks", *PLAIN, "-k", f"{MODEL}:lab-minutes_v1"]
    _seconds([*suite[:-1], f"{MODEL}:lab-first_v1"], root)  # makes MLflow's store and the bytecode
    ratios: dict[str, list[float]] = {"suite_over_bare": [], "ledger_over_bare": []}
    for _ in range(PAIRS):
        alone_s = _seconds(bare, ROOT)
        ratios["suite_over_bare"].append(_seconds(suite, root) / alone_s)
        ratios["ledger_over_bare"].append(_seconds([*suite, "--no-mlflow"], root) / alone_s)
    return {name: statistics.median(values) for name, values in ratios.items()}


def _minutes(folder: Path, minutes: float) -> Path:
    """The first so many minutes of the lab's audio as a dataset."""
    source = datasets.load(ROOT / "golden" / DATA)
    folder.mkdir(parents=True)
    rows, length_s = [], 0.0
    for row in source.rows:
        if length_s < 60 * minutes:
            rows.append({**row, "audio": str(row["audio"])})
            length_s += row["duration_s"]
    header = {**source.header.model_dump(exclude_defaults=True), "tier": "smoke", "limits": {}}
    header.pop("digest", None)
    text = yaml.safe_dump({**header, "cases": rows}, sort_keys=False)
    (folder / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    return folder


def _project(root: Path) -> None:
    """A project of modellab's own models."""
    (root / "benchmarks").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.modellab]\n[tool.pytest.ini_options]\n")
    (root / "conftest.py").write_text('pytest_plugins = ["modellab.pytest_plugin"]\n')
    (root / "benchmarks" / "test_asr.py").write_text(projects.TEST)


def controller(folder: Path, utterances: int) -> dict[str, float]:
    """The peak of pytest's process in MB, with a baseline of as many utterances; and how much more than with few."""
    many, few = (_peak_mb(folder / f"rows{rows}", rows) for rows in (utterances, FEW))
    return {"controller_rss_mb": many, "controller_growth_mb": many - few}


def _peak_mb(root: Path, rows: int) -> float:
    projects.write(root, 1, rows, bare=True)
    (root / "peak_plugin.py").write_text(PEAK)
    accept = ("--update-baselines", "--reason", "a first run")
    for options in (accept, ()):
        _seconds([_command("pytest"), "benchmarks", *PLAIN, "--no-mlflow", "-p", "peak_plugin", *options], root)
    return int((root / "peak").read_text()) * 1024 / 1e6


def per_case_ms(folder: Path, cases: int) -> float:
    """What one more case costs, in ms."""
    seconds = {}
    for count in (cases, 1):
        root = projects.write(folder / f"cases{count}", count, 1)
        runs = [
            _seconds([_command("pytest"), "benchmarks", *PLAIN, "--no-mlflow"], root)
            for _ in range(1 if count > 1 else TURNS)
        ]
        seconds[count] = statistics.median(runs)
    return 1000 * (seconds[cases] - seconds[1]) / (cases - 1)


def _fsync_s(path: Path) -> float:
    """Seconds until a line as long as the ledger's of such a case is on the disk, the median."""
    times_s = []
    with path.open("ab", buffering=0) as file:
        for _ in range(LINES):
            file.write(b"x" * LINE_BYTES)
            start = time.perf_counter()
            os.fsync(file.fileno())
            times_s.append(time.perf_counter() - start)
    return statistics.median(times_s)


def collect_ratio(folder: Path, side: int) -> float:
    """Collecting side x side cases over collecting as many tests of pytest's own."""
    ours = projects.write(folder / "ours", side, 1, side)
    plain = folder / "plain"
    plain.mkdir()
    (plain / "test_plain.py").write_text(projects.PLAIN.format(count=side * side))
    (plain / "pytest.ini").write_text("[pytest]\n")
    ratios = []
    for _ in range(TURNS):
        both = [_seconds([_command("pytest"), *PLAIN, "--collect-only"], root) for root in (plain, ours)]
        ratios.append(both[1] / both[0])
    return statistics.median(ratios)


def _command(name: str) -> str:
    """A program of this Python's environment."""
    return str(Path(sys.executable).with_name(name))


def _seconds(command: Sequence[str], cwd: Path | None = None) -> float:
    """Wall seconds of `_run`."""
    start = time.perf_counter()
    _run(command, cwd)
    return time.perf_counter() - start


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    """What a process with one thread prints; its last words are the error where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(cwd or ROOT), "HF_HUB_OFFLINE": "1"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache.home() / "bytecode")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=1) + "\n")
