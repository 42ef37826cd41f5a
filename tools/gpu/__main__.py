"""`python -m tools.gpu`: measure, write the page, say where it is."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from modellab.plan.availability import missing_device
from modellab.runner.selftest.probes import PROBES, Probe
from tools.gpu import measure, page

MINUTES = 9.0  # nothing new is begun after so many; what is left out stands on the page


def main(
    arguments: Sequence[str] | None = None,
    missing_device: Callable[[str], str] = missing_device,
    probes: Sequence[Probe] = PROBES,
) -> int:
    """Exit status 1 where the meters failed their own test, 2 without the device."""
    options = parser().parse_args(arguments)
    if reason := missing_device(options.device):
        sys.stderr.write(f"{reason}; `--device cpu` gives the same page without a GPU\n")
        return 2
    until = time.monotonic() + 60 * options.minutes
    figures = measure.everything(
        options.device, options.model or measure.MODELS, options.precision, until, _tell, options.batches, probes
    )
    options.out.write_text(page.text(figures), encoding="utf-8")
    _tell(f"written to {options.out}")
    return 1 if figures.failed else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tools.gpu", description=__doc__)
    made.add_argument("--device", choices=["cuda", "mps", "cpu"], default="cuda")
    made.add_argument("--out", type=Path, default=Path("gpu.md"))
    made.add_argument(
        "--model", action="append", help="MODEL:VARIANT, may be repeated; else those that need no download"
    )
    made.add_argument("--precision", action="append", default=[], help="only these; may be repeated")
    made.add_argument("--minutes", type=float, default=MINUTES)
    made.add_argument("--batches", type=int, nargs="+", default=measure.BATCHES)
    return made


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
