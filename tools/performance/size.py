"""python -m tools.performance.size: import and load a dataset of many rows; docs/performance/size.md and .json.

The source is made here: a manifest in NeMo's form of so many stretches of 1,000 recordings, every text another one.
Each measurement is a process of its own with a cache of its own. Beside the wall clock stands the processor's time, and
what it is to parse the same manifest with `json`: the machine's load slows both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "performance"
FILES = 1_000
IMPORTS = 3  # of which the median is told
LENGTH_S, RATE_HZ, STRETCH_S = 10.0, 16_000, 0.9
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "people", "read")
TARGETS = {"import_cpu_s": 60.0, "load_cpu_s": 3.0, "load_mb": 150.0, "first_utterance_cpu_s": 2.0}
HOW = {
    "parse": "`json.loads` of each line of the manifest",
    "import": "`modellab datasets import` by reference: every recording decoded and hashed, every row checked",
    "load": "`datasets.load` in a fresh Python with an empty cache: the digest is computed over the rows",
    "load_again": "the same once more: the digest of the unchanged file is known",
    "first_utterance": "load, compare the first row's audio with its hash, decode it, with an empty cache",
    "rows": "every row once, from the front",
}
UNITS = ("s", "cpu_s", "mb")
MEBIBYTE = 1024  # ru_maxrss counts in KiB


class Places(NamedTuple):
    """Where the source is, and where the dataset is made."""

    manifest: Path
    dataset: Path


def make_source(folder: Path, rows: int, files: int = FILES) -> Path:
    """Recordings of noise and a manifest of their stretches."""
    import numpy as np
    import soundfile

    (folder / "audio").mkdir(parents=True)
    generator = np.random.default_rng(1)
    for i in range(files):
        noise = generator.uniform(-0.5, 0.5, round(LENGTH_S * RATE_HZ))
        soundfile.write(folder / "audio" / f"{i:04}.wav", noise, RATE_HZ, subtype="PCM_16")
    per_file = -(-rows // files)
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as file:
        for i in range(rows):
            text = " ".join(WORDS[(i * 7 + k * k) % len(WORDS)] for k in range(8))
            line = {
                "audio_filepath": f"audio/{i // per_file:04}.wav",
                "offset": round(i % per_file * (LENGTH_S - STRETCH_S) / per_file, 6),
                "duration": STRETCH_S,
                "text": f"{text} {i}",
                "speaker": f"s{i % 61}",
            }
            file.write(f"{json.dumps(line)}\n")
    return folder / "manifest.jsonl"


# ---------------------------------------------------------------------------- what is measured, in a process each


def _parse(place: Places) -> Any:
    with place.manifest.open(encoding="utf-8") as lines:
        return sum(len(json.loads(line)) for line in lines)


def _import(place: Places) -> Any:
    from modellab import tasks
    from modellab.datasets.importers import importing
    from modellab.datasets.importers.records import Options
    from modellab.datasets.importers.request import ImportRequest

    known = {name: tasks.get(name) for name in tasks.names()}
    report = importing.run(place.manifest, place.dataset, Options(), ImportRequest(language="en"), known)
    assert not report.left, report.left[:3]
    return report.digest


def _load(place: Places) -> Any:
    from modellab import datasets

    data = datasets.load(place.dataset)
    assert data.is_checked
    return len(data.rows)


def _first_utterance(place: Places) -> Any:
    from modellab import datasets
    from modellab.datasets.used_audio import UsedAudio
    from modellab.tasks import asr

    row = datasets.load(place.dataset).rows[0]
    used = UsedAudio()
    used.see(row)
    used.close()
    assert not used.stale
    return asr.prepare(row).duration_s


def _rows(place: Places) -> Any:
    from modellab import datasets

    return sum(1 for _ in datasets.load(place.dataset).rows)


PARTS: Mapping[str, Callable[[Places], Any]] = {
    "parse": _parse,
    "import": _import,
    "load": _load,
    "load_again": _load,
    "first_utterance": _first_utterance,
    "rows": _rows,
}


def child(name: str, place: Places) -> dict[str, float]:
    """One measurement in this process: seconds by the wall and by the processor, the peak of memory in MiB."""
    import resource

    wall, cpu = time.perf_counter(), time.process_time()
    PARTS[name](place)
    spent = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return {**spent, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE}


def measure(rows: int, folder: Path, files: int = FILES) -> dict[str, float]:
    """Every figure, by name."""
    manifest = make_source(folder / "source", rows, files)
    imports = [folder / "golden" / f"size_v{i + 1}" for i in range(IMPORTS)]
    figures: dict[str, float] = {"rows": rows, "manifest_mb": manifest.stat().st_size / 2**20}
    for name in PARTS:
        cache = folder / "cache" / ("load" if name == "load_again" else name)
        several = [
            _run(name, Places(manifest, place), cache) for place in (imports if name == "import" else imports[:1])
        ]
        times = sorted(run["cpu_s"] for run in several)
        chosen = next(run for run in several if run["cpu_s"] == times[len(times) // 2])
        figures |= {f"{name}_{unit}": value for unit, value in chosen.items()}
        if name == "import":
            figures |= {"import_least_cpu_s": times[0], "import_most_cpu_s": times[-1]}
        sys.stderr.write(f"{name}: {figures[f'{name}_s']:.2f} s\n")
    figures["parquet_mb"] = (imports[0] / "rows.parquet").stat().st_size / 2**20
    figures["import_over_parse"] = figures["import_cpu_s"] / figures["parse_cpu_s"]
    return figures


def _run(name: str, place: Places, cache: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tools.performance.size", "--child", name, *map(str, place)]
    environment = {**os.environ, "MODELLAB_CACHE": str(cache)}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


# ---------------------------------------------------------------------------- the page


def text(figures: Mapping[str, float], machine: str, date: str) -> str:
    """The page."""
    table = [[f"`{name}`", *(f"{figures[f'{name}_{unit}']:.3g}" for unit in UNITS), HOW[name]] for name in PARTS]
    targets = [
        [f"`{name}`", f"{figures[name]:.3g}", f"<= {most:g}", "yes" if figures[name] <= most else "no"]
        for name, most in TARGETS.items()
    ]
    headings = ["what", "wall s", "CPU s", "peak MiB", "how"], ["target", "measured", "asked for", "met"]
    return f"""# Datasets at size

Written by `python -m tools.performance.size`; do not edit.

{figures["rows"]:,.0f} rows of {FILES:,} recordings: a manifest of {figures["manifest_mb"]:.0f} MB becomes \
{figures["parquet_mb"]:.0f} MB of Parquet.
An import takes {figures["import_over_parse"]:.1f} times the processor's time of parsing the manifest alone: the median
of {IMPORTS}, which took {figures["import_least_cpu_s"]:.0f} to {figures["import_most_cpu_s"]:.0f} s of it.

{tabulate(table, headings[0], "github", disable_numparse=True)}

{tabulate(targets, headings[1], "github", disable_numparse=True)}

Targets are held by the processor's time: every part is one thread, so on a machine of its own that is the wall clock's.
Measured {date}, on `{machine}`. Other work on the machine stretches the wall clock, and by a tenth the processor's
time: the ratio is what carries over.
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure, write both files. Exit status 1 where a target was missed."""
    made = argparse.ArgumentParser(prog="python -m tools.performance.size", description=__doc__)
    made.add_argument("--rows", type=int, default=1_000_000, help="rows of the dataset (%(default)s)")
    made.add_argument("--date", default="", help="day of the measurement, written on the page (YYYY-MM-DD)")
    made.add_argument("--out", type=Path, default=OUT, help="folder of size.md and size.json (%(default)s)")
    made.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = made.parse_args(arguments)
    if options.child:
        name, *paths = options.child
        sys.stdout.write(json.dumps(child(name, Places(*map(Path, paths)))))
        return 0
    from modellab.system.machine import machine_class

    with tempfile.TemporaryDirectory(prefix="modellab-size-") as folder:
        figures = measure(options.rows, Path(folder))
    known = {name: round(value, 4) for name, value in sorted(figures.items())}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "size.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    page = text(figures, machine_class(1, "cpu"), options.date or "on an unknown day")
    (options.out / "size.md").write_text(page, encoding="utf-8")
    return int(any(figures[name] > most for name, most in TARGETS.items()))


if __name__ == "__main__":
    sys.exit(main())
