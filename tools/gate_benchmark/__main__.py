"""python -m tools.gate_benchmark: run the benchmark, or record what it runs on."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read when numpy is imported
OUT = Path(__file__).parents[2] / "docs" / "performance"


def main(arguments: list[str] | None = None) -> None:
    """Do what the options ask for."""
    os.environ.update(dict.fromkeys(SINGLE, "1"))
    from tools.gate_benchmark import benchmark, fit, peaks, record

    options = parser().parse_args(arguments)
    if options.record:
        record.record(options.record, options.sessions)
    elif options.record_peaks:
        peaks.record(options.record_peaks, options.sessions)
    elif options.fit:
        fit.write(options.counts)
    else:
        only, published = tuple(options.only or ()), OUT / "gate.json"
        cells = tuple(options.cells or ())
        plan = benchmark.Plan(
            options.quick, tuple(options.traces), options.counts, options.jobs, only, published, cells
        )
        benchmark.run(plan, options.out)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tools.gate_benchmark", description=__doc__)
    made.add_argument("--quick", action="store_true", help="fewer repetitions and cells: two to three minutes")
    made.add_argument("--out", type=Path, default=OUT, help="folder of gate.md, gate.json and plots (%(default)s)")
    made.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (%(default)s)")
    parts = ("suites", "detection", "words", "speed")
    made.add_argument("--only", choices=parts, action="append", help="measure this part anew, keep the published rest")
    made.add_argument("--cells", action="append", metavar="PATTERN", help="of these only such cells: '30x*', 'int8/*'")
    made.add_argument("--traces", type=Path, action="append", default=[], help="timings of --record, one data set more")
    made.add_argument("--counts", type=Path, help="word errors of real systems (JSON lines), one source more")
    made.add_argument("--record", type=Path, metavar="FILE", help="append timings of this machine to FILE (.npz)")
    made.add_argument("--record-peaks", type=Path, metavar="FILE", help="store peak memory of fresh processes")
    made.add_argument("--sessions", type=int, default=20, help="how many to record (%(default)s)")
    made.add_argument("--fit", action="store_true", help="fit the model of word errors to --counts and store it")
    return made


if __name__ == "__main__":
    main()
