"""python -m tools.performance: measure what the harness costs and write docs/performance/overhead.md and .json."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

OUT = Path(__file__).parents[2] / "docs" / "performance"
SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read when numpy is imported


Parts = Mapping[str, Callable[[], Mapping[str, float]]]


def main(arguments: list[str] | None = None, parts: Callable[[float], Parts] | None = None) -> int:
    """Measure what is asked for, write both files, say what missed its target. Exit status 1 if something did.

    `parts` gives what there is to measure at a scale.
    """
    os.environ.update(dict.fromkeys(SINGLE, "1"))
    from tools.performance import page

    options = parser().parse_args(arguments)
    if options.check:
        return _told(json.loads((options.out / "overhead.json").read_text(encoding="utf-8")))
    figures: dict[str, float] = {}
    for name, measure in (parts or _parts)(options.scale).items():
        if name in (options.only or _parts(1.0)):
            sys.stderr.write(f"measuring {name} ...\n")
            figures |= measure()
    options.out.mkdir(parents=True, exist_ok=True)
    known = {name: round(value, 4) for name, value in figures.items() if math.isfinite(value)}
    keyed = {name: known[name] for name in page.KEYS if name in known}
    (options.out / "overhead.json").write_text(json.dumps(keyed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    facts = page.Facts.here(options.date, options.scale)
    (options.out / "overhead.md").write_text(page.text(known, facts), encoding="utf-8")
    return _told(known)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tools.performance", description=__doc__)
    made.add_argument("--date", default="", help="day of the measurement, written on the page (YYYY-MM-DD)")
    made.add_argument("--out", type=Path, default=OUT, help="folder of overhead.md and overhead.json (%(default)s)")
    made.add_argument("--scale", type=float, default=1.0, help="share of the work, for a trial (%(default)s)")
    made.add_argument("--only", action="append", choices=list(_parts(1.0)), help="leave the other parts out")
    made.add_argument("--check", action="store_true", help="hold the figures on disk to their targets")
    return made


def _parts(scale: float) -> Parts:
    """What is measured, imported when its turn comes."""

    def harness() -> Mapping[str, float]:
        from tools.performance import overhead

        return overhead.measure(scale)

    def text() -> Mapping[str, float]:
        from tools.performance import text

        return text.measure()

    def metrics() -> Mapping[str, float]:
        from tools.performance import metrics

        return metrics.measure()

    return {"harness": harness, "text": text, "metrics": metrics}


def _told(known: Mapping[str, float]) -> int:
    from tools.performance import page

    missed = page.missed(known)
    for sentence in missed:
        sys.stderr.write(f"{sentence}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
